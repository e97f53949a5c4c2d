package provider

import (
	"math"
	"math/bits"
)

// maxPrice bounds a price: a million dollars per million tokens, in micro-USD.
const maxPrice = 1_000_000_000_000

// Cost is what tokens cost, micro-USD, rounded up. cached is the part of input that is billed at the cached price.
// A sum beyond int64 is the largest int64, so that no budget is ever passed by overflow.
func Cost(p Price, input, cached, output int64) int64 {
	input, cached, output = max(input, 0), max(cached, 0), max(output, 0)
	cached = min(cached, input)
	cachedPrice := p.Cached
	if cachedPrice == 0 {
		cachedPrice = p.Input
	}
	var hi, lo uint64
	for _, t := range [...][2]int64{{input - cached, p.Input}, {cached, cachedPrice}, {output, p.Output}} {
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
