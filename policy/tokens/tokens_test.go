package tokens_test

import (
	"math"
	"strings"
	"testing"

	"weir/policy/tokens"
)

func TestEstimate(t *testing.T) {
	for text, want := range map[string][2]int64{
		"":                            {0, 0},
		"a":                           {1, 1},
		"The quick brown fox jumps.":  {5, 9},
		"日本語のテキスト":                    {6, 12},
		"4111 1111 1111 1111":         {5, 12},
		strings.Repeat("word ", 1000): {1000, 1500},
	} {
		if got := tokens.Estimate(text); got < want[0] || got > want[1] {
			t.Errorf("Estimate(%.20q) = %d, want %d to %d", text, got, want[0], want[1])
		}
	}
}

func TestBoundOverflow(t *testing.T) {
	if got := tokens.Bound(math.MaxInt64, 1); got != math.MaxInt64 {
		t.Errorf("got %d", got)
	}
	if got := tokens.Bound(-5, -5); got <= 0 {
		t.Errorf("got %d", got)
	}
}

func FuzzEstimateBelowBound(f *testing.F) {
	f.Add("hello")
	f.Add("\xff\xfe日本")
	f.Add("\x9b")
	f.Fuzz(func(t *testing.T, s string) {
		e := tokens.Estimate(s)
		if e > tokens.Bound(int64(len(s)), 1) || e < 0 || s != "" && e == 0 {
			t.Errorf("Estimate(%q) = %d", s, e)
		}
	})
}
