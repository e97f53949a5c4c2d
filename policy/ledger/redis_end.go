package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
		e.mark, ceiling, KeepEnded.Milliseconds(), KeepRates.Milliseconds(), flag(e.early),
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
func (r *remote) recover(ctx context.Context, owner string) (int, error) {
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
		n, err := r.recoverOwner(ctx, who, sweepLimit-total)
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

func (r *remote) recoverOwner(ctx context.Context, owner string, most int) (int, error) {
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
		n, err := r.recoverTenant(ctx, owner, tenant, most-total)
		if total += n; err != nil || total >= most {
			return total, err
		}
	}
	return total, nil
}

func (r *remote) recoverTenant(ctx context.Context, owner, tenant string, most int) (int, error) {
	open := r.openKey(tenant, owner)
	var exchanges []string
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		exchanges, err = c.SRandMemberN(ctx, open, int64(most)).Result()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("finding what a dead owner holds: %w", err)
	}
	for i, x := range exchanges {
		e := ending{exchange: x, tenant: tenant, outcome: recovered, mark: newOwner()}
		_, err := r.end(ctx, owner, e)
		if errors.Is(err, ErrNoHold) {
			err = r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error { return c.SRem(ctx, open, x).Err() })
		}
		if err != nil {
			return i, err
		}
	}
	return len(exchanges), nil
}

func (r *remote) bury(ctx context.Context, owner string, before int64) error {
	return r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return r.scripts.bury.Run(ctx, c, []string{r.live(), r.tenantsOf(owner)}, owner, before).Err()
	})
}
