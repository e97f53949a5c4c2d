package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// elsewhere are commands of programs that a test may not have.
var elsewhere = regexp.MustCompile(`^(kubectl|curl|helm|docker) `)

var endsWith = regexp.MustCompile(`^(.*?)\s*# ends with ([0-9]+)$`)

// These pages are done as they tell a newcomer, in their order; that of the trail on the trail of a few exchanges.
func TestPoliciesPage(t *testing.T)  { followPage(t, "policies", 7, "mkdir policies\n") }
func TestAuditPage(t *testing.T)     { followPage(t, "audit", 7, "exchanges weir.db\n") }
func TestTelemetryPage(t *testing.T) { followPage(t, "telemetry", 1, "") }
func TestWebhooksPage(t *testing.T) {
	followPage(t, "webhooks", 4, "env WEIR_WEBHOOK_SECRET=0123456789012345678901234\nenv SLACK_URL=https://example.org/slack\n")
}
func TestSecurityPage(t *testing.T) { followPage(t, "security", 2, "") }
func TestAdminPage(t *testing.T) {
	t.Setenv("WEIR_ADMIN_TOKEN", "secret") // the server's
	followPage(t, "admin", 8, "env WEIR_ADMIN_TOKEN=secret\n")
}
func TestProvidersPage(t *testing.T) {
	t.Setenv("WEIR_ADMIN_TOKEN", "secret") // the server's
	followPage(t, "providers", 10, "cp secret key.txt\nenv WEIR_ADMIN_TOKEN=secret\n", "-- secret --\nsk-own-0123456789\n")
}

// What these pages tell to type is done as far as a machine without a cluster can: commands of other programs are left out, and the
// configuration is one without a Redis.
func TestInstallPages(t *testing.T) {
	const given = "-- weir.yaml --\nproviders: [{name: openai, kind: openai}]\nmodels: [{name: gpt-4o, provider: openai}]\ntenants: [{id: acme}]\n"
	followPage(t, "install-envoy-gateway", 6, "", given)
	followPage(t, "install-istio", 7, "", given)
}

// followPage does what a page says. A block whose first line names a file is
// that file; a block of sh is run; a block of text is what its last command prints, a line of it on each line, and one of
// stderr what it says about an error.
func followPage(t *testing.T, name string, least int, first string, given ...string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/" + name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	var script, files strings.Builder
	script.WriteString(first)
	files.WriteString(strings.Join(given, ""))
	blocks := strings.Split(string(page), "\n```")
	ran := 0
	for i := 1; i+1 < len(blocks); i += 2 {
		info, body, _ := strings.Cut(blocks[i], "\n")
		kind, name, _ := strings.Cut(info, " ")
		switch {
		case name != "":
			fmt.Fprintf(&files, "-- block%d --\n%s\n", i, body)
			fmt.Fprintf(&script, "cp block%d %s\n", i, name)
		case kind == "sh":
			for _, line := range strings.Split(body, "\n") {
				if elsewhere.MatchString(line) {
					continue
				}
				script.WriteString(command(line))
				ran++
			}
		case kind == "text" || kind == "stderr":
			for _, line := range strings.Split(body, "\n") {
				fmt.Fprintf(&script, "%s '%s'\n", map[string]string{"text": "stdout", "stderr": "stderr"}[kind], regexp.QuoteMeta(line))
			}
		default:
			t.Fatalf("a block of the page is neither a file nor a command: %s", info)
		}
	}
	if ran < least {
		t.Fatalf("the page has only %d commands", ran)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "page.txt"), []byte(script.String()+files.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, Cmds: commandsOfTests()})
}

// command is a line of a page as testscript runs it.
func command(line string) string {
	if rest, ok := strings.CutPrefix(line, "rm "); ok {
		return "rm " + rest + "\n"
	}
	if file, ok := strings.CutPrefix(line, "extproc serve --config "); ok && strings.HasSuffix(file, " &") {
		return "serving " + strings.TrimSuffix(file, " &") + "\n"
	}
	if m := endsWith.FindStringSubmatch(line); m != nil {
		return "! exec " + m[1] + "\n"
	}
	if run, output, ok := strings.Cut(line, " > "); ok {
		return "exec " + run + "\ncp stdout " + output + "\n"
	}
	if run, input, ok := strings.Cut(line, " < "); ok {
		return "stdin " + input + "\nexec " + run + "\n"
	}
	return "exec " + line + "\n"
}
