//go:build !race

package detect_test

// The race detector allocates, and drops what a pool keeps: allocations are counted without it.

import (
	"strings"
	"testing"

	"weir/policy/detect"
)

func TestCleanTextAllocatesNothing(t *testing.T) {
	s := detect.New()
	text := strings.Repeat("A sentence about an ordinary day, version 1.2.3, order 12345, user handle @jane. Es ist sch\u00f6n\u2026 ", 50)
	var scratch []detect.Finding
	holds := s.Holding(func(t detect.Type) bool { return t == detect.EmailAddress })
	follows := s.Follow(holds)
	none := testing.AllocsPerRun(50, func() {
		scratch = s.Scan(text, scratch[:0])
		follows.Forget(len(text))
		scratch, _ = follows.Next(text, 0, len(text), scratch[:0])
	})
	if none != 0 {
		t.Errorf("%v allocations on clean text", none)
	}
}

func TestCleanPromptAllocatesNothing(t *testing.T) {
	s := detect.New()
	text := strings.Repeat("A sentence about an ordinary day, version 1.2.3, user handle @jane. Es ist sch\u00f6n\u2026 ", 50)
	var scratch []detect.Finding
	s.ScanPrompt(text, detect.Reading{}, nil)
	if n := testing.AllocsPerRun(50, func() { scratch = s.ScanPrompt(text, detect.Reading{}, scratch[:0]) }); n > 1 {
		t.Errorf("%v allocations on clean text", n)
	}
}
