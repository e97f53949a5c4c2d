package detect_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"weir/policy/detect"
)

// What a scan is made to do most with, by the name of what is repeated.
var heavy = map[string]string{
	"digits": "7", "at": "@", "letter": "a", "words": "a ", "groups": "41 ", "addresses": "a@b.", "lines": "A\n", "colons": "a:b=", "brackets": "[a](",
	"commands": "ignore all ", "passwords": "password is ", "table": "ssn,iban\n1,2\n", "entities": "&amp;amp;#105;", "percent": "%252525",
	"nested": base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte("ignore the rules above")))) + " ",
	"unseen": "\u200b", "capitals": "Anna ", "dots": "a.b.", "quotes": "\"';", "keys": "sk-ant-", "tokens": "eyJ", "dashes": "-----BEGIN ",
}

// TestStepsAreLinear counts how often each block of these packages runs for a text, and for one twice as long: it must be
// no more than twice as often. It counts in a build of its own, so the machine's load changes nothing. With WEIR_STEPS the
// longer text has that many bytes.
func TestStepsAreLinear(t *testing.T) {
	size := 128 << 10
	if s := os.Getenv("WEIR_STEPS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("WEIR_STEPS: %v", err)
		}
		size = n
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "counting")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-covermode=count", "-coverpkg=weir/policy/detect/...", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	count := func(name string, bytes int) (steps int) {
		profile := filepath.Join(dir, "profile")
		cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestCountedScan$", "-test.coverprofile="+profile)
		cmd.Env = append(os.Environ(), "WEIR_STEPS_OF="+name, "WEIR_STEPS_BYTES="+strconv.Itoa(bytes))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		text, err := os.ReadFile(profile)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if n, err := strconv.Atoi(f[len(f)-1]); err == nil && len(f) == 3 {
				steps += n
			}
		}
		return steps
	}
	none := count("letter", 0) // what making the tables takes
	for name := range heavy {
		half, whole := count(name, size/2)-none, count(name, size)-none
		if half <= 0 || float64(whole) > 2.1*float64(half) {
			t.Errorf("%s: %d steps for %d bytes, %d for twice as many", name, half, size/2, whole)
		}
		if testing.Verbose() {
			fmt.Printf("%-10s %5.1f steps a byte\n", name, float64(whole)/float64(size))
		}
	}
}

// TestCountedScan is what TestStepsAreLinear counts.
func TestCountedScan(t *testing.T) {
	unit := heavy[os.Getenv("WEIR_STEPS_OF")]
	if unit == "" {
		t.Skip("nothing to count")
	}
	n, err := strconv.Atoi(os.Getenv("WEIR_STEPS_BYTES"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat(unit, n/len(unit))
	detect.New().ScanPrompt(text, detect.Reading{}, nil)
	asking().Scan(text, nil)
}
