package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"weir/policy/detect/classify"
	"weir/policy/detect/normal"
	"weir/test/figures"
	"weir/tools/corpus"
)

// sample is a text as a model sees it, and what it is at its place.
type sample struct {
	source string
	held   bool
	label  int
	read   classify.Read
	weight float32
}

// guard trains the injection model, and says how it does on what it knows.
func guard(data, out string) error {
	rows, err := guardRows(data)
	if err != nil {
		return err
	}
	samples := see(rows)
	var heads [classify.Places]classify.Head
	for p := range classify.Places {
		var train []sample
		for _, s := range samples[p] {
			if !s.held {
				train = append(train, s)
			}
		}
		m := fit(train)
		fmt.Println("--- at place", p)
		rates(os.Stdout, m, samples[p])
		heads[p] = classify.Head{Weights: m.weights, Bias: m.bias - caution[p]}
	}
	return os.WriteFile(filepath.Join(out, "classify", "injection.bin"), classify.Encode(heads), 0o644)
}

// guardWithout says how the injection model does without each source in turn.
func guardWithout(data, _ string) error {
	rows, err := guardRows(data)
	if err != nil {
		return err
	}
	return figures.Write("eval-sources", crossed(os.Stdout, see(rows)))
}

// caution is what a text must have beyond even odds, so that a score of 0.5 stands for about one benign text in a hundred
// of sources that were left out.
var caution = [classify.Places]float32{classify.Turn: 0.8, classify.Inside: 2.7}

func guardRows(data string) ([]corpus.Row, error) {
	g, err := corpus.Read(corpus.Training...)
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
	rng := rand.New(rand.NewPCG(7, 11))
	docs := corpus.Documents(in, g, rows, rng)
	rows = append(append(rows, plain...), docs...)
	made := corpus.Composed(g, rows, rng, 4000)
	var carriers []string
	for _, r := range made {
		carriers = append(carriers, r.Text)
	}
	rows = append(append(rows, made...), corpus.Generated(g, rng, 1200, carriers)...)
	held, err := corpus.HeldOut(rng)
	if err != nil {
		return nil, err
	}
	return append(rows, held...), nil
}

// about are the ordinary texts that look most like attacks: they talk about them, or use their words. They weigh more.
var about = map[string]bool{
	"generated benign_trigger": true, "generated benign_hard": true, "generated benign_near": true, "generated benign_task": true, "templated-security-questions": true, "prompts.chat": true,
	"jackhhao-train": true, "muldimif": true,
}

// see extracts features, and weighs every source and label alike however many rows it has.
func see(rows []corpus.Row) map[classify.Place][]sample {
	var r normal.Reader
	var s classify.Scratch
	type key struct {
		p      classify.Place
		source string
		label  int
	}
	count := map[key]float64{}
	each := func(x *corpus.Row, visit func(p classify.Place, label int)) {
		for p, label := range [...]int{classify.Turn: x.Label, classify.Inside: x.Inside} {
			if label != corpus.Unused {
				visit(classify.Place(p), label)
			}
		}
	}
	for i := range rows {
		each(&rows[i], func(p classify.Place, label int) { count[key{p, rows[i].Source, label}]++ })
	}
	out := map[classify.Place][]sample{}
	for i := range rows {
		x := &rows[i]
		each(x, func(p classify.Place, label int) {
			w := classify.Windows(&s, r.Read(x.Text), p)
			n := count[key{p, x.Source, label}]
			weight := float32(math.Min(1, math.Sqrt(1500/n)))
			if about[x.Source] {
				weight *= 3
			}
			out[p] = append(out[p], sample{x.Source, x.Held, label, w, weight})
		})
	}
	return out
}
