package fault_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"weir/filter/fault"
)

// The bounds that a client may rely on, in bytes: every string of a body is at most 512 runes of at most 4 bytes, with
// a quote or backslash doubled.
const (
	maxBody   = 24 << 10
	maxHeader = 256
)

// FuzzAnswer puts arbitrary facts through every dialect: whatever they hold, bodies are valid JSON on one line, headers
// cannot be split, and nothing grows without bound.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		"plain", `"quoted" \ backslash`, "line\r\nX-Injected: yes\r\n\r\n<body>", "\x00\x01\x1f\x7f\u0085\u2028\u2029", "\xff\xfe\xc3(", "{model} {message} {",
		"data: [DONE]\n\n", strings.Repeat("é\"", 1<<10), "<script>&amp;</script>",
	} {
		f.Add(s, s, 3, int64(5), int64(time.Hour))
	}
	f.Fuzz(throughAll)
}

// TestHuge is what the fuzz target cannot be seeded with: strings of a megabyte and numbers at their ends.
func TestHuge(t *testing.T) {
	for pick := range fault.Codes() {
		throughAll(t, strings.Repeat("\\", 1<<20), strings.Repeat("\xf0\x9f\x98\x80", 1<<18), pick, -1, -1)
		throughAll(t, strings.Repeat("a", 1<<20), strings.Repeat("\xff", 1<<20), pick, 1<<62, 1<<62)
	}
}

// throughAll lets every dialect phrase one fault in every way.
func throughAll(t *testing.T, a, b string, pick int, n, d int64) {
	codes, surfaces := fault.Codes(), []string{"", chat, "openai.completions", messages, responses}
	flt := fault.Fault{
		Message: a, Trace: b, Model: a, Provider: b, Variable: a, Field: b, Detail: a, Limit: n, Unit: b, Window: time.Duration(d),
		Period: a, Remaining: n, RetryAfter: time.Duration(d), Reason: b, Categories: []string{a, b, a}, Upstream: int(n), Hint: b, Allow: []string{a, b},
	}
	s := fault.Shape{ID: a, Model: b, Created: n, Choices: []int{0, pick}, Blocks: []int{pick}, Surface: surfaces[uint(pick)%uint(len(surfaces))]}
	for i, name := range fault.Default().Names() {
		dia := dialect(t, name)
		flt.Code = codes[(uint(pick)+uint(i))%uint(len(codes))]
		check(t, dia.Answer(flt, s), 1)
		s.Stream = pick%2 == 0
		check(t, dia.Blocked(flt, s), 9)
		checkRecords(t, s.Surface, dia.Ending(flt, s), 4)
		checkHeaders(t, dia.Headers(b, fault.Limits{Known: true, Limit: n, Remaining: n, TokensKnown: true, InputTokens: n}))
		for key, body := range fault.Prepared(dia, s, b) {
			if strings.HasPrefix(key, "f") {
				checkJSON(t, []byte(body))
			}
		}
	}
}

func check(t *testing.T, a fault.Answer, records int) {
	t.Helper()
	if a.Status != 200 && (a.Status < 400 || a.Status > 599) {
		t.Fatalf("status %d", a.Status)
	}
	checkHeaders(t, a.Headers)
	if header(a, "content-type") == "text/event-stream" {
		checkRecords(t, "", a.Body, records)
		return
	}
	checkJSON(t, a.Body)
}

func checkJSON(t *testing.T, body []byte) {
	t.Helper()
	switch {
	case !json.Valid(body) || !utf8.Valid(body):
		t.Fatalf("not JSON: %q", body)
	case len(body) > maxBody:
		t.Fatalf("%d bytes", len(body))
	case bytes.ContainsAny(body, "\x00\r\n\u0085\u2028\u2029"):
		t.Fatalf("more than one line: %q", body)
	}
}

func checkHeaders(t *testing.T, hs []fault.Header) {
	t.Helper()
	for _, h := range hs {
		if len(h.Value) == 0 || len(h.Value) > maxHeader || strings.TrimSpace(h.Value) != h.Value {
			t.Fatalf("%s: %q", h.Name, h.Value)
		}
		for i := range len(h.Value) {
			if h.Value[i] < ' ' || h.Value[i] > '~' {
				t.Fatalf("%s: %q", h.Name, h.Value)
			}
		}
	}
}

// checkRecords reads an event stream: whole records only, each with data that is JSON, save the end marker.
func checkRecords(t *testing.T, surface string, stream []byte, most int) {
	t.Helper()
	text, ok := strings.CutSuffix(string(stream), "\n\n")
	if !ok {
		t.Fatalf("%s: the last record is not closed: %q", surface, stream)
	}
	recs := strings.Split(text, "\n\n")
	if len(recs) > most {
		t.Fatalf("%s: %d records", surface, len(recs))
	}
	for _, rec := range recs {
		ls := strings.Split(rec, "\n")
		data, ok := strings.CutPrefix(ls[len(ls)-1], "data: ")
		if !ok || len(ls) > 2 || len(ls) == 2 && !strings.HasPrefix(ls[0], "event: ") {
			t.Fatalf("%s: not a record: %q", surface, rec)
		}
		if data != "[DONE]" {
			checkJSON(t, []byte(data))
		}
	}
}

// TestBounds: what a client may see of a fact ends at the documented length, and the row's own words stay whole.
func TestBounds(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	var body struct {
		Error struct{ Message, Param string }
	}
	for _, c := range []struct {
		fault fault.Fault
		runes int
	}{
		{fault.Fault{Code: fault.PolicyDenied, Message: long}, 512},
		{fault.Fault{Code: fault.ModelUnknown, Model: long}, 200 + len("No provider configured for model: . Check GET /v1/models for available models.")},
		{fault.Fault{Code: fault.ParameterMissing, Field: long}, 200 + len("Missing required parameter: ")},
	} {
		if err := json.Unmarshal(dialect(t, "dvara").Answer(c.fault, fault.Shape{}).Body, &body); err != nil {
			t.Fatal(err)
		}
		if got := utf8.RuneCountInString(body.Error.Message); got != c.runes {
			t.Errorf("%s: %d runes, want %d", c.fault.Code, got, c.runes)
		}
		if got := utf8.RuneCountInString(body.Error.Param); got > 200 {
			t.Errorf("%s: a name of %d runes", c.fault.Code, got)
		}
	}
	a := dialect(t, "dvara").Answer(fault.Fault{Code: fault.Internal, Trace: "a\r\nX-Injected: yes"}, fault.Shape{})
	if got := header(a, "x-request-id"); got != "a  X-Injected: yes" {
		t.Errorf("a header's value is %q", got)
	}
}
