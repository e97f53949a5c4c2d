package ledger_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/redisd"
)

// servers are the Redis that cases share; each case has a prefix of its own.
type servers struct {
	once sync.Once
	list []*redisd.Server
	err  error
	dir  string
}

var (
	single, cluster = &servers{}, &servers{}
	prefixes        atomic.Int64
)

func (s *servers) get(t testing.TB, launch func(dir string) ([]*redisd.Server, error)) []string {
	t.Helper()
	if _, err := redisd.Binary(); err != nil {
		t.Skip(err)
	}
	s.once.Do(func() {
		if s.dir, s.err = os.MkdirTemp("", "redisd"); s.err == nil {
			s.list, s.err = launch(s.dir)
		}
	})
	if s.err != nil {
		t.Fatal(s.err)
	}
	return redisd.Addrs(s.list)
}

func (s *servers) stop() {
	for _, one := range s.list {
		one.Kill()
	}
	_ = os.RemoveAll(s.dir)
}

func onRedis(t testing.TB) *place {
	return redisPlace(t, store.RedisOptions{Addresses: single.get(t, func(dir string) ([]*redisd.Server, error) {
		s, err := redisd.Launch(dir, redisd.Volatile()...)
		return []*redisd.Server{s}, err
	})})
}

// onCluster is a cluster of three nodes; a client is told of one.
func onCluster(t testing.TB) *place {
	addresses := cluster.get(t, func(dir string) ([]*redisd.Server, error) {
		return redisd.LaunchCluster(context.Background(), dir, 3)
	})
	return redisPlace(t, store.RedisOptions{Addresses: addresses[:1], Cluster: true})
}

// redisPlace is a prefix of its own on a server.
func redisPlace(t testing.TB, o store.RedisOptions) *place {
	t.Helper()
	p := &place{clock: newClock()}
	o.Prefix = fmt.Sprint("t", prefixes.Add(1))
	o.Timeout = time.Minute // the machine may have more to do
	p.enter = func(t testing.TB, more ...ledger.Option) *ledger.Ledger {
		l, err := ledger.OpenRedisAt(t.Context(), openRedis(t, o), p.now, more...)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	p.kept = func(t testing.TB) map[string]int { return keptIn(t, o) }
	return p
}

func openRedis(t testing.TB, o store.RedisOptions) *store.Redis {
	t.Helper()
	r, err := store.OpenRedis(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// keptIn counts the holds of a prefix by outcome.
func keptIn(t testing.TB, o store.RedisOptions) map[string]int {
	t.Helper()
	out := map[string]int{}
	var mu sync.Mutex
	count := func(ctx context.Context, c *redis.Client) error {
		it := c.Scan(ctx, 0, o.Prefix+":*", 1000).Iterator()
		for it.Next(ctx) {
			if !strings.Contains(it.Val(), "}:h:") {
				continue
			}
			outcome, err := c.HGet(ctx, it.Val(), "e").Result()
			if err != nil && err != redis.Nil {
				return err
			}
			mu.Lock()
			out[outcome]++
			mu.Unlock()
		}
		return it.Err()
	}
	err := openRedis(t, o).Do(t.Context(), func(ctx context.Context, c redis.UniversalClient) error {
		if cluster, ok := c.(*redis.ClusterClient); ok {
			return cluster.ForEachMaster(ctx, count)
		}
		return count(ctx, c.(*redis.Client))
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
