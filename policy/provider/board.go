package provider

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"weir/policy/store"
)

// boardTag is the hash tag of the board's key.
const boardTag = "breakers"

// RedisBoard is a board in one hash: provider -> milliseconds since 1970.
type RedisBoard struct {
	store *store.Redis
	key   string
}

var _ Board = (*RedisBoard)(nil)

// NewRedisBoard is a board on a connection.
func NewRedisBoard(s *store.Redis) *RedisBoard {
	return &RedisBoard{store: s, key: s.Key(boardTag, "open")}
}

// Tell implements Board. The hash goes when its last entry is over.
func (r *RedisBoard) Tell(ctx context.Context, provider string, until time.Time) error {
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.HSet(ctx, r.key, provider, until.UnixMilli())
			p.PExpire(ctx, r.key, max(time.Until(until), time.Second))
			return nil
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("telling of a breaker: %w", err)
	}
	return nil
}

// Told implements Board.
func (r *RedisBoard) Told(ctx context.Context) (map[string]time.Time, error) {
	var all map[string]string
	err := r.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		all, err = c.HGetAll(ctx, r.key).Result()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading of breakers: %w", err)
	}
	out := make(map[string]time.Time, len(all))
	for name, v := range all {
		if ms, err := strconv.ParseInt(v, 10, 64); err == nil {
			out[name] = time.UnixMilli(ms)
		}
	}
	return out, nil
}
