package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// tour asks a dozen things and tells what came back and why.
type tour struct {
	out    io.Writer
	client *http.Client
	envoy  string   // host:port that is asked
	admins []string // host:port of each Weir's operator's side, where records are looked for
	cast   *cast
}

// stop is one request of the tour and what must come back.
type stop struct {
	title  string
	tenant string // whose key; empty: none
	method string // default POST
	path   string // default chat completions
	model  string
	text   string
	stream bool
	body   []byte // instead of model and text
	status int
	want   []string // parts of the answer's text, or of its body where it is no completion
	never  []string // what must not stand anywhere in the answer
}

// heard is what came back.
type heard struct {
	status int
	trace  string
	body   string
	text   string // the completion's text, put together
	finish string
	took   time.Duration
}

// run makes every stop and returns how many answers differ.
func (t *tour) run(ctx context.Context) int {
	differ := 0
	for i, s := range stops() {
		if ctx.Err() != nil {
			return differ
		}
		fmt.Fprintf(t.out, "\n%2d  %s\n", i+1, s.title)
		h, err := t.ask(ctx, s)
		if err != nil {
			fmt.Fprintf(t.out, "    DIFFERS: %v\n", err)
			differ++
			continue
		}
		r, err := t.record(ctx, h.trace)
		t.tell(s, h, because(r, err))
		for _, d := range append(s.differences(h), unrecorded(r, h)...) {
			fmt.Fprintf(t.out, "    DIFFERS: %s\n", d)
			differ++
		}
	}
	fmt.Fprintln(t.out)
	return differ
}

// request is the stop as a client would send it.
func (s *stop) request(ctx context.Context, base, key string) (*http.Request, error) {
	method, path, body := s.method, s.path, s.body
	if method == "" {
		method = http.MethodPost
	}
	if path == "" {
		path = "/v1/chat/completions"
	}
	if body == nil && method == http.MethodPost {
		b, err := json.Marshal(map[string]any{
			"model": s.model, "stream": s.stream, "messages": []any{map[string]string{"role": "user", "content": s.text}},
		})
		if err != nil {
			return nil, err
		}
		body = b
	}
	r, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return r, nil
}

func (t *tour) ask(ctx context.Context, s stop) (*heard, error) {
	key := t.cast.key(s.tenant)
	if s.tenant != "" && key == "" {
		key = s.tenant // a key of nobody
	}
	r, err := s.request(ctx, "http://"+t.envoy, key)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	resp, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	h := &heard{status: resp.StatusCode, trace: resp.Header.Get("x-request-id"), body: string(b), took: time.Since(began)}
	h.read(strings.HasPrefix(resp.Header.Get("content-type"), "text/event-stream"))
	return h, nil
}

// completion is what the tour reads of an answer or of an event of one.
type completion struct {
	Choices []struct {
		Message, Delta struct {
			Content   string `json:"content"`
			ToolCalls []struct {
				Function struct {
					Arguments string `json:"arguments"`
				} `json:"function"`
			} `json:"tool_calls"`
		}
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
}

func (h *heard) read(stream bool) {
	docs := []string{h.body}
	if stream {
		docs = docs[:0]
		for _, line := range strings.Split(h.body, "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok && data != "[DONE]" {
				docs = append(docs, data)
			}
		}
	}
	for _, d := range docs {
		var c completion
		if json.Unmarshal([]byte(d), &c) != nil {
			continue
		}
		for _, ch := range c.Choices {
			h.text += ch.Message.Content + ch.Delta.Content
			for _, call := range append(ch.Message.ToolCalls, ch.Delta.ToolCalls...) {
				h.text += call.Function.Arguments
			}
			if ch.FinishReason != "" {
				h.finish = ch.FinishReason
			}
		}
	}
}

// differences are what is not as it must be.
func (s *stop) differences(h *heard) []string {
	var out []string
	if h.status != s.status {
		out = append(out, fmt.Sprintf("status %d, want %d", h.status, s.status))
	}
	all := h.body + "\n" + h.text + "\n" + h.finish
	for _, w := range s.want {
		if !strings.Contains(all, w) {
			out = append(out, fmt.Sprintf("the answer does not hold %q", w))
		}
	}
	for _, n := range s.never {
		if strings.Contains(all, n) {
			out = append(out, fmt.Sprintf("the answer holds %q", n))
		}
	}
	return out
}

// tell prints what was asked, what came back, and why.
func (t *tour) tell(s stop, h *heard, why string) {
	w := t.out
	asked := s.text
	if asked == "" {
		asked = short(string(s.body))
	}
	kind := ""
	if s.stream {
		kind = ", stream"
	}
	fmt.Fprintf(w, "    asked  %s%s: %s\n", orText(s.model, orText(s.path, "a body")), kind, short(asked))
	came := h.text
	if came == "" {
		came = strings.TrimSpace(h.body)
	}
	if h.finish != "" {
		came += "  (" + h.finish + ")"
	}
	fmt.Fprintf(w, "    came   %d  %s  [%d ms]\n", h.status, short(came), h.took.Milliseconds())
	fmt.Fprintf(w, "    why    %s\n", why)
	fmt.Fprintf(w, "    trace  %s\n", h.trace)
}

func orText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// short is one line of a text.
func short(s string) string {
	const most = 150
	s = strings.ReplaceAll(s, "\n", " ")
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
