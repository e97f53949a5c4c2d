package e2e_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readiness is what the operator's page says.
func (s *stage) readiness(t *testing.T) (int, string) {
	t.Helper()
	r, err := http.Get("http://" + s.weir.AdminAddr().String() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

const noEcho = "package weir\n\nimport rego.v2\n\nreasons contains {\"code\": \"policy_denied\", \"message\": \"No echo here.\"} if input.request.model == \"echo\"\n"

// A policy comes into force when its file is written, one that does not compile is kept out, and so is a wrong file of
// configuration: what was in force stays, and the operator is told.
func TestReload(t *testing.T) {
	s := ownWeir(t)
	status := func() int { return s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "x")}).status }
	if got := status(); got != 200 {
		t.Fatalf("at first: %d", got)
	}
	rule := filepath.Join(s.dir, policiesDir, "mine.rego")
	writeFile(t, rule, noEcho)
	eventually(t, "the rule is in force", func() bool { return status() == 403 })
	hasError(t, s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "x")}), 403, `{"error":{"code":"policy_denied","type":"policy_violation","message":"No echo here.","trace_id":"{trace}"}}`)

	writeFile(t, rule, noEcho+"reasons contains nonsense\n")
	eventually(t, "the operator is told of the policy", func() bool {
		code, text := s.readiness(t)
		return code == 503 && strings.Contains(text, "policies")
	})
	if got := status(); got != 403 {
		t.Errorf("with a policy that does not compile: %d", got)
	}
	if err := os.Remove(rule); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rule is gone", func() bool { return status() == 200 })

	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, s.config, strings.Replace(string(text), "\ntenants:", "\ntenant:", 1))
	eventually(t, "the operator is told of the file", func() bool {
		code, text := s.readiness(t)
		return code == 503 && strings.Contains(text, "configuration")
	})
	if got := status(); got != 200 {
		t.Errorf("with a file that is refused: %d", got)
	}
	writeFile(t, s.config, strings.Replace(string(text), "\ntenants:", "\ntenants:\n- {id: late, dialect: dvara}", 1))
	eventually(t, "all is well again", func() bool {
		code, _ := s.readiness(t)
		return code == 200
	})
	if got := status(); got != 200 {
		t.Errorf("at the end: %d", got)
	}
}

// An exchange is governed to its end by what was in force when it began.
func TestReloadInMidStream(t *testing.T) {
	s := ownWeir(t)
	trace := newTrace()
	_, let := s.slowly(t, trace, "text/event-stream", firstEvent, lastEvents)
	f := s.begin(t, call{key: of(plain, "dvara"), body: ask("scripted", "x", streaming), trace: trace})
	writeFile(t, filepath.Join(s.dir, policiesDir, "mine.rego"), strings.Replace(noEcho, `== "echo"`, `!= ""`, 1))
	eventually(t, "the rule is in force", func() bool {
		return s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "x")}).status == 403
	})
	close(let)
	if f.rest(); f.err != nil || f.read != firstEvent+lastEvents {
		t.Errorf("%v %s", f.err, f.read)
	}
}
