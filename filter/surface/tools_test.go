package surface_test

import (
	"encoding/json"
	"testing"

	"weir/filter/surface"
)

func TestStripTools(t *testing.T) {
	tool := func(name string) string { return `{"type":"function","function":{"name":"` + name + `"}}` }
	for _, c := range []struct{ name, body, want string }{
		{"first", `{"tools":[` + tool("a") + ` , ` + tool("b") + `],"model":"m"}`, `{"tools":[` + tool("b") + `],"model":"m"}`},
		{"last", `{"tools":[` + tool("b") + ` , ` + tool("a") + ` ],"model":"m"}`, `{"tools":[` + tool("b") + ` ],"model":"m"}`},
		{"middle", `{"tools":[` + tool("b") + `,` + tool("a") + `,` + tool("c") + `]}`, `{"tools":[` + tool("b") + `,` + tool("c") + `]}`},
		{"around one", `{"tools":[` + tool("a") + `,` + tool("b") + `,` + tool("a") + `,` + tool("a") + `]}`, `{"tools":[` + tool("b") + `]}`},
		{"all", `{"model":"m","tools":[` + tool("a") + `],"tool_choice":"auto", "n":1}`, `{"model":"m","n":1}`},
		{"all, last member", `{"model":"m","tools":[` + tool("a") + `]}`, `{"model":"m"}`},
		{"all, first member", `{ "tools":[` + tool("a") + `], "model":"m"}`, `{ "model":"m"}`},
		{"the choice", `{"tools":[` + tool("a") + `,` + tool("b") + `],"tool_choice":{"type":"function","function":{"name":"a"}}}`, `{"tools":[` + tool("b") + `]}`},
		{"functions", `{"functions":[{"name":"a"},{"name":"b"}],"function_call":"auto"}`, `{"functions":[{"name":"b"}],"function_call":"auto"}`},
		{"beside its type", `{"tools":[{"name":"a","input_schema":{}},{"name":"b"}]}`, `{"tools":[{"name":"b"}]}`},
		{"none", `{"tools":[` + tool("b") + `]}`, `{"tools":[` + tool("b") + `]}`},
	} {
		splices, err := surface.StripTools([]byte(c.body), []string{"a"})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := surface.Apply([]byte(c.body), nil, nil, splices)
		if err != nil || string(got) != c.want || !json.Valid(got) {
			t.Errorf("%s: got %s, %v\nwant %s", c.name, got, err, c.want)
		}
	}
}
