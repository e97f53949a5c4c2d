// Command eval measures the guardrails on texts that were never trained on and prints what it finds. Without data it
// measures on generated text alone. It writes build/figures/eval.json; it never trains.
//
// Usage: eval [-data DIR]
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"weir/policy/detect"
	"weir/test/figures"
	"weir/tools/corpus"
)

func main() {
	data := flag.String("data", "", "directory of the training data; empty: generated text alone")
	flag.Parse()
	list, err := measure(*data, os.Stdout)
	if err == nil {
		err = figures.Write("eval", list)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

// measure scores every held-out text and prints a line for each source.
func measure(data string, out io.Writer) ([]figures.Figure, error) {
	rows, err := heldRows(data)
	if err != nil {
		return nil, err
	}
	var list []figures.Figure
	say := func(f figures.Figure, texts int) {
		list = append(list, f)
		fmt.Fprintf(out, "%-48s %6d texts  %8.4f  (%s)\n", f.Name, texts, f.Value, f.Target)
	}
	var all [2]group   // ordinary texts and attacks
	var ordinary group // without those that have an attack's words, which have a limit of their own
	for _, g := range grouped(rows) {
		all[g.label].texts += g.texts
		all[g.label].found += g.found
		if g.label == 0 && g.name != aboutAttacks {
			ordinary.texts, ordinary.found = ordinary.texts+g.texts, ordinary.found+g.found
		}
		if g.label == 1 {
			say(figures.AtLeast(g.name+": recall", g.rate(), "of texts", 0.9), g.texts)
		} else {
			say(figures.AtMost(g.name+": false positives", g.rate(), "of texts", g.limit()), g.texts)
		}
	}
	said, meant := all[0].found+all[1].found, all[1].texts
	p, r := float64(all[1].found)/float64(max(1, said)), float64(all[1].found)/float64(max(1, meant))
	for _, f := range []figures.Figure{
		figures.AtMost("false positives of 1,000 ordinary texts", 1000*ordinary.rate(), "texts", 10),
		figures.Stated("false positives of 1,000 texts that are no attack", 1000*all[0].rate(), "texts"),
		figures.Stated("injection: precision", p, ""), figures.Stated("injection: recall", r, ""),
		figures.Stated("injection: F1", 2*p*r/max(p+r, 1e-9), ""), figures.Stated("injection: F2", 5*p*r/max(4*p+r, 1e-9), ""),
	} {
		say(f, all[0].texts+all[1].texts)
	}
	return list, nil
}

// heldRows are all texts that are never trained on.
func heldRows(data string) ([]corpus.Row, error) {
	rng := rand.New(rand.NewPCG(41, 43))
	rows, err := corpus.HeldOut(rng)
	if err != nil || data == "" {
		return rows, err
	}
	all, err := corpus.Prompts(data)
	if err != nil {
		return nil, err
	}
	in, err := corpus.ReadIndirect(data)
	if err != nil {
		return nil, err
	}
	g, err := corpus.Read(corpus.Training...)
	if err != nil {
		return nil, err
	}
	for _, r := range append(all, corpus.Documents(in, g, all, rng)...) {
		if r.Held {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// aboutAttacks are the held texts that have an attack's words, or talk about attacks.
const aboutAttacks = "held_trigger"

// group is a source's texts of one label.
type group struct {
	name         string
	label        int
	texts, found int
}

func (g *group) rate() float64 { return float64(g.found) / float64(max(1, g.texts)) }

// limit is how many false positives are asked for.
func (g *group) limit() float64 {
	if g.name == aboutAttacks {
		return 0.07
	}
	return 0.01
}

// grouped counts, by source and label, the texts in which an attack is found. A document is scanned as one.
func grouped(rows []corpus.Row) []*group {
	s := detect.New()
	var out []*group
	var found []detect.Finding
	for _, r := range rows {
		label, how := r.Label, detect.Reading{}
		if strings.HasPrefix(r.Source, "documents") {
			label, how.Inside = r.Inside, true
		}
		var g *group
		for _, old := range out {
			if old.name == r.Source && old.label == label {
				g = old
			}
		}
		if g == nil {
			g = &group{name: r.Source, label: label}
			out = append(out, g)
		}
		g.texts++
		found = s.ScanPrompt(r.Text, how, found[:0])
		if slices.ContainsFunc(found, func(f detect.Finding) bool { return f.Category == detect.Injection && f.Score >= 0.5 }) {
			g.found++
		}
	}
	return out
}
