package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/valyala/fastjson"

	"weir/filter/surface"
	"weir/test/figures"
)

// The costs of an event above the no-op server's that are asked for.
const (
	inspectedAsked = 3.0 // µs
	editedAsked    = 6.0
	viewAsked      = 1000.0 // MB/s
)

// BenchmarkStreams is what following a stream costs above a server that decides nothing: events that are looked at, and
// events that each hold a value to be masked. It goes to build/figures/streams.json.
func BenchmarkStreams(b *testing.B) {
	dir, err := os.MkdirTemp("", "weir")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	key := configure(b, dir, "redact")
	noop, weir := start(b, "noop", dir), start(b, "weir", dir)
	var list []figures.Figure
	placeholder := connect(b, weir, key).placeholder(b)
	for _, c := range []struct {
		name  string
		about string // what the request says besides
		text  func(i int) string
		asked float64
	}{
		{"inspected", "", func(i int) string { return prose[i] }, inspectedAsked},
		{"masked", "", func(i int) string { return fmt.Sprintf("u%d@example.com ", i) }, editedAsked},
		{"restored", address, func(int) string { return placeholder + " " }, editedAsked},
	} {
		var added []float64
		for round := range rounds + 1 {
			cost := perEventOf(b, weir, key, c.about, c.text) - perEventOf(b, noop, key, c.about, c.text)
			if round > 0 {
				added = append(added, cost)
			}
		}
		got := median(added)
		list = append(list, figures.AtMost("SSE event, "+c.name+", CPU above the no-op server", got, "µs", c.asked))
		b.ReportMetric(got, c.name+"-µs/event")
	}
	keepStreams(b, append(list, views(b)...))
}

// perEventOf is the processor time of a server for one event, microseconds: what 200 more of them cost.
func perEventOf(b *testing.B, s *subject, key, about string, text func(i int) string) float64 {
	d := connect(b, s, key)
	few := used(b, s, streams, func() { d.load(b, streams, saying(fewEvents, about, text)) })
	all := used(b, s, streams, func() { d.load(b, streams, saying(allEvents, about, text)) })
	return (all - few) / (allEvents - fewEvents)
}

// saying is a streamed exchange with texts of its own; what comes back may have another length.
func saying(events int, about string, text func(i int) string) exchange {
	x := streamed(events)
	x.request = strings.Replace(x.request, briefly, briefly+about, 1)
	x.edited = true
	for i := range events {
		x.answer[i] = strings.Replace(x.answer[i], fmt.Sprintf("%q", prose[i]), fmt.Sprintf("%q", text(i)), 1)
	}
	return x
}

// address is what a request says that its answer repeats; briefly is what the request's first message says.
const (
	address = " Write to jane.doe@example.com."
	briefly = "You answer briefly."
)

// placeholder is what goes to the provider in the place of the address.
func (d *driver) placeholder(b *testing.B) string {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	stream, err := d.client.Process(ctx)
	if err != nil {
		b.Fatal(err)
	}
	var r *extprocv3.ProcessingResponse
	for _, m := range []*extprocv3.ProcessingRequest{d.headers(), body(strings.Replace(chat(""), briefly, briefly+address, 1))} {
		if err := stream.Send(m); err != nil {
			b.Fatal(err)
		}
		if r, err = stream.Recv(); err != nil {
			b.Fatal(err)
		}
	}
	found := regexp.MustCompile(`\[EMAIL_ADDRESS_[a-z0-9]+\]`).Find(r.GetRequestBody().GetResponse().GetBodyMutation().GetBody())
	if found == nil {
		b.Fatalf("the provider gets no placeholder: %v", r)
	}
	return string(found)
}

// views are how fast a chat of 12 KB is read, beside encoding/json and fastjson in the same run.
func views(b *testing.B) []figures.Figure {
	body := []byte(`{"model":"m","messages":[{"role":"system","content":"be kind"}` +
		strings.Repeat(`,{"role":"user","content":"`+strings.Repeat("some plain words of a chat ", 15)+`"}`, 28) + "]}")
	speed := func(read func() error) float64 {
		const times, tries = 50, 100 // short ones, so that some are not in anybody's way
		best := time.Hour
		for range tries {
			began := time.Now()
			for range times {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
			best = min(best, time.Since(began))
		}
		return float64(len(body)) * times / best.Seconds() / 1e6
	}
	view := speed(func() error { _, err := (surface.Chat{}).ReadRequest(body); return err })
	standard := speed(func() error { var v any; return json.Unmarshal(body, &v) })
	var parser fastjson.Parser
	fast := speed(func() error { _, err := parser.ParseBytes(body); return err })
	return []figures.Figure{
		figures.AtLeast("view of a chat of 12 KB", view, "MB/s", viewAsked),
		figures.Stated("encoding/json on the same chat", standard, "MB/s"),
		figures.Stated("fastjson on the same chat, into a tree, checking neither UTF-8 nor duplicate keys", fast, "MB/s"),
		figures.Stated("view of a chat over fastjson", view/fast, "times"),
		figures.Stated("view of a chat over encoding/json", view/standard, "times"),
	}
}

func keepStreams(b *testing.B, list []figures.Figure) {
	b.Helper()
	if err := figures.Write("streams", list); err != nil {
		b.Fatal(err)
	}
	if err := figures.Print(os.Stdout, list); err != nil {
		b.Fatal(err)
	}
}
