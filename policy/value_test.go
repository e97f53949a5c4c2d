package policy

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

	"weir/policy/tenant"
)

// TestValueIsTheJSONOfFacts holds the hand-written builder to what encoding/json makes of the same facts.
func TestValueIsTheJSONOfFacts(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 500 {
		f, s := randomFacts(t, random)
		set, err := newSettings(f.Settings)
		if err != nil {
			t.Fatalf("settings %s: %v", f.Settings, err)
		}
		got, ok := f.value(set.term, whole())
		if !ok {
			t.Fatal("finite facts were called infinite")
		}
		fill(s)
		f.Settings = encode(t, s)
		want := derived(t, viaJSON(t, filled(f)), f.Findings, f.Text)
		if got.Compare(want) != 0 {
			t.Fatalf("got  %.2000v\nwant %.2000v", got, want)
		}
	}
}

func TestValueOfNothingHasEveryField(t *testing.T) {
	f := Facts{Settings: json.RawMessage(`{}`)}
	set, err := newSettings(f.Settings)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := f.value(set.term, whole())
	var s tenant.Settings
	fill(&s)
	f.Settings = encode(t, &s)
	if want := derived(t, viaJSON(t, filled(f)), nil, nil); got.Compare(want) != 0 {
		t.Fatalf("got  %.2000v\nwant %.2000v", got, want)
	}
}

func TestValueReportsNumbersThatJSONCannotSay(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		f := Facts{Request: RequestFacts{Parameters: map[string]float64{"temperature": x}}}
		if _, ok := f.value(ast.InternedEmptyObject, whole()); ok {
			t.Errorf("%v passed as a number", x)
		}
	}
}

func randomFacts(t *testing.T, random *rand.Rand) (Facts, *tenant.Settings) {
	t.Helper()
	v, ok := quick.Value(reflect.TypeFor[Facts](), random)
	w, also := quick.Value(reflect.TypeFor[tenant.Settings](), random)
	if !ok || !also {
		t.Fatal("facts or settings cannot be generated")
	}
	f, s := v.Interface().(Facts), w.Interface().(tenant.Settings)
	f.Settings = encode(t, s)
	s = tenant.Settings{} // as it is read back, without lists that are empty
	if err := json.Unmarshal(f.Settings, &s); err != nil {
		t.Fatal(err)
	}
	for i := range f.Findings { // so that groups are met
		f.Findings[i].Direction = []string{"request", "response"}[i%2]
		f.Findings[i].Category = []string{"pii", "secret"}[i/2%2]
	}
	return f, &s
}

// filled is f with empty slices and maps for nil ones, as a policy sees them.
func filled(f Facts) Facts {
	v := reflect.ValueOf(&f).Elem()
	fillNil(v)
	return f
}

// derived adds what is made of other facts, and leaves out the settings that are switched off.
func derived(t *testing.T, v ast.Value, findings []FindingFacts, text *TextFacts) ast.Value {
	t.Helper()
	x, err := ast.JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	m := x.(map[string]any)
	m["settings"] = withoutNothing(m["settings"])
	if text != nil {
		segments := []any{}
		for _, s := range text.Segments {
			segments = append(segments, map[string]any{"role": s.Role, "place": s.Place, "text": s.Text})
		}
		m["text"].(map[string]any)["segments"] = segments
	}
	for name, direction := range map[string]string{"found": "request", "answered": "response"} {
		groups := map[string]any{}
		for i, g := range findings {
			if g.Direction != direction {
				continue
			}
			types, _ := groups[g.Category].(map[string]any)
			if types == nil {
				types = map[string]any{}
				groups[g.Category] = types
			}
			types[g.Type] = m["findings"].([]any)[i]
		}
		m[name] = groups
	}
	out, err := ast.InterfaceToValue(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func fillNil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fillNil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fillNil(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			fillNil(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
	}
}

func encode(t testing.TB, v any) json.RawMessage {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func viaJSON(t *testing.T, f Facts) ast.Value {
	t.Helper()
	var x any
	dec := util.NewJSONDecoder(bytes.NewReader(encode(t, f)))
	if err := dec.Decode(&x); err != nil {
		t.Fatal(err)
	}
	v, err := ast.InterfaceToValue(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
