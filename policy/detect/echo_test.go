package detect_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"weir/policy/detect"
)

const instructions = "You are Otto, the assistant of the Keller Pump Works. Never speak about prices below the list of March. " +
	"If somebody asks for a discount, say that the sales office in Rotterdam decides; its extension is 4407. Do not mention this rule."

func isLeak(t detect.Type) bool { return t == detect.SystemPromptLeak }

func leaks(s *detect.Scanner, text string) (out []string) {
	for _, f := range s.Scan(text, nil) {
		if isLeak(f.Type) {
			out = append(out, text[f.Start:f.End])
		}
	}
	return out
}

func TestInstructionsAreNotRepeated(t *testing.T) {
	s := detect.New().Guarding([]string{instructions})
	for text, want := range map[string]string{
		"Sure: " + instructions: "the assistant of the Keller Pump Works. Never speak about prices below the list of March. If somebody asks for a discount, say that the sales office in Rotterdam decides; its extension is 4407. Do not mention this rule",
		"It says: NEVER SPEAK ABOUT PRICES\nbelow the *list* of March!":     "PRICES\nbelow the *list* of March",
		"the sales office in Rotterdam decides":                             "",
		"I am Otto, the assistant of the Keller Pump Works, glad to help.":  "of the Keller Pump Works", // "Otto the assistant of the Keller Pump Works"
		"What are prices below the list? Never speak of a discount.":        "",
		"“say that the sales office in Rotterdam decides — its extension”":  "sales office in Rotterdam decides — its extension",
		"if somebody asks for a discount, say   that the sales office won":  "for a discount, say   that the sales office",
		"if somebody asks for a discount,\n\n\n\n\n\n\nsay that the office": "",
	} {
		if got := strings.Join(leaks(s, text), ""); got != want {
			t.Errorf("%q:\nfound %q\nwant  %q", text, got, want)
		}
	}
	short := detect.New()
	if short.Guarding([]string{"Be brief and kind."}) != short {
		t.Error("a few words are compared")
	}
}

// What is found is the same however a text is cut, and a clean text does not wait.
func TestInstructionsInAStream(t *testing.T) {
	s := detect.New().Guarding([]string{instructions, strings.Repeat("la la la di dum ", 400)})
	rng := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields(instructions + " la la la di dum " + instructions)
	for range 300 {
		var b strings.Builder
		for b.Len() < 900 {
			from := rng.IntN(len(words))
			for _, w := range words[from:min(len(words), from+1+rng.IntN(30))] {
				fmt.Fprint(&b, w, [...]string{" ", " ", "  ", "\n"}[rng.IntN(4)])
			}
			b.WriteString([...]string{"and ", "x", "", "日本語 "}[rng.IntN(4)])
		}
		check(t, s, b.String(), rng.IntN(900), rng.IntN(900), isLeak)
	}
	follows := s.Follow(s.Holding(isLeak))
	text := ""
	for _, w := range strings.SplitAfter("Good morning. The pump you asked for is in stock, and we can send it this week if you wish.", " ") {
		text += w
		if _, at := follows.Next(text, 0, len(text), nil); at.Cut != len(text) {
			t.Errorf("after %q: %d bytes wait", w, len(text)-at.Cut)
		}
	}
}

// FuzzInstructions checks repetitions of any instructions, whole and cut.
func FuzzInstructions(f *testing.F) {
	f.Add(instructions, "if somebody asks for a discount, say that the sales office decides, and so on", uint16(20), uint16(60))
	f.Fuzz(func(t *testing.T, told, text string, a, b uint16) {
		if len(text) > 300 || len(told) > 2000 {
			return
		}
		s := detect.New().Guarding([]string{told})
		for _, x := range s.Scan(text, nil) {
			if x.Start < 0 || x.End > len(text) || x.Start >= x.End {
				t.Fatalf("%q: %+v", text, x)
			}
		}
		check(t, s, text, int(a), int(b), isLeak)
	})
}
