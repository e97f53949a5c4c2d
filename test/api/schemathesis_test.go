package api

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// interpreter is the Python that has Schemathesis.
func interpreter(t *testing.T) string {
	t.Helper()
	path := os.Getenv("WEIR_SCHEMATHESIS")
	if path == "" {
		path = filepath.Join("..", "..", ".tools", "schemathesis", "bin", "python3")
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("WEIR_REQUIRE_SDKS") != "" {
			t.Fatal("no Schemathesis: tools/setup schemathesis")
		}
		t.Skip("no Schemathesis: tools/setup schemathesis")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// few is how many inputs each operation gets; WEIR_API_EXAMPLES says otherwise, and has all of it asked as a viewer, too.
const few = "5"

// settings add what else may refuse data that is wrong: a precondition, and the size.
const settings = `
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 412, 413, 422, 429]
`

// TestSchemathesis asks every operation what its document allows, and what it does not.
func TestSchemathesis(t *testing.T) {
	python, base := interpreter(t), serve(t).base
	examples, tokens := os.Getenv("WEIR_API_EXAMPLES"), []string{"admin", "viewer"}
	if examples == "" {
		examples, tokens = few, tokens[:1]
	}
	for _, token := range tokens {
		cmd := exec.CommandContext(t.Context(), python,
			"-m", "schemathesis.cli", "run", base+"/v1/openapi.json", "--header", "Authorization: Bearer "+token,
			"--exclude-operation-id", "tailTrail", // it does not end
			"--max-examples", examples, "--seed", "1", "--no-color", "--generation-database", "none",
			"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"+
				"negative_data_rejection,unsupported_method,allow_header_conformance,ignored_auth,missing_required_header,use_after_free")
		cmd.Dir = t.TempDir()
		if err := os.WriteFile(filepath.Join(cmd.Dir, "schemathesis.toml"), []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("as %s: %v\n%s", token, err, out)
		}
	}
}
