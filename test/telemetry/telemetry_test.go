package telemetry_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
)

// shipped is where dashboards and rules are.
const shipped = "../../telemetry"

// expression is a query and where it stands.
type expression struct{ where, text string }

// ruleFile is the form of a file of rules, as Prometheus documents it.
type ruleFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []struct {
			Record      string            `yaml:"record"`
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			For         string            `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

// rules reads the shipped rules: their queries, and the names of what they record.
func rules(t *testing.T) (list []expression, recorded []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shipped, "rules", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var r ruleFile
		if err := yaml.UnmarshalWithOptions(text, &r, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		seen := map[string]bool{}
		for _, g := range r.Groups {
			for _, rule := range g.Rules {
				name := rule.Record + rule.Alert
				if (rule.Record == "") == (rule.Alert == "") || seen[name] {
					t.Errorf("%s: %q must be one rule that records or alerts, once", f, name)
				}
				seen[name] = true
				if rule.Alert != "" && (rule.Labels["severity"] == "" || rule.Annotations["summary"] == "") {
					t.Errorf("%s: the alert %s needs a severity and a summary", f, name)
				}
				if rule.Record != "" {
					recorded = append(recorded, rule.Record)
				}
				list = append(list, expression{filepath.Base(f) + " " + name, rule.Expr})
			}
		}
	}
	return list, recorded
}

// dashboards reads the queries of the shipped dashboards, with Grafana's own variables filled in.
func dashboards(t *testing.T) (list []expression) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shipped, "dashboards", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	uids := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			UID, Title string
			Panels     []struct {
				ID      int
				Title   string
				GridPos struct{ X, Y, W, H int }
				Targets []struct{ Expr string }
			}
			Templating struct {
				List []struct{ Name, Definition string }
			}
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if d.UID == "" || d.Title == "" || uids[d.UID] != "" || len(d.Panels) == 0 {
			t.Errorf("%s: uid %q, title %q, %d panels", f, d.UID, d.Title, len(d.Panels))
		}
		uids[d.UID] = f
		for _, v := range d.Templating.List {
			if metric, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
				metric, _, _ = strings.Cut(metric, ",")
				list = append(list, expression{filepath.Base(f) + " variable " + v.Name, metric})
			}
		}
		for _, p := range d.Panels {
			if len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("%s: panel %q has no query, or no room", f, p.Title)
			}
			for _, q := range p.Targets {
				expr := strings.NewReplacer("$__rate_interval", "5m", "$job", ".+").Replace(q.Expr)
				list = append(list, expression{filepath.Base(f) + " " + p.Title, expr})
			}
		}
	}
	return list
}

// measured is a metric as a Weir describes it.
type measured struct {
	labels []string
	kind   string
	help   string
}

// form is how the library writes a description.
var form = regexp.MustCompile(`fqName: "([a-z0-9_]+)", help: ("(?:[^"\\]|\\.)*"),.* constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)

// metrics are all metrics of a Weir, by their names.
func metrics(t *testing.T) map[string]*measured {
	t.Helper()
	dir := t.TempDir()
	conf, err := config.Parse("", []byte("listen: unix:"+filepath.Join(dir, "w.sock")+"\nadmin: {listen: \"127.0.0.1:0\"}\nstore: {path: "+filepath.Join(dir, "weir.db")+
		"}\ntelemetry: {otlp: {endpoint: \"http://127.0.0.1:1\", logs: true}}\n"), process.Dialects())
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.New(t.Context(), conf, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	described := make(chan *prometheus.Desc)
	go func() {
		p.Metrics().Describe(described)
		close(described)
	}()
	out := map[string]*measured{}
	for d := range described {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("a description in another form: %s", d)
		}
		help, err := strconv.Unquote(m[2])
		if err != nil {
			t.Fatal(err)
		}
		of := &measured{help: help, kind: kindOf(m[1])}
		for _, l := range append(strings.Split(m[3], ","), strings.Split(m[4], ",")...) {
			if name, _, _ := strings.Cut(strings.TrimSpace(l), "="); name != "" {
				of.labels = append(of.labels, name)
			}
		}
		out[m[1]] = of
	}
	gathered, err := p.Metrics().(prometheus.Gatherer).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range gathered {
		kind := strings.ToLower(f.GetType().String())
		if of := out[f.GetName()]; of != nil {
			of.kind = kind
		}
	}
	return out
}

// kindOf is what a metric is of which nothing was counted yet: those that are not told by their names are histograms.
func kindOf(name string) string {
	switch {
	case strings.HasSuffix(name, "_total"):
		return "counter"
	case strings.HasSuffix(name, "_info"), strings.HasSuffix(name, "_rows"):
		return "gauge"
	}
	return "histogram"
}

// everywhere are the labels that Prometheus itself adds.
var everywhere = []string{"job", "instance", "le", model.MetricNameLabel}

// Every query is one that Prometheus takes, about metrics that there are, with labels that they have.
func TestQueriesAreAboutWhatIsMeasured(t *testing.T) {
	known := metrics(t)
	list, recorded := rules(t)
	list = append(list, dashboards(t)...)
	if len(list) < 50 || len(known) < 30 {
		t.Fatalf("only %d queries and %d metrics", len(list), len(known))
	}
	read := parser.NewParser(parser.Options{})
	for _, e := range list {
		tree, err := read.ParseExpr(e.text)
		if err != nil {
			t.Errorf("%s: %v", e.where, err)
			continue
		}
		var of []string // labels of what the query is about
		parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
			s, ok := n.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			name := s.Name
			if slices.Contains(recorded, name) {
				of = append(of, everywhere...)
				return nil
			}
			have, ok := known[name]
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				if h := known[strings.TrimSuffix(name, part)]; !ok && h != nil && h.kind == "histogram" {
					have, ok = h, true
				}
			}
			if !ok {
				t.Errorf("%s: there is no metric %q", e.where, name)
				return nil
			}
			of = append(append(of, have.labels...), everywhere...)
			for _, m := range s.LabelMatchers {
				if !slices.Contains(have.labels, m.Name) && !slices.Contains(everywhere, m.Name) {
					t.Errorf("%s: %s has no label %q", e.where, name, m.Name)
				}
			}
			return nil
		})
		parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
			if a, ok := n.(*parser.AggregateExpr); ok && !a.Without {
				for _, l := range a.Grouping {
					if !slices.Contains(of, l) {
						t.Errorf("%s: nothing it is about has the label %q", e.where, l)
					}
				}
			}
			return nil
		})
	}
}

var update = flag.Bool("update", false, "write the list of metrics in docs/telemetry.md anew")

// listed is where the page's list begins; it goes to the end.
const listed = "## Every metric\n"

// The page lists every metric of Weir's own, as it is described where it is measured. With -update it writes the list.
func TestThePageListsEveryMetric(t *testing.T) {
	const page = "../../docs/telemetry.md"
	var b strings.Builder
	b.WriteString(listed + "\nMade from what Weir measures by `go test ./test/telemetry -update`; those of Go and of the process (`go_`, `process_`) are beside them.\n\n" +
		"| metric | type | labels | is |\n| --- | --- | --- | --- |\n")
	known := metrics(t)
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue
		}
		m := known[name]
		labels := "`" + strings.Join(m.labels, "`, `") + "`"
		if len(m.labels) == 0 {
			labels = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, m.kind, labels, strings.ReplaceAll(m.help, "|", "\\|"))
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, now, found := strings.Cut(string(text), listed)
	if *update {
		if !found {
			before += "\n"
		}
		if err := os.WriteFile(page, []byte(before+b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if listed+now != b.String() {
		t.Errorf("%s is stale; run go test ./test/telemetry -update", page)
	}
}
