package ledger

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"weir/policy/store"
)

var (
	//go:embed scripts/marks.lua
	marksLua string
	//go:embed scripts/hold.lua
	holdLua string
	//go:embed scripts/end.lua
	endLua string
	//go:embed scripts/beat.lua
	beatLua string
	//go:embed scripts/bury.lua
	buryLua string
)

// remote is the book that several Weirs share: a Redis or Valkey. All keys of a tenant have its hash tag, so that one
// script reaches all that one exchange touches; scripts that a server has lost are sent again.
//
//	a:<budget>:<start>  an account: s settled, o overrun, h held, p cost
//	r:<rate>            its marks
//	h:<exchange>        a hold: a amount, t tokens, o owner, n when, c closed when, l lines, r token rates, x note, w since when somebody tells of it
//	open:<owner>        the exchanges an owner holds for this tenant
//
// and under the tag of the owners: live, their heartbeats; of:<owner>, the tenants it holds for.
type remote struct {
	store   *store.Redis
	clock   func() time.Time // where set, moments are the callers', not the server's
	scripts struct{ hold, end, beat, bury *redis.Script }

	mu      sync.Mutex
	owner   string              // the owner that has entered
	tenants map[string]bool     // those it has said it holds for
	opened  map[string][]string // the keys of open holds, so that their end need not ask for them
}

// OpenRedis makes a ledger on a Redis and enters it as an owner of holds. A server that is down is not waited for: holds
// are refused with its error until it answers.
func OpenRedis(ctx context.Context, st *store.Redis, options ...Option) (*Ledger, error) {
	return openRedis(ctx, &remote{store: st, opened: map[string][]string{}}, options...)
}

func openRedis(ctx context.Context, r *remote, options ...Option) (*Ledger, error) {
	for _, s := range []struct {
		into **redis.Script
		text string
	}{{&r.scripts.hold, holdLua}, {&r.scripts.end, endLua}, {&r.scripts.beat, beatLua}, {&r.scripts.bury, buryLua}} {
		*s.into = redis.NewScript(marksLua + s.text)
	}
	l := &Ledger{book: r, clock: time.Now, log: slog.New(slog.DiscardHandler)}
	for _, o := range options {
		o(l)
	}
	if l.journal != nil {
		l.journal.clock = l.clock
	}
	if err := l.readJournal(ctx); err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	l.owner = newOwner()
	if err := l.beat(ctx); errors.Is(err, store.ErrEvicts) {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	} else if err != nil {
		l.log.Warn("the ledger's store does not answer yet", "error", err)
	}
	return l, nil
}

// run asks a script.
func (r *remote) run(ctx context.Context, s *redis.Script, keys []string, args []any) (out []any, err error) {
	err = r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		out, err = s.Run(ctx, c, keys, args...).Slice()
		return err
	})
	return out, err
}

// now is the moment a script shall take for now: 0 is the server's own.
func (r *remote) now(at time.Time) int64 {
	if r.clock == nil {
		return 0
	}
	return at.UnixMilli()
}

func (r *remote) present() int64 {
	if r.clock == nil {
		return 0
	}
	return r.clock().UnixMilli()
}

// The parts of the owners' keys.
const ownersTag = "owners"

func (r *remote) live() string              { return r.store.Key(ownersTag, "live") }
func (r *remote) tenantsOf(o string) string { return r.store.Key(ownersTag, "of", o) }

func (r *remote) accountKey(tenant string, a *account) string {
	return r.store.Key(tenant, "a", a.id, strconv.FormatInt(a.start, 10))
}

func (r *remote) holdKey(tenant, exchange string) string { return r.store.Key(tenant, "h", exchange) }

func (r *remote) openKey(tenant, owner string) string { return r.store.Key(tenant, "open", owner) }

func (r *remote) beat(ctx context.Context, owner string) (bool, error) {
	r.mu.Lock()
	entering := 0
	if r.owner != owner {
		entering = 1
	}
	r.mu.Unlock()
	var n int64
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		n, err = r.scripts.beat.Run(ctx, c, []string{r.live()}, r.present(), owner, entering).Int64()
		return err
	})
	if err != nil || n == 0 {
		return false, err
	}
	if entering == 1 {
		r.mu.Lock()
		r.owner, r.tenants = owner, map[string]bool{}
		r.mu.Unlock()
	}
	return true, nil
}

// enter says once that an owner holds for a tenant, before it does.
func (r *remote) enter(ctx context.Context, owner, tenant string) error {
	r.mu.Lock()
	known := r.owner == owner && r.tenants[tenant]
	r.mu.Unlock()
	if known {
		return nil
	}
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return c.SAdd(ctx, r.tenantsOf(owner), tenant).Err()
	})
	if err != nil {
		return fmt.Errorf("entering for the tenant: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owner == owner {
		r.tenants[tenant] = true
	}
	return nil
}

// leave makes the owner a dead one at once. Nothing is left of it when what it holds has been recovered.
func (r *remote) leave(ctx context.Context, owner string) error {
	return r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return c.ZAdd(ctx, r.live(), redis.Z{Score: 0, Member: owner}).Err()
	})
}

// forget has nothing to do: what is over has a time to live.
func (r *remote) forget(context.Context) error { return nil }

func (r *remote) account(ctx context.Context, tenant, budget string, start time.Time) (out Account, err error) {
	key := r.accountKey(tenant, &account{id: budget, start: milli(start)})
	var v []any
	err = r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		v, err = c.HMGet(ctx, key, "s", "o", "h", "p").Result()
		return err
	})
	if err != nil {
		return Account{}, err
	}
	for i, into := range []*int64{&out.Settled, &out.Overrun, &out.Held, &out.Cost} {
		if text, ok := v[i].(string); ok {
			if *into, err = strconv.ParseInt(text, 10, 64); err != nil {
				return Account{}, fmt.Errorf("what is stored is no number: %w", err)
			}
		}
	}
	return out, nil
}
