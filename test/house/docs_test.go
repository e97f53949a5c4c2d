package house_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The words that a finished text does not have. They are put together here, so that this file has none of them.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

// machine are paths that exist on one machine alone.
var machine = regexp.MustCompile(`(^|[\s"'=(:])/(wo` + `rk|ro` + `ot|ho` + `me/[a-z]+)/`)

func TestNothingIsLeftOver(t *testing.T) {
	written(t, func(path, text string) {
		if strings.HasSuffix(path, ".sum") || path == "LICENSE" || strings.Contains(path, "/testdata/") {
			return
		}
		for i, line := range strings.Split(text, "\n") {
			if unfinished.MatchString(line) {
				t.Errorf("%s:%d: unfinished: %s", path, i+1, strings.TrimSpace(line))
			}
			if machine.MatchString(line) {
				t.Errorf("%s:%d: a path of one machine: %s", path, i+1, strings.TrimSpace(line))
			}
		}
	})
}

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
	making  = regexp.MustCompile(`(?m)^\s*(?:[A-Z_]+=\S+ )*make ([a-z][a-z0-9-]*)|` + "`make ([a-z][a-z0-9-]*)")
	running = regexp.MustCompile(`(?m)(?:^\s*|` + "`" + `)(?:\./|go run \./cmd/|build/)?extproc ([a-z]+)`)
	mention = regexp.MustCompile("`((?:cmd|admin|filter|policy|rego|envoy|test|docs|deploy)/[A-Za-z0-9_./-]*)`")
)

// What the pages tell a reader to type, open or read exists.
func TestPagesTellTheTruth(t *testing.T) {
	makefile, _ := readFile("Makefile")
	commands := commandNames(t)
	pages := 0
	written(t, func(page, text string) {
		if !strings.HasSuffix(page, ".md") {
			return
		}
		pages++
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], ":") && !exists(path.Join(path.Dir(page), m[1])) {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			}
		}
		for _, m := range making.FindAllStringSubmatch(text, -1) {
			if target := m[1] + m[2]; !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:`).MatchString(makefile) {
				t.Errorf("%s: the Makefile has no %q", page, target)
			}
		}
		for _, m := range running.FindAllStringSubmatch(text, -1) {
			if !commands[m[1]] {
				t.Errorf("%s: extproc has no command %q", page, m[1])
			}
		}
		for _, m := range mention.FindAllStringSubmatch(text, -1) {
			if !exists(strings.TrimSuffix(m[1], "/")) && !strings.Contains(m[1], "...") {
				t.Errorf("%s: there is no %s", page, m[1])
			}
		}
	})
	if pages == 0 {
		t.Error("no page found")
	}
}

var use = regexp.MustCompile(`(?:Use:\s+|group\()"([a-z]+)`)

// commandNames are the commands of the binary, as its sources declare them.
func commandNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{"help": true, "completion": true}
	files, err := filepath.Glob(filepath.Join(root, "cmd", "extproc", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob(filepath.Join(root, "cmd", "extproc", "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, below...) {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range use.FindAllStringSubmatch(string(b), -1) {
			out[m[1]] = true
		}
	}
	return out
}

func exists(p string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(p)))
	return err == nil
}
