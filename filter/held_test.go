package filter_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/filter"
)

// waiting is an Envoy that hands over messages as they come.
type waiting struct {
	envoy
	messages chan *extprocv3.ProcessingRequest
	mu       sync.Mutex // of what was sent: a timer sends, too
}

func (w *waiting) Send(r *extprocv3.ProcessingResponse) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.envoy.Send(r)
}

// sent is what was sent until now.
func (w *waiting) sent() []*extprocv3.ProcessingResponse {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.out)
}

func (w *waiting) Recv() (*extprocv3.ProcessingRequest, error) {
	m, ok := <-w.messages
	if !ok {
		return nil, io.EOF
	}
	return m, nil
}

// TestHeldTooLong: text that waits past the bound meets the declared rule, on a clock that the test moves.
func TestHeldTooLong(t *testing.T) {
	for name, c := range map[string]struct {
		then  filter.HeldRule
		said  string // what has left when the bound is reached
		ended bool
	}{
		"cut":     {"", "write to ", true},
		"release": {filter.HeldRelease, "write to jane.d", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := buildWith(t, "openai", redacting, func(p *filter.Parts) { p.Clock = time.Now })
			h.snap.Limits.HeldFor, h.snap.Limits.HeldThen = 10*time.Second, c.then
			synctest.Test(t, func(t *testing.T) {
				w := &waiting{messages: make(chan *extprocv3.ProcessingRequest)}
				over := make(chan error)
				go func() { over <- h.server.Process(w) }()
				for _, m := range h.answerTo(fmt.Sprintf(streamed, "hi"), opening+event("write to jane"))[:4] {
					w.messages <- m
				}
				time.Sleep(6 * time.Second)
				w.messages <- responseBody(event(".d"), false) // nothing leaves, so the wait goes on
				time.Sleep(4*time.Second - time.Millisecond)
				synctest.Wait()
				if got := read(w.sent(), nil); contentOf(t, got.body) != "write to " || got.ended {
					t.Errorf("before the bound: %q", got.body)
				}
				time.Sleep(2 * time.Millisecond)
				synctest.Wait()
				got := read(w.sent(), nil)
				if !strings.Contains(string(got.body), `"content":"write to "`) || got.ended != c.ended || c.ended && !strings.Contains(string(got.body), `"error"`) {
					t.Errorf("at the bound: %q", got.body)
				}
				if !c.ended && contentOf(t, got.body) != c.said {
					t.Errorf("released: %q", got.body)
				}
				close(w.messages)
				<-over
			})
		})
	}
}

// TestHeldTooMuch: text beyond the bound in bytes meets the same rule.
func TestHeldTooMuch(t *testing.T) {
	for name, then := range map[string]filter.HeldRule{"cut": filter.HeldCut, "release": filter.HeldRelease} {
		t.Run(name, func(t *testing.T) {
			h := build(t, "openai", redacting)
			h.snap.Limits.HeldBytes, h.snap.Limits.HeldThen = 32, then
			long := "-----BEGIN PRIVATE KEY-----"
			answer := opening + event(long) + event(strings.Repeat("QUJD", 16)) + event(" and more") + stop + done
			got := h.play(t, h.answerTo(fmt.Sprintf(streamed, "hi"), answer)...)
			cut := strings.Contains(string(got.body), `"error"`)
			if then == filter.HeldCut && (!cut || strings.Contains(string(got.body), "BEGIN")) {
				t.Errorf("cut: %q", got.body)
			}
			if then == filter.HeldRelease && strings.Contains(string(got.body), "BEGIN") {
				t.Errorf("a block that was found left all the same: %q", got.body)
			}
			if h.trail[0].Ended == "complete" {
				t.Errorf("ended %s", h.trail[0].Ended)
			}
		})
	}
}
