package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/test/figures"
)

// The pace of a model, how many speak at once, and how much later than through the no-op server a client may see what one
// says.
const (
	deltas     = 50
	pace       = 100 * time.Millisecond
	speakers   = 8
	laterAsked = 3.0 // ms
)

// BenchmarkPacing is how much later a client sees what a model says because Weir masks it: 50 deltas at 100 ms without
// personal data, with every mask on, beside a server that decides nothing, at the same time. It goes to
// build/figures/pacing.json.
func BenchmarkPacing(b *testing.B) {
	dir, err := os.MkdirTemp("", "weir")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	key := configure(b, dir, "redact")
	servers := map[string]*driver{"noop": connect(b, start(b, "noop", dir), key), "weir": connect(b, start(b, "weir", dir), key)}
	var list []figures.Figure
	for _, c := range []struct {
		name  string
		text  func(i int) string
		first bool // the first word is over when it comes
	}{
		{"words with the blank behind them", func(i int) string { return prose[i] }, true},
		{"words with the blank before them", func(i int) string { return " " + strings.TrimSpace(prose[i]) }, false},
	} {
		got := map[string]*heard{}
		var all sync.WaitGroup
		for name, d := range servers {
			got[name] = &heard{}
			for range speakers {
				all.Go(func() {
					if err := got[name].listen(d, c.text); err != nil {
						b.Error(err)
					}
				})
			}
		}
		all.Wait()
		if b.Failed() {
			return
		}
		noop, weir := got["noop"], got["weir"]
		for _, p := range []float64{0.5, 0.99} {
			later := at(weir.first, p) - at(noop.first, p)
			name := fmt.Sprintf("first text, %s, p%.0f later than through the no-op server", c.name, 100*p)
			if c.first {
				list = append(list, figures.AtMost(name, later, "ms", laterAsked))
			} else {
				list = append(list, figures.Stated(name+": a word that may go on waits for the next delta", later, "ms"))
			}
			list = append(list, figures.AtMost(fmt.Sprintf("gaps between texts, %s, p%.0f beyond the no-op server's", c.name, 100*p), at(weir.gaps, p)-at(noop.gaps, p), "ms", laterAsked))
		}
		list = append(list, figures.Stated("most text held, "+c.name, float64(weir.held), "bytes"))
	}
	if err := figures.Write("pacing", list); err != nil {
		b.Fatal(err)
	}
	if err := figures.Print(os.Stdout, list); err != nil {
		b.Fatal(err)
	}
}

// at is a quantile.
func at(list []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(p*float64(len(sorted)-1))]
}

// heard is what clients of a server saw: how long after it was said the first text came, and how far texts were apart, in
// milliseconds; and the most bytes of text that had been said and not come when the next were said.
type heard struct {
	mu          sync.Mutex
	first, gaps []float64
	held        int
}

// listen drives one stream at the pace of a model.
func (h *heard) listen(d *driver, text func(i int) string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := d.client.Process(ctx)
	if err != nil {
		return err
	}
	x := saying(deltas, "", text)
	for _, m := range []*extprocv3.ProcessingRequest{d.headers(), body(x.request)} {
		if err := stream.Send(m); err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
	if err := stream.Send(answerHeaders(x.contentType)); err != nil {
		return err
	}
	var mu sync.Mutex
	said, came := 0, 0
	var began time.Time
	failed := make(chan error, 1)
	go func() {
		failed <- func() error {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for i, piece := range x.answer {
				<-tick.C
				mu.Lock()
				if i == 0 {
					began = time.Now()
				}
				h.mu.Lock()
				h.held = max(h.held, said-came)
				h.mu.Unlock()
				if i < deltas {
					said += len(text(i))
				}
				mu.Unlock()
				if err := stream.Send(answerBody(piece, i == len(x.answer)-1)); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	var last time.Time
	for {
		r, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("an answer: %w", err)
		}
		s := r.GetResponseBody().GetResponse().GetBodyMutation().GetStreamedResponse()
		n := words(s.GetBody())
		now := time.Now()
		mu.Lock()
		came += n
		since := began
		mu.Unlock()
		if n > 0 {
			h.mu.Lock()
			if last.IsZero() {
				h.first = append(h.first, float64(now.Sub(since).Microseconds())/1000)
			} else {
				h.gaps = append(h.gaps, float64(now.Sub(last).Microseconds())/1000)
			}
			h.mu.Unlock()
			last = now
		}
		if s.GetEndOfStream() {
			return <-failed
		}
	}
}

// words is how many bytes of text are in records of a stream.
func words(records []byte) int {
	n := 0
	for _, line := range strings.Split(string(records), "\n") {
		var e struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && json.Unmarshal([]byte(data), &e) == nil {
			for _, c := range e.Choices {
				n += len(c.Delta.Content)
			}
		}
	}
	return n
}
