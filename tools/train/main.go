// Command train trains the embedded models from a directory of data and from generated text, with fixed seeds: the same
// data gives the same bytes. It reads the data where it is and never copies a row of it.
//
// With -measure it trains no model that stays: it says how well the classifier does without each source in turn, and how
// well the embedded tagger does on each set, and writes build/figures/eval-sources.json and eval-names.json.
//
// Usage: train -data DIR [-out DIR] [-what guard|names] [-measure]
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	data := flag.String("data", "", "directory of the training data")
	out := flag.String("out", "policy/detect", "where the packages are that embed the models")
	what := flag.String("what", "", "one model alone: guard or names")
	measure := flag.Bool("measure", false, "measure, and write figures in place of models")
	flag.Parse()
	if *data == "" {
		fmt.Fprintln(os.Stderr, "train: -data is missing: name the directory of the training data")
		os.Exit(2)
	}
	does := map[string]func(data, out string) error{"guard": guard, "names": nameFile}
	if *measure {
		does = map[string]func(data, out string) error{"guard": guardWithout, "names": nameSets}
	}
	for _, name := range []string{"guard", "names"} {
		if *what != "" && *what != name {
			continue
		}
		if err := does[name](*data, *out); err != nil {
			fmt.Fprintln(os.Stderr, "train:", err)
			os.Exit(1)
		}
	}
}
