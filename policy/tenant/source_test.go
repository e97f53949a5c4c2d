package tenant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/policy/store"
	"weir/policy/tenant"
	"weir/test/redisd"
)

// backends are every store a directory may stand on. Each opens one more view on the same data, as another replica does.
func backends(t *testing.T, run func(t *testing.T, open func() tenant.Source)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "weir.db")
		run(t, func() tenant.Source {
			s, err := store.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return tenant.NewSQLite(s)
		})
	})
	t.Run("redis", func(t *testing.T) {
		run(t, onRedis(t, redisd.Start(t, redisd.Volatile()...)))
	})
	t.Run("cluster", func(t *testing.T) {
		if _, err := redisd.Binary(); err != nil {
			t.Skip(err)
		}
		if err := cluster.launch(); err != nil {
			t.Fatal(err)
		}
		prefix := fmt.Sprint("t", cluster.cases.Add(1))
		run(t, onServers(t, store.RedisOptions{Addresses: redisd.Addrs(cluster.nodes[:1]), Cluster: true, Prefix: prefix}))
	})
}

// cluster is what all cases share, each with a prefix of its own.
var cluster nodes

type nodes struct {
	once  sync.Once
	nodes []*redisd.Server
	dir   string
	err   error
	cases atomic.Int64
}

func (n *nodes) launch() error {
	n.once.Do(func() {
		if n.dir, n.err = os.MkdirTemp("", "redisd"); n.err == nil {
			n.nodes, n.err = redisd.LaunchCluster(context.Background(), n.dir, 3)
		}
	})
	return n.err
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range cluster.nodes {
		s.Kill()
	}
	_ = os.RemoveAll(cluster.dir)
	os.Exit(code)
}

// onRedis opens views on a Redis server.
func onRedis(t *testing.T, s *redisd.Server) func() tenant.Source {
	return onServers(t, store.RedisOptions{Addresses: []string{s.Addr}})
}

func onServers(t *testing.T, o store.RedisOptions) func() tenant.Source {
	return func() tenant.Source {
		r, err := store.OpenRedis(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		return tenant.NewRedis(r)
	}
}

// K4, K6, K7: a Redis that is paused, or gone, leaves what is in force as it is, and readiness says so; what was changed
// meanwhile is in force as soon as it answers.
func TestARedisThatDoesNotAnswer(t *testing.T) {
	server := redisd.Start(t, redisd.Durable()...)
	open := onRedis(t, server)
	here, there := over(t, open()), over(t, open())
	plain, k := newKey(t, "k1", "a")
	if err := errors.Join(there.Create(t.Context(), k), here.Refresh(t.Context())); err != nil {
		t.Fatal(err)
	}
	for name, stop := range map[string]struct{ down, up func() }{
		"paused": {func() { server.Pause(t) }, func() { server.Resume(t) }},
		"killed": {server.Kill, func() { server.Restart(t) }},
	} {
		stop.down()
		if err := here.Refresh(t.Context()); err == nil || here.Check(t.Context()) == nil {
			t.Errorf("%s: readiness does not say so", name)
		}
		if _, _, err := here.Current().Resolve(plain, time.Now()); err != nil {
			t.Errorf("%s: a key that is in force: %v", name, err)
		}
		if err := here.Quarantine(t.Context(), tenant.Quarantine{Tenant: "acme", Actor: name, At: time.Now()}); err == nil {
			t.Errorf("%s: the store's failure is not told", name)
		}
		if _, out := here.Current().Quarantined("acme", name); !out {
			t.Errorf("%s: the quarantine is not in force here", name)
		}
		stop.up()
		for deadline := time.Now().Add(10 * time.Second); ; {
			if err := errors.Join(here.Refresh(t.Context()), there.Refresh(t.Context())); err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if _, out := there.Current().Quarantined("acme", name); !out {
			t.Errorf("%s: the quarantine is not in force on the other replica", name)
		}
	}
}

// parse reads a stored tenant of the tests: its id and nothing else.
func parse(id string, document []byte) (tenant.Tenant, error) {
	t := acme()
	t.ID = id
	return t, json.Unmarshal(document, &t.Name)
}

func over(t *testing.T, s tenant.Source, keys ...tenant.Key) *tenant.Directory {
	t.Helper()
	d, err := tenant.NewDirectory(t.Context(), s, tenant.Declared{Tenants: []tenant.Tenant{acme()}, Keys: keys, Parse: parse})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestASourceAppliesAllOrNothing(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		a, b := open(), open()
		first, err := a.Revision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Apply(t.Context(), []tenant.Change{{Kind: "key", ID: "x", Now: "1"}, {Kind: "hash", ID: "x", Now: "2"}}); err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string][]tenant.Change{
			"there already":   {{Kind: "key", ID: "y", Now: "1"}, {Kind: "hash", ID: "x", Now: "3"}},
			"another by now":  {{Kind: "key", ID: "y", Now: "1"}, {Kind: "key", ID: "x", Was: "0", Now: "3"}},
			"not there":       {{Kind: "key", ID: "y", Now: "1"}, {Kind: "key", ID: "z", Was: "1"}},
			"of another kind": {{Kind: "tenant", ID: "x", Was: "1", Now: "3"}},
		} {
			if err := b.Apply(t.Context(), bad); !errors.Is(err, tenant.ErrStale) {
				t.Errorf("%s: %v, want ErrStale", name, err)
			}
		}
		rows, revision, err := b.Rows(t.Context())
		slices.SortFunc(rows, func(a, b tenant.Row) int { return strings.Compare(b.Kind, a.Kind) })
		want := []tenant.Row{{Kind: "key", ID: "x", Doc: "1"}, {Kind: "hash", ID: "x", Doc: "2"}}
		if err != nil || !slices.Equal(rows, want) || revision == first {
			t.Fatalf("%v at %s, %v; want %v", rows, revision, err, want)
		}
		if err := b.Apply(t.Context(), []tenant.Change{{Kind: "key", ID: "x", Was: "1"}, {Kind: "hash", ID: "x", Was: "2", Now: "é\x00\"'"}}); err != nil {
			t.Fatal(err)
		}
		rows, again, err := a.Rows(t.Context())
		if err != nil || len(rows) != 1 || rows[0].Doc != "é\x00\"'" || again == revision {
			t.Fatalf("%v at %s, %v", rows, again, err)
		}
	})
}

// K1: what one replica changes is in force there at once, and on another at its next look.
func TestChangesReachEveryReplica(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		here, there := over(t, open()), over(t, open())
		plain, k := newKey(t, "k1", "a")
		now := time.Now()
		state := func(d *tenant.Directory) string {
			if err := d.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			who, _, err := d.Current().Resolve(plain, now)
			_, out := d.Current().Quarantined("acme", "ann/x")
			_, stored := d.Current().Tenant("globex")
			status := tenant.Status("")
			if who != nil {
				status = who.Status
			}
			return fmt.Sprint(err, " ", status, " ", out, " ", stored)
		}
		for _, step := range []struct {
			name string
			do   func() error
			want string
		}{
			{"create", func() error { return there.Create(t.Context(), k) }, "<nil> active false false"},
			{"suspend", func() error {
				return there.Suspend(t.Context(), tenant.Suspension{Tenant: "acme", Reason: "abuse", At: now})
			}, "<nil> suspended false false"},
			{"suspend again", func() error {
				return there.Suspend(t.Context(), tenant.Suspension{Tenant: "acme", Reason: "abuse", At: now})
			}, "<nil> suspended false false"},
			{"suspend for another reason", func() error {
				return here.Suspend(t.Context(), tenant.Suspension{Tenant: "acme", Reason: "manual", At: now})
			}, "<nil> suspended false false"},
			{"resume", func() error { return there.Resume(t.Context(), "acme") }, "<nil> active false false"},
			{"quarantine", func() error {
				return there.Quarantine(t.Context(), tenant.Quarantine{Tenant: "acme", Actor: "ann/x", Reason: "why", By: "operator", At: now})
			}, "<nil> active true false"},
			{"quarantine again", func() error {
				return here.Quarantine(t.Context(), tenant.Quarantine{Tenant: "acme", Actor: "ann/x", Reason: "other", By: "operator", At: now})
			}, "<nil> active true false"},
			{"put a tenant", func() error { return there.PutTenant(t.Context(), "globex", []byte(`"Globex"`)) }, "<nil> active true true"},
			{"release", func() error { return here.Release(t.Context(), "acme", "ann/x") }, "<nil> active false true"},
			{"delete the tenant", func() error { return here.DeleteTenant(t.Context(), "globex") }, "<nil> active false false"},
			{"revoke", func() error { return there.Revoke(t.Context(), "k1", now.Add(time.Hour)) }, "the key is revoked active false false"},
			{"revoke again", func() error { return here.Revoke(t.Context(), "k1", now) }, "the key is revoked active false false"},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			for name, d := range map[string]*tenant.Directory{"here": here, "there": there} {
				if got := state(d); got != step.want {
					t.Errorf("%s, %s: %s, want %s", step.name, name, got, step.want)
				}
			}
		}
		if list := there.Current().Quarantines(""); len(list) != 0 {
			t.Errorf("still out: %v", list)
		}
		if err := here.Resume(t.Context(), "acme"); !errors.Is(err, tenant.ErrNotHere) {
			t.Errorf("resuming what is not suspended: %v", err)
		}
	})
}

// Both keys are good until the overlap ends; then only the new one is. The account stays the same.
func TestRotationOverlaps(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		d := over(t, open())
		old, k := newKey(t, "k1", "a")
		k.Scopes, k.Tags, k.Concurrency, k.Models = []string{"chat"}, []string{"team"}, 3, tenant.Permit{Allow: []string{"gpt*"}}
		k.Budgets = []tenant.Budget{{Limit: 5, Period: "month"}}
		if err := d.Create(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		now := time.Now().Truncate(time.Millisecond)
		end := now.Add(time.Hour)
		fresh, next := newKey(t, "k2", "b")
		next.CreatedAt, next.Rates, next.Name = now, nil, ""
		made, err := d.Rotate(t.Context(), "k1", end, next)
		if err != nil || made.Account != "k1" {
			t.Fatalf("%+v, %v", made, err)
		}
		if _, got, err := d.Current().Resolve(fresh, end.Add(time.Hour)); err != nil || got.AccountID() != "k1" || got.Name != k.Name ||
			got.Concurrency != 3 || len(got.Budgets) != 1 || len(got.Rates) != 1 || !slices.Equal(got.Tags, k.Tags) || !got.Models.Allows("gpt-x") || got.Models.Allows("x") {
			t.Errorf("the new key: %+v, %v", got, err)
		}
		if _, _, err := d.Current().Resolve(old, end.Add(-time.Millisecond)); err != nil {
			t.Errorf("the old key within the overlap: %v", err)
		}
		if _, _, err := d.Current().Resolve(old, end); !errors.Is(err, tenant.ErrExpired) {
			t.Errorf("the old key after it: %v", err)
		}
		_, third := newKey(t, "k3", "c")
		third.CreatedAt = now
		if made, err := d.Rotate(t.Context(), "k2", now, third); err != nil || made.Account != "k1" {
			t.Errorf("a second rotation: %+v, %v", made, err)
		}
		_, fourth := newKey(t, "k4", "d")
		fourth.CreatedAt = now
		if _, err := d.Rotate(t.Context(), "k2", end, fourth); !errors.Is(err, tenant.ErrEnded) {
			t.Errorf("rotating a key that has ended: %v", err)
		}
		if _, err := d.Rotate(t.Context(), "k3", end, third); !errors.Is(err, tenant.ErrExists) {
			t.Errorf("rotating a key into itself: %v", err)
		}
	})
}

// Many replicas that change the same things at once lose nothing.
func TestConcurrentChanges(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		a, b := over(t, open()), over(t, open())
		var all sync.WaitGroup
		for i := range 8 {
			d := []*tenant.Directory{a, b}[i%2]
			_, k := newKey(t, fmt.Sprintf("k%d", i), string(rune('a'+i)))
			all.Go(func() {
				if err := d.Create(t.Context(), k); err != nil {
					t.Error(err)
				}
				if err := d.Quarantine(t.Context(), tenant.Quarantine{Tenant: "acme", Actor: fmt.Sprint("u", i/2), At: time.Now()}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := errors.Join(a.Refresh(t.Context()), b.Refresh(t.Context())); err != nil {
			t.Fatal(err)
		}
		if k, q := len(a.Current().Keys("")), len(b.Current().Quarantines("acme")); k != 8 || q != 4 {
			t.Errorf("%d keys and %d quarantines, want 8 and 4", k, q)
		}
	})
}

// K3: what is declared can only be stopped, not changed; and what cannot stand is refused with its cause.
func TestWhatTheDirectoryRefuses(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		_, declared := newKey(t, "k1", "a")
		d := over(t, open(), declared)
		_, next := newKey(t, "k2", "b")
		for name, c := range map[string]struct {
			err, want error
		}{
			"a declared tenant":        {d.PutTenant(t.Context(), "acme", []byte(`"x"`)), tenant.ErrDeclared},
			"deleting a declared one":  {d.DeleteTenant(t.Context(), "acme"), tenant.ErrDeclared},
			"deleting nobody":          {d.DeleteTenant(t.Context(), "nobody"), tenant.ErrNoTenant},
			"suspending nobody":        {d.Suspend(t.Context(), tenant.Suspension{Tenant: "nobody", Reason: "abuse"}), tenant.ErrNoTenant},
			"quarantine without owner": {d.Quarantine(t.Context(), tenant.Quarantine{Tenant: "nobody", Actor: "a"}), tenant.ErrNoTenant},
			"releasing nobody":         {d.Release(t.Context(), "acme", "a"), tenant.ErrNotHere},
			"rotating a declared key": {func() error {
				_, err := d.Rotate(t.Context(), "k1", time.Now(), next)
				return err
			}(), tenant.ErrDeclared},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		for name, err := range map[string]error{
			"a reason nobody has": d.Suspend(t.Context(), tenant.Suspension{Tenant: "acme", Reason: "whim"}),
			"no actor":            d.Quarantine(t.Context(), tenant.Quarantine{Tenant: "acme"}),
			"an actor with blank": d.Quarantine(t.Context(), tenant.Quarantine{Tenant: "acme", Actor: "a b"}),
			"no document":         d.PutTenant(t.Context(), "globex", []byte(`{`)),
			"no id":               d.PutTenant(t.Context(), "a b", []byte(`"x"`)),
		} {
			if err == nil {
				t.Errorf("%s: taken", name)
			}
		}
		if _, revision, err := open().Rows(t.Context()); err != nil || revision != firstRevision(t, open) {
			t.Errorf("something was written: %s, %v", revision, err)
		}
	})
}

func firstRevision(t *testing.T, open func() tenant.Source) string {
	t.Helper()
	rows, revision, err := open().Rows(t.Context())
	if err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
	return revision
}

// A quarantine is in force here although the store does not answer, and on the others as soon as it does.
func TestAQuarantineDoesNotWaitForTheStore(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		flaky := &silent{Source: open()}
		here, there := over(t, flaky), over(t, open())
		flaky.down = true
		if err := here.Quarantine(t.Context(), tenant.Quarantine{Tenant: "acme", Actor: "ann", At: time.Now()}); err == nil {
			t.Error("the store's failure is not told")
		}
		if _, out := here.Current().Quarantined("acme", "ann"); !out || here.Check(t.Context()) == nil {
			t.Errorf("in force %v, readiness %v", out, here.Check(t.Context()))
		}
		flaky.down = false
		if err := errors.Join(here.Refresh(t.Context()), there.Refresh(t.Context()), here.Check(t.Context())); err != nil {
			t.Fatal(err)
		}
		if _, out := there.Current().Quarantined("acme", "ann"); !out {
			t.Error("the other replica lets the actor in")
		}
		if n := len(here.Current().Quarantines("acme")); n != 1 {
			t.Errorf("%d quarantines, want 1", n)
		}
	})
}

// K7: a store that is down at the start is waited for. Until then a key that it may know is unsure, not unknown, and
// what the file declares is served.
func TestAStoreThatIsDownAtTheStart(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		plain, k := newKey(t, "k1", "a")
		if err := over(t, open()).Create(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		mine, declared := newKey(t, "k2", "b")
		file := tenant.Declared{Tenants: []tenant.Tenant{acme()}, Keys: []tenant.Key{declared}, Parse: parse}
		down := &silent{Source: open(), down: true}
		if _, err := tenant.NewDirectory(t.Context(), down, file); err == nil {
			t.Error("a directory that is not patient began")
		}
		d, err := tenant.NewDirectory(t.Context(), down, file, tenant.Patient())
		if err != nil || d.Check(t.Context()) == nil {
			t.Fatalf("%v, readiness %v", err, d.Check(t.Context()))
		}
		now := time.Now()
		state := func() string {
			_, _, stored := d.Current().Resolve(plain, now)
			_, _, declared := d.Current().Resolve(mine, now)
			return fmt.Sprint(errors.Is(stored, tenant.ErrUnsure), stored == nil, declared == nil)
		}
		if got := state(); got != "true false true" {
			t.Errorf("down: %s", got)
		}
		if err := d.Declare(file); err != nil || state() != "true false true" {
			t.Errorf("down, after a change of the file: %s, %v", state(), err)
		}
		down.down = false
		if err := d.Refresh(t.Context()); err != nil || state() != "false true true" {
			t.Errorf("up: %s, %v", state(), err)
		}
	})
}

// silent is a source that can be made to fail.
type silent struct {
	tenant.Source
	down bool
}

var errDown = errors.New("down")

func (s *silent) Revision(ctx context.Context) (string, error) {
	if s.down {
		return "", errDown
	}
	return s.Source.Revision(ctx)
}

func (s *silent) Apply(ctx context.Context, c []tenant.Change) error {
	if s.down {
		return errDown
	}
	return s.Source.Apply(ctx, c)
}

// A stored tenant that can no longer be read, or that the file has come to declare, is left out and named, and holds
// nobody else up.
func TestAStoredTenantThatCannotStand(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		d := over(t, open())
		for _, id := range []string{"globex", "initech"} {
			if err := d.PutTenant(t.Context(), id, []byte(`"x"`)); err != nil {
				t.Fatal(err)
			}
		}
		globex := acme()
		globex.ID = "globex"
		if err := d.Declare(tenant.Declared{Tenants: []tenant.Tenant{globex}, Parse: parse}); err == nil {
			t.Error("the same id in file and store was taken")
		}
		if err := open().Apply(t.Context(), []tenant.Change{{Kind: "tenant", ID: "globex", Was: `"x"`, Now: `{`}}); err != nil {
			t.Fatal(err)
		}
		if err := d.Refresh(t.Context()); err == nil || d.Check(t.Context()) == nil {
			t.Error("the broken document is not told")
		}
		_, broken := d.Current().Tenant("globex")
		_, sound := d.Current().Tenant("initech")
		if broken || !sound {
			t.Errorf("globex in force %v, initech %v", broken, sound)
		}
	})
}
