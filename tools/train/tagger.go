package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"weir/policy/detect/names"
	"weir/test/figures"
	"weir/tools/corpus"
)

// tagged is a text with the classes of its words, by where each begins.
type tagged struct {
	text   string
	spans  []names.Name
	source string
	held   bool
}

// labels maps the tags of the data to classes.
var labels = map[string]int{
	"PER": names.Person, "person": names.Person, "LOC": names.Location, "location": names.Location,
	"ORG": names.Organization, "corporation": names.Organization, "group": names.Organization,
}

// conll reads sentences of words with tags.
func conll(path, source string, held bool) ([]tagged, error) {
	var out []tagged
	var cur tagged
	var b strings.Builder
	class, begins := names.Other, false
	flush := func() {
		if b.Len() > 0 {
			cur.text, cur.source, cur.held = b.String(), source, held
			out = append(out, cur)
		}
		cur, class = tagged{}, names.Other
		b.Reset()
	}
	err := corpus.Lines(path, func(line []byte) error {
		f := strings.Fields(string(line))
		if len(f) < 2 {
			flush()
			return nil
		}
		tag := f[len(f)-1]
		kind := ""
		if i := strings.IndexByte(tag, '-'); i > 0 {
			kind, begins = tag[i+1:], tag[0] == 'B'
		}
		now := labels[kind]
		if b.Len() > 0 && !strings.Contains(".,!?;:'", f[0][:1]) {
			b.WriteByte(' ')
		}
		start := b.Len()
		b.WriteString(f[0])
		switch {
		case now == names.Other:
		case now == class && !begins:
			cur.spans[len(cur.spans)-1].End = b.Len()
		default:
			cur.spans = append(cur.spans, names.Name{Start: start, End: b.Len(), Class: now})
		}
		class = now
		return nil
	})
	flush()
	return out, err
}

// values are invented names to fill templates with.
type values struct {
	first, sur, firstAll, surAll, places, cities, orgWords, orgTails, orgKnown, listed []string
}

func readValues(data string) (*values, error) {
	v := &values{}
	for _, f := range []struct {
		file string
		to   *[]string
	}{{"first-names.txt.gz", &v.firstAll}, {"surnames.txt.gz", &v.surAll}} {
		err := corpus.Lines(filepath.Join(data, "pii", f.file), func(line []byte) error {
			*f.to = append(*f.to, strings.TrimPrefix(string(line), "\ufeff"))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	g, err := corpus.Read("train/places.txt", "train/names.txt", "train/cities.txt")
	if err != nil {
		return nil, err
	}
	for _, line := range g.Lines("places") {
		v.places = append(v.places, strings.Fields(line)...)
	}
	v.listed = slices.Clone(v.places)
	for _, line := range g.Lines("cities") {
		v.listed = append(v.listed, strings.Fields(line)...)
	}
	v.orgWords = strings.Fields(g.Lines("org_word")[0])
	v.orgKnown = strings.Fields(g.Lines("org_known")[0])
	for _, t := range strings.Split(g.Lines("org_tail")[0], "|") {
		v.orgTails = append(v.orgTails, strings.TrimSpace(t))
	}
	return v, v.identities(filepath.Join(data, "pii", "fake-identities.csv.gz"))
}

// identities reads invented persons: given names, surnames and cities that occur together.
func (v *values) identities(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return err
	}
	r := csv.NewReader(z)
	head, err := r.Read()
	if err != nil {
		return err
	}
	col := map[string]int{}
	for i, h := range head {
		col[strings.TrimPrefix(h, "\ufeff")] = i
	}
	for {
		rec, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading identities: %w", err)
		}
		v.first = append(v.first, rec[col["GivenName"]])
		v.sur = append(v.sur, rec[col["Surname"]])
		v.cities = append(v.cities, rec[col["City"]])
	}
}

func pick(rng *rand.Rand, list []string) string { return list[rng.IntN(len(list))] }

// given is a given name: often a common one, sometimes any of the list.
func (v *values) given(rng *rand.Rand) string {
	if rng.IntN(4) > 0 {
		return pick(rng, v.first)
	}
	return pick(rng, v.firstAll)
}

func (v *values) family(rng *rand.Rand) string {
	if rng.IntN(4) > 0 {
		return pick(rng, v.sur)
	}
	return pick(rng, v.surAll)
}

func (v *values) person(rng *rand.Rand) string {
	switch rng.IntN(12) {
	case 0:
		return v.given(rng) + " " + string(rune('A'+rng.IntN(26))) + ". " + v.family(rng)
	case 1:
		return v.given(rng) + " " + v.family(rng) + "-" + v.family(rng)
	case 2:
		return string(rune('A'+rng.IntN(26))) + ". " + v.family(rng)
	case 3:
		return v.given(rng)
	case 4:
		return v.given(rng) + " " + v.given(rng) + " " + v.family(rng)
	}
	return v.given(rng) + " " + v.family(rng)
}

func (v *values) organization(rng *rand.Rand) string {
	switch rng.IntN(6) {
	case 0, 1:
		return pick(rng, v.orgKnown)
	case 2:
		return v.family(rng) + " " + pick(rng, v.orgTails)
	case 3:
		return pick(rng, v.orgWords) + " " + pick(rng, v.orgWords) + " " + pick(rng, v.orgTails)
	}
	return pick(rng, v.orgWords) + " " + pick(rng, v.orgTails)
}

func (v *values) place(rng *rand.Rand) string {
	if rng.IntN(3) == 0 {
		return pick(rng, v.cities)
	}
	return pick(rng, v.places)
}

// fill replaces the slots of a template and notes what they hold.
func (v *values) fill(rng *rand.Rand, text string) tagged {
	var b strings.Builder
	t := tagged{source: "generated"}
	for text != "" {
		open := strings.IndexByte(text, '{')
		end := -1
		if open >= 0 {
			end = strings.IndexByte(text[open:], '}')
		}
		if end < 0 {
			break
		}
		value, class := "", names.Person
		switch text[open+1 : open+end] {
		case "P":
			value = v.person(rng)
		case "F":
			value = v.given(rng)
		case "S":
			value = v.family(rng)
		case "UP":
			value = strings.ToUpper(v.given(rng) + " " + v.family(rng))
		case "LP":
			value = strings.ToLower(v.given(rng) + " " + v.family(rng))
		case "LF":
			value = strings.ToLower(v.given(rng))
		case "L":
			value, class = v.place(rng), names.Location
		case "LL":
			value, class = strings.ToLower(v.place(rng)), names.Location
		case "O":
			value, class = v.organization(rng), names.Organization
		default:
			value, class = text[open:open+end+1], names.Other
		}
		b.WriteString(text[:open])
		if class != names.Other {
			t.spans = append(t.spans, names.Name{Start: b.Len(), End: b.Len() + len(value), Class: class})
		}
		b.WriteString(value)
		text = text[open+end+1:]
	}
	b.WriteString(text)
	t.text = b.String()
	return t
}

// nameTexts are all labelled texts: those of the data, and templates with invented names.
func nameTexts(data string, v *values) ([]tagged, error) {
	var out []tagged
	for _, f := range []struct {
		file string
		held bool
	}{{"wnut_wnut17train", false}, {"wnut_emerging.dev", true}, {"wikigold", false}, {"btc_a", false}, {"btc_b", false}, {"btc_e", true}, {"btc_f", false}, {"btc_g", false}} {
		texts, err := conll(filepath.Join(data, "pii", f.file+".conll.gz"), f.file, f.held)
		if err != nil {
			return nil, err
		}
		out = append(out, texts...)
	}
	g, err := corpus.Read(append([]string{"train/names.txt"}, corpus.Training...)...)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(17, 19))
	for range 24000 {
		t := v.fill(rng, g.Make(rng, "named"))
		if rng.IntN(3) == 0 {
			t.text += " " + g.Make(rng, "plain")
		}
		out = append(out, t)
	}
	for range 3000 {
		out = append(out, tagged{text: g.Make(rng, "benign_business"), source: "plain"})
	}
	return out, nil
}

// nameFile trains the tagger and writes its file.
func nameFile(data, out string) error {
	v, err := readValues(data)
	if err != nil {
		return err
	}
	texts, err := nameTexts(data, v)
	if err != nil {
		return err
	}
	lists := names.NewLists(words(v.firstAll), words(v.surAll), v.listed, ordinary(texts))
	weights := fitNames(lists, texts)
	file := names.Encode(lists, weights)
	if err := os.WriteFile(filepath.Join(out, "names", "names.bin"), file, 0o644); err != nil {
		return err
	}
	tagger, err := names.Decode(file)
	if err != nil {
		return err
	}
	reportNames(tagger, texts)
	return nil
}

// often is how many times a word stands in small letters that counts as an ordinary one.
const often = 3

// ordinary are the words that stand in small letters in texts to train on.
func ordinary(texts []tagged) []string {
	count := map[string]int{}
	for i := range texts {
		if texts[i].held {
			continue
		}
		for _, w := range strings.FieldsFunc(texts[i].text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if w == strings.ToLower(w) && len(w) > 1 {
				count[w]++
			}
		}
	}
	var out []string
	for _, w := range slices.Sorted(maps.Keys(count)) {
		if count[w] >= often {
			out = append(out, w)
		}
	}
	return out
}

// words parts names of several words, and leaves out what is too short to say anything.
func words(list []string) []string {
	var out []string
	for _, n := range list {
		for _, w := range strings.FieldsFunc(n, func(r rune) bool { return r == ' ' || r == '-' || r == '\'' }) {
			if len(w) > 1 {
				out = append(out, w)
			}
		}
	}
	return out
}

// classAt is the class of the name around a place.
func (t *tagged) classAt(at int) int {
	for _, s := range t.spans {
		if at >= s.Start && at < s.End {
			return s.Class
		}
	}
	return names.Other
}

// fitNames trains a softmax over the words that could be names, with AdaGrad and features left out at random.
func fitNames(lists *names.Lists, texts []tagged) []float32 {
	weights := make([]float32, names.Buckets*names.Classes)
	grads := make([]float32, len(weights))
	rng := rand.New(rand.NewPCG(23, 29))
	order := rng.Perm(len(texts))
	var tokens []names.Token
	var features []uint32
	for epoch := range 5 {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, k := range order {
			t := &texts[k]
			if t.held {
				continue
			}
			tokens = lists.Tokens(t.text, tokens[:0])
			last := names.Other
			for i := range tokens {
				if !tokens[i].Candidate() {
					last = names.Other
					continue
				}
				features = names.Features(t.text, tokens, i, last, features[:0])
				last = t.classAt(tokens[i].Start)
				n := 0
				for _, f := range features {
					if rng.Float32() < 0.75 {
						features[n] = f
						n++
					}
				}
				stepNames(weights, grads, features[:n], t.classAt(tokens[i].Start))
			}
		}
		_ = epoch
	}
	return weights
}

// stepNames moves the weights against the gradient of one word.
func stepNames(weights, grads []float32, features []uint32, class int) {
	var p [names.Classes]float64
	total := 0.0
	for c := range p {
		var sum float32
		for _, b := range features {
			sum += weights[int(b)*names.Classes+c]
		}
		p[c] = math.Exp(math.Min(float64(sum), 40))
		total += p[c]
	}
	for c := range p {
		g := float32(p[c] / total)
		if c == class {
			g--
		}
		if g > -0.01 && g < 0.01 {
			continue
		}
		for _, b := range features {
			at := int(b)*names.Classes + c
			d := g + 1e-4*weights[at]
			grads[at] += d * d
			weights[at] -= 0.15 * d / (float32(math.Sqrt(float64(grads[at]))) + 0.1)
		}
	}
}

// nameSets measures the embedded tagger on the sets that it was not trained on.
func nameSets(data, out string) error {
	file, err := os.ReadFile(filepath.Join(out, "names", "names.bin"))
	if err != nil {
		return err
	}
	tagger, err := names.Decode(file)
	if err != nil {
		return err
	}
	v, err := readValues(data)
	if err != nil {
		return err
	}
	texts, err := nameTexts(data, v)
	if err != nil {
		return err
	}
	return figures.Write("eval-names", reportNames(tagger, texts))
}

// classNames are what people call the classes.
var classNames = [names.Classes]string{names.Person: "persons", names.Location: "places", names.Organization: "organisations"}

// reportNames prints how many names are found, and how many of what is found are names, by source and class, and returns
// the figures of the sets that are held out. A name is found where its class is right and it shares a byte.
func reportNames(tagger *names.Tagger, texts []tagged) (list []figures.Figure) {
	type key struct {
		source string
		held   bool
		class  int
	}
	hit, said, meant := map[key]int{}, map[key]int{}, map[key]int{}
	var s names.Scratch
	for i := range texts {
		t := &texts[i]
		for _, f := range tagger.Find(&s, t.text, nil) {
			k := key{t.source, t.held, f.Class}
			said[k]++
			if slices.ContainsFunc(t.spans, func(w names.Name) bool { return w.Class == f.Class && w.Start < f.End && f.Start < w.End }) {
				hit[k]++
			}
		}
		for _, w := range t.spans {
			meant[key{t.source, t.held, w.Class}]++
		}
	}
	keys := slices.SortedFunc(maps.Keys(meant), func(a, b key) int { return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.class, b.class)) })
	for _, k := range keys {
		p, r := float64(hit[k])/float64(max(1, said[k])), float64(hit[k])/float64(max(1, meant[k]))
		f1 := 2 * p * r / max(p+r, 1e-9)
		fmt.Printf("names held=%-5v %-18s %-13s precision %.3f recall %.3f F1 %.3f (%d)\n", k.held, k.source, classNames[k.class], p, r, f1, meant[k])
		if k.held {
			name := k.source + ", " + classNames[k.class]
			list = append(list, figures.Stated(name+": precision", p, ""), figures.Stated(name+": recall", r, ""), figures.Stated(name+": F1", f1, ""))
		}
	}
	return list
}
