package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"weir/cmd/extproc/replay"
	"weir/policy"
	"weir/policy/audit"
	"weir/policy/store"
	"weir/rego"
	"weir/test/figures"
)

// recorded are n records as the trail keeps them, decided by the shipped policies.
func recorded(t testing.TB, n int) []audit.Record {
	t.Helper()
	program, err := policy.Load(t.Context(), rego.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]audit.Record, 0, n)
	for i := range n {
		f := &policy.Facts{
			Schema: policy.FactsSchema, Phase: "request", Settings: []byte(`{"pii":{"request":"redact","reversible":true},"guardrails":{"request":"block","threshold":0.5}}`),
			Time:     policy.Time{UnixMilli: int64(i), Weekday: "monday", Hour: i % 24},
			Identity: policy.Identity{Tenant: fmt.Sprintf("t%d", i%50), Key: "k", Actor: "ana"},
			Request: policy.RequestFacts{Surface: "openai.chat", Method: "POST", Path: "/v1/chat/completions", Model: []string{"gpt-4o", "claude-sonnet-4-5"}[i%2],
				Stream: true, Bytes: 4096, Messages: 7, Roles: map[string]int64{"user": 4, "system": 1}, Tools: []string{"search", "fetch"}},
			Candidates: []policy.CandidateFact{{Provider: "openai", Model: "gpt-4o", Region: "eu"}, {Provider: "azure", Model: "gpt-4o", Region: "us"}},
			Tokens:     policy.TokenFacts{InputEstimate: 1000, InputBound: 2000, OutputLimit: 500},
			Rates:      []policy.RateFacts{{ID: "r", Scope: "tenant", Unit: "requests", Limit: 600, WindowMillis: 60000, Remaining: 300}},
			Budgets:    []policy.BudgetFacts{{ID: "b", Scope: "tenant", Period: "month", Limit: 50_000_000, Spent: 1_234_567}},
			Client:     policy.ClientFacts{Address: "192.0.2.7"},
		}
		if i%3 == 0 {
			f.Findings = []policy.FindingFacts{{Direction: "request", Type: "EMAIL_ADDRESS", Category: "pii", Severity: "medium", Score: 0.9, Count: 1, Roles: []string{"user"}, Rules: []string{"pii.email"}}}
		}
		facts, _ := json.Marshal(f)
		decision, _ := json.Marshal(program.Decide(context.Background(), f))
		out = append(out, audit.Record{
			Schema: 1, Trace: fmt.Sprintf("trace-%06d", i), Exchange: fmt.Sprintf("x%d", i), Time: time.Date(2026, 3, 1, 0, 0, i, 0, time.UTC), Tenant: f.Identity.Tenant,
			Method: "POST", ModelAsked: f.Request.Model, Ended: "complete", Facts: facts, Decision: decision,
		})
	}
	return out
}

// keys are what the trails of these tests are chained with.
func keys(t testing.TB) *audit.Keys {
	t.Helper()
	k, err := audit.NewKeys([]byte("a secret of the tests"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func candidate(t testing.TB, text string) *policy.Program {
	t.Helper()
	over := fstest.MapFS{}
	if text != "" {
		over["mine.rego"] = &fstest.MapFile{Data: []byte("package weir\n\nimport rego.v2\n\n" + text + "\n")}
	}
	p, err := policy.Load(t.Context(), policy.Beside(rego.Shipped(), over))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A trail in a store, decided again by the same policies, gives what was recorded; by others, the difference.
func TestReplayOfAStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	trail, err := audit.Open(t.Context(), s, keys(t))
	if err != nil {
		t.Fatal(err)
	}
	records := recorded(t, 120)
	refused := audit.Record{Trace: "early", Exchange: "early", Time: records[0].Time, Method: "POST", Code: "key_missing"}
	for _, r := range append(records, refused) {
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	run := func(text string, since time.Time) *replay.Report {
		source, done, err := replay.Open(t.Context(), path, since)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = done() }()
		r, err := replay.Run(t.Context(), source, candidate(t, text), since)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := run("", time.Time{}); r.Decided != 120 || r.Undecided != 1 || r.Changes[policy.Same].Count != 120 {
		t.Errorf("by the same policies: %+v", r)
	}
	r := run(`reasons contains "hours_denied" if input.time.hour == 3`, time.Time{})
	denied := r.Changes[policy.NewlyDenied]
	if denied.Count != 5 || denied.Codes["hours_denied"] != 5 || denied.Traces[0] != "trace-000003" || denied.Model["claude-sonnet-4-5"] != 5 {
		t.Errorf("newly denied %+v", denied)
	}
	if r = run("", records[100].Time); r.Decided != 20 {
		t.Errorf("since: %+v", r)
	}
	var text bytes.Buffer
	if err := run(`flags contains "x"`, time.Time{}).WriteText(&text); err != nil || !strings.Contains(text.String(), "changed otherwise       120  100.00 %") {
		t.Errorf("%v\n%s", err, text.String())
	}
	if _, _, err := replay.Open(t.Context(), filepath.Join(t.TempDir(), "none.db"), time.Time{}); err == nil || !strings.Contains(err.Error(), "none.db") {
		t.Errorf("a trail that is not there: %v", err)
	}
	lines := filepath.Join(t.TempDir(), "trail.jsonl")
	if err := os.WriteFile(lines, []byte("nonsense\n\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source, done, err := replay.Open(t.Context(), lines, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = done() }()
	if r, err := replay.Run(t.Context(), source, candidate(t, ""), time.Time{}); err != nil || r.Unreadable != 1 || r.Undecided != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// What a policy made of text cannot be made again from a record, which holds none: the report says so and does not guess.
func TestReplayOfDecisionsThatSawText(t *testing.T) {
	records := recorded(t, 3)
	var seen policy.Facts
	if err := json.Unmarshal(records[1].Facts, &seen); err != nil {
		t.Fatal(err)
	}
	seen.Text = &policy.TextFacts{Count: 1, Segments: []policy.SegmentFact{{Role: "user", Text: "Falcon"}}}
	records[1].Facts, _ = json.Marshal(&seen)
	source := func(_ context.Context, record func([]byte) error) error {
		for _, r := range records {
			text, _ := json.Marshal(r)
			if err := record(text); err != nil {
				return err
			}
		}
		return nil
	}
	for text, want := range map[string][2]int{
		`reasons contains "policy_denied" if contains(input.text.segments[_].text, "Falcon")`: {2, 1},
		`reasons contains "policy_denied" if input.text.count > 0`:                            {3, 0},
		"": {3, 0},
	} {
		r, err := replay.Run(t.Context(), source, candidate(t, text), time.Time{})
		if err != nil || r.Decided != want[0] || r.Unrepeatable != want[1] {
			t.Errorf("%s: %v %+v", text, err, r)
		}
	}
}

// busy is the CPU time of this process, user and system.
func busy(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// replayed is how many recorded decisions the benchmark makes again, where WEIR_REPLAY_RECORDS says nothing else: make bench says
// a million, which takes some 3 GB below the temporary directory.
const replayed = 20_000

// writers is how many records are written at once, so that they are committed together.
const writers = 512

// trailOf writes a trail of n records as a Weir writes them, into a store's file.
func trailOf(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "weir.db")
	s, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	trail, err := audit.Open(b.Context(), s, keys(b))
	if err != nil {
		b.Fatal(err)
	}
	records := recorded(b, min(n, 5000))
	var next atomic.Int64
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				r := records[i%len(records)]
				r.Trace, r.Exchange = fmt.Sprintf("%032x", i), fmt.Sprintf("x%031x", i)
				r.Time = r.Time.Add(time.Duration(i) * time.Millisecond)
				if err := trail.Append(context.Background(), r); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkReplay makes the decisions of a trail again, out of a store's file, on every core there is.
func BenchmarkReplay(b *testing.B) {
	n := replayed
	if s := os.Getenv("WEIR_REPLAY_RECORDS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			b.Fatalf("WEIR_REPLAY_RECORDS=%q is no number of records", s)
		}
	}
	path := trailOf(b, n)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	program := candidate(b, `reasons contains "hours_denied" if input.time.hour == 3`)
	for b.Loop() {
		began, worked := time.Now(), busy(b)
		source, done, err := replay.Open(context.Background(), path, time.Time{})
		if err != nil {
			b.Fatal(err)
		}
		r, err := replay.Run(context.Background(), source, program, time.Time{})
		if err != nil || r.Decided != n || r.Failed > 0 || r.Changes[policy.NewlyDenied].Count == 0 {
			b.Fatalf("%+v, %v", r, err)
		}
		if err := done(); err != nil {
			b.Fatal(err)
		}
		million := 1_000_000 / float64(n)
		took := time.Since(began).Seconds() * million
		core := (busy(b) - worked).Seconds() * million / 2
		b.ReportMetric(took, "s/million")
		if err := figures.Write("policy-replay", []figures.Figure{
			figures.Stated("recorded decisions in the store's file", float64(n), "records"),
			figures.Stated("the file", float64(info.Size()), "bytes"),
			figures.AtMost("replay of a million recorded decisions", took, "s", 180),
			figures.AtMost("the same by the CPU it takes, over two cores", core, "s", 180),
		}); err != nil {
			b.Fatal(err)
		}
	}
}
