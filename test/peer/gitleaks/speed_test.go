package gitleaks

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zricethezav/gitleaks/v8/detect"

	weir "weir/policy/detect"
	"weir/test/figures"
)

// prose is what people write at work: addresses and numbers in it, most of them nobody's.
const prose = "Dear Ms Keller, thank you for the call this morning. I attach the minutes and the revised offer for the 36 pumps of type KX-204, " +
	"which our colleagues in Rotterdam can deliver by week 19. The first invoice, 2026/0417, is due 30 days after delivery; the second " +
	"covers the service contract and comes in autumn. If anything is unclear, write to orders@example.com or ask for Tom at reception. " +
	"We changed the connection of the east line on 12 May, so the readings of that day are not comparable with the others (see page 7). "

// pieceBytes is the length of what is timed.
const pieceBytes = 4096

func piece() string { return strings.Repeat(prose, 1+pieceBytes/len(prose))[:pieceBytes] }

// quickest is the time of the quickest of several runs, microseconds: what else the machine does only ever adds.
func quickest(runs int, f func()) float64 {
	best := time.Duration(1 << 62)
	for range runs {
		began := time.Now()
		f()
		best = min(best, time.Since(began))
	}
	return float64(best.Nanoseconds()) / 1000
}

// BenchmarkPeers times 4 KB through Weir's rules, gitleaks' and, where WEIR_PRESIDIO names a Python that has it, Microsoft
// Presidio's recognizers without a language model, in one run. The figures go to build/figures/peers.json.
func BenchmarkPeers(b *testing.B) {
	b.Chdir("../../..") // where build is
	text := piece()
	ours := weir.New()
	var scratch []weir.Finding
	mine := quickest(200, func() { scratch = ours.Scan(text, scratch[:0]) })
	prompt := quickest(200, func() { scratch = ours.ScanPrompt(text, weir.Reading{}, scratch[:0]) })
	theirs, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		b.Fatal(err)
	}
	leaks := quickest(20, func() { theirs.DetectString(text) })
	list := []figures.Figure{
		figures.Stated("Weir: every rule, 4 KB", mine, "microseconds"),
		figures.Stated("Weir: every rule, classifier and names, 4 KB", prompt, "microseconds"),
		figures.Stated("gitleaks: secrets only, 4 KB", leaks, "microseconds"),
		figures.Stated("gitleaks' time over Weir's, which looks for personal data and phrases, too", leaks/mine, "times"),
	}
	if python := os.Getenv("WEIR_PRESIDIO"); python != "" {
		took := presidio(b, python, text)
		list = append(list, figures.Stated("Presidio: patterns only, no language model, 4 KB", took, "microseconds"),
			figures.AtLeast("Presidio's time over Weir's", took/mine, "times", 1))
	}
	if err := figures.Write("peers", list); err != nil {
		b.Fatal(err)
	}
	if err := figures.Print(os.Stdout, list); err != nil {
		b.Fatal(err)
	}
}

// presidio asks a Python for the time of one text, microseconds.
func presidio(b *testing.B, python, text string) float64 {
	line, err := json.Marshal(text)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(python, "test/peer/presidio/analyze.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(append(line, '\n')), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("timing Presidio: %v", err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatalf("timing Presidio: %v", err)
	}
	return seconds * 1e6
}
