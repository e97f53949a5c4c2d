package classify

import (
	_ "embed"
	"strings"

	"weir/policy/detect/normal"
)

//go:embed lexicon.txt
var lexicon string

// The table of words that mean the same in an attack, whatever the language: open addressing by a word's hash.
const wordSlots = 1 << 13

type meaning struct {
	hash  uint64
	class uint8
}

// meanings maps words to classes of the lexicon, from 1. A word that is on several lines is of the first.
var meanings = func() (t [wordSlots]meaning) {
	var r normal.Reader
	for class, line := range strings.Split(strings.TrimSpace(lexicon), "\n") {
		_, words, _ := strings.Cut(line, ":")
		for _, w := range strings.Fields(words) {
			var tok token
			if !tok.next(r.Read(w).Bytes, 0) {
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

// Meanings are words that mean the same in an attack: one list for each class.
func Meanings() [][]string {
	var out [][]string
	for _, line := range strings.Split(strings.TrimSpace(lexicon), "\n") {
		_, words, _ := strings.Cut(line, ":")
		out = append(out, strings.Fields(words))
	}
	return out
}

// classOf is the class of a word, 0 for none.
func classOf(hash uint64) uint64 {
	for i := hash & (wordSlots - 1); meanings[i].class != 0; i = (i + 1) & (wordSlots - 1) {
		if meanings[i].hash == hash {
			return uint64(meanings[i].class)
		}
	}
	return 0
}
