package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"weir/envoy"
)

// TestInstallEnvoyPage does what the page tells somebody who has nothing yet, with a real Envoy, on addresses that are free:
// every file and every command down to the first request that is governed.
func TestInstallEnvoyPage(t *testing.T) {
	found, err := envoy.Find(t.Context(), os.Getenv, func(name string) (string, error) {
		if name == envoy.ToolsPath {
			name = filepath.Join("..", "..", name)
		}
		return exec.LookPath(name)
	})
	if err != nil {
		if os.Getenv("ENVOY") == "" && os.Getenv("WEIR_REQUIRE_ENVOY") == "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	path, err := filepath.Abs(found.Path)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/install-envoy.md")
	if err != nil {
		t.Fatal(err)
	}
	text, _, ok := strings.Cut(string(page), "\n## Into an Envoy you have")
	if !ok {
		t.Fatal("the page has another order")
	}
	sockets, err := os.MkdirTemp("", "wi") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	text = strings.ReplaceAll(text, "/tmp/weir-install", sockets)
	for _, port := range []string{"10000", "18081", "9911"} {
		text = strings.ReplaceAll(text, "127.0.0.1:"+port, free(t))
	}
	var script strings.Builder
	fmt.Fprintf(&script, "set -eu\nexport ENVOY=%[1]q\ntrap 'kill $(jobs -p) 2>/dev/null || :' EXIT\nenvoy() { exec %[1]q \"$@\" --concurrency 1 -l error; }\n", path)
	blocks, commands := strings.Split(text, "\n```"), 0
	for i := 1; i+1 < len(blocks); i += 2 {
		info, body, _ := strings.Cut(blocks[i], "\n")
		if kind, name, _ := strings.Cut(info, " "); name != "" {
			fmt.Fprintf(&script, "cat > %s <<'END'\n%s\nEND\n", name, body)
		} else if kind == "sh" {
			commands += strings.Count(body, "\n") + 1
			script.WriteString(body + "\n")
		}
	}
	if commands < 10 {
		t.Fatalf("the page has only %d commands", commands)
	}
	dir := t.TempDir()
	whole := "exec bash page.sh\nstdout '\"content\":\"hello\"'\nstdout 'POST /v1/chat/completions: governed, Envoy 1.'\nstdout 'POST /v1/messages: governed, Envoy 1.'\nstdout '^0 errors'\n-- page.sh --\n" + script.String()
	if err := os.WriteFile(filepath.Join(dir, "page.txt"), []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, Cmds: commandsOfTests()})
}

// free is an address that nobody listens on just now.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
