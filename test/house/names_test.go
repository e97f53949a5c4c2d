package house_test

import (
	"go/ast"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/filter/fault"
	"weir/policy"
	"weir/rego"
)

// What a policy may say is a canonical fault, which every dialect phrases; and what filter/fault says is a policy's to
// give is one that policy takes.
func TestCodesAreTheSameOnBothSides(t *testing.T) {
	known := fault.Codes()
	for _, c := range policy.Codes() {
		if !slices.Contains(known, fault.Code(c)) {
			t.Errorf("policy may say %q, which filter/fault does not know", c)
		}
	}
	for _, c := range fault.PolicyCodes() {
		if !slices.Contains(policy.Codes(), string(c)) {
			t.Errorf("fault.PolicyCodes has %q, which policy may not say", c)
		}
	}
}

var codeInRego = regexp.MustCompile(`"code":\s*"([a-z_]+)"|reasons contains "([a-z_]+)"|codes: \[([a-z_, ]+)\]`)

// What the shipped policies say is on the list.
func TestShippedPoliciesSayKnownCodes(t *testing.T) {
	found := 0
	err := fs.WalkDir(rego.Shipped(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".rego") {
			return err
		}
		text, err := fs.ReadFile(rego.Shipped(), path)
		if err != nil {
			return err
		}
		for _, m := range codeInRego.FindAllStringSubmatch(string(text), -1) {
			for _, c := range strings.Split(m[1]+m[2]+m[3], ",") {
				found++
				if c = strings.TrimSpace(c); !slices.Contains(policy.Codes(), c) {
					t.Errorf("%s: %q is no code", path, c)
				}
			}
		}
		return nil
	})
	if err != nil || found < 10 {
		t.Fatalf("%d codes found, %v", found, err)
	}
}

var (
	metric    = regexp.MustCompile(`^(weir|gen_ai_client)_[a-z0-9]+(_[a-z0-9]+)*$`)
	looksLike = regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)+_(total|seconds|bytes|ratio)$`)
	units     = []string{"_total", "_seconds", "_bytes", "_ratio", "_micro_usd", "_exchanges", "_tokens", "_rows", "_info", "_usage", "_streams"}
)

// Every metric starts with weir_, or with the name that OpenTelemetry's conventions give it, and ends in its unit.
func TestMetricsAreNamedAlike(t *testing.T) {
	found := 0
	for _, p := range packages(t) {
		if !uses(p.Imports, "github.com/prometheus/client_golang") || strings.HasPrefix(p.room(), "test/") {
			continue
		}
		for _, s := range sources(t, p) {
			for _, name := range metricNames(s.file) {
				found++
				if !slices.ContainsFunc(units, func(u string) bool { return strings.HasSuffix(name, u) }) || !metric.MatchString(name) {
					t.Errorf("%s: metric %q must match %s and end in one of %v", s.path, name, metric, units)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d metrics found", found)
	}
}

// metricNames are the literals of a file that name a metric.
func metricNames(f *ast.File) []string {
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		if s, err := strconv.Unquote(lit.Value); err == nil && (metric.MatchString(s) || looksLike.MatchString(s)) {
			out = append(out, s)
		}
		return true
	})
	return out
}
