package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"weir/policy/detect/classify"
	"weir/policy/detect/normal"
	"weir/tools/corpus"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sample is a text as the model sees it.
type sample struct {
	corpus.Row
	windows []classify.Features
	weight  float32
}

// guard trains and measures the injection model.
func guard(data, out string) error {
	rows, err := guardRows(data)
	if err != nil {
		return err
	}
	samples := see(rows)
	var train []sample
	for _, s := range samples {
		if !s.Held {
			train = append(train, s)
		}
	}
	if os.Getenv("FOLDS") != "" {
		folds(train)
	}
	m := fit(train)
	report(m, samples)
	file := classify.Encode(m.weights, m.bias-caution)
	path := filepath.Join(out, "classify", "injection.bin")
	return os.WriteFile(path, file, 0o644)
}

// groups are sources that are left out together to see how a model does without them.
var groups = [][]string{
	{"in-the-wild-jailbreaks", "jackhhao-train"},
	{"neuralchemy", "gpteacher_codegen", "tweets"},
	{"deepset-train"},
	{"templated-security-questions", "gpteacher_roleplay", "wiki", "generated attack_override", "generated attack_extract"},
	{"generated attack_persona", "documents", "gpteacher_codegen-response", "gpteacher_roleplay-response"},
}

// folds trains without each group in turn and says how the model does on it.
func folds(train []sample) {
	for _, left := range groups {
		var part, rest []sample
		for _, s := range train {
			if slices.Contains(left, s.Source) {
				rest = append(rest, s)
			} else {
				part = append(part, s)
			}
		}
		fmt.Println("--- without", left)
		m := fit(part)
		report(m, rest)
		recalls(m, rest)
	}
}

// recalls prints the recall of each source at given rates of false positives over all benign texts.
func recalls(m *linear, rest []sample) {
	var neg []float64
	pos := map[string][]float64{}
	for i := range rest {
		_, l := m.best(&rest[i])
		if rest[i].Label == 0 {
			neg = append(neg, float64(l))
		} else {
			pos[rest[i].Source] = append(pos[rest[i].Source], float64(l))
		}
	}
	slices.Sort(neg)
	for _, name := range sorted(pos) {
		v := pos[name]
		slices.Sort(v)
		for _, fpr := range []float64{0.002, 0.01, 0.03} {
			t := neg[min(len(neg)-1, int(float64(len(neg))*(1-fpr)))]
			i, _ := slices.BinarySearch(v, t)
			fmt.Printf("  %s: recall %.4f at %.1f%% false positives (logit %.2f)\n", name, float64(len(v)-i)/float64(len(v)), 100*fpr, t)
		}
	}
}

func guardRows(data string) ([]corpus.Row, error) {
	g, err := corpus.Read("train/attack.txt", "train/benign.txt")
	if err != nil {
		return nil, err
	}
	rows, err := corpus.Prompts(data)
	if err != nil {
		return nil, err
	}
	in, err := corpus.ReadIndirect(data)
	if err != nil {
		return nil, err
	}
	plain, err := corpus.Sentences(data)
	if err != nil {
		return nil, err
	}
	rows = append(rows, plain...)
	rng := rand.New(rand.NewPCG(7, 11))
	rows = append(rows, corpus.Documents(in, g, rng)...)
	rows = append(rows, corpus.Generated(g, rng, 1500)...)
	held, err := corpus.HeldOut(rng)
	if err != nil {
		return nil, err
	}
	rows = append(rows, held...)
	return rows, nil
}

// see extracts features, and weighs every source and label alike however many rows it has.
func see(rows []corpus.Row) []sample {
	var r normal.Reader
	var s classify.Scratch
	count := map[string]int{}
	for _, x := range rows {
		count[fmt.Sprint(x.Source, x.Label)]++
	}
	out := make([]sample, 0, len(rows))
	for _, x := range rows {
		w := classify.Windows(&s, r.Read(x.Text))
		for i := range w {
			w[i] = slices.Clone(w[i])
		}
		n := float64(count[fmt.Sprint(x.Source, x.Label)])
		out = append(out, sample{x, w, float32(math.Min(1, math.Sqrt(1500/n)))})
	}
	return out
}

// linear is a model in training.
type linear struct {
	weights []float32
	bias    float32
}

func (m *linear) logit(f classify.Features) float32 {
	var sum float32
	for _, b := range f {
		sum += m.weights[b]
	}
	return m.bias + sum/float32(math.Sqrt(float64(len(f))+classify.Damp))
}

// best is the window of a text that looks most like an attack.
func (m *linear) best(s *sample) (at int, logit float32) {
	logit = float32(math.Inf(-1))
	for i, w := range s.windows {
		if l := m.logit(w); l > logit {
			at, logit = i, l
		}
	}
	return at, logit
}

// caution is what a text must have beyond even odds, so that a score of 0.5 stands for one benign text in a hundred
// of sources that were left out.
const caution = 1.0

const (
	epochs = 10
	rate   = 0.3
	decay  = 1e-4
	keep   = 0.6 // of a window's features, at random, in each step
)

// fit trains a logistic regression with AdaGrad. Of a text that is an attack only the window that looks most like one is
// one (the first pass takes all); of any other every window is none.
func fit(samples []sample) *linear {
	m := &linear{weights: make([]float32, classify.Buckets)}
	grads := make([]float32, classify.Buckets)
	var biasGrad float32 = 1
	rng := rand.New(rand.NewPCG(3, 5))
	order := rng.Perm(len(samples))
	for epoch := range epochs {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			s := &samples[i]
			if len(s.windows) == 0 {
				continue
			}
			if s.Label == 1 && epoch > 0 || epoch > 2 {
				at, _ := m.best(s)
				m.step(thin(s.windows[at], rng), float32(s.Label), s.weight, grads, &biasGrad)
				continue
			}
			w := s.weight / float32(math.Sqrt(float64(len(s.windows))))
			for _, f := range s.windows {
				m.step(thin(f, rng), float32(s.Label), w, grads, &biasGrad)
			}
		}
	}
	return m
}

// thin leaves out features at random, so that no text is known by a few of its own.
func thin(f classify.Features, rng *rand.Rand) classify.Features {
	out := make(classify.Features, 0, len(f))
	for _, b := range f {
		if rng.Float32() < keep {
			out = append(out, b)
		}
	}
	return out
}

// step moves the weights against the gradient of one window.
func (m *linear) step(f classify.Features, label, weight float32, grads []float32, biasGrad *float32) {
	p := 1 / (1 + float32(math.Exp(-float64(m.logit(f)))))
	g := (p - label) * weight
	if g > -0.01 && g < 0.01 {
		return
	}
	each := g / float32(math.Sqrt(float64(len(f))+classify.Damp))
	for _, b := range f {
		d := each + decay*m.weights[b]
		grads[b] += d * d
		m.weights[b] -= rate * d / float32(math.Sqrt(float64(grads[b]))+0.1)
	}
	*biasGrad += g * g
	m.bias -= rate * g / float32(math.Sqrt(float64(*biasGrad)))
}

// report prints how a model does on each source.
func report(m *linear, samples []sample) {
	type key struct {
		source string
		label  int
		held   bool
	}
	scores := map[key][]float64{}
	for i := range samples {
		s := &samples[i]
		_, l := m.best(s)
		k := key{s.Source, s.Label, s.Held}
		scores[k] = append(scores[k], float64(l))
	}
	keys := slices.SortedFunc(maps.Keys(scores), func(a, b key) int {
		return cmp.Or(cmp.Compare(fmt.Sprint(!a.held), fmt.Sprint(!b.held)), cmp.Compare(a.label, b.label), cmp.Compare(a.source, b.source))
	})
	for _, k := range keys {
		v := scores[k]
		slices.Sort(v)
		over := func(t float64) float64 {
			i, _ := slices.BinarySearch(v, t)
			return float64(len(v)-i) / float64(len(v))
		}
		fmt.Printf("held=%-5v label=%d %-28s n=%5d  >0:%.4f >1:%.4f >2:%.4f >3:%.4f\n", k.held, k.label, k.source, len(v), over(0), over(1), over(2), over(3))
	}
}
