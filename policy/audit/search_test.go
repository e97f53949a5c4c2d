package audit_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/policy/audit"
	"weir/test/figures"
)

// various are records that differ in everything that is searched for.
func various(t testing.TB) *audit.Trail {
	t.Helper()
	trail, _ := fresh(t)
	for i := range 12 {
		r := audit.Record{
			Trace: fmt.Sprint("t", i), Exchange: fmt.Sprint("x", i), Tenant: []string{"a", "b"}[i%2], KeyID: []string{"k1", "k2", "k3"}[i%3],
			ModelAsked: "asked", ModelServed: []string{"m1", "m2"}[i/6], Time: when.Add(time.Duration(i) * time.Hour),
			InputTokens: 10, OutputTokens: 1, CostMicro: 3, BilledMicro: 4,
		}
		if i%4 == 0 {
			r.Code = "pii_detected"
			r.Findings = []audit.Finding{{Type: "US_SSN"}, {Type: "EMAIL_ADDRESS"}}
			r.Decision = json.RawMessage(`{"fired":[{"name":"n","file":"pii.rego","line":12},{"name":"n","file":"own.rego","line":3}]}`)
		}
		if i == 8 {
			r.Findings = r.Findings[:1]
			r.Closing = json.RawMessage(`{"fired":[{"file":"closing.rego","line":7}]}`)
		}
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	return trail
}

func TestSearch(t *testing.T) {
	trail := various(t)
	for name, c := range map[string]struct {
		q    audit.Query
		want string
	}{
		"everything":       {audit.Query{}, "x11 x10 x9 x8 x7 x6 x5 x4 x3 x2 x1 x0"},
		"a trace":          {audit.Query{Trace: "t3"}, "x3"},
		"no such trace":    {audit.Query{Trace: "t"}, ""},
		"a tenant":         {audit.Query{Tenant: "b"}, "x11 x9 x7 x5 x3 x1"},
		"a key":            {audit.Query{Key: "k2"}, "x10 x7 x4 x1"},
		"a code":           {audit.Query{Code: "pii_detected"}, "x8 x4 x0"},
		"a model asked":    {audit.Query{Model: "asked", Limit: 2}, "x11 x10"},
		"a model served":   {audit.Query{Model: "m1"}, "x5 x4 x3 x2 x1 x0"},
		"a finding":        {audit.Query{Type: "EMAIL_ADDRESS"}, "x4 x0"},
		"a rule":           {audit.Query{Rule: "pii.rego:12"}, "x8 x4 x0"},
		"a closing rule":   {audit.Query{Rule: "closing.rego:7"}, "x8"},
		"a time":           {audit.Query{From: when.Add(2 * time.Hour), Until: when.Add(4 * time.Hour)}, "x3 x2"},
		"a tenant's day":   {audit.Query{Tenant: "a", From: when, Until: when.Add(5 * time.Hour)}, "x4 x2 x0"},
		"several":          {audit.Query{Tenant: "a", Code: "pii_detected", Key: "k2", Type: "US_SSN", Model: "m1"}, "x4"},
		"several, in time": {audit.Query{Code: "pii_detected", Type: "US_SSN", From: when.Add(time.Hour), Until: when.Add(8 * time.Hour)}, "x4"},
		"that do not meet": {audit.Query{Key: "k1", Type: "EMAIL_ADDRESS", Model: "m2"}, ""},
		"a trace and more": {audit.Query{Trace: "t4", Code: "pii_detected"}, "x4"},
		"another's trace":  {audit.Query{Trace: "t4", Tenant: "b"}, ""},
		"no prefix":        {audit.Query{Key: "k"}, ""},
		"nothing clever":   {audit.Query{Code: "' OR 1=1 --"}, ""},
	} {
		p, err := trail.Search(t.Context(), c.q)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := ids(p.Records); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if _, err := trail.Search(t.Context(), audit.Query{Cursor: "x"}); !errors.Is(err, audit.ErrCursor) {
		t.Errorf("a cursor that is none: %v", err)
	}
}

func ids(list []audit.Record) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Exchange)
	}
	return strings.Join(out, " ")
}

// Pages follow each other without a record lost or told twice, also while new records come in.
func TestPages(t *testing.T) {
	trail := various(t)
	for _, q := range []audit.Query{{}, {Tenant: "a"}, {Model: "asked"}, {Model: "asked", Tenant: "b"}} {
		whole, err := trail.Search(t.Context(), q)
		if err != nil || whole.Next != "" {
			t.Fatalf("%v, next %q", err, whole.Next)
		}
		var got []audit.Record
		q.Limit = 2
		for first := true; first || q.Cursor != ""; first = false {
			p, err := trail.Search(t.Context(), q)
			if err != nil || len(p.Records) > 2 {
				t.Fatalf("%v, %d records", err, len(p.Records))
			}
			got, q.Cursor = append(got, p.Records...), p.Next
			later := audit.Record{Trace: "later", Exchange: "later", Tenant: "a", ModelAsked: "asked", Time: when.AddDate(1, 0, 0)}
			if err := trail.Append(t.Context(), later); err != nil {
				t.Fatal(err)
			}
		}
		if ids(got) != ids(whole.Records) {
			t.Errorf("%+v: %q, want %q", q, ids(got), ids(whole.Records))
		}
		trail = various(t)
	}
}

func TestUse(t *testing.T) {
	trail := various(t)
	for name, c := range map[string]struct {
		q    audit.UsageQuery
		want string
	}{
		"all":                 {audit.UsageQuery{}, "{    12 3 120 12 36 48 0}"},
		"by tenant":           {audit.UsageQuery{By: []string{"tenant"}}, "{ a   6 3 60 6 18 24 0} { b   6 0 60 6 18 24 0}"},
		"by model and day":    {audit.UsageQuery{By: []string{"model", "day"}, Tenant: "a", Key: "k1"}, "{2026-07-15   m1 1 1 10 1 3 4 0} {2026-07-15   m2 1 0 10 1 3 4 0}"},
		"a model":             {audit.UsageQuery{Model: "m2"}, "{    6 1 60 6 18 24 0}"},
		"of days":             {audit.UsageQuery{From: when.AddDate(0, 0, -1), Until: when}, "{    12 3 120 12 36 48 0}"},
		"of other days":       {audit.UsageQuery{From: when.AddDate(0, 0, 1)}, ""},
		"of nobody's, by key": {audit.UsageQuery{Tenant: "c", By: []string{"key"}}, ""},
	} {
		rows, err := trail.Use(t.Context(), c.q)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := strings.Trim(fmt.Sprint(rows), "[]"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if _, err := trail.Use(t.Context(), audit.UsageQuery{By: []string{"1; DROP TABLE usage"}}); !errors.Is(err, audit.ErrUsageColumn) {
		t.Errorf("a column that is none: %v", err)
	}
}

// searched is how many records the benchmark searches, where WEIR_TRAIL_RECORDS says nothing else.
const searched = 50_000

// factsOf is how long the facts of each record are: shorter where there are so many that they would fill a disk.
func factsOf(records int) int {
	if records > 5_000_000 {
		return 50
	}
	return 1800
}

// BenchmarkSearch measures questions to a trail of many records: by trace id, and by tenant and day. The rows are put there by
// one statement, since it is reading that is measured.
func BenchmarkSearch(b *testing.B) {
	n := searched
	if s := os.Getenv("WEIR_TRAIL_RECORDS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1000 {
			b.Fatalf("WEIR_TRAIL_RECORDS=%q is no number of at least 1000 records", s)
		}
	}
	trail, s := fresh(b)
	r := whole()
	r.Facts = json.RawMessage(`"` + strings.Repeat("f", factsOf(n)) + `"`)
	text, err := json.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	const day = 86_400_000
	fill := `WITH RECURSIVE c(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM c WHERE i < ?)
		INSERT INTO trail (n, exchange, trace, tenant, at, schema, record) SELECT i, 'x' || i, printf('%032x', i), 't' || (i % 100), ? + i * ? / ?, 1, ? FROM c`
	terms := `INSERT INTO trail_terms SELECT ? || (n % ?), at, n FROM trail ORDER BY at, n`
	began := when.UnixMilli()
	for at := 1; at <= n; at += 50_000 {
		err := s.Write(b.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fill, at, min(at+49_999, n), began, int64(30*day), n, string(text))
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for term, many := range map[string]int{"key:": 500, "code:": 40, "model:": 20} {
		if err := s.Write(b.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, terms, term, many)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	var list []figures.Figure
	for _, c := range []struct {
		name string
		most float64
		q    audit.Query
	}{
		{"by trace id", 50, audit.Query{Trace: fmt.Sprintf("%032x", n/2)}},
		{"by tenant and day", 300, audit.Query{Tenant: "t7", From: when.AddDate(0, 0, 3), Until: when.AddDate(0, 0, 4)}},
		{"by tenant, code, key and day", 300, audit.Query{Tenant: "t7", Code: "code:7"[5:], Key: "7", From: when.AddDate(0, 0, 3), Until: when.AddDate(0, 0, 4)}},
		{"by model, the newest", 300, audit.Query{Model: "3"}},
	} {
		least := time.Hour
		found := 0
		for range 20 {
			began := time.Now()
			p, err := trail.Search(b.Context(), c.q)
			if err != nil {
				b.Fatal(err)
			}
			least, found = min(least, time.Since(began)), len(p.Records)
		}
		if found == 0 {
			b.Fatalf("%s: nothing found", c.name)
		}
		ms := float64(least.Microseconds()) / 1000
		b.ReportMetric(ms, strings.ReplaceAll(strings.ReplaceAll(c.name, ",", ""), " ", "-")+"-ms")
		list = append(list, figures.AtMost("search "+c.name, ms, "ms", c.most))
	}
	for b.Loop() {
		if _, err := trail.Search(b.Context(), audit.Query{Trace: fmt.Sprintf("%032x", n/3)}); err != nil {
			b.Fatal(err)
		}
	}
	if err := figures.Write("trail-search", append(list, figures.Stated("records that were searched", float64(n), "records"))); err != nil {
		b.Fatal(err)
	}
}

// What a candidate would have decided otherwise, and what was only recorded, is found across the whole trail, a page at a time, and
// not any more once it has expired.
func TestDivergencesAreFoundByAnIndex(t *testing.T) {
	trail := open(t, filepath.Join(t.TempDir(), "weir.db"))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 300 {
		r := audit.Record{Trace: fmt.Sprint("t", i), Exchange: fmt.Sprint("e", i), Tenant: "acme", Time: at.Add(time.Duration(i) * time.Second)}
		switch {
		case i%100 == 7:
			r.Candidate = json.RawMessage(`{"version":"2","change":"newly_denied","code":"pii_detected"}`)
		case i%100 == 8:
			r.Candidate = json.RawMessage(`{"version":"2","change":"otherwise"}`)
		case i%100 == 9:
			r.Decision = json.RawMessage(`{"allow":true,"reasons":[{"code":"pii_detected","mode":"shadow"},{"code":"tool_denied","mode":"off"}]}`)
		}
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	find := func(q audit.Query) string {
		t.Helper()
		var out []string
		for {
			p, err := trail.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Records {
				out = append(out, r.Trace)
			}
			if q.Cursor = p.Next; q.Cursor == "" {
				return strings.Join(out, " ")
			}
		}
	}
	for want, q := range map[string]audit.Query{
		"t208 t207 t108 t107 t8 t7": {Change: audit.Any, Limit: 1},
		"t207 t107 t7":              {Change: "newly_denied", Tenant: "acme", Limit: 2},
		"t209 t109 t9":              {Shadow: "pii_detected"},
		"t209 t109 t9 ":             {Shadow: audit.Any, Limit: 1},
		"":                          {Shadow: "tool_denied"},
		" ":                         {Change: audit.Any, Shadow: audit.Any},
	} {
		if got := find(q); got != strings.TrimSpace(want) {
			t.Errorf("%+v: %s", q, got)
		}
	}
	if _, err := trail.Expire(t.Context(), at.Add(150*time.Second), func(string) time.Duration { return time.Second }); err != nil {
		t.Fatal(err)
	}
	if got := find(audit.Query{Change: audit.Any}); got != "t208 t207" {
		t.Error(got)
	}
}
