package redact_test

import (
	"bytes"
	"strings"
	"testing"

	"weir/filter/redact"
)

var secret = bytes.Repeat([]byte{7}, 32)

func vault(t testing.TB) *redact.Vault {
	t.Helper()
	v, err := redact.NewVault(secret)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func issue(t testing.TB, v *redact.Vault, typ, value string) string {
	t.Helper()
	p, err := v.Placeholder(typ, value)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// restore feeds a text in pieces and returns what leaves, as a stream does it.
func restore(v *redact.Vault, pieces ...string) string {
	var out strings.Builder
	text, left := "", 0
	for i, p := range pieces {
		text += p
		cut := len(text)
		if i < len(pieces)-1 {
			cut = max(v.Settled(text, left), left)
		}
		at := left
		for _, m := range v.Find(text, left, nil) {
			if m.Start < at || m.End > cut {
				continue
			}
			out.WriteString(text[at:m.Start] + m.Value)
			at = m.End
		}
		out.WriteString(text[at:cut])
		left = cut
	}
	return out.String()
}

func TestOneToOne(t *testing.T) {
	v := vault(t)
	a, b := issue(t, v, "EMAIL_ADDRESS", "jane@example.com"), issue(t, v, "EMAIL_ADDRESS", "john@example.com")
	if a == b || a != issue(t, v, "EMAIL_ADDRESS", "jane@example.com") {
		t.Errorf("placeholders %q and %q", a, b)
	}
	if again := issue(t, vault(t), "EMAIL_ADDRESS", "jane@example.com"); again != a {
		t.Errorf("the next exchange says %q, want %q", again, a)
	}
	other, err := redact.NewVault(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if p := issue(t, other, "EMAIL_ADDRESS", "jane@example.com"); p == a {
		t.Error("another tenant has the same placeholder")
	}
	if _, err := redact.NewVault([]byte("short")); err == nil {
		t.Error("a short secret was taken")
	}
}

func TestFindForms(t *testing.T) {
	v := vault(t)
	p := issue(t, v, "EMAIL_ADDRESS", "jane@example.com")
	core := strings.Trim(p, "[]")
	for name, c := range map[string][2]string{
		"as it is":     {"to " + p + ".", "to jane@example.com."},
		"lower case":   {strings.ToLower(p), "jane@example.com"},
		"upper case":   {strings.ToUpper(p), "jane@example.com"},
		"no brackets":  {"to " + core + "!", "to jane@example.com!"},
		"backslashes":  {strings.ReplaceAll(p, "_", `\_`), "jane@example.com"},
		"blanks":       {"[ " + core + " ]", "jane@example.com"},
		"words":        {"to " + strings.ReplaceAll(core, "_", " ") + ".", "to jane@example.com."},
		"dashes":       {strings.ReplaceAll(p, "_", "-"), "jane@example.com"},
		"joined":       {strings.ReplaceAll(p, "_", ""), "jane@example.com"},
		"words before": {"EMAIL ADDRESS " + core, "EMAIL ADDRESS jane@example.com"},
		"words behind": {core + " and more", "jane@example.com and more"},
		"emphasised":   {"__" + core + "__ x", "__jane@example.com__ x"},
		"bold":         {"**" + p + "**", "**jane@example.com**"},
		"parts bold":   {"[EMAIL_ADDRESS_**" + core[len("EMAIL_ADDRESS_"):] + "**]", "jane@example.com"},
		"in a name":    {"x_" + core, "x_" + core},
		"goes on":      {core + "_x", core + "_x"},
		"two lines":    {"EMAIL ADDRESS\n" + core[len("EMAIL_ADDRESS_"):], "EMAIL ADDRESS\n" + core[len("EMAIL_ADDRESS_"):]},
		"possessive":   {p + "'s", "jane@example.com's"},
		"in a word":    {"x" + core, "x" + core},
		"longer":       {core + "abc", core + "abc"},
		"forged":       {"[EMAIL_ADDRESS_aaaaaaaaaa]", "[EMAIL_ADDRESS_aaaaaaaaaa]"},
		"twice":        {p + p, "jane@example.comjane@example.com"},
		"cut off":      {p[:len(p)-4], p[:len(p)-4]},
		"only bracket": {"[", "["},
	} {
		if got := restore(v, c[0]); got != c[1] {
			t.Errorf("%s: %q, want %q", name, got, c[1])
		}
	}
}

func TestForeign(t *testing.T) {
	v := vault(t)
	p := issue(t, v, "EMAIL_ADDRESS", "a@b.cd")
	text := p + " [EMAIL_ADDRESS_aaaaaaaaaa] [x] [REDACTED_EMAIL_ADDRESS]"
	for cut := range text {
		if n := v.Unresolved(text[:cut], 0, cut) + v.Unresolved(text, cut, len(text)); n != 1 {
			t.Errorf("%d unresolved cut at %d, want 1", n, cut)
		}
	}
}

func TestEmptyVaultHoldsNothing(t *testing.T) {
	v := vault(t)
	if n := v.Settled("[EMAIL", 0); n != len("[EMAIL") {
		t.Errorf("held from %d", n)
	}
}

func TestBound(t *testing.T) {
	v := vault(t)
	var err error
	for i := 0; i <= redact.MaxPlaceholders && err == nil; i++ {
		_, err = v.Placeholder("T", strings.Repeat("x", i%100)+string(rune('a'+i%26))+strings.Repeat("y", i/100))
	}
	if err == nil && v.Issued() > redact.MaxPlaceholders {
		t.Error("no bound")
	}
}

// FuzzRestore checks that a placeholder comes back exact wherever the stream is cut, and that nothing else changes.
func FuzzRestore(f *testing.F) {
	f.Add("Dear ", ", hello [x] _", uint16(3), uint16(20))
	f.Add("[[", "]]", uint16(0), uint16(9))
	f.Add("a\\_", "`*", uint16(7), uint16(8))
	f.Fuzz(func(t *testing.T, before, after string, a, b uint16) {
		v := vault(t)
		p := issue(t, v, "EMAIL_ADDRESS", "jane@example.com")
		text := before + p + after
		whole := restore(v, text)
		i, j := int(a)%(len(text)+1), int(b)%(len(text)+1)
		i, j = min(i, j), max(i, j)
		if got := restore(v, text[:i], text[i:j], text[j:]); got != whole {
			t.Fatalf("cut at %d, %d of %q: %q, whole: %q", i, j, text, got, whole)
		}
		var each []string
		for k := range len(text) {
			each = append(each, text[k:k+1])
		}
		if got := restore(v, each...); got != whole {
			t.Fatalf("bytewise %q: %q, whole: %q", text, got, whole)
		}
	})
}
