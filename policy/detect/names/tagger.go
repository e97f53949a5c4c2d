package names

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Tagger is a trained model with its lists. It is read-only and may be shared.
type Tagger struct {
	*Lists
	weights []int8 // Classes for each bucket
	unit    float32
}

// magic begins the file of a tagger.
const magic = "weirnam2"

// Encode is the file of a tagger.
func Encode(g *Lists, weights []float32) []byte {
	top := float32(0)
	for _, w := range weights {
		top = max(top, max(w, -w))
	}
	unit := top / 127
	out := binary.LittleEndian.AppendUint32([]byte(magic), math.Float32bits(unit))
	for _, set := range g.sets {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(set)))
		out = append(out, set...)
	}
	for _, w := range weights {
		out = append(out, byte(int8(math.Round(float64(w/max(unit, 1e-12))))))
	}
	return out
}

// Decode reads a file that Encode made.
func Decode(file []byte) (*Tagger, error) {
	short := fmt.Errorf("a tagger of %d bytes: it is cut short or does not begin with %q", len(file), magic)
	if len(file) < len(magic)+4 || string(file[:len(magic)]) != magic {
		return nil, short
	}
	t := &Tagger{Lists: &Lists{}, unit: math.Float32frombits(binary.LittleEndian.Uint32(file[len(magic):]))}
	rest := file[len(magic)+4:]
	for k := range t.sets {
		if len(rest) < 4 {
			return nil, short
		}
		n := int(binary.LittleEndian.Uint32(rest))
		if n > len(rest)-4 {
			return nil, short
		}
		t.sets[k], rest = rest[4:4+n], rest[4+n:]
	}
	if len(rest) != Buckets*Classes {
		return nil, short
	}
	t.weights = make([]int8, len(rest))
	for i, b := range rest {
		t.weights[i] = int8(b)
	}
	return t, nil
}

// Name is one name in a text.
type Name struct {
	Start, End int
	Class      int
	Score      float64 // 0..1
}

// Scratch is what finding needs. One serves one text at a time.
type Scratch struct {
	tokens   []Token
	features []uint32
}

// Find appends the names in a text.
func (t *Tagger) Find(s *Scratch, text string, into []Name) []Name {
	s.tokens = t.Tokens(text, s.tokens[:0])
	last := Other
	for i := range s.tokens {
		tok := &s.tokens[i]
		if !tok.candidate {
			last = Other
			continue
		}
		class, score := t.classify(s, text, i, last)
		switch {
		case class == Other:
		case class == last && tok.joined:
			n := &into[len(into)-1]
			n.End, n.Score = tok.End, max(n.Score, score)
		default:
			into = append(into, Name{tok.Start, tok.End, class, score})
		}
		last = class
	}
	return into
}

// classify is the class of word i, and how sure that is. Deep inside a long run nothing is a name.
func (t *Tagger) classify(s *Scratch, text string, i, last int) (class int, score float64) {
	if before, _ := run(s.tokens, i); before >= longRun {
		return Other, 1
	}
	s.features = Features(text, s.tokens, i, last, s.features[:0])
	var sums [Classes]int32
	for _, b := range s.features {
		row := t.weights[b*Classes : b*Classes+Classes : b*Classes+Classes]
		for c := range sums {
			sums[c] += int32(row[c])
		}
	}
	for c := range sums {
		if sums[c] > sums[class] {
			class = c
		}
	}
	total := 0.0
	for c := range sums {
		total += math.Exp(float64(sums[c]-sums[class]) * float64(t.unit))
	}
	return class, 1 / total
}

// Open is the first place of a text from which a name could still begin or grow if more text came.
func (t *Tagger) Open(s *Scratch, text string) int {
	from := max(0, len(text)-tail)
	s.tokens = t.Tokens(text[from:], s.tokens[:0])
	i := len(s.tokens) - 1
	if i < 0 {
		return len(text)
	}
	first := max(0, i-2)
	for k := first; k <= i; k++ {
		if s.tokens[k].candidate {
			for k > 0 && s.tokens[k].joined && s.tokens[k-1].candidate {
				k--
			}
			return from + s.tokens[k].Start
		}
	}
	return from + s.tokens[i].Start
}

// tail is how much of a text's end can be undecided: a run, and the words behind it.
const tail = (longRun + 4) * (longWord + farSpace)

// Candidate says whether a word could be a name.
func (t *Token) Candidate() bool { return t.candidate }
