package telemetry_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// metrics are the labels of every metric of a Weir, by its name.
func metrics(t *testing.T) map[string][]string {
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
	form := regexp.MustCompile(`fqName: "([a-z0-9_]+)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
	out := map[string][]string{}
	for d := range described {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("a description in another form: %s", d)
		}
		for _, l := range append(strings.Split(m[2], ","), strings.Split(m[3], ",")...) {
			name, _, _ := strings.Cut(l, "=")
			out[m[1]] = append(out[m[1]], strings.TrimSpace(name))
		}
	}
	return out
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
				if h, histogram := known[strings.TrimSuffix(name, part)]; !ok && histogram {
					have, ok = h, true
				}
			}
			if !ok {
				t.Errorf("%s: there is no metric %q", e.where, name)
				return nil
			}
			of = append(append(of, have...), everywhere...)
			for _, m := range s.LabelMatchers {
				if !slices.Contains(have, m.Name) && !slices.Contains(everywhere, m.Name) {
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
