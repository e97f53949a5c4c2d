package config_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
)

var blocks = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// What the pages show as configuration is configuration.
func TestPagesShowGoodFiles(t *testing.T) {
	every := []string{"dvara", "rivaro", "openai", "korad", "dosai", "olava", "anthropic"}
	for _, page := range []string{"configuration", "keys", "detectors-elsewhere"} {
		b, err := os.ReadFile("../../../docs/" + page + ".md")
		if err != nil {
			t.Fatal(err)
		}
		found := blocks.FindAllStringSubmatch(string(b), -1)
		if len(found) == 0 {
			t.Fatalf("%s shows nothing", page)
		}
		for _, m := range found {
			text := m[1]
			if strings.Contains(text, "keyless") {
				text += "tenants: [{id: walk-in}]\n"
			}
			if _, err := config.Parse(page+".md", []byte(text), every); err != nil {
				t.Errorf("%v\nin\n%s", err, text)
			}
		}
	}
}
