package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"weir/test/figures"
)

// pageLines are the rows of the five pages, by their lines. One without a case fails.
var pageLines = map[string]string{
	"dvara":  "L7 L9 L18 L20 L32 L34 L35 L38 L48 L58 L68 L78 L88 L98 L108 L118 L128 L140",
	"rivaro": "L9 L14 L27 L28 L29 L46 L51 L70 L74",
	"korad":  "L24 L40 L60 L75 L76 L77 L81 L101 L115 L152",
	"dosai":  "L32 L38 L39 L40 L41 L42 L43 L62 L68 L69 L70 L87 L89 L109 L131 L152",
	"olava":  "L9 L10 L27 L28 L32 L39 L41 L42 L46 L47 L52 L54 L61 L65",
}

// pageCase brings a row of a page about.
type pageCase struct {
	line    string // of the page, L and its number
	cause   string
	call    call
	status  int
	script  http.HandlerFunc             // what the provider answers
	message http.HandlerFunc             // the same on anthropic.messages, where that is another answer
	before  func(t *testing.T, s *stage) // what has to happen first
	header  map[string]string            // "" is none, "+" a whole number of at least 1
	adds    []string                     // members that the page does not print
	golden  string                       // instead of the line's own
	ending  bool                         // the golden is how a stream ends
	turns   bool                         // one call at a time, and what has to happen first happens before each
	patient bool                         // the wait it tells of is half a minute: SDKs sit it out, and there is nothing to see
	only    string                       // the one protocol that can carry it
}

// goldens are the pages' bodies by line.
func goldens(t *testing.T, dialect string) map[string]txtar.File {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "catalogue", dialect+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]txtar.File{}
	for _, f := range a.Files {
		line, _, _ := strings.Cut(f.Name, " ")
		out[line] = f
	}
	return out
}

// TestCatalogue brings about every row of the five pages, over both protocols, and compares status, headers and body
// with what the page prints.
func TestCatalogue(t *testing.T) {
	s := open(t)
	shown := map[string]bool{}
	for _, dialect := range pages {
		bodies := goldens(t, dialect)
		for _, c := range catalogue(dialect) {
			golden, ok := bodies[or(c.golden, c.line)]
			if !ok {
				t.Errorf("%s: %s has no golden body", dialect, c.line)
				continue
			}
			row := dialect + " " + c.line
			shown[row] = true
			t.Run(row+" "+c.cause, func(t *testing.T) {
				over(t, func(t *testing.T, client *http.Client) {
					if c.only != "" && client != clients[c.only] {
						t.Skip("the other protocol cannot carry it")
					}
					got := s.bring(t, c, client)
					c.compare(t, got, golden)
					t.Logf("%-6s | %s | %s | %d | as the page says: %v", dialect, golden.Name, c.cause, got.status, !t.Failed())
				})
			})
		}
	}
	total := 0
	for dialect, lines := range pageLines {
		for _, line := range strings.Fields(lines) {
			total++
			if row := dialect + " " + line; !shown[row] {
				t.Errorf("%s has no case", row)
			}
		}
	}
	noteCatalogue(
		figures.Stated("rows of the five pages", float64(total), "rows"),
		figures.AtLeast("rows shown", float64(len(shown)), "rows", float64(total)),
	)
}

// bring sends what brings a row about.
func (s *stage) bring(t *testing.T, c pageCase, client *http.Client) reply {
	t.Helper()
	if c.before != nil {
		c.before(t, s)
	}
	c.call.client, c.call.trace = client, newTrace()
	if c.script != nil {
		s.upstream.script(t, c.call.trace, c.script)
	}
	return s.do(t, c.call)
}

// compare holds an answer against the page.
func (c *pageCase) compare(t *testing.T, got reply, golden txtar.File) {
	t.Helper()
	if got.err != nil || got.status != c.status {
		t.Errorf("%d %v, want %d: %s", got.status, got.err, c.status, got.body)
	}
	for _, name := range []string{"X-Request-Id", "Request-Id"} {
		if got.header.Get(name) != got.trace {
			t.Errorf("%s is %q", name, got.header.Get(name))
		}
	}
	for name, want := range c.header {
		v := got.header.Get(name)
		if n, err := strconv.Atoi(v); want == "+" && (err != nil || n < 1) || want != "+" && v != want {
			t.Errorf("%s is %q, want %q", name, v, want)
		}
	}
	if n, err := strconv.Atoi(got.header.Get("Retry-After")); err == nil && n > 60 && got.header.Get("X-Should-Retry") != "false" {
		t.Errorf("Retry-After %d without x-should-retry: false", n)
	}
	body := got.body
	if c.ending {
		body = lastLines(body, string(golden.Data))
	}
	if d := differs(golden.Data, []byte(body), got.trace, c.adds); d != "" {
		t.Errorf("%s\ngot  %s\npage %s", d, body, golden.Data)
	}
	mediaType := "application/json"
	if !strings.HasPrefix(body, "{") {
		mediaType = "text/event-stream"
	}
	if got.header.Get("Content-Type") != mediaType {
		t.Errorf("content-type %q", got.header.Get("Content-Type"))
	}
}

// lastLines are as many of a stream's last lines as the golden has.
func lastLines(body, golden string) string {
	have := strings.Split(strings.TrimRight(body, "\n"), "\n")
	want := strings.Split(strings.TrimRight(golden, "\n"), "\n")
	return strings.Join(have[max(0, len(have)-len(want)):], "\n")
}

// differs says how an answer differs from the page: lines of a stream one by one, JSON member by member.
func differs(page, got []byte, trace string, adds []string) string {
	want, have := strings.Split(strings.TrimRight(string(page), "\n"), "\n"), strings.Split(strings.TrimRight(string(got), "\n"), "\n")
	if strings.HasPrefix(want[0], "{") {
		want, have = []string{string(page)}, []string{string(got)}
	}
	if len(want) != len(have) {
		return fmt.Sprintf("%d lines, want %d", len(have), len(want))
	}
	for i := range want {
		w, isData := strings.CutPrefix(want[i], "data: ")
		h, alsoData := strings.CutPrefix(have[i], "data: ")
		if isData != alsoData || !strings.HasPrefix(strings.TrimSpace(w), "{") {
			if want[i] != have[i] {
				return fmt.Sprintf("line %d is %q, want %q", i+1, have[i], want[i])
			}
			continue
		}
		a, errA := parse(w)
		b, errB := parse(h)
		if errA != nil || errB != nil {
			return fmt.Sprintf("no JSON: %v, %v", errA, errB)
		}
		if d := unlike(a, b, trace, adds, "body"); d != "" {
			return d
		}
	}
	return ""
}

// ordered is a JSON object in its own order.
type ordered []pair

type pair struct {
	name  string
	value any
}

func parse(s string) (any, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	v, err := value(d)
	if err == nil && d.More() {
		err = fmt.Errorf("more after its end")
	}
	return v, err
}

func value(d *json.Decoder) (any, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		o := ordered{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := value(d)
			if err != nil {
				return nil, err
			}
			o = append(o, pair{name.(string), v})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return tok, nil
}

// unlike says where got is not what the page prints: the same members in the same order with the same values, but for the
// named additions. "..." at the end of a text of the page is any text; as trace_id it is the trace id.
func unlike(page, got any, trace string, adds []string, at string) string {
	switch want := page.(type) {
	case ordered:
		have, ok := got.(ordered)
		if !ok {
			return at + " is no object"
		}
		have = slices.DeleteFunc(slices.Clone(have), func(p pair) bool {
			return slices.Contains(adds, p.name) && !slices.ContainsFunc(want, func(w pair) bool { return w.name == p.name })
		})
		for i := range max(len(want), len(have)) {
			if i >= len(want) || i >= len(have) || want[i].name != have[i].name {
				return fmt.Sprintf("%s: members %v, want %v", at, names(have), names(want))
			}
			if want[i].name == "trace_id" && have[i].value != trace {
				return fmt.Sprintf("trace_id is %v, want %s", have[i].value, trace)
			}
			if d := unlike(want[i].value, have[i].value, trace, adds, at+"."+want[i].name); d != "" {
				return d
			}
		}
		return ""
	case []any:
		have, ok := got.([]any)
		if !ok || len(have) != len(want) {
			return at + ": another list"
		}
		for i := range want {
			if d := unlike(want[i], have[i], trace, adds, fmt.Sprintf("%s[%d]", at, i)); d != "" {
				return d
			}
		}
		return ""
	case string:
		have, ok := got.(string)
		if stem, open := strings.CutSuffix(want, "..."); open && ok && len(have) > len(stem) && strings.HasPrefix(have, stem) {
			return ""
		}
	}
	if page != got {
		return fmt.Sprintf("%s is %#v, want %#v", at, got, page)
	}
	return ""
}

func names(o ordered) []string {
	var out []string
	for _, p := range o {
		out = append(out, p.name)
	}
	return out
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// The comparison fails where it must: each of these differs from the page in one thing.
func TestCatalogueComparison(t *testing.T) {
	const page = `{"error":{"type":"a","code":1,"message":"...","trace_id":"..."}}`
	for body, same := range map[string]bool{
		`{"error":{"type":"a","code":1,"message":"x","trace_id":"t"}}`:              true,
		`{"error":{"type":"a","code":1,"reason":"r","message":"x","trace_id":"t"}}`: true,
		`{"error":{"code":1,"type":"a","message":"x","trace_id":"t"}}`:              false,
		`{"error":{"type":"a","code":"1","message":"x","trace_id":"t"}}`:            false,
		`{"error":{"type":"a","code":1,"message":"","trace_id":"t"}}`:               false,
		`{"error":{"type":"a","code":1,"message":"x","trace_id":"other"}}`:          false,
		`{"error":{"type":"a","code":1,"message":"x","trace_id":"t","more":1}}`:     false,
		`{"error":{"type":"a","code":1,"message":"x"}}`:                             false,
		`{"error":{"type":"a","code":1,"message":"x","trace_id":"t"}} trailing`:     false,
	} {
		if d := differs([]byte(page), []byte(body), "t", []string{"reason"}); (d == "") != same {
			t.Errorf("%s: %q", body, d)
		}
	}
	if d := differs([]byte("data: {\"a\":1}\n\ndata: [DONE]\n"), bytes.Clone([]byte("data: {\"a\":1}\n\ndata: [done]\n")), "t", nil); d == "" {
		t.Error("another end marker is taken for the page's")
	}
}
