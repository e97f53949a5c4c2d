package figures_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/test/figures"
)

func TestFiguresAreKeptMetOrMissed(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	list := []figures.Figure{
		figures.AtMost("met", 1, "s", 2), figures.AtMost("missed", 3, "s", 2), figures.AtLeast("too few", 1, "cases", 2), figures.Stated("stated", 5, "B"),
	}
	if err := figures.Write("kept", list); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "build", "figures", "kept.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := `[
  {
    "name": "met",
    "value": 1,
    "unit": "s",
    "target": "at most 2",
    "holds": true
  },
  {
    "name": "missed",
    "value": 3,
    "unit": "s",
    "target": "at most 2",
    "holds": false
  },
  {
    "name": "too few",
    "value": 1,
    "unit": "cases",
    "target": "at least 2",
    "holds": false
  },
  {
    "name": "stated",
    "value": 5,
    "unit": "B",
    "target": "",
    "holds": true
  }
]
`
	if string(b) != want {
		t.Errorf("wrote %s", b)
	}
	var out strings.Builder
	if err := figures.Print(&out, list); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "MISSED"); got != 2 || strings.Count(out.String(), "\n") != 4 {
		t.Errorf("printed %s", out.String())
	}
}

func TestNoModule(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := figures.Write("lost", nil); err == nil || !strings.Contains(err.Error(), "go.mod") {
		t.Errorf("error %v", err)
	}
}
