// Package tokens counts tokens without a tokenizer: an upper bound, for holds, and an estimate, for limits and for
// answers whose provider reports no usage.
//
// It never gives an exact count and never depends on a vendor's vocabulary; exact counts come from the provider.
package tokens

import "math"

// What a chat costs beyond its text, per message and once for the start of the answer. Vendors document three or four
// tokens a message (OpenAI cookbook, "How to count tokens with tiktoken"); twice that is a bound.
const (
	perMessage = 8
	perAnswer  = 16
)

// Bound is the most input tokens a request of so many bytes and messages can make. Byte-level BPE, which every large
// vendor uses, never makes more tokens than there are bytes.
func Bound(bytes, messages int64) int64 {
	bytes, messages = max(bytes, 0), max(messages, 0)
	if bytes > math.MaxInt64/2 || messages > math.MaxInt64/(4*perMessage) {
		return math.MaxInt64
	}
	return bytes + messages*perMessage + perAnswer
}

// Estimate is about how many tokens a text makes, at least one for a text that is not empty and never more than its
// bytes. ASCII letters make a token every four bytes or so, digits and punctuation every two, other scripts about
// one a character.
func Estimate(text string) int64 {
	var m Meter
	m.Add(text)
	return m.Tokens()
}

// Meter estimates the tokens of a text that arrives in pieces: as Estimate does for the whole, wherever it was cut.
type Meter struct {
	quarters int64
	any      bool // a text may be of bytes alone that continue characters
}

// Add takes the next piece.
func (m *Meter) Add(text string) {
	m.any = m.any || text != ""
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 0x80:
			m.quarters += int64(wide[c>>4])
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == ' ':
			m.quarters++
		default:
			m.quarters += 2
		}
	}
}

// Tokens is the estimate so far, 0 where nothing came.
func (m *Meter) Tokens() int64 {
	if m.any {
		return max((m.quarters+3)/4, 1)
	}
	return 0
}

// wide is quarters of a token by the upper half of a byte: what leads a character counts, what continues it does not.
var wide = [16]uint8{0xc: 2, 0xd: 2, 0xe: 4, 0xf: 4}
