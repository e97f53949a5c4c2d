package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The identity of every answer: the same request gets the same bytes.
const (
	answerID = "chatcmpl-demo"
	created  = 1_767_225_600
)

// cutPause lets what was sent arrive before the connection breaks.
const cutPause = 100 * time.Millisecond

func itoa(n int) string { return strconv.Itoa(n) }

// usageOf counts words as tokens.
func usageOf(r request, answer string) map[string]any {
	in := 0
	for _, m := range r.Messages {
		in += len(strings.Fields(m.text()))
	}
	out := len(strings.Fields(answer)) * max(r.N, 1)
	return map[string]any{"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out}
}

func modelList() any {
	type entry struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	var data []entry
	for _, m := range Models() {
		data = append(data, entry{m[0], "model", created, "demo"})
	}
	return map[string]any{"object": "list", "data": data}
}

// whole writes a JSON answer.
func (p *Provider) whole(w http.ResponseWriter, req request, a act, f form) {
	out := f.whole(req, a)
	if a.cutAfter > 0 {
		b, _ := json.Marshal(out)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", itoa(len(b)))
		_, _ = w.Write(b[:len(b)/2])
		hijackClose(w)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// arguments is a JSON document that carries a text.
func arguments(text string) string {
	b, _ := json.Marshal(map[string]string{"to": text})
	return string(b)
}

// hijackClose breaks the connection without ending the answer.
func hijackClose(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.Flush()
	if conn, _, err := c.Hijack(); err == nil {
		_ = conn.Close()
	}
}

// streaming writes the events of one answer.
type streaming struct {
	p      *Provider
	w      http.ResponseWriter
	r      *http.Request
	req    request
	a      act
	form   form
	events int
	broken bool
}

func (p *Provider) stream(w http.ResponseWriter, r *http.Request, req request, a act, f form) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	s := &streaming{p: p, w: w, r: r, req: req, a: a, form: f}
	if a.fails == "start" {
		s.raw(f.failure())
		return
	}
	f.events(s)
	if r.Context().Err() != nil {
		p.left()
	}
}

// pieces cuts a text: into words with their blanks, or into so many runes.
func pieces(text string, runes int) []string {
	if runes == 0 {
		return strings.SplitAfter(text, " ")
	}
	var out []string
	all := []rune(text)
	for i := 0; i < len(all); i += runes {
		out = append(out, string(all[i:min(i+runes, len(all))]))
	}
	return out
}

// event writes one event; a name that is empty is left out.
func (s *streaming) event(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil || s.broken {
		return
	}
	if name != "" {
		name = "event: " + name + "\n"
	}
	s.raw(fmt.Sprintf("%sdata: %s\n\n", name, b))
}

func (s *streaming) raw(record string) {
	if s.broken {
		return
	}
	s.events++
	if _, err := s.w.Write([]byte(record)); err != nil {
		s.broken = true
		return
	}
	_ = http.NewResponseController(s.w).Flush()
	switch {
	case s.a.endAfter > 0 && s.events == s.a.endAfter:
		s.broken = true
	case s.a.cutAfter > 0 && s.events == s.a.cutAfter:
		s.broken = true
		s.p.pause(cutPause, s.r.Context().Done())
		hijackClose(s.w)
	case s.a.fails == "later" && s.events == 4:
		s.broken = true
		_, _ = s.w.Write([]byte(s.form.failure()))
	case s.a.delay > 0:
		s.p.pause(s.a.delay, s.r.Context().Done())
		s.broken = s.r.Context().Err() != nil
	}
}
