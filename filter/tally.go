package filter

import (
	"sort"
	"strings"

	"weir/policy/audit"
	"weir/policy/detect"
)

// tally counts what was found and done, without text.
type tally struct {
	seen                 map[tallied]*audit.Finding
	restored, unresolved int
}

type tallied struct{ direction, typ string }

// rank orders actions by how much they change.
func rank(action string) int {
	switch action {
	case actBlock:
		return 2
	case actRedact:
		return 1
	default:
		return 0
	}
}

// sawAll counts the findings of one text; place says where in the body it stands, and is empty for what streams by.
func (t *tally) sawAll(direction, place string, found []detect.Finding) {
	for _, f := range found {
		t.saw(direction, f)
		if g := t.group(direction, string(f.Type)); g.Rule == f.Rule && g.Score == f.Score && place != "" {
			g.Place = place
		}
	}
}

// samples adds what the findings of a text look like, for a tenant that has content captured.
func (t *tally) samples(direction, text string, found []detect.Finding) {
	for i := range found {
		f := &found[i]
		if g := t.group(direction, string(f.Type)); g.Rule == f.Rule && g.Score == f.Score {
			g.Sample = sample(f, text)
		}
	}
}

// placeParts is how much of a JSON pointer is written down: what is deeper may be names that a client chose.
const placeParts = 3

// placed is a place, as far as it is written down.
func placed(pointer string) string {
	parts := strings.Split(pointer, "/")
	return strings.Join(parts[:min(len(parts), placeParts+1)], "/")
}

// saw counts one finding.
func (t *tally) saw(direction string, f detect.Finding) {
	g := t.group(direction, string(f.Type))
	g.Count++
	g.Category = string(f.Category)
	if f.Score >= g.Score {
		g.Score, g.Severity, g.Rule = f.Score, string(f.Severity), f.Rule
	}
}

// act notes what was done about a type; the strongest action stays.
func (t *tally) act(direction, typ, action string) {
	if g := t.group(direction, typ); rank(action) > rank(g.Action) {
		g.Action = action
	}
}

func (t *tally) group(direction, typ string) *audit.Finding {
	k := tallied{direction, typ}
	if g, ok := t.seen[k]; ok {
		return g
	}
	if t.seen == nil {
		t.seen = map[tallied]*audit.Finding{}
	}
	kind := detect.KindOf(detect.Type(typ))
	g := &audit.Finding{
		Direction: direction, Type: typ, Action: actLog, Category: string(detect.CategoryOf(detect.Type(typ))),
		Risk: string(kind.Risk), Class: string(kind.Class),
	}
	t.seen[k] = g
	return g
}

// groups are the findings for the trail: request first, then by type.
func (t *tally) groups() []audit.Finding {
	out := make([]audit.Finding, 0, len(t.seen))
	for _, g := range t.seen {
		out = append(out, *g)
	}
	sort.Slice(out, func(a, b int) bool {
		if out[a].Direction != out[b].Direction {
			return out[a].Direction < out[b].Direction
		}
		return out[a].Type < out[b].Type
	})
	return out
}
