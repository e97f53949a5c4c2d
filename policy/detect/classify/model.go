package classify

import (
	"encoding/binary"
	"fmt"
	"math"

	"weir/policy/detect/normal"
)

// Model is a trained model. It is read-only and may be shared.
type Model struct {
	weights []int8
	unit    float32 // what a weight of 1 is worth
	bias    float32
}

// magic begins the file of a model.
const magic = "weirlin1"

// Encode is the file of a model with these weights, one for each bucket, and this bias: they are rounded to 8 bits.
func Encode(weights []float32, bias float32) []byte {
	top := float32(0)
	for _, w := range weights {
		top = max(top, max(w, -w))
	}
	unit := top / 127
	out := append([]byte(magic), make([]byte, 8)...)
	binary.LittleEndian.PutUint32(out[8:], math.Float32bits(unit))
	binary.LittleEndian.PutUint32(out[12:], math.Float32bits(bias))
	for _, w := range weights {
		out = append(out, byte(int8(math.Round(float64(w/max(unit, 1e-12))))))
	}
	return out
}

// Decode reads a file that Encode made.
func Decode(file []byte) (*Model, error) {
	if len(file) != len(magic)+8+Buckets || string(file[:len(magic)]) != magic {
		return nil, fmt.Errorf("a model of %d bytes: want %d that begin with %q", len(file), len(magic)+8+Buckets, magic)
	}
	m := &Model{
		unit: math.Float32frombits(binary.LittleEndian.Uint32(file[8:])),
		bias: math.Float32frombits(binary.LittleEndian.Uint32(file[12:])),
	}
	m.weights = make([]int8, Buckets)
	for i, b := range file[16:] {
		m.weights[i] = int8(b)
	}
	return m, nil
}

// Scratch is what scoring needs. One serves one text at a time.
type Scratch struct {
	chunker
	sums []float32
	ns   []int32
}

// damp keeps windows of a few words from being judged as surely as long ones.
const damp = 12

// Score appends the windows of a text with their scores.
func (m *Model) Score(s *Scratch, t *normal.Text, into []Span) []Span {
	s.sum(t, m)
	end := t.From(len(t.Bytes))
	spans(s.list, end, func(first, near, past int) {
		w := Span{s.list[first].from, end, m.window(s, first, past)}
		if near < past {
			if score := m.window(s, first, near); score > w.Score {
				w.Score, past = score, near
			}
		}
		if past < len(s.list) {
			w.End = s.list[past].from
		}
		into = append(into, w)
	})
	return into
}

// window is the score of the chunks from first up to past.
func (m *Model) window(s *Scratch, first, past int) float64 {
	return m.probability((s.sums[past]-s.sums[first])*m.unit, s.ns[past]-s.ns[first])
}

// sum leaves the running sums over the chunks.
func (s *Scratch) sum(t *normal.Text, m *Model) {
	at := 0
	var total float32
	var n int32
	s.sums, s.ns = append(s.sums[:0], 0), append(s.ns[:0], 0)
	s.cut(t, func(chunk int, b uint32) {
		if chunk != at {
			s.sums, s.ns, at = append(s.sums, total), append(s.ns, n), chunk
		}
		total += float32(m.weights[b])
		n++
	})
	s.sums, s.ns = append(s.sums, total), append(s.ns, n)
}

// probability is the score of a window whose features add up to sum.
func (m *Model) probability(sum float32, n int32) float64 {
	return 1 / (1 + math.Exp(-float64(m.bias)-float64(sum)/math.Sqrt(float64(n)+damp)))
}
