package corpus_test

import (
	"math/rand/v2"
	"testing"

	"weir/tools/corpus"
)

func TestGrammarsMake(t *testing.T) {
	for _, files := range [][]string{corpus.Training, corpus.Held} {
		g, err := corpus.Read(files...)
		if err != nil {
			t.Fatal(err)
		}
		a, b := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
		for _, name := range append(g.Names("attack_"), append(g.Names("benign_"), g.Names("held_")...)...) {
			for range 50 {
				x, y := g.Make(a, name), g.Make(b, name)
				if x != y || x == "" {
					t.Fatalf("%s makes %q and %q of one seed", name, x, y)
				}
			}
		}
	}
}
