package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/policy"
)

// Policies of ext_authz that change come into force whole, and bad ones not at all.
func TestAuthorizerEngineKeepsWhatIsInForce(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "p.rego")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("package envoy.authz\n\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("allow := true")
	moment := time.Unix(1, 0)
	e, err := policy.NewAuthorizerEngine(t.Context(), dir, policy.AuthorizerPath, func() time.Time { return moment })
	if err != nil {
		t.Fatal(err)
	}
	said := func() any {
		t.Helper()
		v, err := e.Current().Authorize(t.Context(), map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := e.Current()
	if said() != true || e.Status().Version != first.Version() {
		t.Fatalf("at first: %v, %+v", said(), e.Status())
	}
	if err := e.Reload(t.Context()); err != nil || e.Current() != first || e.Status().Replaced != 0 {
		t.Errorf("nothing has changed: %v %+v", err, e.Status())
	}
	moment = moment.Add(time.Hour)
	write("allow := false")
	if err := e.Reload(t.Context()); err != nil || said() != false || e.Status().Replaced != 1 || !e.Status().Loaded.Equal(moment) {
		t.Errorf("a change: %v %v %+v", err, said(), e.Status())
	}
	for text, want := range map[string]string{
		"allow := nonsense":             "p.rego:3",
		"deny := true":                  "no rule gives data.envoy.authz.allow",
		`allow := opa.runtime().config`: "withheld from policies",
	} {
		write(text)
		before := e.Status()
		err := e.Reload(t.Context())
		var load *policy.LoadError
		if !errors.As(err, &load) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
		after := e.Status()
		if said() != false || after.Version != before.Version || after.Refused != before.Refused+1 || after.Err == nil {
			t.Errorf("%s: %v %+v", text, said(), after)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := e.Reload(t.Context()); err == nil || said() != false {
		t.Errorf("without its directory: %v %v", err, said())
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write("allow := true")
	if err := e.Reload(t.Context()); err != nil || said() != true || e.Status().Err != nil {
		t.Errorf("mended: %v %v %+v", err, said(), e.Status())
	}
}
