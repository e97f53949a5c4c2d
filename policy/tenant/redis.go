package tenant

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"weir/policy/store"
)

// Redis keeps the directory's rows in one hash, which every replica reads whole when its revision changes.
type Redis struct {
	store *store.Redis
	rows  string // the hash: "kind id" -> document
	state string // the hash with the revision
}

var _ Source = (*Redis)(nil)

// directoryTag is the hash tag of the directory's keys: one script reaches them all.
const directoryTag = "directory"

// NewRedis is a source on a connection.
func NewRedis(s *store.Redis) *Redis {
	return &Redis{store: s, rows: s.Key(directoryTag, "rows"), state: s.Key(directoryTag, "state")}
}

// applying makes all changes or none. A change that has been made already is as good as one that is made now, since a
// question whose connection broke is asked twice. The epoch tells the revisions of one data set from those of another
// that took its place.
var applying = redis.NewScript(`
local made = 0
for i = 2, #ARGV, 3 do
  local have = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  if have == ARGV[i + 2] and have ~= ARGV[i + 1] then
    made = made + 1
  elseif have ~= ARGV[i + 1] then
    return 0
  end
end
if made * 3 == #ARGV - 1 then return 1 end
if made > 0 then return 0 end
for i = 2, #ARGV, 3 do
  if ARGV[i + 2] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
  end
end
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1])
redis.call('HINCRBY', KEYS[2], 'n', 1)
return 1
`)

// Revision implements Source.
func (r *Redis) Revision(ctx context.Context) (revision string, err error) {
	err = r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		v, err := c.HMGet(ctx, r.state, "epoch", "n").Result()
		revision = fmt.Sprint(v...)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("asking for changes of tenants and keys: %w", err)
	}
	return revision, nil
}

// Rows implements Source. It reads in one transaction, so that rows and revision belong together.
func (r *Redis) Rows(ctx context.Context) (rows []Row, revision string, err error) {
	err = r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		var all *redis.MapStringStringCmd
		var state *redis.SliceCmd
		_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			all, state = p.HGetAll(ctx, r.rows), p.HMGet(ctx, r.state, "epoch", "n")
			return nil
		})
		if err != nil {
			return err
		}
		rows, revision = nil, fmt.Sprint(state.Val()...)
		for field, doc := range all.Val() {
			kind, id, _ := strings.Cut(field, " ")
			rows = append(rows, Row{Kind: kind, ID: id, Doc: doc})
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("reading tenants and keys: %w", err)
	}
	return rows, revision, nil
}

// Apply implements Source.
func (r *Redis) Apply(ctx context.Context, changes []Change) error {
	args := []any{rand.Text()}
	for _, c := range changes {
		args = append(args, c.Kind+" "+c.ID, c.Was, c.Now)
	}
	var made int
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		made, err = applying.Run(ctx, c, []string{r.rows, r.state}, args...).Int()
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("writing tenants and keys: %w", err)
	case made == 0:
		return ErrStale
	}
	return nil
}
