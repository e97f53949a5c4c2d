package audit_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/policy/audit"
	"weir/policy/store"
)

var when = time.Date(2026, 7, 15, 12, 0, 0, 123_000_000, time.UTC)

func fresh(t testing.TB) (*audit.Trail, *store.Store) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	trail, err := audit.Open(t.Context(), s, keysOf(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	return trail, s
}

// whole has every field set, so that one that is not kept is seen.
func whole() audit.Record {
	return audit.Record{
		Schema: audit.SchemaVersion, Trace: "4bf92f3577b34da6a3ce929d0e0e4736", Exchange: "x1", Time: when,
		Event: "GUARDRAIL_BLOCKED", Tenant: "acme", KeyID: "key_1", KeyPrefix: "gw_3f9a2c1b", Actor: "ann", Session: "s-1", Surface: "openai.chat",
		Method: "POST", Path: "/v1/chat/completions", Client: "10.0.0.7", Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ProviderKind: "openai", Finishes: []string{"stop"},
		CachedTokens: 5, ReasoningTokens: 6, Settlement: "settled", Budgets: []audit.BudgetLeft{{ID: "tenant/acme/month", Kind: "cap", Period: "month", Left: 7, Soft: true, Over: true}},
		TookMicros: 23, RequestMicros: 24, DetectMicros: 25, HoldMicros: 26, Count: 1, Until: when, ContentSHA256: "a5", ContentUntil: when, ModelAsked: "gpt-4o<script>\u202e\x00",
		ModelServed: "gpt-4o", Provider: "openai", Attempts: []audit.Attempt{{Provider: "azure", Model: "gpt-4o", Status: 503}, {Provider: "openai", Model: "gpt-4o", Status: 200}}, Stream: true, Status: 451, UpstreamStatus: 200, Dialect: "dvara",
		Code: "guardrail_blocked", Answer: "{\"error\":{}}", Ended: "blocked", Edits: []string{"redact US_SSN 2"}, DecisionMicros: 22,
		Facts: json.RawMessage(`{"schema":1,"big":12345678901234567890,"exact":1.10}`), Decision: json.RawMessage(`{"allow":false}`), Closing: json.RawMessage(`{"flags":[]}`), Candidate: json.RawMessage(`{"change":"otherwise"}`),
		Findings: []audit.Finding{{Direction: "request", Type: "injection", Category: "injection", Risk: "security", Class: "none", Severity: "high", Score: 0.97, Count: 3, Action: "block", Rule: "inj-1", Place: "/messages/0/content", Sample: "1***89"}},
		Failures: []string{"store:deny"}, InputTokens: 11, OutputTokens: 12, Estimated: true, HeldMicro: 13, CostMicro: 14,
		BilledMicro: 15, OverrunMicro: 16, Restored: 17, Unresolved: 18, OursMicros: 19, UpstreamMicros: 20, FirstMicros: 21,
	}
}

func TestARecordComesBackExactly(t *testing.T) {
	trail, _ := fresh(t)
	r := whole()
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if v.Field(i).IsZero() && v.Type().Field(i).Tag.Get("json") != "-" {
			t.Fatalf("the sample leaves %s empty", v.Type().Field(i).Name)
		}
	}
	if err := trail.Append(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got, err := trail.Find(t.Context(), r.Trace)
	if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], r) {
		t.Fatalf("error %v\n got %+v\nwant %+v", err, got, r)
	}
}

// The stored form is what other programs and later builds read.
func TestTheStoredFormIsStable(t *testing.T) {
	trail, s := fresh(t)
	if err := trail.Append(t.Context(), whole()); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := s.Read().QueryRow("SELECT record FROM trail").Scan(&text); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "record.json")
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if text != strings.TrimSpace(string(want)) {
		t.Fatalf("the form has changed: raise SchemaVersion if its meaning has\n got %s\nwant %s", text, want)
	}
}

func TestFindAndRecent(t *testing.T) {
	trail, _ := fresh(t)
	for i := range 6 {
		r := audit.Record{Trace: fmt.Sprint("t", i/2), Exchange: fmt.Sprint(i), Tenant: []string{"a", "b"}[i%2], Time: when.Add(time.Duration(i) * time.Second)}
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	ids := func(list []audit.Record, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, r := range list {
			if r.Schema != audit.SchemaVersion {
				t.Fatalf("schema %d", r.Schema)
			}
			out += r.Exchange
		}
		return out
	}
	for _, c := range []struct{ name, got, want string }{
		{"one trace", ids(trail.Find(t.Context(), "t1")), "23"},
		{"no such trace", ids(trail.Find(t.Context(), "t")), ""},
		{"a tenant's", ids(trail.Recent(t.Context(), "b", 2)), "53"},
		{"everybody's", ids(trail.Recent(t.Context(), "", 4)), "5432"},
		{"at least one", ids(trail.Recent(t.Context(), "", -1)), "5"},
		{"at most all", ids(trail.Recent(t.Context(), "", 1<<40)), "543210"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestARecordOfALaterSchemaIsRead(t *testing.T) {
	trail, s := fresh(t)
	err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO trail (exchange, trace, tenant, at, schema, record) VALUES ('x', 't', 'a', 1, 99,
			'{"schema":99,"trace":"t","tenant":"a","mood":{"of":"the day"},"status":418}')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := trail.Find(t.Context(), "t")
	if err != nil || len(got) != 1 || got[0].Schema != 99 || got[0].Status != 418 {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestWhatCannotBeARecordIsRefused(t *testing.T) {
	trail, _ := fresh(t)
	for name, c := range map[string]struct {
		record audit.Record
		want   error
	}{
		"no trace": {audit.Record{Time: when}, audit.ErrNoTrace},
		"no time":  {audit.Record{Trace: "t"}, audit.ErrNoTime},
	} {
		if err := trail.Append(t.Context(), c.record); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := trail.Append(t.Context(), audit.Record{Trace: "t", Time: when, Facts: json.RawMessage(`{"cut`)}); err == nil {
		t.Error("facts that are no JSON were taken")
	}
}

// A client must not be able to keep its exchange out of the trail by the size of what it names.
func TestWhatIsTooLongIsCutAndSaid(t *testing.T) {
	trail, s := fresh(t)
	long := strings.Repeat("\u00e4", 1<<20)
	failures := make([]string, 1, 10)
	failures[0] = "store:deny"
	r := audit.Record{
		Trace: long, Time: when, ModelAsked: long, Path: long, Failures: failures, Tenant: "a",
		Facts: json.RawMessage(`"` + long + `"`), Decision: json.RawMessage(`{"allow":true}`),
	}
	if err := trail.Append(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got, err := trail.Find(t.Context(), long)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d found by the whole trace id, error %v", len(got), err)
	}
	if f := strings.Join(got[0].Failures, " "); f != "store:deny trail:cut trail:facts" || failures[:2][1] != "" {
		t.Fatalf("failures %q, the caller's %q", f, failures[:2])
	}
	if got[0].Facts != nil || string(got[0].Decision) != `{"allow":true}` || !strings.HasPrefix(long, got[0].ModelAsked) {
		t.Fatalf("%+v", got[0])
	}
	var bytes int
	if err := s.Read().QueryRow("SELECT length(record) FROM trail").Scan(&bytes); err != nil || bytes > 16<<10 {
		t.Fatalf("%d bytes kept, error %v", bytes, err)
	}
}

// B14: what was reported as written is there, also what was under way when the store was closed.
func TestNothingIsLostWhenTheStoreCloses(t *testing.T) {
	trail, s := fresh(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	written := 0
	for i := range 400 {
		wg.Go(func() {
			err := trail.Append(context.Background(), audit.Record{Trace: "t", Exchange: fmt.Sprint(i), Time: when})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				written++
			} else if !errors.Is(err, store.ErrClosed) {
				t.Error(err)
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	again, err := store.Open(t.Context(), s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var n int
	if err := again.Read().QueryRow("SELECT count(*) FROM trail").Scan(&n); err != nil || n != written {
		t.Fatalf("%d rows, %d written, error %v", n, written, err)
	}
}

func TestLookUpsUseAnIndex(t *testing.T) {
	_, s := fresh(t)
	for _, q := range []string{
		`SELECT record FROM trail WHERE trace = 't' AND expired IS NULL ORDER BY n LIMIT 9`,
		`SELECT record FROM trail WHERE tenant = 'a' AND expired IS NULL ORDER BY at DESC, n DESC LIMIT 9`,
		`SELECT record FROM trail WHERE expired IS NULL ORDER BY at DESC, n DESC LIMIT 9`,
	} {
		var a, b, c int
		var plan string
		if err := s.Read().QueryRow("EXPLAIN QUERY PLAN "+q).Scan(&a, &b, &c, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "USING INDEX trail_") {
			t.Errorf("%s: %s", q, plan)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	trail, _ := fresh(b)
	r := whole()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := trail.Append(context.Background(), r); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// A record whose facts are known to be JSON is written byte for byte as any other, also where a text looks like one of its members.
func TestWhatIsKnownChangesNothing(t *testing.T) {
	for name, change := range map[string]func(*audit.Record){
		"whole":       func(*audit.Record) {},
		"no decision": func(r *audit.Record) { r.Decision, r.Closing = nil, nil },
		"nothing raw": func(r *audit.Record) { r.Facts, r.Decision, r.Closing, r.Candidate = nil, nil, nil, nil },
		"look-alikes": func(r *audit.Record) {
			r.Answer, r.Edits = `{"facts":0,"decision":0}`, []string{`"closing":0`, `"candidate":0`}
			r.Facts = json.RawMessage(`{"decision":0,"closing":0}`)
		},
	} {
		trail, s := fresh(t)
		plain := whole()
		change(&plain)
		known := plain
		known.Known = &audit.Known{}
		for _, r := range []audit.Record{plain, known} {
			if err := trail.Append(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if err := s.Read().QueryRow(`SELECT count(DISTINCT record) FROM trail`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%s: %d forms, %v", name, n, err)
		}
	}
}
