package config

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of the file, for editors. It is generated from the types that are decoded, with their
// comments.
func Schema() []byte { return append([]byte(nil), schema...) }
