package house_test

import (
	"strings"
	"testing"
)

// table says which rooms a room may import: names end in /... for a room with everything below it. A room that is not
// in it is looked up under its parent's name with /* at the end. Imports run downwards only.
var table = map[string][]string{
	"cmd/extproc":   {"cmd/extproc/...", "admin/...", "filter/...", "policy/...", "rego", "envoy/..."},
	"cmd/extproc/*": {"cmd/extproc/...", "admin/...", "filter/...", "policy/...", "rego", "envoy/..."},
	"admin":         {"filter/...", "policy/..."},
	"filter":        {"filter/...", "policy/..."},
	"filter/*":      {"policy/..."},
	"policy":        {"policy/..."},

	"policy/tenant":   {"policy/store", "policy/detect"},
	"policy/provider": {"policy/store"},
	"policy/ledger":   {"policy/store", "policy/tokens", "policy/provider"},
	"policy/audit":    {"policy/store"},
	"policy/audit/*":  {"policy/audit", "policy/store"},
	"policy/tokens":   {},
	"policy/store":    {},
	"policy/detect":   {"policy/detect/..."},
	"policy/detect/*": {"policy/detect/..."},

	"rego":    {},
	"envoy":   {},
	"envoy/*": {"envoy"},
	"tools/*": {"policy/detect/...", "tools/...", "test/figures"},
	"test/*":  {"cmd/extproc/...", "admin/...", "filter/...", "policy/...", "rego", "envoy/...", "test/..."},
}

// outside says which rooms may import a library, each with its tests; "tests of x" are the tests of x alone. Libraries
// that are not listed are free.
var outside = map[string][]string{
	"github.com/open-policy-agent/opa":       {"policy", "tests of rego", "tests of cmd/extproc"},
	"github.com/envoyproxy/go-control-plane": {"filter", "envoy/...", "test/..."},
	"github.com/redis/go-redis":              {"policy/store", "policy/tenant", "policy/ledger", "policy/audit", "policy/audit/sink", "policy/provider", "test/..."},
	"modernc.org/sqlite":                     {"policy/store", "tests of policy/..."},
	"google.golang.org/grpc":                 {"filter", "envoy/xds", "cmd/extproc/...", "policy/audit/otlp", "tests of envoy", "tests of admin", "test/..."},
	"go.opentelemetry.io":                    {"policy/audit/otlp", "test/..."},
	"github.com/spf13/cobra":                 {"cmd/extproc/..."},
}

func TestImportTable(t *testing.T) {
	for _, p := range packages(t) {
		allowed, ok := row(p.room())
		if !ok {
			t.Errorf("%s: the import table has no row for it", p.room())
			continue
		}
		for _, path := range p.Imports {
			if to, inside := strings.CutPrefix(path, module+"/"); inside && !covered(allowed, to) {
				t.Errorf("%s imports %s; it may import %v", p.room(), to, allowed)
			}
		}
	}
}

// row is what the table says about a room.
func row(room string) ([]string, bool) {
	if allowed, ok := table[room]; ok {
		return allowed, true
	}
	for parent := room; ; {
		i := strings.LastIndexByte(parent, '/')
		if i < 0 {
			return nil, false
		}
		parent = parent[:i]
		if allowed, ok := table[parent+"/*"]; ok {
			return allowed, true
		}
	}
}

// covered says whether a room is one of those, or below one that ends in /....
func covered(rooms []string, room string) bool {
	for _, r := range rooms {
		whole, below := strings.CutSuffix(r, "/...")
		if room == whole || below && strings.HasPrefix(room, whole+"/") {
			return true
		}
	}
	return false
}

func TestLibrariesHaveTheirRooms(t *testing.T) {
	for _, p := range packages(t) {
		for library, rooms := range outside {
			var tests []string
			for _, r := range rooms {
				tests = append(tests, strings.TrimPrefix(r, "tests of "))
			}
			if !covered(rooms, p.room()) && uses(p.Imports, library) {
				t.Errorf("%s imports %s, which only %v may", p.room(), library, rooms)
			}
			if !covered(tests, p.room()) && uses(p.tests(), library) {
				t.Errorf("the tests of %s import %s, which only %v may", p.room(), library, rooms)
			}
		}
	}
}

// uses says whether one of the imports is of the library, whatever its major version.
func uses(imports []string, library string) bool {
	for _, path := range imports {
		if path == library || strings.HasPrefix(path, library+"/") {
			return true
		}
	}
	return false
}

// The table's own words are tested, since a wrong one would let everything pass.
func TestTableReads(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"filter/sse", "filter", false},
		{"filter/sse", "filter/surface", false},
		{"filter/sse", "policy/detect", true},
		{"policy/tenant", "policy/ledger", false},
		{"policy/ledger", "policy/tokens", true},
		{"policy/detect", "policy", false},
		{"policy", "rego", false},
		{"cmd/extproc/demo/provider", "filter", true},
		{"envoy", "filter", false},
		{"filter", "envoy", false},
		{"filter", "admin", false},
		{"test/e2e", "cmd/extproc/process", true},
	} {
		allowed, ok := row(c.from)
		if !ok || covered(allowed, c.to) != c.want {
			t.Errorf("%s -> %s: %v", c.from, c.to, !c.want)
		}
	}
}

// No room has a name that says nothing about what is in it.
func TestRoomsHaveNames(t *testing.T) {
	empty := []string{"util", "utils", "common", "types", "helper", "helpers", "errors", "manager", "misc", "shared", "lib", "base"}
	for _, p := range packages(t) {
		for _, part := range strings.Split(p.room(), "/") {
			for _, e := range empty {
				if part == e {
					t.Errorf("a room is called %q", p.room())
				}
			}
		}
	}
}
