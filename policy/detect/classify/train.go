package classify

import (
	"slices"

	"weir/policy/detect/normal"
)

// Features are the buckets of one window's features, each as often as it is there.
type Features []uint32

// Windows lists the features of each window of a text at a place, the way Score sees them.
func Windows(s *Scratch, t *normal.Text, p Place) []Features {
	var flat Features
	var starts []int
	add := func(b uint32) { flat = append(flat, b) }
	s.list = s.list[:0]
	for w := walk(t); w.next(); {
		if w.begins {
			s.list, starts = append(s.list, chunk{from: w.from}), append(starts, len(flat))
		}
		for b, ok := w.signed(); ok; b, ok = w.signed() {
			add(b)
		}
		if w.tok.mark {
			w.memory.mark(&w.tok, &w.links)
		} else {
			class := classOf(w.tok.hash)
			alone(t.Bytes, &w.tok, class, add)
			w.memory.word(&w.tok, w.from, class, &w.links)
		}
		flat = append(flat, w.links.list[:w.links.n]...)
	}
	starts = append(starts, len(flat))
	var out []Features
	spans(s.list, p, func(first, near, far int) {
		out = append(out, slices.Clone(flat[starts[first]:starts[far]]))
		if near < far {
			out = append(out, slices.Clone(flat[starts[first]:starts[near]]))
		}
	})
	return out
}

// Damp is what is added to a window's number of features before its root divides their sum.
const Damp = damp
