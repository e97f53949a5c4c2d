package audit_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/policy/audit"
	"weir/policy/store"
	"weir/test/redisd"
)

// everyBook runs a case on the log in a file and on a Redis.
func everyBook(t *testing.T, do func(t *testing.T, log *audit.Changes)) {
	t.Run("file", func(t *testing.T) {
		do(t, audit.NewChanges(fileOf(t, filepath.Join(t.TempDir(), "weir.db")), keysOf(t, "a")))
	})
	t.Run("redis", func(t *testing.T) {
		server := redisd.Start(t, redisd.Volatile()...)
		do(t, audit.SharedChanges(redisAt(t, server.Addr), keysOf(t, "a")))
	})
}

func fileOf(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func redisAt(t *testing.T, addr string) *store.Redis {
	t.Helper()
	r, err := store.OpenRedis(store.RedisOptions{Addresses: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// A change is there before it is made, and complete once it is known what came of it.
func TestChanges(t *testing.T) { everyBook(t, changes) }

func changes(t *testing.T, log *audit.Changes) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	n, err := log.Begin(t.Context(), audit.Change{At: at, Who: "ana", Role: "admin", Client: "127.0.0.1", Operation: "putTenant", Path: "/v1/tenants/a", Before: json.RawMessage(`{"name":"A"}`)})
	if err != nil || n < 1 {
		t.Fatalf("%d, %v", n, err)
	}
	list, more, err := log.Search(t.Context(), audit.ChangeQuery{})
	if err != nil || more || len(list) != 1 || list[0].Status != 0 || string(list[0].Before) != `{"name":"A"}` || list[0].After != nil || !list[0].At.Equal(at) {
		t.Errorf("%+v, %v", list, err)
	}
	if err := log.End(t.Context(), n, 200, "a", json.RawMessage(`{"name":"`+strings.Repeat("x", 70<<10)+`"}`)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := log.Begin(t.Context(), audit.Change{At: at, Who: "bob", Operation: "revokeKey", Tenant: []string{"b", "c", "b"}[i]}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		query audit.ChangeQuery
		want  []int64
		more  bool
	}{
		{audit.ChangeQuery{}, []int64{n + 3, n + 2, n + 1, n}, false}, {audit.ChangeQuery{Limit: 2}, []int64{n + 3, n + 2}, true},
		{audit.ChangeQuery{Limit: 2, Before: n + 2}, []int64{n + 1, n}, false}, {audit.ChangeQuery{Tenant: "b"}, []int64{n + 3, n + 1}, false},
		{audit.ChangeQuery{Who: "ana"}, []int64{n}, false}, {audit.ChangeQuery{Operation: "revokeKey", Tenant: "c"}, []int64{n + 2}, false}, {audit.ChangeQuery{Tenant: "x"}, nil, false},
	} {
		list, more, err := log.Search(t.Context(), c.query)
		var got []int64
		for _, x := range list {
			got = append(got, x.N)
		}
		if err != nil || more != c.more || len(got) != len(c.want) {
			t.Errorf("%+v: %v, %v, %v", c.query, got, more, err)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%+v: %v, want %v", c.query, got, c.want)
			}
		}
	}
	list, _, _ = log.Search(t.Context(), audit.ChangeQuery{Who: "ana"})
	if list[0].Status != 200 || list[0].Tenant != "a" || string(list[0].After) != `{"bytes":71691}` {
		t.Errorf("%+v %s", list[0], list[0].After)
	}
	for _, twice := range []int64{n, n + 100} {
		if err := log.End(t.Context(), twice, 200, "a", nil); !errors.Is(err, audit.ErrNoChange) {
			t.Errorf("the end of change %d: %v", twice, err)
		}
	}
	if v, err := log.Verify(t.Context(), keysOf(t, "a")); err != nil || v.Broken != nil || v.Changes != 4 || v.Links != 5 {
		t.Errorf("%+v, %v", v, err)
	}
}

// A tail goes on behind what it has read, of one tenant or of all.
func TestAfter(t *testing.T) {
	trail := open(t, filepath.Join(t.TempDir(), "weir.db"))
	if n, err := trail.Head(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for i, of := range []string{"a", "b", "a"} {
		r := audit.Record{Trace: "t", Exchange: string(rune('x' + i)), Tenant: of, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	last, err := trail.Head(t.Context())
	if last != 3 || err != nil {
		t.Errorf("%d, %v", last, err)
	}
	for _, c := range []struct {
		n    int64
		of   string
		want string
	}{{0, "", "xyz"}, {1, "", "yz"}, {0, "a", "xz"}, {1, "a", "z"}, {3, "", ""}, {0, "c", ""}} {
		got, err := trail.Follow(t.Context(), c.n, c.of)
		said := ""
		for _, r := range got {
			said += r.Record.Exchange
		}
		if said != c.want || err != nil {
			t.Errorf("behind %d of %q: %q, %v; want %q", c.n, c.of, said, err, c.want)
		}
	}
}
