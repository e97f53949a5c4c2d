package config

import (
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema of the file, for editors. It is made from the types that are decoded.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{ExpandedStruct: true, RequiredFromJSONSchemaTags: false}
	s := r.Reflect(&File{})
	s.ID = ""
	s.Title = "Weir configuration"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the schema: %w", err)
	}
	return append(b, '\n'), nil
}
