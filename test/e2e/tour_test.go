package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	cameOut = regexp.MustCompile(`^ +came +(\d+) `)
	whyOf   = regexp.MustCompile(`^ +why +([a-z_]+)`)
	ruleOf  = regexp.MustCompile(`\(([a-z_/]+\.rego:\d+)\)`)
	traceOf = regexp.MustCompile(`^ +trace +(\S+)`)
)

// toldOf is what the tour says of one refusal.
type toldOf struct {
	status, code, trace string
	rules               []string
}

// Every refusal of the tour is found by its trace id, with its rule and line and the very body, to which the tour holds the trail
// itself; and explain tells its story from the trail, or says that no policy was asked.
func TestTheTourIsExplained(t *testing.T) {
	timed(t)
	dir := shortDir(t)
	d := startDemo(t, dir, "--listen", freePort(t))
	var refusals []toldOf
	var all strings.Builder
	var now toldOf
	for line := range d.lines {
		all.WriteString(line + "\n")
		if m := cameOut.FindStringSubmatch(line); m != nil {
			now = toldOf{status: m[1]}
		}
		if m := whyOf.FindStringSubmatch(line); m != nil {
			now.code = m[1]
			for _, r := range ruleOf.FindAllStringSubmatch(line, -1) {
				now.rules = append(now.rules, r[1])
			}
		}
		if m := traceOf.FindStringSubmatch(line); m != nil && now.status >= "4" {
			now.trace = m[1]
			refusals = append(refusals, now)
		}
		if strings.Contains(line, "Ctrl-C stops everything") {
			break
		}
	}
	if strings.Contains(all.String(), "DIFFERS") || len(refusals) < 10 {
		t.Fatalf("%d refusals\n%s", len(refusals), all.String())
	}
	configs, err := filepath.Glob(filepath.Join(dir, "*", "weir.yaml"))
	if err != nil || len(configs) != 1 {
		t.Fatalf("%v, %v", configs, err)
	}
	explained := 0
	for _, r := range refusals {
		out, err := exec.Command(binary(t), "explain", "--trace", r.trace, "--config", configs[0]).CombinedOutput()
		story := string(out)
		if len(r.rules) == 0 {
			before := err != nil && strings.Contains(story, "refused before") && strings.Contains(story, `"`+r.code+`"`)
			failed := err == nil && strings.HasPrefix(story, "allowed") && r.status == "502" // the provider did
			if !before && !failed {
				t.Errorf("%+v: %v %s", r, err, story)
			}
			continue
		}
		explained++
		fired, _, _ := strings.Cut(story, "rules that did not hold")
		for _, want := range append(r.rules, "denied", r.code) {
			if err != nil || !strings.Contains(fired, want) {
				t.Errorf("%+v: %q is not told, %v\n%s", r, want, err, story)
			}
		}
	}
	if explained < 5 {
		t.Errorf("only %d of %d refusals are a policy's", explained, len(refusals))
	}
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	wait(t, "it is gone", d.gone)
}
