package policy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"weir/policy/detect"
	"weir/policy/tenant"
)

// Schema is the JSON Schema of Facts, and so of a policy's input: made from the struct, the settings' own included.
// Objects are closed, so that a misspelt field is an error when a policy is loaded and not a rule that never fires.
func Schema() ([]byte, error) {
	s := schemaOf(reflect.TypeFor[Facts]())
	byType := map[string]any{"type": "object", "additionalProperties": schemaOf(reflect.TypeFor[FindingFacts]())}
	categories := map[string]any{}
	for _, c := range [...]detect.Category{detect.PII, detect.Secret, detect.Injection, detect.Content} {
		categories[string(c)] = byType
	}
	found := map[string]any{"type": "object", "properties": categories, "additionalProperties": false}
	if members, ok := s["properties"].(map[string]any); ok {
		members[foundName], members[answeredName] = found, found
		if text, ok := members[textName].(map[string]any)["properties"].(map[string]any); ok {
			text["segments"] = schemaOf(reflect.TypeFor[[]SegmentFact]()) // no encoder sees them, and policies do
		}
	}
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "Facts"
	s["description"] = "What a Weir policy reads as input. Numbers of tokens, bytes, milliseconds and micro-USD are integers."
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema of the facts: %w", err)
	}
	return append(out, '\n'), nil
}

// schemaOf describes how encoding/json writes a value of type t once the defaults are filled in.
func schemaOf(t reflect.Type) map[string]any {
	if t == reflect.TypeFor[json.RawMessage]() {
		return schemaOf(reflect.TypeFor[tenant.Settings]()) // the one raw member of Facts
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		members := map[string]any{}
		collect(t, members)
		return map[string]any{"type": "object", "properties": members, "additionalProperties": false}
	default:
		panic("policy: facts hold a " + t.String() + ", which has no schema") // a mistake in this package, met by its tests
	}
}

// collect adds the fields of a struct by their JSON names, those of embedded structs among them.
func collect(t reflect.Type, members map[string]any) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			collect(f.Type, members)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "-" {
			members[name] = schemaOf(f.Type)
		}
	}
}
