package envoy_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	"google.golang.org/protobuf/proto"

	"weir/envoy"
	"weir/test/figures"
)

// How much is driven in a round. The routes take turns, so that whatever else the machine does hits all of them.
const (
	benchRounds   = 5
	benchRequests = 1500
)

// plainly adds a cluster as it would stand in any Envoy: one endpoint, nothing done to an attempt.
func plainly(b *bootstrapv3.Bootstrap) {
	for _, c := range b.StaticResources.Clusters {
		if c.Name == envoy.OrderName("one") {
			plain, _ := proto.Clone(c).(*clusterv3.Cluster)
			plain.Name, plain.LoadAssignment.ClusterName = envoy.OrderName("plain"), envoy.OrderName("plain")
			plain.TypedExtensionProtocolOptions = nil
			b.StaticResources.Clusters = append(b.StaticResources.Clusters, plain)
			return
		}
	}
}

// BenchmarkFallback is what it costs on the happy path that a request could be tried elsewhere: Envoy's processor time and the
// time of a request, by a plain route, by an order of one provider and by an order of three, all by the same filter.
func BenchmarkFallback(b *testing.B) {
	s := raise(b, plainly)
	client := &http.Client{Transport: &http.Transport{}}
	body := strings.Repeat("x", 2000)
	kinds := [...]string{"plain", "one", "one+two+three"}
	var cpu, took [len(kinds)][]float64
	for round := range benchRounds + 1 {
		for i, kind := range kinds {
			before, times := processor(b, s.pid), make([]float64, 0, benchRequests)
			for range benchRequests {
				began := time.Now()
				if a := s.post(client, body, "X-Test", "to "+kind); a.status != 200 {
					b.Fatalf("%s: %d %s", kind, a.status, a.body)
				}
				times = append(times, float64(time.Since(began).Microseconds()))
			}
			if round > 0 { // at first connections are being made
				cpu[i] = append(cpu[i], (processor(b, s.pid)-before)/benchRequests)
				took[i] = append(took[i], middle(times))
			}
			s.told()
		}
	}
	var list []figures.Figure
	for i, kind := range []string{"a plain route", "an order of one", "an order of three"} {
		list = append(list, figures.Stated("CPU of Envoy for a request by "+kind, middle(cpu[i]), "µs"), figures.Stated("median time of a request by "+kind, middle(took[i]), "µs"))
		if i > 0 {
			list = append(list,
				figures.Stated("CPU of Envoy: "+kind+" adds to the plain route", middle(minus(cpu[i], cpu[0])), "µs"),
				figures.Stated("median time: "+kind+" adds to the plain route", middle(minus(took[i], took[0])), "µs"))
		}
	}
	b.ReportMetric(middle(minus(cpu[2], cpu[0])), "added-cpu-µs/request")
	b.ReportMetric(middle(minus(took[2], took[0])), "added-µs/request")
	if err := figures.Write("fallback", list); err != nil {
		b.Fatal(err)
	}
	if err := figures.Print(os.Stdout, list); err != nil {
		b.Fatal(err)
	}
}

// processor is the processor time that a process has used, microseconds (proc(5): utime and stime, in ticks of 10 ms).
func processor(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("no /proc: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	user, err := strconv.ParseFloat(fields[11], 64)
	if err != nil {
		b.Fatal(err)
	}
	system, err := strconv.ParseFloat(fields[12], 64)
	if err != nil {
		b.Fatal(err)
	}
	return (user + system) * 10_000
}

func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

func middle(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
