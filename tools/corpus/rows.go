package corpus

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"weir/policy/detect/classify"
)

// Row is one text to train on or to measure with.
type Row struct {
	Text   string `json:"text"`
	Label  int    `json:"label"` // as a turn of a conversation: 1 an attack, 0 none
	Inside int    `json:"-"`     // the same where it stands in a document or a tool's result
	Source string `json:"source"`
	Held   bool   `json:"-"` // never trained on
}

// Unused is the label of a text that says nothing: an order to a model is no attack as a turn, and is none to learn
// from as a document.
const Unused = -1

// heldOut are the sources that are never trained on.
var heldOut = map[string]bool{"user-oriented": true}

// Prompts reads the labelled prompts.
func Prompts(dir string) ([]Row, error) {
	var out []Row
	err := Lines(filepath.Join(dir, "guardrail", "prompts.jsonl.gz"), func(line []byte) error {
		var r Row
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		r.Held, r.Inside = heldOut[r.Source], r.Label
		if r.Label == 0 && !strings.HasSuffix(r.Source, "-response") {
			r.Inside = Unused
		}
		if !muddled(r) {
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// muddled says whether a row's label is not to be trusted: one source marks requests for harm as benign, and bits of
// unfinished attacks as attacks.
func muddled(r Row) bool {
	return r.Source == "neuralchemy" && (r.Label == 0 && len(r.Text) > 90 || r.Label == 1 && len(r.Text) < 12)
}

// Sentences are those of the labelled names, as ordinary text.
func Sentences(dir string) ([]Row, error) {
	var out []Row
	for _, f := range []struct{ file, source string }{
		{"btc_a", "tweets"}, {"btc_b", "tweets"}, {"btc_e", "tweets"}, {"btc_f", "tweets"}, {"btc_g", "tweets"},
		{"wnut_wnut17train", "tweets"}, {"wikigold", "wiki"},
	} {
		var words []string
		flush := func() {
			if len(words) > 0 {
				out = append(out, Row{Text: strings.Join(words, " "), Source: f.source})
			}
			words = nil
		}
		err := Lines(filepath.Join(dir, "pii", f.file+".conll.gz"), func(line []byte) error {
			w := strings.Fields(string(line))
			if len(w) == 0 {
				flush()
				return nil
			}
			words = append(words, w[0])
			return nil
		})
		if err != nil {
			return nil, err
		}
		flush()
	}
	return out, nil
}

// Indirect are documents, and orders to hide in them.
type Indirect struct {
	Contexts []struct{ Kind, Text string }
	Attacks  map[string]map[string][]string
}

// ReadIndirect reads the documents.
func ReadIndirect(dir string) (in Indirect, err error) {
	f, err := os.Open(filepath.Join(dir, "guardrail", "indirect.json.gz"))
	if err != nil {
		return in, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return in, err
	}
	return in, json.NewDecoder(z).Decode(&in)
}

// Documents makes ordinary documents, and documents with something in them that is meant for whoever reads them for a
// user. Kinds of orders and contexts are parted before anything is made of them. An order that any user could give is an
// attack only inside of a document.
func Documents(in Indirect, g *Grammar, prompts []Row, rng *rand.Rand) []Row {
	var out []Row
	var orders, held []string
	for _, family := range slices.Sorted(maps.Keys(in.Attacks)) {
		for _, kind := range slices.Sorted(maps.Keys(in.Attacks[family])) {
			if chance("kind "+kind) < 0.35 {
				held = append(held, in.Attacks[family][kind]...)
			} else {
				orders = append(orders, in.Attacks[family][kind]...)
			}
		}
	}
	asked := short(prompts)
	for _, c := range in.Contexts {
		isHeld := chance("context "+c.Text) < 0.3
		out = append(out, Row{Text: c.Text, Source: "documents", Held: isHeld})
		from := orders
		if isHeld {
			from = held
		}
		out = append(out, Row{hide(c.Text, from[rng.IntN(len(from))], rng), Unused, 1, "documents with orders", isHeld})
		if !isHeld {
			out = append(out,
				Row{hide(c.Text, g.Make(rng, "attack_indirect"), rng), 1, 1, "documents with attacks", false},
				Row{hide(c.Text, asked[rng.IntN(len(asked))], rng), Unused, 1, "documents with prompts", false},
				Row{hide(c.Text, g.Make(rng, "order_inside"), rng), Unused, 1, "documents with made orders", false},
				Row{hide(c.Text, g.Make(rng, "order_inside"), rng), Unused, 1, "documents with made orders", false},
				Row{hide(c.Text, g.Make(rng, "trigger_plain"), rng), 0, 0, "documents with notes", false})
		}
	}
	return out
}

// short are the ordinary prompts that could be an order in one line.
func short(prompts []Row) []string {
	var out []string
	for _, r := range prompts {
		if r.Label == 0 && r.Inside == Unused && !r.Held && len(r.Text) < 200 && r.Source != "templated-security-questions" {
			out = append(out, r.Text)
		}
	}
	return out
}

// hide puts a text into another one: before, behind, or between two lines.
func hide(in, what string, rng *rand.Rand) string {
	switch rng.IntN(3) {
	case 0:
		return what + "\n" + in
	case 1:
		return in + "\n" + what
	}
	ls := strings.Split(in, "\n")
	at := rng.IntN(len(ls) + 1)
	return strings.Join(append(append(append([]string{}, ls[:at]...), what), ls[at:]...), "\n")
}

// Generated makes texts of the training grammar. Some attacks are hidden in ordinary texts, carriers among them.
func Generated(g *Grammar, rng *rand.Rand, each int, carriers []string) []Row {
	var out []Row
	for _, name := range g.Names("attack_") {
		for range each / 2 {
			text := g.Make(rng, name)
			switch n := rng.IntN(20); {
			case n < 3:
				text = Obfuscate(rng, text)
			case n < 8:
				in := g.Make(rng, []string{"benign_business", "benign_plain", "benign_page"}[n%3])
				if len(carriers) > 0 && rng.IntN(2) == 0 {
					in = carriers[rng.IntN(len(carriers))]
				}
				text = hide(in, text, rng)
			case n == 8:
				text = strings.ToLower(text)
			case n == 9:
				text = typos(text, rng)
			case n < 13:
				text = reworded(text, rng)
			}
			out = append(out, Row{text, 1, 1, "generated " + name, false})
		}
	}
	for _, kind := range []struct {
		name   string
		times  int
		inside int
	}{{"benign_business", 3, Unused}, {"benign_trigger", 3, Unused}, {"benign_lingual", 1, Unused}, {"benign_hard", 4, Unused}, {"benign_task", 4, Unused}, {"benign_page", 3, 0}, {"benign_tongue", 3, 0}, {"benign_calm", 4, Unused}, {"benign_plain", 4, Unused}, {"benign_near", 4, Unused}} {
		for range each * kind.times {
			text := g.Make(rng, kind.name)
			switch rng.IntN(12) {
			case 0:
				text += " " + g.Make(rng, "benign_business")
			case 1:
				text = strings.ToLower(text)
			case 2:
				text = typos(text, rng)
			case 3, 4:
				text = reworded(text, rng)
			}
			out = append(out, Row{text, 0, kind.inside, "generated " + kind.name, false})
		}
	}
	return out
}

// reworded puts other words of the same meaning for some of a text's words, so that what words mean counts, and not only
// which they are.
func reworded(s string, rng *rand.Rand) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if same := meant()[strings.ToLower(w)]; len(same) > 0 && rng.IntN(2) == 0 {
			words[i] = same[rng.IntN(len(same))]
		}
	}
	return strings.Join(words, " ")
}

// meant lists the words that mean the same as each that the classifier has a meaning for.
var meant = sync.OnceValue(func() map[string][]string {
	m := map[string][]string{}
	for _, same := range classify.Meanings() {
		for _, w := range same {
			if m[w] == nil {
				m[w] = same
			}
		}
	}
	return m
})

// typos swaps a few letters.
func typos(s string, rng *rand.Rand) string {
	b := []byte(s)
	for range 1 + len(b)/40 {
		if i := rng.IntN(len(b)); i+1 < len(b) && b[i] < 0x80 && b[i+1] < 0x80 {
			b[i], b[i+1] = b[i+1], b[i]
		}
	}
	return string(b)
}

// chance is a number of a text, evenly in 0..1.
func chance(s string) float64 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return float64(h.Sum32()*2654435761>>8) / (1 << 24)
}

// Lines visits the lines of a compressed file.
func Lines(path string, visit func([]byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Base(path), err)
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		if err := visit(s.Bytes()); err != nil {
			return fmt.Errorf("reading %s: %w", filepath.Base(path), err)
		}
	}
	return s.Err()
}

// HeldOut makes texts of the grammars that are never trained on: attacks, ordinary prompts, and prompts that talk about
// attacks. No text comes twice.
func HeldOut(rng *rand.Rand) ([]Row, error) {
	h, err := Read(Held...)
	if err != nil {
		return nil, err
	}
	var out []Row
	for _, k := range []struct {
		rule          string
		label, inside int
	}{{"held_attack", 1, 1}, {"held_benign", 0, Unused}, {"held_trigger", 0, Unused}} {
		seen := map[string]bool{}
		for range 1000 {
			if text := h.Make(rng, k.rule); !seen[text] {
				seen[text] = true
				out = append(out, Row{text, k.label, k.inside, k.rule, true})
			}
		}
	}
	return out, nil
}
