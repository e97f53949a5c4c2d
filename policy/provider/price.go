package provider

import (
	"math"
	"math/bits"
)

// maxPrice bounds a price: a million dollars per million tokens, in micro-USD.
const maxPrice = 1_000_000_000_000

// Used are tokens that a provider reported, or may come to report.
type Used struct {
	Input   int64
	Cached  int64 // part of Input that the provider had kept
	Written int64 // part of Input that it keeps from now on
	Output  int64

	Reasoning int64  // part of Output that was thought and not shown
	Tier      string // Batch, Priority, or anything else for the standard
}

// Cost is what tokens cost, micro-USD, rounded up. The parts of input and output are billed at prices of their own, where
// there are any, and those of the service tier that the provider says it was. A sum beyond int64 is the largest int64, so that no budget is ever passed by overflow.
func Cost(p Price, u Used) int64 {
	in, out := max(u.Input, 0), max(u.Output, 0)
	cached := min(max(u.Cached, 0), in)
	written := min(max(u.Written, 0), in-cached)
	thought := min(max(u.Reasoning, 0), out)
	r := p.of(u.Tier, in)
	return sum([...][2]int64{
		{in - cached - written, r.Input}, {cached, or(r.Cached, r.Input)}, {written, or(r.Written, r.Input)},
		{out - thought, r.Output}, {thought, or(r.Reasoning, r.Output)},
	})
}

// Most is the most that so many tokens can cost, micro-USD: nobody knows beforehand what a provider has kept, or will,
// how much it thinks, and as which service tier it is served.
func Most(p Price, input, output int64) (most int64) {
	input, output = max(input, 0), max(output, 0)
	for _, tier := range [...]string{"", Batch, Priority} {
		r := p.of(tier, input)
		most = max(most, sum([...][2]int64{{input, max(r.Input, r.Cached, r.Written)}, {output, max(r.Output, r.Reasoning)}, {}, {}, {}}))
	}
	return most
}

// of are the prices for a request of so much input that is served as a tier.
func (p Price) of(tier string, input int64) Rates {
	switch {
	case tier == Batch && p.Batch != Rates{}:
		return p.Batch
	case tier == Priority && p.Priority != Rates{}:
		return p.Priority
	}
	return p.at(input)
}

// at are the prices for a request of so much input.
func (p Price) at(input int64) Rates {
	if p.Above > 0 && input > p.Above {
		return p.Long
	}
	return Rates{Input: p.Input, Cached: p.Cached, Written: p.Written, Output: p.Output, Reasoning: p.Reasoning}
}

func or(a, b int64) int64 {
	if a != 0 {
		return a
	}
	return b
}

// sum is the cost of tokens at their prices.
func sum(parts [5][2]int64) int64 {
	var hi, lo uint64
	for _, t := range parts {
		h, l := bits.Mul64(uint64(t[0]), uint64(max(t[1], 0)))
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi, carry = bits.Add64(hi, h, carry)
		if carry != 0 {
			return math.MaxInt64
		}
	}
	const million = 1_000_000
	if hi >= million {
		return math.MaxInt64
	}
	q, r := bits.Div64(hi, lo, million)
	if q >= math.MaxInt64 {
		return math.MaxInt64
	}
	if r > 0 {
		q++
	}
	return int64(q)
}
