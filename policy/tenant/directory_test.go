package tenant_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/policy/store"
	"weir/policy/tenant"
)

func directory(t *testing.T, path string, declared ...tenant.Key) *tenant.Directory {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	d, err := tenant.NewDirectory(t.Context(), tenant.NewSQLite(s), tenant.Declared{Tenants: []tenant.Tenant{acme()}, Keys: declared})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func acme() tenant.Tenant {
	return tenant.Tenant{ID: "acme", Status: tenant.Active, Dialect: "dvara", Settings: tenant.DefaultSettings(), Secret: bytes.Repeat([]byte{1}, 32)}
}

func newKey(t *testing.T, id, seed string) (string, tenant.Key) {
	t.Helper()
	plain, err := tenant.Mint("gw_", strings.NewReader(strings.Repeat(seed, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return plain, tenant.Key{
		ID: id, Tenant: "acme", Name: "for tests", Prefix: tenant.VisiblePrefix(plain), Hash: tenant.HashOf(plain),
		Rates: []tenant.Rate{{Limit: 5, Window: time.Minute, Unit: "requests"}},
	}
}

func TestKeyOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	here, there := directory(t, path), directory(t, path)
	plain, k := newKey(t, "k1", "a")
	if err := there.Create(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if _, _, err := here.Current().Resolve(plain, now); !errors.Is(err, tenant.ErrUnknown) {
		t.Fatalf("before a refresh: %v", err)
	}
	if err := here.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, got, err := here.Current().Resolve(plain, now)
	if err != nil || got.ID != "k1" || got.Name != "for tests" || len(got.Rates) != 1 {
		t.Fatalf("after a refresh: %+v, %v", got, err)
	}
	if err := there.Revoke(t.Context(), "k1", now); err != nil {
		t.Fatal(err)
	}
	tick := make(chan time.Time)
	ended := make(chan error, 1)
	go func() { ended <- here.Follow(t.Context(), tick) }()
	tick <- now
	tick <- now // the first has been worked off
	if _, _, err := here.Current().Resolve(plain, now.Add(time.Millisecond)); !errors.Is(err, tenant.ErrRevoked) {
		t.Errorf("after the revocation: %v", err)
	}
}

func TestDeclaredIsReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	plain, k := newKey(t, "k1", "a")
	d := directory(t, path, k)
	if _, _, err := d.Current().Resolve(plain, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := d.Revoke(t.Context(), "k1", time.Now()); !errors.Is(err, tenant.ErrDeclared) {
		t.Errorf("revoking a declared key: %v", err)
	}
	if err := d.Revoke(t.Context(), "nope", time.Now()); !errors.Is(err, tenant.ErrNoKey) {
		t.Errorf("revoking no key: %v", err)
	}
	if err := d.Create(t.Context(), k); err == nil {
		t.Error("a second key of the same id was taken")
	}
}

func TestSameIDInFileAndStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	_, stored := newKey(t, "k1", "a")
	if err := directory(t, path).Create(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	_, declared := newKey(t, "k1", "b")
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := tenant.NewDirectory(t.Context(), tenant.NewSQLite(s), tenant.Declared{Tenants: []tenant.Tenant{acme()}, Keys: []tenant.Key{declared}}); err == nil {
		t.Error("the same id in file and store was taken")
	}
}

func TestBadDeclarationIsRefusedWhole(t *testing.T) {
	plain, k := newKey(t, "k1", "a")
	d := directory(t, filepath.Join(t.TempDir(), "weir.db"), k)
	orphan := k
	orphan.Tenant = "nobody"
	if err := d.Declare(tenant.Declared{Tenants: []tenant.Tenant{acme()}, Keys: []tenant.Key{orphan}}); err == nil {
		t.Fatal("a key without a tenant was taken")
	}
	if _, _, err := d.Current().Resolve(plain, time.Now()); err != nil {
		t.Errorf("the old keys are gone: %v", err)
	}
}

// K1: one key that clashes must not keep the revocation of another from being in force.
func TestAClashDoesNotHoldUpARevocation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	plain, k1 := newKey(t, "k1", "a")
	_, k2 := newKey(t, "k2", "b")
	there := directory(t, path)
	if err := there.Create(t.Context(), k1); err != nil {
		t.Fatal(err)
	}
	declared, mine := newKey(t, "k2", "c")
	here := directory(t, path, mine)
	if err := there.Create(t.Context(), k2); err != nil {
		t.Fatal(err)
	}
	if err := there.Revoke(t.Context(), "k1", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := here.Refresh(t.Context()); err == nil || here.Check(t.Context()) == nil {
		t.Fatal("the clash of k2 is not told")
	}
	if _, _, err := here.Current().Resolve(plain, time.Now()); !errors.Is(err, tenant.ErrRevoked) {
		t.Fatalf("k1: %v, want ErrRevoked", err)
	}
	if _, k, err := here.Current().Resolve(declared, time.Now()); err != nil || k.ID != "k2" {
		t.Fatalf("the declared k2: %v", err)
	}
	if err := here.Declare(tenant.Declared{Tenants: []tenant.Tenant{acme()}}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(here.Refresh(t.Context()), here.Check(t.Context())); err != nil {
		t.Fatalf("after the file gave k2 up: %v", err)
	}
}

func TestAKeyThatCannotStandIsNotWritten(t *testing.T) {
	_, declared := newKey(t, "k1", "a")
	d := directory(t, filepath.Join(t.TempDir(), "weir.db"), declared)
	for name, change := range map[string]func(*tenant.Key){
		"the id of a declared one":   func(k *tenant.Key) { k.ID = "k1" },
		"the hash of a declared one": func(k *tenant.Key) { k.Hash = declared.Hash },
		"an unknown tenant":          func(k *tenant.Key) { k.Tenant = "nobody" },
		"no hash":                    func(k *tenant.Key) { k.Hash = [32]byte{} },
		"an impossible rate":         func(k *tenant.Key) { k.Rates = []tenant.Rate{{Limit: -1, Window: 1, Unit: "x"}} },
	} {
		_, k := newKey(t, "k2", "b")
		change(&k)
		if err := d.Create(t.Context(), k); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if list, err := d.List(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("%d keys written, error %v", len(list), err)
	}
}

func TestKeysOfATenantThatLeftTheFileAreListedAndUseless(t *testing.T) {
	plain, k := newKey(t, "k1", "a")
	d := directory(t, filepath.Join(t.TempDir(), "weir.db"))
	if err := d.Create(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if err := d.Declare(tenant.Declared{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Current().Resolve(plain, time.Now()); !errors.Is(err, tenant.ErrUnknown) {
		t.Errorf("%v, want ErrUnknown", err)
	}
	if list, err := d.List(t.Context(), "acme"); err != nil || len(list) != 1 || list[0].ID != "k1" {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := d.List(t.Context(), "other"); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// K7: a store that cannot be read leaves what is in force, and readiness says so.
func TestALostStoreLeavesTheKeysInForce(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	plain, k := newKey(t, "k1", "a")
	d, err := tenant.NewDirectory(t.Context(), tenant.NewSQLite(s), tenant.Declared{Tenants: []tenant.Tenant{acme()}, Keys: []tenant.Key{k}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Refresh(t.Context()); err == nil || d.Check(t.Context()) == nil {
		t.Error("the loss is not told")
	}
	if _, _, err := d.Current().Resolve(plain, time.Now()); err != nil {
		t.Errorf("a key that is in force: %v", err)
	}
}
