package ledger

import (
	"context"
	"time"

	"weir/policy/store"
)

// OpenRedisAt is OpenRedis for a server whose clock is the test's.
func OpenRedisAt(ctx context.Context, st *store.Redis, now func() time.Time, options ...Option) (*Ledger, error) {
	r := &remote{store: st, opened: map[string][]string{}, clock: now}
	return openRedis(ctx, r, append(options, WithClock(now))...)
}
