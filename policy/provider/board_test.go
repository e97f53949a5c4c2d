package provider_test

import (
	"testing"
	"time"

	"weir/policy/provider"
	"weir/policy/store"
	"weir/test/redisd"
)

// Two replicas on one Redis leave a provider alone together; a Redis that is gone leaves each with what it sees itself.
func TestReplicasOnRedis(t *testing.T) {
	server := redisd.Start(t, redisd.Volatile()...)
	var replicas [2]*provider.Breakers
	for i := range replicas {
		r, err := store.OpenRedis(store.RedisOptions{Addresses: []string{server.Addr}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		replicas[i] = provider.NewBreakers(provider.BreakerSettings{}, provider.NewRedisBoard(r), quiet())
		go func() { _ = replicas[i].Run(t.Context()) }()
	}
	tries(replicas[0], "fffff")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, closed := replicas[1].Closed("p"); !closed {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the other replica was not told")
		}
	}
	server.Kill()
	report, _, ok := replicas[1].Ask("q")
	if !ok {
		t.Fatal("a provider is left alone because the board is down")
	}
	report(provider.Served)
	if _, got := tries(replicas[1], "s"); got != "x" {
		t.Error("what was told is forgotten")
	}
}
