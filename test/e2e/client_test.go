package e2e_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/policy/audit"
	"weir/policy/ledger"
)

// patience bounds how long a case waits for something to happen.
const patience = 30 * time.Second

// clients speak the two protocols. Retries are theirs to leave out: Go's client makes none for a POST.
var clients = map[string]*http.Client{
	"h1": {Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}},
	"h2": {Timeout: patience, Transport: &http.Transport{Protocols: priorKnowledge(), DisableCompression: true}},
}

func priorKnowledge() *http.Protocols {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	return &p
}

// over runs a case over each protocol.
func over(t *testing.T, each func(t *testing.T, c *http.Client)) {
	t.Helper()
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			timed(t)
			each(t, c)
		})
	}
}

var counted atomic.Int64

// newTrace is a trace id of the case's own.
func newTrace() string { return fmt.Sprintf("e2e-%d", counted.Add(1)) }

// call is a request. What is left out is that of an ordinary one.
type call struct {
	method, path string
	key          string // id of a key; empty: none is presented
	header       []string
	body         string
	trace        string
	client       *http.Client
	asIs         bool // the body is sent as it stands, also with a key of Korad
}

// reply is what the client got. err is how reading the answer failed.
type reply struct {
	trace  string
	status int
	header http.Header
	body   string
	err    error
}

// koradForm finds a model's name that lacks its provider: clients of Korad must give it.
var koradForm = regexp.MustCompile(`("model" ?: ?")([^"/]+")`)

// request builds a call.
func (s *stage) request(ctx context.Context, t *testing.T, c *call) *http.Request {
	t.Helper()
	if c.method == "" {
		c.method = http.MethodPost
	}
	if c.path == "" {
		c.path = "/v1/chat/completions"
	}
	if c.trace == "" {
		c.trace = newTrace()
	}
	if c.client == nil {
		c.client = clients["h1"]
	}
	if strings.HasSuffix(c.key, "-korad") && !c.asIs {
		c.body = koradForm.ReplaceAllString(c.body, `${1}demo/${2}`)
	}
	if s == shared.stage {
		witness.sent(c.body)
	}
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	r, err := http.NewRequestWithContext(ctx, c.method, "http://"+s.addr+c.path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Request-Id", c.trace)
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+s.key(t, c.key))
	}
	for i := 0; i < len(c.header); i += 2 {
		if c.header[i] == "Host" {
			r.Host = c.header[i+1]
		}
		r.Header.Set(c.header[i], c.header[i+1])
	}
	return r
}

// key is the plaintext of a key.
func (s *stage) key(t *testing.T, id string) string {
	t.Helper()
	k, ok := s.cast.keys[id]
	if !ok {
		t.Fatalf("nobody is called %q", id)
	}
	return k
}

// do sends a call and reads the answer to its end.
func (s *stage) do(t *testing.T, c call) reply {
	t.Helper()
	r := s.request(t.Context(), t, &c)
	resp, err := c.client.Do(r)
	if err != nil {
		return reply{trace: c.trace, err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	got := reply{trace: c.trace, status: resp.StatusCode, header: resp.Header, body: string(b), err: err}
	if s == shared.stage {
		witness.got(got)
	}
	return got
}

// raw sends bytes that no HTTP client would, and reads one answer.
func (s *stage) raw(t *testing.T, text string) reply {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{status: resp.StatusCode, header: resp.Header, body: string(b), err: err}
}

// ask is the body of a chat completion with one user message.
func ask(model, text string, more ...string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%s}]%s}`, model, b, strings.Join(more, ""))
}

// streaming asks for a stream.
const streaming = `,"stream":true`

// eventually waits until a thing has happened.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if happened() {
			return
		}
	}
	t.Fatalf("waited %s in vain: %s", patience, what)
}

// wait waits until a channel is closed.
func wait(t *testing.T, what string, closed <-chan struct{}) {
	t.Helper()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatalf("waited %s in vain: %s", patience, what)
	}
}

// record waits for the one record of a trace id.
func (s *stage) record(t *testing.T, trace string) audit.Record {
	t.Helper()
	var got []audit.Record
	eventually(t, "the record of "+trace, func() bool {
		var err error
		if got, err = s.weir.Trail.Find(context.Background(), trace); err != nil {
			t.Fatal(err)
		}
		return len(got) > 0
	})
	if len(got) != 1 {
		t.Fatalf("%s has %d records", trace, len(got))
	}
	return got[0]
}

// spent is what a tenant's total budget says.
func (s *stage) spent(t *testing.T, tenant string) (settled, held int64) {
	t.Helper()
	return s.spentIn(t, tenant, ledger.Total)
}

// spentIn is what a tenant's budget of a period says.
func (s *stage) spentIn(t *testing.T, tenant, period string) (settled, held int64) {
	t.Helper()
	b := ledger.Budget{ID: "tenant/" + tenant + "/" + period, Period: period}
	list, err := s.weir.Ledger.Accounts(context.Background(), tenant, b, time.Now(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		settled += a.Settled + a.Overrun
		held += a.Held
	}
	return settled, held
}

// answer is what a client reads of a chat completion, whole or streamed.
type answer struct {
	content  string
	finishes []string
	tool     string // arguments of tool calls
	errors   []string
	done     bool // data: [DONE] came last
	usage    bool
}

type choice struct {
	Delta, Message struct {
		Content   string
		ToolCalls []struct{ Function struct{ Arguments string } } `json:"tool_calls"`
	}
	FinishReason string `json:"finish_reason"`
}

func (a *answer) take(c choice) {
	a.content += c.Delta.Content + c.Message.Content
	for _, tc := range append(c.Delta.ToolCalls, c.Message.ToolCalls...) {
		a.tool += tc.Function.Arguments
	}
	if c.FinishReason != "" {
		a.finishes = append(a.finishes, c.FinishReason)
	}
}

// read takes an answer apart: JSON where it starts with a brace, else a stream.
func read(t *testing.T, body string) answer {
	t.Helper()
	var a answer
	if strings.HasPrefix(body, "{") {
		a.event(t, body)
		return a
	}
	for _, rec := range strings.SplitAfter(body, "\n\n") {
		if rec == "" {
			continue
		}
		if !strings.HasSuffix(rec, "\n\n") {
			t.Errorf("a record without its blank line: %q", rec)
		}
		if a.done {
			t.Errorf("a record after [DONE]: %q", rec)
		}
		for _, line := range strings.Split(rec, "\n") {
			data, ok := strings.CutPrefix(line, "data: ")
			switch {
			case ok && data == "[DONE]":
				a.done = true
			case ok:
				a.event(t, data)
			}
		}
	}
	return a
}

func (a *answer) event(t *testing.T, data string) {
	t.Helper()
	var e struct {
		Choices []choice
		Usage   json.RawMessage
		Error   json.RawMessage
	}
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		t.Errorf("no JSON: %q", data)
		return
	}
	for _, c := range e.Choices {
		a.take(c)
	}
	if e.Error != nil && !bytes.Equal(e.Error, []byte("null")) {
		a.errors = append(a.errors, string(e.Error))
	}
	a.usage = a.usage || e.Usage != nil && string(e.Usage) != "null"
}

// gzipped is a text in gzip.
func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
