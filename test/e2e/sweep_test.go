package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/envoy"
	"weir/filter/fault"
)

// localReply is a reply of Envoy's own: how it comes about, and what the client is told.
type localReply struct {
	cause string
	model string // that is asked for where nothing else brings it about
	text  string
	more  string // members of the body
	ask   func(*call)
	// code is what Weir makes of it. Without one, Envoy prints what Weir left for the status.
	code   fault.Code
	status int
	early  bool // it comes before Weir is asked, so that no tenant is known: the default dialect answers
}

// fixedReply is one of those that come before a tenant is known, so that its words are fixed.
type fixedReply struct {
	cause  string
	sent   string // as it goes over the connection
	status int
	code   string
}

// sweepPage is where what the client gets is told.
const sweepPage = "../../docs/local-replies.md"

// liar is a server below HTTP: it answers each connection with what it is told.
func liar(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					answer(c)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// says answers with a text and closes.
func says(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

// endless sends headers that have no end, as long as somebody reads them.
func endless(c net.Conn) {
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
	for range 1 << 14 {
		if _, err := io.WriteString(c, "X-More: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
			return
		}
	}
}

// denying is a filter before Weir that refuses what a header asks it to.
const denying = `{"name":"envoy.filters.http.rbac","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
"rules":{"action":"DENY","policies":{"p":{"permissions":[{"header":{"name":"x-deny","present_match":true}}],"principals":[{"any":true}]}}}}},`

// Every reply that Envoy makes itself comes out in the tenant's dialect, or in fixed words where no tenant is known; what
// comes is told in docs/local-replies.md, which this test makes.
func TestLocalReplies(t *testing.T) {
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	unsigned := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(unsigned.Close)
	bases := map[string]string{
		"refused": "http://127.0.0.1:1", "nowhere": "http://nowhere.invalid", "unsigned": unsigned.URL,
		"reset": liar(t, says("")), "garbage": liar(t, says("this is no HTTP\r\n\r\n")), "endless": liar(t, endless),
		"half": liar(t, says("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{\"id\":")),
		"pauses": liar(t, func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{\"id\":")
			_, _ = c.Read(make([]byte, 1)) // until it is closed
		}),
		"silent":    liar(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }),
		"forgotten": "http://127.0.0.1:2", "full": "http://127.0.0.1:3",
	}
	names := []string{"refused", "nowhere", "unsigned", "reset", "garbage", "endless", "half", "pauses", "silent", "forgotten", "full"}
	cast.alter = func(f *config.File) {
		f.Limits.Attempt = "500ms"
		for _, name := range names {
			f.Providers = append(f.Providers, config.Provider{Name: name, Kind: "openai-compatible", BaseURL: bases[name]})
			f.Models = append(f.Models, config.Model{Name: "m-" + name, Provider: name, Price: config.Price{Input: "0", Output: "0"}})
		}
		f.Models = append(f.Models, config.Model{Name: "m-slow", Provider: "refused", Fallbacks: []string{"m-silent"}, Price: config.Price{Input: "0", Output: "0"}})
	}
	s := &stage{logs: &captured{}, cast: cast}
	log := ""
	s.tune = func(o *envoy.Options) {
		log = filepath.Join(s.dir, "access.log")
		o.AccessLog, o.Timeouts.Idle, o.Timeouts.Headers = log, 2*time.Second, time.Second
		o.Providers = slices.DeleteFunc(o.Providers, func(u envoy.Upstream) bool { return strings.HasPrefix(u.Name, "forgotten-") })
	}
	s.reword = func(text []byte) []byte {
		return bytes.Replace(text, []byte(`"http_filters": [`), []byte(`"http_filters": [`+denying), 1)
	}
	onEnvoy(t, s.raise(true))
	s.closes(t)
	timed(t)
	s.fill(t, "full")
	rows := []localReply{
		{cause: "the connection to the provider is refused", model: "m-refused", code: fault.ProviderUnreachable},
		{cause: "the provider's name leads nowhere", model: "m-nowhere", code: fault.ProviderUnreachable},
		{cause: "the provider's certificate is of an unknown authority", model: "m-unsigned", code: fault.ProviderUnreachable},
		{cause: "the provider closes the connection before its answer", model: "m-reset", code: fault.ProviderUnreachable},
		{cause: "the provider's answer is no HTTP", model: "m-garbage", code: fault.ProviderUnreachable},
		{cause: "the headers of the provider's answer have no end", model: "m-endless", code: fault.ProviderUnreachable},
		{cause: "Envoy does not know the provider (yet)", model: "m-forgotten", code: fault.ProviderUnreachable},
		{cause: "no headers come within `limits.attempt`", model: "m-slow", code: fault.ProviderTimeout},
		{cause: "nothing comes for Envoy's idle time", model: "m-silent", code: fault.ProviderTimeout},
		{cause: "too many requests wait for the provider", model: "m-full", code: fault.Overloaded},
		{cause: "the body is over the limit", model: "echo", text: strings.Repeat("x", bodyBytes), code: fault.BodyTooLarge},
		{cause: "another filter of Envoy's denies the request", model: "echo", code: fault.AddressDenied, early: true, ask: func(c *call) { c.header = append(c.header, "X-Deny", "1") }},
		{cause: "the request wants another protocol", model: "echo", code: fault.UpgradeRefused, early: true, ask: func(c *call) {
			c.header = append(c.header, "Connection", "upgrade", "Upgrade", "websocket")
		}},
		{cause: "the provider breaks off in the middle of a JSON answer", model: "m-half", status: 502},
		{cause: "the provider pauses in the middle of a JSON answer for Envoy's idle time", model: "m-pauses", status: 504},
	}
	fixed := []fixedReply{
		{"what comes is no HTTP", "GARBAGE\r\n\r\n", 400, "bad_request"},
		{"no `Host`", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "bad_request"},
		{"an underscore in a header's name", "GET / HTTP/1.1\r\nHost: a\r\nUnder_score: 1\r\n\r\n", 400, "bad_request"},
		{"`Transfer-Encoding` and `Content-Length`", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 426, "upgrade_required"},
		{"headers over 60 KiB", "GET / HTTP/1.1\r\nHost: a\r\nA: " + strings.Repeat("a", 70<<10) + "\r\n\r\n", 431, "headers_too_large"},
		{"more than 100 headers", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", 120) + "\r\n", 431, "headers_too_large"},
		{"headers that do not come to an end in time", "GET / HTTP/1.1\r\nHost: a\r\n", 408, "request_timeout"},
	}
	said := make([][7]told, len(rows))
	for i := range rows {
		var each sync.WaitGroup
		for k, d := range sweepDialects {
			if !rows[i].early || d == config.DefaultDialect {
				each.Go(func() { said[i][k] = rows[i].check(t, s, d) })
			}
		}
		each.Wait()
	}
	page := sweepHead
	for i := range rows {
		if i > 0 && sameWords(said[i], said[i-1]) {
			continue // it stands in the list before
		}
		page += "\n### " + detailsOf(t, log, said[i][slices.Index(sweepDialects, config.DefaultDialect)].trace) + "\n\n"
		for k := i; k < len(rows) && sameWords(said[k], said[i]); k++ {
			page += "- " + rows[k].cause + "\n"
		}
		page += "\n| dialect | status | body |\n| --- | --- | --- |\n"
		for k, d := range sweepDialects {
			if one := said[i][k]; one.status > 0 {
				page += fmt.Sprintf("| %s | %d | `%s` |\n", d, one.status, one.body)
			}
		}
	}
	page += "\n## In fixed words\n\nNo tenant is known, so these are the same for all:\n\n| cause | status | `code` |\n| --- | --- | --- |\n"
	for _, f := range fixed {
		got := s.raw(t, f.sent)
		var body struct{ Error struct{ Code string } }
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || got.status != f.status || body.Error.Code != f.code {
			t.Errorf("%s: %d %v %s", f.cause, got.status, got.err, got.body)
		}
		page += fmt.Sprintf("| %s | %d | `%s` |\n", f.cause, f.status, f.code)
	}
	page += sweepTail
	if s.envoy.Minor == envoy.MaxMinor { // others call some by other names
		compareFile(t, sweepPage, page)
	}
}

// With Envoy out of memory every request is refused in fixed words, before Weir is asked.
func TestEnvoyOutOfMemory(t *testing.T) {
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{logs: &captured{}, cast: cast, tune: func(o *envoy.Options) { o.HeapBytes = 1 }}
	onEnvoy(t, s.raise(true))
	t.Cleanup(s.close)
	timed(t)
	eventually(t, "Envoy has looked at its memory", func() bool {
		got := s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "x")})
		return got.status == 503 && got.body == unreachable && got.header.Get("Retry-After") == "1"
	})
}

// sweepDialects are those whose words are told.
var sweepDialects = []string{"dvara", "rivaro", "korad", "dosai", "olava", "openai", "anthropic"}

// told is what a client was told, with {trace} for the trace id.
type told struct {
	status      int
	body, trace string
}

func sameWords(a, b [7]told) bool {
	for i := range a {
		if a[i].status != b[i].status || a[i].body != b[i].body {
			return false
		}
	}
	return true
}

// check brings a reply about in a dialect, and says what came.
func (r *localReply) check(t *testing.T, s *stage, d string) told {
	t.Helper()
	dialect, _ := fault.Default().ByName(d)
	model := r.model
	if d == "korad" {
		model = koradNames[r.model]
	}
	c := call{key: of(plain, d), asIs: true, body: ask(model, "hello "+r.text, r.more)}
	if r.ask != nil {
		r.ask(&c)
	}
	got := s.do(t, c)
	shape := fault.Shape{Surface: "openai.chat"}
	f := fault.Fault{Code: r.code, Trace: got.trace, Model: model, Limit: bodyBytes, Unit: "bytes"}
	if r.code == fault.BodyTooLarge || r.code == fault.AddressDenied || r.code == fault.UpgradeRefused {
		f.Model = "" // nobody has read the body
	}
	want := fault.Answer{Status: r.status}
	if r.status == 0 {
		want = dialect.Answer(f, shape)
	} else {
		want.Body = []byte(fault.Prepared(dialect, shape, got.trace)[fmt.Sprint("f", r.status)])
	}
	if got.err != nil || got.status != want.Status || !sameJSON(got.body, string(want.Body)) {
		t.Errorf("%s: %s: %d %v %s\nwant %d %s", d, r.cause, got.status, got.err, got.body, want.Status, want.Body)
	}
	return told{got.status, strings.ReplaceAll(strings.TrimSpace(got.body), got.trace, "{trace}"), got.trace}
}

// koradNames are the models of the sweep in the form that clients of Korad use.
var koradNames = map[string]string{
	"m-refused": "refused/m-refused", "m-nowhere": "nowhere/m-nowhere", "m-unsigned": "unsigned/m-unsigned", "m-reset": "reset/m-reset",
	"m-garbage": "garbage/m-garbage", "m-endless": "endless/m-endless", "m-slow": "refused/m-slow", "m-silent": "silent/m-silent",
	"m-forgotten": "forgotten/m-forgotten", "m-full": "full/m-full", "m-half": "half/m-half", "m-pauses": "pauses/m-pauses", "echo": "demo/echo",
}

// fill lets no request wait for a provider, as when too many do already.
func (s *stage) fill(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join(envoy.DiscoveryDir(s.conf.Envoy.Secrets), "clusters.json")
	// Weir hands to an Envoy that is new what it has itself, once, and with it the provider that this Envoy is not to know.
	var text []byte
	var err error
	eventually(t, "Weir has handed its providers over", func() bool {
		text, err = os.ReadFile(path)
		return err == nil && bytes.Contains(text, []byte(`"order-forgotten-`))
	})
	var file struct {
		Version   string            `json:"version_info"`
		Resources []json.RawMessage `json:"resources"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	file.Resources = slices.DeleteFunc(file.Resources, func(r json.RawMessage) bool { return bytes.Contains(r, []byte(`"order-forgotten-`)) })
	for i, r := range file.Resources {
		if bytes.Contains(r, []byte(`"order-`+name+`-`)) {
			file.Resources[i] = bytes.Replace(r, []byte(`"max_pending_requests": 10000`), []byte(`"max_pending_requests": 0`), 1)
		}
	}
	file.Version += "-filled"
	if text, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(text))
	eventually(t, "the provider is full", func() bool {
		got := s.do(t, call{key: of(plain, "dvara"), body: ask("m-"+name, "hello")})
		return strings.Contains(got.body, "overloaded") || strings.Contains(s.clusters(t), "order-"+name) && strings.Contains(s.clusters(t), "max_pending_requests::0")
	})
}

// detailsOf is what Envoy's access log calls a reply.
func detailsOf(t *testing.T, path, trace string) (details string) {
	t.Helper()
	eventually(t, "the access log tells of "+trace, func() bool {
		text, err := os.ReadFile(path)
		if err != nil {
			return false
		}
		for line := range bytes.Lines(text) {
			var one struct{ Trace, Details string }
			if json.Unmarshal(line, &one) == nil && one.Trace == trace {
				details = one.Details
				return true
			}
		}
		return false
	})
	return details
}

const sweepHead = `# What clients get when Envoy answers

Made by ` + "`go test ./test/e2e -run LocalReplies -update-matrix`" + `, which brings about every reply that Envoy 1.40 makes itself; the test
fails where this page differs. ` + "`{trace}`" + ` stands for the trace id, which is also in the headers ` + "`x-request-id`" + ` and ` + "`request-id`" + `.

## In the tenant's dialect

Under the name that the answer has in Envoy's access log stand its causes. Weir phrases most of them. Where the answer's headers are held and Weir cannot be asked any more, Envoy prints the words that
Weir left for it with the request. Where Weir is not asked before, the tenant is not known, and the default dialect answers.
`

const sweepTail = `
With Weir down every request is answered with 503, ` + "`Retry-After: 1`" + ` and

` + "```json" + `
{"type":"error","error":{"message":"Service temporarily unavailable","type":"api_error","code":"service_unavailable","param":null}}
` + "```" + `

With Envoy out of memory it is the same 503, before Weir is asked.

## Without words

- A reset of the provider, a pause beyond the idle time, or a Weir that is killed, **after headers left**: HTTP/1.1 is cut before
  its last chunk, HTTP/2 is reset. No text can follow.
- A request that breaks HTTP **after** it was routed, such as a chunk that is none: the connection is closed.
- HTTP/2 headers over the limit: the stream is reset.
- More connections than Envoy takes: the connection is closed at once.
`
