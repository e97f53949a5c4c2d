package provider_test

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"weir/policy/provider"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// tries are what becomes of requests, one letter each: s served, f failed, n neither, x not let through.
func tries(b *provider.Breakers, what string) (left time.Duration, got string) {
	for _, w := range what {
		report, l, ok := b.Ask("p")
		if !ok {
			left, got = l, got+"x"
			continue
		}
		switch w {
		case 's':
			report(provider.Served)
		case 'f':
			report(provider.Failed)
			report(provider.Served) // only the first counts
		default:
			report(provider.Neither)
		}
		got += string(w)
	}
	return left, got
}

// The timeline of a breaker with the figures that are default: half of the last ten, at least five, 30 s, three probes.
func TestBreakerTimeline(t *testing.T) {
	for name, steps := range map[string][]struct {
		wait  time.Duration
		tries string
		want  string
		left  time.Duration
		state string
	}{
		"opens at five of five":              {{0, "ffff", "ffff", 0, "closed"}, {0, "fs", "fx", 30 * time.Second, "open"}},
		"opens at half of ten":               {{0, "sssss", "sssss", 0, "closed"}, {0, "ffff", "ffff", 0, "closed"}, {0, "fs", "fx", 30 * time.Second, "open"}},
		"opens at three of five":             {{0, "ssff", "ssff", 0, "closed"}, {0, "ff", "fx", 30 * time.Second, "open"}},
		"forgets what is older than ten":     {{0, "ffffssssssssssff", "ffffxxxxxxxxxxxx"[:4] + "ssssssssssff", 0, "closed"}},
		"does not count neither":             {{0, "nnnnnffffnnnn", "nnnnnffffnnnn", 0, "closed"}, {0, "f", "f", 0, "open"}},
		"tells the time left":                {{0, "fffff", "fffff", 0, "open"}, {12 * time.Second, "s", "x", 18 * time.Second, "open"}},
		"tries again after 30 s":             {{0, "fffff", "fffff", 0, "open"}, {31 * time.Second, "ss", "ss", 0, "half-open"}, {0, "s", "s", 0, "closed"}},
		"one failed try opens it again":      {{0, "fffff", "fffff", 0, "open"}, {31 * time.Second, "sfs", "sfx", 30 * time.Second, "open"}},
		"neither is no try":                  {{0, "fffff", "fffff", 0, "open"}, {31 * time.Second, "nnnnnss", "nnnnnss", 0, "half-open"}},
		"begins with nothing once it closes": {{0, "fffff", "fffff", 0, "open"}, {31 * time.Second, "sss", "sss", 0, "closed"}, {0, "ffff", "ffff", 0, "closed"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := provider.NewBreakers(provider.BreakerSettings{}, nil, quiet())
				for i, s := range steps {
					time.Sleep(s.wait)
					left, got := tries(b, s.tries)
					if got != s.want || left != s.left || b.States()["p"] != s.state {
						t.Fatalf("step %d: %s, %s left, %s; want %s, %s, %s", i, got, left, b.States()["p"], s.want, s.left, s.state)
					}
				}
			})
		})
	}
}

// At most three requests try a provider at once.
func TestProbesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := provider.NewBreakers(provider.BreakerSettings{}, nil, quiet())
		tries(b, "fffff")
		time.Sleep(31 * time.Second)
		var open []func(provider.Outcome)
		for range 3 {
			report, _, ok := b.Ask("p")
			if !ok {
				t.Fatal("a probe was not let through")
			}
			open = append(open, report)
		}
		if _, left, ok := b.Ask("p"); ok || left != time.Second {
			t.Errorf("a fourth: %v, %s left", ok, left)
		}
		if _, closed := b.Closed("p"); closed {
			t.Error("it counts as closed")
		}
		for _, report := range open {
			report(provider.Served)
		}
		if _, closed := b.Closed("p"); !closed {
			t.Error("it is not closed")
		}
	})
}

// board is a board in memory, which can fail.
type board struct {
	mu    sync.Mutex
	said  map[string]time.Time
	tells int
}

func (b *board) Tell(_ context.Context, name string, until time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said[name] = until
	b.tells++
	return nil
}

func (b *board) Told(context.Context) (map[string]time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.said), nil
}

// What one replica learns, the other knows a second later; each tries the provider by itself, and nothing that was said is
// heard twice.
func TestTwoReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &board{said: map[string]time.Time{}}
		ctx, stop := context.WithCancel(t.Context())
		var replicas [2]*provider.Breakers
		for i := range replicas {
			replicas[i] = provider.NewBreakers(provider.BreakerSettings{}, shared, quiet())
			go func() { _ = replicas[i].Run(ctx) }()
		}
		tries(replicas[0], "fffff")
		time.Sleep(1100 * time.Millisecond)
		if _, got := tries(replicas[1], "s"); got != "x" {
			t.Error("the other replica asks on")
		}
		time.Sleep(31 * time.Second)
		for i, r := range replicas {
			if _, got := tries(r, "sss"); got != "sss" || r.States()["p"] != "closed" {
				t.Errorf("replica %d: %s, %s", i, got, r.States()["p"])
			}
		}
		time.Sleep(3 * time.Second)
		for i, r := range replicas {
			if r.States()["p"] != "closed" {
				t.Errorf("replica %d heard it again", i)
			}
		}
		if shared.tells != 1 {
			t.Errorf("the board was told %d times", shared.tells)
		}
		stop()
		synctest.Wait()
	})
}
