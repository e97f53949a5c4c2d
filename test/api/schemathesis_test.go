package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
)

// configuration has every part that the API shows: PROVIDER is where an upstream answers, DIR a directory of the case's own.
const configuration = `
listen: unix:DIR/weir.sock
admin:
  listen: 127.0.0.1:0
  rate: 100000/s
  tokens:
    - {name: admin, sha256: ADMIN, role: admin}
    - {name: viewer, sha256: VIEWER, role: viewer}
store: {path: DIR/weir.db}
policies: {dir: DIR/policies, candidate: DIR/candidate}
providers:
  - {name: demo, kind: openai-compatible, base_url: "PROVIDER", credential: {file: DIR/demo.key}}
  - {name: other, kind: openai-compatible, base_url: "PROVIDER"}
models:
  - {name: echo, provider: demo, price: {input: "1", output: "2"}}
tenants:
  - {id: acme, dialect: dvara, budgets: [{limit: "10", period: month}], settings: {pii: {request: redact}}}
`

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

// serve runs a Weir and returns where its admin API is.
func serve(t *testing.T) string {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"length"}]}`)
	}))
	t.Cleanup(upstream.Close)
	dir, err := os.MkdirTemp("", "weir") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, name := range []string{"policies", "candidate"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "demo.key"), []byte("sk-demo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("DIR", dir, "PROVIDER", upstream.URL, "ADMIN", hashed("admin"), "VIEWER", hashed("viewer")).Replace(configuration)
	path := filepath.Join(dir, "weir.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	conf, err := config.Load(path, process.Dialects())
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.New(t.Context(), conf, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		p.Close()
	})
	return "http://" + p.AdminAddr().String()
}

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
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
	python, base := interpreter(t), serve(t)
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
