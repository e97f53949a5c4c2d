package audit_test

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"weir/policy/audit"
	"weir/policy/store"
)

func open(t *testing.T, path string) *audit.Trail {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	trail, err := audit.Open(t.Context(), s, keysOf(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	return trail
}

func TestRecordComesBackAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	trail := open(t, path)
	want := audit.Record{
		Schema: audit.SchemaVersion, Trace: "t1", Exchange: "e1", Time: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC),
		Tenant: "acme", Method: "POST", Path: "/v1/chat/completions", Status: 402, Dialect: "dvara", Code: "budget_exceeded", Ended: "refused",
		Facts: json.RawMessage(`{"a":1.0}`), Decision: json.RawMessage(`{"allow":false}`),
		Findings: []audit.Finding{{Direction: "request", Type: "US_SSN", Count: 2, Action: "block"}}, Failures: []string{"store:deny"},
		HeldMicro: 5, Restored: 1,
	}
	if err := trail.Append(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	again := want
	again.Exchange, again.Time = "e2", want.Time.Add(time.Second)
	if err := trail.Append(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, path).Find(t.Context(), "t1")
	if err != nil || len(got) != 2 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	recent, err := trail.Recent(t.Context(), "acme", 1)
	if err != nil || len(recent) != 1 || recent[0].Exchange != "e2" {
		t.Errorf("recent %+v, %v", recent, err)
	}
	if none, err := trail.Find(t.Context(), "nope"); err != nil || len(none) != 0 {
		t.Errorf("got %+v, %v", none, err)
	}
	if n, err := trail.Count(t.Context()); err != nil || n != 2 {
		t.Errorf("count %d, %v", n, err)
	}
}
