// Command matrix reads what go test -v wrote on one Envoy after the other, and prints which case passed on which.
//
//	go run ./tools/matrix [-write PAGE] VERSION.txt...
//
// With -write the table replaces the one in a page, between the lines "<!-- matrix -->" and "<!-- end -->". It ends with 1
// where a case failed, or where a file tells of none. It runs no test itself, and never calls a case passed that was skipped.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	page := flag.String("write", "", "page whose table is replaced")
	flag.Parse()
	if err := run(os.Stdout, *page, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

// verdict is the line that ends a case of its own; those below another are indented.
var verdict = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): (\S+)`)

// outcomes are what became of the cases on one Envoy.
type outcomes map[string]string

func run(w io.Writer, page string, files []string) error {
	if len(files) == 0 {
		return errors.New("want the files of at least one version")
	}
	var versions []string
	all := map[string]outcomes{}
	for _, path := range files {
		o, err := read(path)
		if err != nil {
			return err
		}
		v := strings.TrimSuffix(filepath.Base(path), ".txt")
		versions = append(versions, v)
		all[v] = o
	}
	slices.Sort(versions)
	table, failed := render(versions, all)
	if _, err := io.WriteString(w, table); err != nil {
		return err
	}
	if page != "" {
		if err := replace(page, table); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d cases failed", failed)
	}
	return nil
}

func read(path string) (outcomes, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := outcomes{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if m := verdict.FindStringSubmatch(s.Text()); m != nil {
			out[m[2]] = strings.ToLower(m[1])
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s tells of no case", path)
	}
	return out, nil
}

// render is the table: a sum for each Envoy, then every case that did not pass on all of them or is about what differs.
func render(versions []string, all map[string]outcomes) (table string, failed int) {
	names := map[string]bool{}
	for _, o := range all {
		for name := range o {
			names[name] = true
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| case | %s |\n| --- |%s\n| cases that passed |", strings.Join(versions, " | "), strings.Repeat(" --- |", len(versions)))
	for _, v := range versions {
		passed := 0
		for _, what := range all[v] {
			if what == "pass" {
				passed++
			}
		}
		fmt.Fprintf(&b, " %d of %d |", passed, len(names))
	}
	b.WriteByte('\n')
	for _, name := range slices.Sorted(maps.Keys(names)) {
		row, plain := "", true
		for _, v := range versions {
			what := all[v][name]
			if what == "" {
				what = "not run"
			}
			if what == "fail" {
				failed++
			}
			plain = plain && what == "pass"
			row += " " + what + " |"
		}
		if !plain || strings.HasPrefix(name, "TestMinors") {
			fmt.Fprintf(&b, "| `%s` |%s\n", name, row)
		}
	}
	return b.String(), failed
}

// The lines between which a page has its table.
const begin, end = "<!-- matrix -->\n", "<!-- end -->\n"

func replace(page, table string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no place for a table", page)
	}
	return os.WriteFile(page, []byte(before+begin+"\n"+table+"\n"+end+after), 0o644)
}
