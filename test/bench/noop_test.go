package bench_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"weir/test/figures"
)

// How much is driven in a round. The servers take turns, so that whatever else the machine does hits both.
const (
	rounds    = 5
	exchanges = 1000
	streams   = 80
	fewEvents = 20
	allEvents = 220
)

// BenchmarkAgainstNoop is the processor time of Weir, and of a server that decides nothing, for an exchange and for an event
// of a stream. An event's is what 200 more of them cost.
func BenchmarkAgainstNoop(b *testing.B) {
	// A socket's path must be short.
	dir, err := os.MkdirTemp("", "weir")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	key := configure(b, dir, "")
	subjects := []*subject{start(b, "noop", dir), start(b, "weir", dir)}
	var perExchange, perEvent [2][]float64
	for round := range rounds + 1 {
		for i, s := range subjects {
			d := connect(b, s, key)
			exchange := used(b, s, exchanges, func() { d.load(b, exchanges, whole()) })
			few := used(b, s, streams, func() { d.load(b, streams, streamed(fewEvents)) })
			all := used(b, s, streams, func() { d.load(b, streams, streamed(allEvents)) })
			if round == 0 {
				continue // caches are cold and pages are being mapped
			}
			perExchange[i] = append(perExchange[i], exchange)
			perEvent[i] = append(perEvent[i], (all-few)/(allEvents-fewEvents))
		}
	}
	tell(b, "exchange", perExchange)
	tell(b, "SSE event", perEvent)
}

// used is the processor time of a server for one of n, microseconds.
func used(b *testing.B, s *subject, n int, work func()) float64 {
	b.Helper()
	before := s.cpu(b)
	work()
	return float64(s.cpu(b)-before) / float64(time.Microsecond) / float64(n)
}

// tell keeps and prints the medians of a kind, and what Weir adds, taken inside each round.
func tell(b *testing.B, kind string, got [2][]float64) {
	b.Helper()
	var added, ratio []float64
	for i := range got[0] {
		added = append(added, got[1][i]-got[0][i])
		ratio = append(ratio, got[1][i]/got[0][i])
	}
	keep(
		figures.Stated("CPU of an "+kind+": no-op server", median(got[0]), "µs"),
		figures.Stated("CPU of an "+kind+": Weir", median(got[1]), "µs"),
		figures.Stated("CPU of an "+kind+": Weir adds", median(added), "µs"),
		figures.Stated("CPU of an "+kind+": Weir over the no-op server", median(ratio), "times"),
	)
	b.ReportMetric(median(added), "added-µs/"+map[string]string{"exchange": "exchange", "SSE event": "event"}[kind])
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
