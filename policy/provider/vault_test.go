package provider_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"weir/policy/provider"
)

// flipped is a text with another first letter.
func flipped(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

func TestVault(t *testing.T) {
	open := func(b byte) *provider.Vault {
		v, err := provider.NewVault(bytes.Repeat([]byte{b}, provider.VaultKeyBytes))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := open(1)
	const secret = "sk-own-0123456789"
	one, err := v.Seal("acme", "openai", secret)
	two, err2 := v.Seal("acme", "openai", secret)
	if err != nil || err2 != nil || one == two || strings.Contains(one, secret) {
		t.Fatalf("%v %v %q %q", err, err2, one, two)
	}
	if got, err := v.Open("acme", "openai", one); err != nil || got != secret {
		t.Errorf("%q, %v", got, err)
	}
	for name, open := range map[string]func() (string, error){
		"another tenant":   func() (string, error) { return v.Open("other", "openai", one) },
		"another provider": func() (string, error) { return v.Open("acme", "azure", one) },
		"another key":      func() (string, error) { return open(2).Open("acme", "openai", one) },
		"cut":              func() (string, error) { return v.Open("acme", "openai", one[:8]) },
		"no base64":        func() (string, error) { return v.Open("acme", "openai", "?") },
		"nothing":          func() (string, error) { return v.Open("acme", "openai", "") },
		"changed":          func() (string, error) { return v.Open("acme", "openai", flipped(one)) },
	} {
		if got, err := open(); !errors.Is(err, provider.ErrSealed) || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "two words", "line\nbreak", "umläut", strings.Repeat("x", 20_000)} {
		if _, err := v.Seal("acme", "openai", bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	if _, err := provider.NewVault(nil); err == nil {
		t.Error("a vault without a key")
	}
}
