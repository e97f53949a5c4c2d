package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

func (r *remote) end(ctx context.Context, owner string, e ending) (Settled, error) {
	keys, err := r.keysOf(ctx, owner, e)
	if err != nil {
		return Settled{}, err
	}
	at := int64(0)
	if r.clock != nil {
		at = e.use.At.UnixMilli()
		if e.use.At.IsZero() {
			at = r.present()
		}
	}
	out, err := r.run(ctx, r.scripts.end, keys, []any{
		r.present(), e.exchange, string(e.outcome), e.use.Billed, e.use.Cost, e.use.InputTokens + e.use.OutputTokens, at,
		e.mark, ceiling, KeepEnded.Milliseconds(), KeepRates.Milliseconds(), flag(e.early), flag(e.crashed),
	})
	if err != nil {
		return Settled{}, err
	}
	r.mu.Lock()
	delete(r.opened, e.exchange)
	r.mu.Unlock()
	if len(out) != 2 {
		return Settled{}, errReply
	}
	overrun, ok := out[1].(int64)
	if !ok {
		return Settled{}, errReply
	}
	switch out[0] {
	case "first":
		return Settled{First: true, Overrun: overrun}, nil
	case "later":
		return Settled{}, nil
	case "untold":
		return Settled{untold: true}, nil
	case "none":
		return Settled{}, ErrNoHold
	}
	return Settled{}, errReply
}

// keysOf are the keys an end touches: those of its hold, which this process remembers or asks for.
func (r *remote) keysOf(ctx context.Context, caller string, e ending) ([]string, error) {
	r.mu.Lock()
	keys := r.opened[e.exchange]
	r.mu.Unlock()
	if keys != nil {
		return keys, nil
	}
	hold := r.holdKey(e.tenant, e.exchange)
	var v []any
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		v, err = c.HMGet(ctx, hold, "o", "k").Result()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("finding the hold: %w", err)
	}
	owner, ok := v[0].(string)
	if !ok && !e.early {
		return nil, ErrNoHold
	}
	if !ok {
		owner = caller
	}
	var touched []string
	if text, ok := v[1].(string); ok {
		if err := json.Unmarshal([]byte(text), &touched); err != nil {
			return nil, fmt.Errorf("reading the hold's keys: %w", err)
		}
	}
	return append([]string{hold, r.openKey(e.tenant, owner)}, touched...), nil
}

// graves is how long a dead owner is remembered after its last beat, so that one which was only stopped for a while
// finds out at its next beat before anybody forgets what it holds.
const graves = 10 * time.Minute

// recover settles holds of owners that have not beaten for a Lease, or whose beat is more than a Lease ahead.
func (r *remote) recover(ctx context.Context, owner string, tell teller) (int, error) {
	now, beats, err := r.beats(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the heartbeats: %w", err)
	}
	total := 0
	for _, b := range beats {
		who, ok := b.Member.(string)
		beat := int64(b.Score)
		if !ok || who == owner || now-beat <= Lease.Milliseconds() && beat-now <= Lease.Milliseconds() {
			continue
		}
		n, err := r.recoverOwner(ctx, who, sweepLimit-total, tell)
		if total += n; err != nil || total >= sweepLimit {
			return total, err
		}
		if n == 0 {
			err = r.bury(ctx, who, now-graves.Milliseconds())
		}
		if err != nil {
			return total, fmt.Errorf("forgetting a dead owner: %w", err)
		}
	}
	return total, nil
}

func (r *remote) beats(ctx context.Context) (now int64, beats []redis.Z, err error) {
	err = r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		if now = r.present(); now == 0 {
			t, err := c.Time(ctx).Result()
			if err != nil {
				return err
			}
			now = t.UnixMilli()
		}
		beats, err = c.ZRangeWithScores(ctx, r.live(), 0, -1).Result()
		return err
	})
	return now, beats, err
}

func (r *remote) recoverOwner(ctx context.Context, owner string, most int, tell teller) (int, error) {
	var tenants []string
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		tenants, err = c.SMembers(ctx, r.tenantsOf(owner)).Result()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("finding what a dead owner holds: %w", err)
	}
	total := 0
	for _, tenant := range tenants {
		n, err := r.recoverTenant(ctx, owner, tenant, most-total, tell)
		if total += n; err != nil || total >= most {
			return total, err
		}
	}
	return total, nil
}

func (r *remote) recoverTenant(ctx context.Context, owner, tenant string, most int, tell teller) (int, error) {
	open := r.openKey(tenant, owner)
	var exchanges []string
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		exchanges, err = c.SRandMemberN(ctx, open, int64(most)).Result()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("finding what a dead owner holds: %w", err)
	}
	var died []Died
	for i, x := range exchanges {
		e := ending{exchange: x, tenant: tenant, outcome: recovered, mark: newOwner(), crashed: tell != nil}
		done, err := r.end(ctx, owner, e)
		if err == nil && e.crashed && (done.First || done.untold) {
			died, err = r.noted(ctx, died, tenant, x)
		}
		if errors.Is(err, ErrNoHold) {
			err = r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error { return c.SRem(ctx, open, x).Err() })
		}
		if err != nil {
			return i, err
		}
	}
	if len(died) > 0 {
		if err := tell(ctx, died); err != nil {
			return len(exchanges), err
		}
	}
	return len(exchanges), r.told(ctx, died)
}

// noted adds an exchange that died to a list, if it has a note.
func (r *remote) noted(ctx context.Context, list []Died, tenant, exchange string) ([]Died, error) {
	var v []any
	if err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		v, err = c.HMGet(ctx, r.holdKey(tenant, exchange), "x", "a", "n").Result()
		return err
	}); err != nil {
		return list, fmt.Errorf("reading what a dead owner held: %w", err)
	}
	x := Died{Exchange: exchange, Tenant: tenant}
	x.Note, _ = v[0].(string)
	if x.Note == "" {
		return list, nil
	}
	var at int64
	for i, into := range []*int64{&x.Amount, &at} {
		s, _ := v[i+1].(string)
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return list, errReply
		}
		*into = n
	}
	x.At = time.UnixMilli(at).UTC()
	return append(list, x), nil
}

func (r *remote) told(ctx context.Context, list []Died) error {
	for _, x := range list {
		key := r.holdKey(x.Tenant, x.Exchange)
		if err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
			owner, err := c.HGet(ctx, key, "o").Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			_, err = c.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.HDel(ctx, key, "x", "w")
				p.SRem(ctx, r.openKey(x.Tenant, owner), x.Exchange)
				return nil
			})
			return err
		}); err != nil {
			return fmt.Errorf("writing down that it was told of exchanges that died: %w", err)
		}
	}
	return nil
}

func (r *remote) bury(ctx context.Context, owner string, before int64) error {
	return r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return r.scripts.bury.Run(ctx, c, []string{r.live(), r.tenantsOf(owner)}, owner, before).Err()
	})
}
