package e2e_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"weir/test/figures"
)

var updateMatrix = flag.Bool("update-matrix", false, "write docs/sdk-matrix.md")

// sdk is a client as a row of the table meets it.
type sdk struct {
	name, language, call string
	messages             bool // it speaks anthropic.messages
	informal             bool // it is told, and nothing is asked of it
}

var sdks = []sdk{
	{"openai-python", "python", "openai", false, false},
	{"openai-node", "node", "openai", false, false},
	{"anthropic-python", "python", "anthropic", true, false},
	{"@anthropic-ai/sdk", "node", "anthropic", true, false},
	{"LangChain JS", "node", "langchain", false, true},
	{"Vercel AI SDK", "node", "vercel", false, true},
}

// atOnce bounds how many jobs are under way: most of the time of a row that is tried again is waiting.
const atOnce = 24

// sdkCase is a row of a page, with or without a stream.
type sdkCase struct {
	pageCase
	dialect string
	stream  bool
	got     []outcome   // by SDK
	turn    *sync.Mutex // held by the SDK whose turn it is
}

// TestSDK has every SDK meet every row, with and without a stream, and holds what it raises against what was sent: class,
// code, type, status, request id and how often it tried. An error in a stream raises; withheld content finishes as such.
func TestSDK(t *testing.T) {
	s := open(t)
	by := drivers(t)
	cases := sdkCases()
	var all sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for i := range cases {
		c := &cases[i]
		if c.before != nil {
			c.before(t, s)
		}
		c.got = make([]outcome, len(sdks))
		for k, client := range sdks {
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				c.got[k] = c.meet(t, s, by[client.language], client)
			})
		}
	}
	all.Wait()
	compareFile(t, filepath.Join("..", "..", "docs", "sdk-matrix.md"), matrix(cases))
	noteCatalogue(
		figures.Stated("rows that SDKs meet", float64(len(cases)), "rows"),
		figures.Stated("SDKs that are held to them", float64(len(sdks)-2), "SDKs"),
	)
}

// sdkCases are the catalogue's rows that an SDK can meet: those of a POST that it sends itself.
func sdkCases() []sdkCase {
	var out []sdkCase
	for _, d := range pages {
		for _, c := range catalogue(d) {
			if c.patient || c.call.method != "" || c.call.path != "" || c.only != "" {
				continue
			}
			streamed := strings.HasSuffix(c.call.body, streaming+"}")
			for _, stream := range []bool{false, true} {
				if c.status == 200 && stream != streamed {
					continue // how an answer is withheld is a row of its own in either form
				}
				c := c
				c.call.body = strings.Replace(c.call.body, streaming+"}", "}", 1)
				if stream && strings.HasSuffix(c.call.body, "}") {
					c.call.body = strings.TrimSuffix(c.call.body, "}") + streaming + "}"
				}
				out = append(out, sdkCase{pageCase: c, dialect: d, stream: stream, turn: new(sync.Mutex)})
			}
		}
	}
	return out
}

// meet asks once as plain HTTP, to know what was sent, and once through the SDK.
func (c *sdkCase) meet(t *testing.T, s *stage, d *driver, client sdk) outcome {
	plainCall := c.pageCase
	first := func() {}
	if c.turns {
		c.turn.Lock()
		defer c.turn.Unlock()
		first = func() { c.before(t, s) }
	}
	plainCall.before = nil
	if client.messages {
		plainCall.call.path = messagesAPI.path
		plainCall.call.body = asMessage(c.call.body)
		if c.message != nil {
			plainCall.script = c.message
		}
	}
	first()
	sent := s.bring(t, plainCall, clients["h1"])
	first()
	j := job{SDK: client.call, Base: "http://" + s.addr, Key: "none", NoKey: true, Stream: c.stream, Headers: map[string]string{}}
	trace := newTrace()
	plainCall.call.trace = trace
	r := s.request(t.Context(), t, &plainCall.call)
	for name := range r.Header {
		j.Headers[name] = r.Header.Get(name)
	}
	if r.Host != s.addr {
		j.Headers["Host"] = r.Host
	}
	j.Body = plainCall.call.body
	if plainCall.script != nil {
		s.upstream.script(t, trace, plainCall.script)
	}
	got := d.do(t, j)
	if len(j.Body) > bodyBytes && got.Status == sent.status {
		got.Tries = 1 // a connection that is closed while a large body is sent is the SDK's to try again
	}
	if !client.informal {
		if err := c.judge(client, sent, got, trace); err != nil {
			t.Errorf("%s, %s %s, %s, stream %v: %v\nsent %d %s\ngot  %+v", client.name, c.dialect, c.line, c.cause, c.stream, err, sent.status, sent.body, got)
		}
	}
	return got
}

// asMessage is a chat completion's body as one of anthropic.messages.
func asMessage(body string) string {
	if strings.HasSuffix(body, "}") && json.Valid([]byte(body)) && !strings.Contains(body, `"max_tokens"`) {
		return strings.TrimSuffix(body, "}") + `,"max_tokens":100}`
	}
	return body
}

// judge holds what an SDK made of an answer against what was sent.
func (c *sdkCase) judge(client sdk, sent reply, got outcome, trace string) error {
	withheld := map[bool]string{false: "content_filter", true: "refusal"}[client.messages]
	if c.status == 200 && !strings.Contains(sent.body, `"error"`) {
		if got.Raised != "" || got.Finish != withheld {
			return fmt.Errorf("it must finish with %s", withheld)
		}
		return nil
	}
	code, kind := errorOf(sent.body)
	switch {
	case got.Raised == "":
		return fmt.Errorf("it must raise")
	case c.status == 200 && (got.Code != code && !client.messages || got.Type != kind):
		return fmt.Errorf("code %q and type %q are wanted", code, kind)
	case c.status == 200:
		return nil
	case got.Status != sent.status || got.Raised != className(client, sent.status):
		return fmt.Errorf("%s with %d is wanted", className(client, sent.status), sent.status)
	case got.Code != code && !client.messages || got.Type != kind:
		return fmt.Errorf("code %q and type %q are wanted", code, kind)
	case got.Request != trace:
		return fmt.Errorf("request id %s is wanted", trace)
	case got.Tries != tries(sent):
		return fmt.Errorf("%d tries are wanted", tries(sent))
	}
	return nil
}

// errorOf is the code and the type that a body, or the last record of a stream, tells.
func errorOf(body string) (code, kind string) {
	for _, line := range strings.Split(body, "\n") {
		line = strings.TrimPrefix(line, "data: ")
		var e struct {
			Error json.RawMessage
		}
		if json.Unmarshal([]byte(line), &e) != nil || e.Error == nil {
			continue
		}
		var fields struct {
			Code any
			Type string
		}
		if json.Unmarshal(e.Error, &fields) == nil {
			kind = fields.Type
			if fields.Code != nil {
				code = fmt.Sprint(fields.Code)
			}
		}
	}
	return code, kind
}

// tries is how often an SDK must ask: three times where a status may heal, once where it may not or the answer says so.
func tries(sent reply) int {
	if sent.header.Get("X-Should-Retry") == "false" || sent.status != http.StatusTooManyRequests && sent.status < 500 {
		return 1
	}
	return 3
}

// className is what an SDK raises for a status.
func className(client sdk, status int) string {
	own := map[string]map[int]string{
		"anthropic-python":  {402: "PaymentRequiredError", 413: "ContentTooLargeError", 503: "ServiceUnavailableError", 504: "GatewayTimeoutError"},
		"@anthropic-ai/sdk": {402: "PaymentRequiredError", 413: "ContentTooLargeError", 503: "ServiceUnavailableError", 504: "GatewayTimeoutError"},
	}
	if name := own[client.name][status]; name != "" {
		return name
	}
	switch status {
	case 400:
		return "BadRequestError"
	case 401:
		return "AuthenticationError"
	case 403:
		return "PermissionDeniedError"
	case 404:
		return "NotFoundError"
	case 429:
		return "RateLimitError"
	}
	switch {
	case status >= 500:
		return "InternalServerError"
	case client.language == "python":
		return "APIStatusError"
	}
	return "APIError"
}

// matrix is the table as docs/sdk-matrix.md keeps it.
func matrix(cases []sdkCase) string {
	var b strings.Builder
	b.WriteString("# What SDKs make of every error\n\n" +
		"Made by `go test ./test/e2e -run SDK -update-matrix`, which brings about every row of the five error pages through Envoy; the\n" +
		"test fails where this page differs. A cell is what the SDK raises, with its status, code, type and how often it asked; or how\n" +
		"the answer finished. In the first four columns every request id is the trace id of the answer. LangChain and the Vercel AI SDK\n" +
		"are here for information. Versions: `test/e2e/requirements.txt`, `test/e2e/node/package.json`.\n")
	for _, d := range pages {
		fmt.Fprintf(&b, "\n## %s\n\n| line of the page | cause | stream |", d)
		for _, k := range sdks {
			fmt.Fprintf(&b, " %s |", k.name)
		}
		b.WriteString("\n" + strings.Repeat("| --- ", 3+len(sdks)) + "|\n")
		for _, c := range cases {
			if c.dialect != d {
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %s |", strings.TrimPrefix(c.line, "L"), c.cause, map[bool]string{true: "yes", false: "no"}[c.stream])
			for k, got := range c.got {
				fmt.Fprintf(&b, " %s |", got.cell(sdks[k]))
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// cell is an outcome in few words.
func (o outcome) cell(client sdk) string {
	if o.Raised == "" {
		return "finishes: " + or(o.Finish, "nothing")
	}
	parts := []string{o.Raised}
	if o.Status != 0 {
		parts = append(parts, fmt.Sprint(o.Status))
	}
	for _, v := range []string{o.Code, o.Type} {
		if v != "" && !client.informal {
			parts = append(parts, "`"+v+"`")
		}
	}
	if o.Tries != 1 {
		parts = append(parts, fmt.Sprintf("×%d", o.Tries))
	}
	return strings.Join(parts, " ")
}

// compareFile fails where a generated page is stale, and writes it where asked to.
func compareFile(t *testing.T, path, want string) {
	t.Helper()
	if *updateMatrix {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, b := strings.Split(string(have), "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s is stale from line %d on; run go test ./test/e2e -run SDK -update-matrix", path, i+1)
		}
	}
}
