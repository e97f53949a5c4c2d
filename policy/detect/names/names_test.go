package names_test

import (
	"os"
	"strings"
	"testing"

	"weir/policy/detect/names"
)

func tagger(t testing.TB) *names.Tagger {
	t.Helper()
	file, err := os.ReadFile("names.bin")
	if err != nil {
		t.Fatal(err)
	}
	g, err := names.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestFind(t *testing.T) {
	g := tagger(t)
	for text, want := range map[string]string{
		"My name is Maria Lopez and I live in Berlin.":       "1 Maria Lopez|2 Berlin",
		"Dear Mr. Schneider, thank you for your message.":    "1 Schneider",
		"We signed a contract with Northwind Logistics.":     "3 Northwind Logistics",
		"Please mark the report as done before Friday.":      "",
		"see src/John/Smith.go and mail john@example.com":    "",
		"Error in Main Thread: the API returned status 500.": "",
	} {
		var s names.Scratch
		var got []string
		for _, n := range g.Find(&s, text, nil) {
			got = append(got, string(rune('0'+n.Class))+" "+text[n.Start:n.End])
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", text, strings.Join(got, "|"), want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, file := range []string{"", "weirnam2", "weirnam2\x00\x00\x00\x00\xff\xff\xff\xff"} {
		if _, err := names.Decode([]byte(file)); err == nil {
			t.Errorf("%q is read", file)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("Anna M. O'Neil-Lopez\u2019s Caf\u00e9 \xff in New York")
	g := tagger(f)
	f.Fuzz(func(t *testing.T, text string) {
		var s names.Scratch
		end := 0
		for _, n := range g.Find(&s, text, nil) {
			if n.Start < end || n.End <= n.Start || n.End > len(text) || n.Class == names.Other || n.Score < 0 || n.Score > 1 {
				t.Fatalf("%q: %+v after %d", text, n, end)
			}
			end = n.End
		}
	})
}
