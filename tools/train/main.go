// Command train trains the embedded models from a directory of data and from generated text, with fixed seeds: the same
// data gives the same bytes. It reads the data where it is and never copies a row of it.
//
// Usage: train -data DIR [-out DIR] [-what guard|names]
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
	flag.Parse()
	if *data == "" {
		fmt.Fprintln(os.Stderr, "train: -data is missing: name the directory of the training data")
		os.Exit(2)
	}
	for name, train := range map[string]func(data, out string) error{"guard": guard, "names": nameFile} {
		if *what != "" && *what != name {
			continue
		}
		if err := train(*data, *out); err != nil {
			fmt.Fprintln(os.Stderr, "train:", err)
			os.Exit(1)
		}
	}
}
