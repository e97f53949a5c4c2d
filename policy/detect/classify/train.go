package classify

import "weir/policy/detect/normal"

// Features are buckets, each as often as it is there.
type Features []uint32

// Read is a text as whoever trains sees it: all its features in order, and the windows as ranges of them.
type Read struct {
	Features Features
	Windows  []Range
}

// Range is a window's part of the features.
type Range struct{ From, To int32 }

// Windows reads a text at a place the way Score does.
func Windows(s *Scratch, t *normal.Text, p Place) Read {
	var flat Features
	var starts []int32
	add := func(b uint32) { flat = append(flat, b) }
	s.list = s.list[:0]
	for w := walk(t); w.next(); {
		if w.begins {
			s.list, starts = append(s.list, chunk{from: w.from}), append(starts, int32(len(flat)))
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
	starts = append(starts, int32(len(flat)))
	out := Read{Features: flat}
	spans(s.list, p, func(first, near, far int) {
		out.Windows = append(out.Windows, Range{starts[first], starts[far]})
		if near < far {
			out.Windows = append(out.Windows, Range{starts[first], starts[near]})
		}
	})
	return out
}

// Damp is what is added to a window's number of features before its root divides their sum.
const Damp = damp
