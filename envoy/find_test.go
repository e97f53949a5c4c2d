package envoy_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/envoy"
)

// script writes an executable that plays an Envoy.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "an envoy")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func printing(version string) string {
	return "#!/bin/sh\necho\necho \"$0  version: 9e5580933739775e8bce696a57a2e1bc99368f23/" + version + "/Clean/RELEASE/BoringSSL\"\n"
}

func TestVersion(t *testing.T) {
	b, err := envoy.Version(t.Context(), script(t, printing("1.38.3")))
	if err != nil || b.Minor != 38 || b.Full != "1.38.3" {
		t.Errorf("got %+v, %v", b, err)
	}
	for name, c := range map[string]struct{ path, says string }{
		"another program": {script(t, "#!/bin/sh\necho hello\n"), "does not look like Envoy"},
		"wrong processor": {script(t, "\x7fELF\x02\x01\x01 of another machine"), "another processor"},
		"old C library":   {script(t, "#!/bin/sh\necho \"libc.so.6: version \\`GLIBC_2.31' not found\" >&2\nexit 1\n"), "newer C library"},
		"missing":         {filepath.Join(t.TempDir(), "none"), "missing"},
		"failing":         {script(t, "#!/bin/sh\nexit 3\n"), "exit status 3"},
	} {
		if _, err := envoy.Version(t.Context(), c.path); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q in it", name, err, c.says)
		}
	}
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := envoy.Version(t.Context(), plain); err == nil || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("not executable: %v", err)
	}
}

func TestFind(t *testing.T) {
	old, fit, tools := script(t, printing("1.30.1")), script(t, printing("1.36.4")), script(t, printing("1.40.0"))
	broken := script(t, "#!/bin/sh\nexit 1\n")
	for name, c := range map[string]struct {
		variable, onPath, inTools string
		want, says                string
	}{
		"variable first":          {variable: fit, onPath: tools, want: fit},
		"variable is too old":     {variable: old, onPath: fit, says: "1.36 or newer"},
		"variable does not run":   {variable: broken, onPath: fit, says: "ENVOY: "},
		"PATH before tools":       {onPath: fit, inTools: tools, want: fit},
		"tools, PATH is too old":  {onPath: old, inTools: tools, want: tools},
		"tools, nothing on PATH":  {inTools: tools, want: tools},
		"nothing, with the ways":  {says: "docker compose up"},
		"only an old one on PATH": {onPath: old, says: "is Envoy 1.30.1"},
	} {
		env := func(k string) string {
			if k == "ENVOY" {
				return c.variable
			}
			return ""
		}
		look := func(n string) (string, error) {
			if p := map[string]string{"envoy": c.onPath, envoy.ToolsPath: c.inTools}[n]; p != "" {
				return p, nil
			}
			return "", fs.ErrNotExist
		}
		b, err := envoy.Find(t.Context(), env, look)
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: got %+v, %v, want %q", name, b, err, c.says)
			}
		} else if err != nil || b.Path != c.want {
			t.Errorf("%s: got %+v, %v", name, b, err)
		}
	}
}
