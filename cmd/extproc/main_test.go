package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"weir/cmd/extproc/demo/provider"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"extproc": func() { os.Exit(run()) }})
}

// TestCommands runs the command line as its users do; each file in testdata is one topic.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: commandsOfTests()})
}

// TestDemoProviderPage holds the page to the models there are.
func TestDemoProviderPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/demo-provider.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range provider.Models() {
		if !strings.Contains(string(page), "| `"+m[0]+"` | "+m[1]+" |") {
			t.Errorf("docs/demo-provider.md does not say what model %s does", m[0])
		}
	}
}
