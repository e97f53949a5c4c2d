package admin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
)

// openAPI is the document of the API, made from the table of operations and the types they answer with: OpenAPI 3.1, whose schemas
// are JSON Schema 2020-12.
func openAPI(list []operation) ([]byte, error) {
	paths := map[string]map[string]any{}
	for i := range list {
		method, path, _ := strings.Cut(list[i].pattern, " ")
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		described, err := list[i].described(path)
		if err != nil {
			return nil, err
		}
		paths[path][strings.ToLower(method)] = described
	}
	doc := map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": "Weir admin API", "version": "1", "description": "The operator's side of Weir. Amounts are micro-USD, durations of records microseconds."},
		"paths":   paths,
		"components": map[string]any{
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}},
			"schemas":         map[string]any{"Problem": problemSchema()},
		},
		"security": []any{map[string]any{"token": []string{}}},
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	return append(text, '\n'), nil
}

// problemSchema is that of Problem Details (RFC 9457).
func problemSchema() map[string]any {
	return map[string]any{
		"type": "object", "required": []string{"title", "status", "detail"},
		"properties": map[string]any{"title": map[string]any{"type": "string"}, "status": map[string]any{"type": "integer"}, "detail": map[string]any{"type": "string"}},
	}
}

// described is an operation as OpenAPI says it.
func (o *operation) described(path string) (map[string]any, error) {
	var params []any
	for _, part := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			params = append(params, map[string]any{
				"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": map[string]any{"type": "string"},
			})
		}
	}
	for _, p := range o.params {
		params = append(params, map[string]any{"name": p.name, "in": p.in, "description": p.about, "schema": p.schema})
	}
	answers := map[string]any{}
	success := map[string]any{"description": http.StatusText(o.status)}
	if o.answer != nil {
		schema, err := schemaOf(o.answer)
		if err != nil {
			return nil, err
		}
		success["content"] = map[string]any{cmp.Or(o.form, "application/json"): map[string]any{"schema": schema}}
	}
	answers[fmt.Sprint(o.status)] = success
	if slices.ContainsFunc(o.params, func(p param) bool { return p.name == ifNoneMatch.name }) {
		answers["304"] = map[string]any{"description": "what the caller has is still the same"}
	}
	for _, status := range append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable}, o.also...) {
		answers[fmt.Sprint(status)] = map[string]any{
			"description": http.StatusText(status),
			"content":     map[string]any{"application/problem+json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Problem"}}},
		}
	}
	out := map[string]any{"operationId": o.id, "summary": o.summary, "description": "Needs the role " + string(o.role) + ".", "x-role": o.role, "responses": answers}
	if len(params) > 0 {
		out["parameters"] = params
	}
	if o.body != nil {
		schema, err := schemaOf(o.body)
		if err != nil {
			return nil, err
		}
		out["requestBody"] = map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": schema}}}
	}
	return out, nil
}

// schemaOf is the JSON Schema of a value's type.
func schemaOf(v any) (map[string]any, error) {
	if _, raw := v.(json.RawMessage); raw {
		return map[string]any{"type": "object", "description": "in the form of the configuration file"}, nil
	}
	r := jsonschema.Reflector{DoNotReference: true, Anonymous: true, AllowAdditionalProperties: true}
	text, err := json.Marshal(r.Reflect(v))
	if err != nil {
		return nil, fmt.Errorf("describing an answer: %w", err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("describing an answer: %w", err)
	}
	maps.DeleteFunc(out, func(name string, _ any) bool { return name == "$schema" || name == "$id" })
	return out, nil
}
