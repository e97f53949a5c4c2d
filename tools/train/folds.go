package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"weir/policy/detect/classify"
	"weir/test/figures"
)

// fold is sources that are left out together, to see how a model does without them.
type fold struct {
	of   classify.Place
	left []string
}

// folds are the sources that are real, each left out with ordinary texts of the same kind. What the grammars make is
// never left out whole: it is what a model has that has not seen a source.
var leftOut = []fold{
	{classify.Turn, []string{"in-the-wild-jailbreaks", "jackhhao-train"}},
	{classify.Turn, []string{"neuralchemy", "gpteacher_codegen"}},
	{classify.Turn, []string{"deepset-train", "user-oriented"}},
	{classify.Turn, []string{"templated-security-questions", "gpteacher_roleplay", "prompts.chat", "wiki"}},
	{classify.Inside, []string{"documents with orders", "documents"}},
}

// crossed trains without each fold in turn, two at a time, and says how the model does on it.
func crossed(w io.Writer, samples map[classify.Place][]sample) []figures.Figure {
	said := make([]string, len(leftOut))
	found := make([][]figures.Figure, len(leftOut))
	var wait sync.WaitGroup
	turns := make(chan struct{}, 2)
	for i, f := range leftOut {
		wait.Add(1)
		turns <- struct{}{}
		go func() {
			defer wait.Done()
			var part, rest []sample
			for _, s := range samples[f.of] {
				if slices.Contains(f.left, s.source) || s.held {
					rest = append(rest, s)
				} else {
					part = append(part, s)
				}
			}
			m := fit(part)
			var b writer
			fmt.Fprintln(&b, "--- without", f.left)
			found[i] = recalls(&b, m, rest, f.left)
			rates(&b, m, rest)
			said[i] = string(b)
			<-turns
		}()
	}
	wait.Wait()
	for _, s := range said {
		fmt.Fprint(w, s)
	}
	return slices.Concat(found...)
}

type writer []byte

func (w *writer) Write(b []byte) (int, error) {
	*w = append(*w, b...)
	return len(b), nil
}

// recalls prints the recall of each source at given rates of false positives over the ordinary texts left out, and
// returns what was asked for.
func recalls(w io.Writer, m *linear, rest []sample, left []string) (list []figures.Figure) {
	var none []float64
	var f finder
	found := map[string][]float64{}
	for i := range rest {
		s := &rest[i]
		_, l := f.best(m, s)
		switch {
		case s.label == 1:
			found[s.source] = append(found[s.source], float64(l))
		case slices.Contains(left, s.source):
			none = append(none, float64(l))
		}
	}
	if len(none) == 0 {
		return nil
	}
	slices.Sort(none)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		v := found[name]
		slices.Sort(v)
		fmt.Fprintf(w, "  %-28s", name)
		for _, often := range []float64{0.003, asked, 0.03} {
			t := none[min(len(none)-1, int(float64(len(none))*(1-often)))]
			fmt.Fprintf(w, "  %.3f at %.1f%% (logit %5.2f)", over(v, t), 100*often, t)
			if often == asked && slices.Contains(left, name) {
				list = append(list, figures.AtLeast(name+", left out of training: recall at 1 % false positives", over(v, t), "of texts", 0.9))
			}
		}
		fmt.Fprintln(w)
	}
	return list
}

// asked is the rate of false positives at which recall is asked for.
const asked = 0.01

// over is the share of sorted values that are at least t.
func over(sorted []float64, t float64) float64 {
	i, _ := slices.BinarySearch(sorted, t)
	return float64(len(sorted)-i) / float64(max(1, len(sorted)))
}

// rates prints what share of each source a model takes for attacks at several levels.
func rates(w io.Writer, m *linear, samples []sample) {
	type key struct {
		source string
		label  int
		held   bool
	}
	var f finder
	scores := map[key][]float64{}
	for i := range samples {
		s := &samples[i]
		_, l := f.best(m, s)
		k := key{s.source, s.label, s.held}
		scores[k] = append(scores[k], float64(l))
	}
	keys := slices.SortedFunc(maps.Keys(scores), func(a, b key) int {
		return cmp.Or(cmp.Compare(fmt.Sprint(!a.held), fmt.Sprint(!b.held)), cmp.Compare(a.label, b.label), cmp.Compare(a.source, b.source))
	})
	for _, k := range keys {
		v := scores[k]
		slices.Sort(v)
		fmt.Fprintf(w, "held=%-5v label=%d %-28s n=%5d ", k.held, k.label, k.source, len(v))
		for _, t := range []float64{-1, 0, 1, 2, 3} {
			fmt.Fprintf(w, "  >%g:%.4f", t, over(v, t))
		}
		fmt.Fprintln(w)
	}
}
