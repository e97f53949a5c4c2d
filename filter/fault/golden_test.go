package fault_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"weir/filter/fault"
)

// TestGolden keeps every byte a dialect can say about every code: the answer, the end of a stream and the stand-in for
// an answer that may not be shown, on the surfaces of both vendors.
func TestGolden(t *testing.T) {
	for _, name := range fault.Default().Names() {
		t.Run(name, func(t *testing.T) {
			d := dialect(t, name)
			var b bytes.Buffer
			for _, c := range fault.Codes() {
				fmt.Fprintf(&b, "# %s (%s)\n", c, fault.Source(d, c))
				for _, s := range []string{chat, messages} {
					writeAnswer(&b, s+" answer", d.Answer(sample(c), fault.Shape{Surface: s}))
					writeEnding(&b, s, d.Ending(sample(c), streaming(s)))
				}
				b.WriteByte('\n')
			}
			for _, s := range []string{chat, "openai.completions", messages, responses} {
				shape := fault.Shape{Surface: s, Model: "gpt-4o", Created: 1700000000}
				writeAnswer(&b, s+" blocked", d.Blocked(sample(fault.AnswerBlocked), shape))
				shape.Stream = true
				writeAnswer(&b, s+" blocked stream", d.Blocked(sample(fault.AnswerBlocked), shape))
			}
			writeEnding(&b, responses, d.Ending(sample(fault.SpendCut), streaming(responses)))
			writeEnding(&b, responses, d.Ending(sample(fault.GuardrailBlocked), streaming(responses)))
			compare(t, filepath.Join("testdata", name+".golden"), b.Bytes())
		})
	}
}

// streaming is a stream with two open choices, or with one open block.
func streaming(surface string) fault.Shape {
	s := fault.Shape{Surface: surface, Stream: true, ID: "chatcmpl-1", Model: "gpt-4o", Created: 1700000000, Choices: []int{0, 2}, Sequence: 7}
	if surface == messages {
		s.ID, s.Choices, s.Blocks = "msg_1", nil, []int{1}
	}
	return s
}

func writeAnswer(b *bytes.Buffer, what string, a fault.Answer) {
	fmt.Fprintf(b, "%s: %d", what, a.Status)
	for _, h := range a.Headers {
		fmt.Fprintf(b, " | %s: %s", h.Name, h.Value)
	}
	fmt.Fprintf(b, "\n%s\n", bytes.TrimSuffix(a.Body, []byte("\n\n")))
}

func writeEnding(b *bytes.Buffer, surface string, e []byte) {
	fmt.Fprintf(b, "%s ending:\n  %s\n", surface, strings.ReplaceAll(strings.TrimSuffix(string(e), "\n\n"), "\n", "\n  "))
}
