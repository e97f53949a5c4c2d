package classify

import (
	"encoding/binary"
	"fmt"
	"math"

	"weir/policy/detect/normal"
)

// Place is where a text stands. What is an ordinary request as a turn of a conversation is an attack where it stands in
// a document or in a tool's result.
type Place int

// The places.
const (
	Turn Place = iota
	Inside
	Places
)

// Head is what a model knows of one place.
type Head struct {
	Weights []float32 // one for each bucket
	Bias    float32
}

// Model is a trained model. It is read-only and may be shared.
type Model struct {
	heads [Places]head
}

type head struct {
	weights []int8
	unit    float32 // what a weight of 1 is worth
	bias    float32
}

// magic begins the file of a model.
const magic = "weirlin2"

// headBytes is how much of the file a head takes.
const headBytes = 8 + Buckets

// Encode is the file of a model with these heads: weights are rounded to 8 bits.
func Encode(heads [Places]Head) []byte {
	out := []byte(magic)
	for _, h := range heads {
		top := float32(0)
		for _, w := range h.Weights {
			top = max(top, max(w, -w))
		}
		unit := max(top/127, 1e-12)
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(unit))
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(h.Bias))
		for _, w := range h.Weights {
			out = append(out, byte(int8(math.Round(float64(w/unit)))))
		}
	}
	return out
}

// Decode reads a file that Encode made.
func Decode(file []byte) (*Model, error) {
	if want := len(magic) + int(Places)*headBytes; len(file) != want || string(file[:len(magic)]) != magic {
		return nil, fmt.Errorf("a model of %d bytes: want %d that begin with %q", len(file), want, magic)
	}
	m := &Model{}
	for p := range m.heads {
		part := file[len(magic)+p*headBytes:][:headBytes]
		h := &m.heads[p]
		h.unit = math.Float32frombits(binary.LittleEndian.Uint32(part))
		h.bias = math.Float32frombits(binary.LittleEndian.Uint32(part[4:]))
		h.weights = make([]int8, Buckets)
		for i, b := range part[8:] {
			h.weights[i] = int8(b)
		}
	}
	return m, nil
}

// damp keeps windows of a few words from being judged as surely as long ones.
const damp = 12

// Score appends the windows of a text at a place with their scores: of those that begin at a chunk the one that scores
// highest.
func (m *Model) Score(s *Scratch, t *normal.Text, p Place, into []Span) []Span {
	h := &m.heads[p]
	s.sum(t, h, p)
	end := t.From(len(t.Bytes))
	last := len(s.list) - 1 // what all chunks add up to
	spans(s.list[:max(0, last)], p, func(first, near, far int) {
		best, past := h.logit(s.list, first, far), far
		if near < far {
			if l := h.logit(s.list, first, near); l > best {
				best, past = l, near
			}
		}
		w := Span{s.list[first].from, end, 0}
		if best > unlikely {
			w.Score = 1 / (1 + math.Exp(-float64(best)))
		}
		if past < last {
			w.End = s.list[past].from
		}
		into = append(into, w)
	})
	return into
}

const (
	unlikely = -4 // a logit below which a score is 0
	least    = 24 // features of a window: one or two words are no attack by themselves
)

// logit is that of the window from one chunk to another.
func (h *head) logit(list []chunk, first, past int) float32 {
	sum, n := list[past].sum-list[first].sum, list[past].n-list[first].n
	if n < least {
		return unlikely
	}
	return h.bias + float32(sum)*h.unit/float32(math.Sqrt(float64(n)+damp))
}

// Scratch is what scoring needs. One serves one text at a time.
type Scratch struct {
	list  []chunk
	words [Places]*[wordsKept]known
}

// known is what a head makes of a word by itself, kept since a text has few words and many of each.
type known struct {
	hash  uint64
	sum   int32
	n     int16
	class uint8
}

// wordsKept is how many words a Scratch keeps for a head: a power of two.
const wordsKept = 1 << 11

// sum leaves the chunks with the sums before them, and one more with the sum of all.
func (s *Scratch) sum(t *normal.Text, h *head, p Place) {
	if s.words[p] == nil {
		s.words[p] = new([wordsKept]known)
	}
	words, weights := s.words[p], (*[Buckets]int8)(h.weights)
	s.list = s.list[:0]
	var sum int64
	var n int32
	var again repeats
	w := walk(t)
	for w.next() {
		if w.begins {
			sum, n = again.next(sum, n)
			s.list = append(s.list, chunk{w.from, sum, n})
		}
		for b, ok := w.signed(); ok; b, ok = w.signed() {
			sum, n = sum+int64(weights[b]), n+1
		}
		if w.tok.mark {
			w.memory.mark(&w.tok, &w.links)
		} else {
			k := &words[w.tok.hash>>20&(wordsKept-1)]
			if k.hash != w.tok.hash {
				k.learn(t.Bytes, &w.tok, weights)
			}
			sum, n = sum+int64(k.sum), n+int32(k.n)
			w.memory.word(&w.tok, w.from, uint64(k.class), &w.links)
		}
		for _, b := range w.links.list[:w.links.n] {
			sum += int64(weights[b])
		}
		n += int32(w.links.n)
	}
	s.list = append(s.list, chunk{len(t.Bytes), sum, n})
}

// repeats tells a chunk that says what the one before it says: it adds nothing, however often it stands there.
type repeats struct {
	sum, lastSum int64 // before the chunk at hand, and of the one before it
	n, lastN     int32
}

// next takes what stands before the next chunk, and returns it without the chunk that ends there if that is a repeat.
func (r *repeats) next(sum int64, n int32) (int64, int32) {
	ofSum, ofN := sum-r.sum, n-r.n
	if ofN > 0 && ofN == r.lastN && ofSum == r.lastSum {
		return r.sum, r.n
	}
	r.sum, r.n, r.lastSum, r.lastN = sum, n, ofSum, ofN
	return sum, n
}

// learn looks a word up.
func (k *known) learn(b []byte, t *token, weights *[Buckets]int8) {
	class := classOf(t.hash)
	*k = known{hash: t.hash, class: uint8(class)}
	alone(b, t, class, func(x uint32) {
		k.sum += int32(weights[x])
		k.n++
	})
}
