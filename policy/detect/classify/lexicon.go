package classify

import (
	_ "embed"
	"strings"

	"weir/policy/detect/normal"
)

//go:embed lexicon.txt
var lexicon string

// The table of words that mean the same in an attack, whatever the language: open addressing by a word's hash.
const wordSlots = 1 << 12

type meaning struct {
	hash  uint64
	class uint8
}

// meanings maps words to classes of the lexicon, from 1.
var meanings = func() (t [wordSlots]meaning) {
	var r normal.Reader
	for class, line := range strings.Split(strings.TrimSpace(lexicon), "\n") {
		_, words, _ := strings.Cut(line, ":")
		for _, w := range strings.Fields(words) {
			tok, ok := nextToken(r.Read(w).Bytes, 0)
			if !ok {
				continue
			}
			i := tok.hash & (wordSlots - 1)
			for t[i].class != 0 && t[i].hash != tok.hash {
				i = (i + 1) & (wordSlots - 1)
			}
			if t[i].class == 0 {
				t[i] = meaning{tok.hash, uint8(class + 1)}
			}
		}
	}
	return t
}()

// classOf is the class of a word, 0 for none.
func classOf(hash uint64) uint64 {
	for i := hash & (wordSlots - 1); meanings[i].class != 0; i = (i + 1) & (wordSlots - 1) {
		if meanings[i].hash == hash {
			return uint64(meanings[i].class)
		}
	}
	return 0
}

// How many bytes of the text may lie between words that are read together.
const (
	adjacent = 20
	near     = 64
	remote   = 96
)

// thought is the latest words of a class.
type thought struct {
	last, before uint64
	at, atBefore int // in the text
}

// read gives add what a word at a place of the text means together with those before it.
func (h *thought) read(hash uint64, at int, add func(uint32)) {
	c := classOf(hash)
	if c == 0 {
		return
	}
	add(bucket(mix(c, saltClass)))
	if gap := at - h.at; h.last != 0 && gap <= near {
		add(bucket(mix(mix(h.last, c), saltClassPair)))
		if gap <= adjacent {
			add(bucket(mix(mix(h.last, c), saltClassNext)))
		}
		if h.before != 0 && at-h.atBefore <= remote {
			add(bucket(mix(mix(mix(h.before, h.last), c), saltClassTriple)))
			add(bucket(mix(mix(h.before, c), saltClassSkip)))
		}
	}
	h.before, h.atBefore, h.last, h.at = h.last, h.at, c, at
}
