package fault_test

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"weir/filter/fault"
)

var update = flag.Bool("update", false, "write golden files and docs/errors.md anew")

const (
	trace     = "trace-1"
	chat      = "openai.chat"
	messages  = "anthropic.messages"
	responses = "openai.responses"
)

// sample is a fault of every code with the facts it usually has.
func sample(c fault.Code) fault.Fault {
	f := fault.Fault{Code: c, Trace: trace, Model: "gpt-4o"}
	switch c {
	case fault.MethodNotAllowed:
		f.Allow = []string{"GET", "HEAD"}
	case fault.BodyTooLarge:
		f.Limit, f.Unit = 32<<20, "bytes"
	case fault.JSONInvalid:
		f.Detail = "unexpected end at byte 17"
	case fault.ParameterMissing:
		f.Field, f.Detail = "messages", "is required"
	case fault.ParameterInvalid:
		f.Field, f.Detail = "temperature", "must be between 0 and 2"
	case fault.ProviderNotConfigured:
		f.Field, f.Variable = "model", "OPENAI_API_KEY"
	case fault.InputTokensExceeded:
		f.Limit, f.Unit = 32768, "tokens"
	case fault.MessagesExceeded:
		f.Limit, f.Unit = 100, "messages"
	case fault.MessageLengthExceeded:
		f.Limit, f.Unit = 50000, "characters"
	case fault.PIIDetected:
		f.Categories = []string{"email", "ssn"}
	case fault.GuardrailBlocked:
		f.Categories = []string{"jailbreak"}
	case fault.RateExceeded:
		f.Limit, f.Unit, f.Window, f.RetryAfter = 100, "requests", time.Hour, 1500*time.Millisecond
	case fault.BudgetExceeded:
		f.Limit, f.Unit, f.RetryAfter = 50_000_000, "micro_usd", 36*time.Hour
	case fault.ProviderError:
		f.Provider, f.Upstream, f.Hint = "OpenAI", 401, "invalid API key - check your provider credentials"
	case fault.ProviderRateLimited, fault.ProviderTimeout, fault.ProviderUnreachable, fault.ProviderUnreadable:
		f.Provider = "OpenAI"
	}
	return f
}

func dialect(t testing.TB, name string) fault.Dialect {
	t.Helper()
	d, ok := fault.Default().ByName(name)
	if !ok {
		t.Fatalf("no dialect %q", name)
	}
	return d
}

// compare checks got against a file, or writes it.
func compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			t.Fatalf("%s is stale (run with -update) at line %d:\ngot  %s\nwant %s", path, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s is stale (run with -update): %d lines, want %d", path, len(g), len(w))
}

func header(a fault.Answer, name string) string {
	for _, h := range a.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}
