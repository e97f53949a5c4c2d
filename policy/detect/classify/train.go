package classify

import "weir/policy/detect/normal"

// Features are the buckets of one window's features, each as often as it is there.
type Features []uint32

// Windows lists the features of each window of a text, the way Score sees them.
func Windows(s *Scratch, t *normal.Text) []Features {
	var flat Features
	var starts []int
	s.cut(t, func(chunk int, b uint32) {
		for len(starts) <= chunk {
			starts = append(starts, len(flat))
		}
		flat = append(flat, b)
	})
	starts = append(starts, len(flat))
	var out []Features
	spans(s.list, t.From(len(t.Bytes)), func(first, near, past int) {
		out = append(out, flat[starts[first]:starts[past]])
		if near < past {
			out = append(out, flat[starts[first]:starts[near]])
		}
	})
	return out
}

// Damp is what is added to a window's number of features before its root divides their sum.
const Damp = damp
