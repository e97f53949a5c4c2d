package provider

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// The ways to order those who could serve a model.
const (
	ByWeight  = "weight"  // a draw for each request, or each session
	ByCost    = "cost"    // the cheapest for this request first
	ByLatency = "latency" // the one that began to answer soonest of late first
)

// Routing says in which order those who could serve a model are tried. Nobody is added but the models it names, and who may
// not serve a request is not made to by it.
type Routing struct {
	By      string            // ByWeight, ByCost or ByLatency; empty: the model's own provider, then its fallbacks
	Weights map[string]int64  // by model; one without a weight is tried only where the others fail
	Canary  string            // model that is tried first for a part of the requests
	Percent int64             // how many of a hundred that is
	Regions []string          // providers in these come before others, in this order
	Tags    map[string]string // model that is tried first for requests with a tag
}

// isZero says that nothing is routed.
func (r *Routing) isZero() bool {
	return r.By == "" && r.Canary == "" && len(r.Regions) == 0 && len(r.Tags) == 0
}

// named are the models that routing may put first, whether they are fallbacks or not; sorted, so that errors are the same.
func (r *Routing) named() []string {
	list := slices.Collect(maps.Values(r.Tags))
	if r.Canary != "" {
		list = append(list, r.Canary)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// checkRouting wants ways that exist and models that can be found.
func (c *Catalogue) checkRouting(m Model) error {
	r := &m.Routing
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("model %q: routing: %s", m.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case r.isZero() && len(r.Weights) == 0 && r.Percent == 0:
		return nil
	case strings.Contains(m.Name, "*"):
		return wrong("a glob has none")
	case c.providers[m.Provider].Caller || c.providers[m.Provider].From.AWS != nil:
		return wrong("a provider that is called with the caller's own credential, or whose requests Envoy signs, stands alone")
	case !slices.Contains([]string{"", ByWeight, ByCost, ByLatency}, r.By):
		return wrong("by is %q, want %s, %s or %s", r.By, ByWeight, ByCost, ByLatency)
	case (r.By == ByWeight) != (len(r.Weights) > 0):
		return wrong("weights and by: weight go together")
	case (r.Canary != "") != (r.Percent != 0) || r.Percent < 0 || r.Percent > 100:
		return wrong("a canary is a model and a percentage between 1 and 100")
	case r.Canary == m.Name:
		return wrong("the canary is the model itself")
	}
	var sum int64
	for _, name := range slices.Sorted(maps.Keys(r.Weights)) {
		w := r.Weights[name]
		if name != m.Name && !slices.Contains(m.Fallbacks, name) {
			return wrong("weight of %q, which is neither the model nor a fallback of it", name)
		}
		if w < 0 || w > maxWeight {
			return wrong("the weight of %q is %d, want 0 to %d", name, w, maxWeight)
		}
		sum += w
	}
	if r.By == ByWeight && sum == 0 {
		return wrong("no weight is above 0")
	}
	for _, name := range r.named() {
		f, ok := c.models[name]
		switch {
		case !ok || strings.Contains(f.Name, "*"):
			return wrong("model %q is not declared", name)
		case c.providers[f.Provider].Caller || c.providers[f.Provider].From.AWS != nil:
			return wrong("model %q: its provider is called with the caller's own credential, or Envoy signs its requests, so it stands alone", name)
		}
	}
	return nil
}

// maxWeight bounds a weight.
const maxWeight = 1_000_000

// route puts candidates in the order that a model's routing says. A tag outweighs a canary, that a region, and that the
// general way.
func (c *Catalogue) route(m Model, a Asked, list []Candidate) []Candidate {
	r := &m.Routing
	if r.isZero() {
		return list
	}
	switch r.By {
	case ByWeight:
		slices.SortStableFunc(list, func(x, y Candidate) int {
			return cmp.Compare(drawn(a.Seed, x.Name, c.weight(r, x.Name)), drawn(a.Seed, y.Name, c.weight(r, y.Name)))
		})
	case ByCost:
		sortBy(list, a.cost)
	case ByLatency:
		sortBy(list, a.delay)
	}
	if len(r.Regions) > 0 {
		place := func(x Candidate) int {
			if i := slices.Index(r.Regions, x.Region); i >= 0 {
				return i
			}
			return len(r.Regions)
		}
		slices.SortStableFunc(list, func(x, y Candidate) int { return place(x) - place(y) })
	}
	if r.Canary != "" && point(a.Seed, "canary\n"+m.Name)*100 < float64(r.Percent) {
		list = c.prefer(r.Canary, a, list)
	}
	for _, tag := range a.Tags {
		if name, ok := r.Tags[tag]; ok {
			return c.prefer(name, a, list)
		}
	}
	return list
}

// weight is that of a model, by whichever of its names routing has it.
func (c *Catalogue) weight(r *Routing, name string) int64 {
	if w, ok := r.Weights[name]; ok {
		return w
	}
	for _, alias := range c.models[name].Aliases {
		if w, ok := r.Weights[alias]; ok {
			return w
		}
	}
	return 0
}

func sortBy(list []Candidate, of func(Candidate) int64) {
	slices.SortStableFunc(list, func(x, y Candidate) int { return cmp.Compare(of(x), of(y)) })
}

// prefer puts a model first, if it may serve the request. Nobody else of its provider stays in the list, since an order has
// each provider once.
func (c *Catalogue) prefer(name string, a Asked, list []Candidate) []Candidate {
	f := c.models[name]
	if a.Permits != nil && !a.Permits(f.Name) || retired(f, a.At) || c.able(f, a) != nil {
		return list
	}
	out := []Candidate{c.candidate(f)}
	for _, other := range list {
		if other.Provider != f.Provider {
			out = append(out, other)
		}
	}
	return out
}

// drawn is a candidate's lot in a weighted draw without replacement (Efraimidis and Spirakis, 2006): the least is tried
// first. The same seed draws the same, and a change of one weight moves no more requests than it must.
func drawn(seed, name string, weight int64) float64 {
	if weight <= 0 {
		return math.Inf(1)
	}
	return -math.Log(point(seed, name)) / float64(weight)
}

// Chance is a number in (0, 1) that a request and a name determine: whatever happens to that part of the requests happens
// where it is less.
func Chance(request, name string) float64 { return point(request, "chance\n"+name) }

// point is a number in (0, 1) that a seed and a name determine, on every replica.
func point(seed, name string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed + "\n" + name)) // never fails: hash.Hash
	n := h.Sum64()
	// FNV spreads short texts badly; this is the last step of SplitMix64.
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	n ^= n >> 31
	return (float64(n>>11) + 0.5) / (1 << 53)
}

// assumedOutput is how many tokens an answer is taken to have where a request sets no limit and prices are compared.
const assumedOutput = 500

// cost is about what a candidate charges for the request, micro-USD; the most there is where nobody knows.
func (a *Asked) cost(c Candidate) int64 {
	if c.Price.Unknown {
		return math.MaxInt64
	}
	in, out := int64(0), int64(0)
	if a.Size != nil {
		in, out = a.Size()
	}
	if out <= 0 {
		out = assumedOutput
	}
	return Cost(c.Price, Used{Input: in, Output: out})
}

// delay is how long a candidate took of late; nothing where nobody knows, so that it is tried.
func (a *Asked) delay(c Candidate) int64 {
	if a.Delay == nil {
		return 0
	}
	return int64(a.Delay(c) / time.Millisecond)
}
