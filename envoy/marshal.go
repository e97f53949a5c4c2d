package envoy

import (
	"bytes"
	"encoding/json"
	"fmt"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// JSON writes a bootstrap as Envoy reads it, indented and the same bytes each time.
func JSON(b *bootstrapv3.Bootstrap) ([]byte, error) { return marshal(b) }

// YAML writes a bootstrap as Envoy reads it, in the order of JSON.
func YAML(b *bootstrapv3.Bootstrap) ([]byte, error) {
	j, err := marshal(b)
	if err != nil {
		return nil, err
	}
	y, err := yaml.JSONToYAML(j)
	if err != nil {
		return nil, fmt.Errorf("writing YAML: %w", err)
	}
	return y, nil
}

// marshal takes out the blanks protojson puts in at random, so that a golden file can be compared.
func marshal(m proto.Message) ([]byte, error) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
