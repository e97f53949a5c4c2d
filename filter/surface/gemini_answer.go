package surface

import (
	"bytes"
	"fmt"
	"strings"
)

// ReadAnswer implements Surface.
func (Gemini) ReadAnswer(body []byte) (*Answer, error) {
	t, err := openAnswer(body, "Gemini answer")
	if err != nil {
		return nil, err
	}
	_, has := t.member(0, "candidates")
	_, feedback := t.member(0, "promptFeedback")
	if !has && !feedback {
		return nil, fmt.Errorf("Gemini answer: %w: no candidates", errForm)
	}
	r := geminiReader{t: t, w: walker{tape: t, role: Assistant, alone: true}, alone: true}
	r.w.dropped = &r.logprobs
	r.read()
	a := newAnswer(t, "responseId", "modelVersion", geminiUsage(t))
	a.Segments, a.Finishes, a.Tools, a.Logprobs = r.w.segs, r.finishes, r.tools, r.logprobs
	t.free()
	return a, nil
}

// ReadEvent implements Surface.
func (Gemini) ReadEvent(name string, data []byte) (*Delta, error) {
	t, err := openEvent(data, "Gemini event")
	if err != nil {
		return nil, err
	}
	if _, bad := t.member(0, "error"); bad || name == "error" {
		return failed(t), nil
	}
	defer t.free()
	r := geminiReader{t: t, w: walker{tape: t, role: Assistant}}
	r.w.dropped = &r.logprobs
	r.read()
	return &Delta{
		ID: t.strOf(0, "responseId"), Model: t.strOf(0, "modelVersion"), Segments: r.w.segs, Finishes: r.finishes,
		Usage: geminiUsage(t), Tools: r.tools, Logprobs: r.logprobs, Opened: r.opened,
	}, nil
}

// geminiReader reads the candidates of an answer or of an event.
type geminiReader struct {
	t        *tape
	w        walker
	alone    bool
	finishes []Finish
	logprobs []Logprobs
	tools    []string
	opened   []int
}

func (r *geminiReader) read() {
	t := r.t
	candidates, _ := t.member(0, "candidates")
	t.elements(candidates, func(position, c int) {
		index := position
		if m, ok := t.member(c, "index"); ok {
			if n, whole := t.whole(m); whole {
				index = int(n)
			}
		}
		r.opened = append(r.opened, index)
		r.candidate(c, index)
	})
	r.w.beside(0, "candidates", "usageMetadata")
}

func (r *geminiReader) candidate(c, index int) {
	t := r.t
	t.members(c, func(k, v int) {
		r.w.at, r.w.alone, r.w.parent = Channel{Choice: index}, true, c
		switch name := t.text(k); name {
		case "content":
			parts, _ := t.member(v, "parts")
			t.elements(parts, func(_, part int) { r.part(part, index) })
		case "finishReason":
			if t.nodes[v].kind == str {
				r.finishes = append(r.finishes, Finish{Choice: index, Reason: strings.Clone(t.text(v)), At: t.span(v)})
			}
		case "logprobsResult":
			r.logprobs = append(r.logprobs, Logprobs{Choice: index, At: t.span(v)})
		case "citationMetadata", "groundingMetadata":
			r.logprobs = append(r.logprobs, Logprobs{Choice: index, At: t.span(v)})
			r.w.member(k, v)
		default:
			r.w.member(k, v)
		}
	})
}

// part reads a piece of text, or what comes whole: the call of a function, its code, a picture.
func (r *geminiReader) part(part, index int) {
	t := r.t
	field := "text"
	if m, ok := t.member(part, "thought"); ok && t.nodes[m].isTrue {
		field = "thought"
	}
	r.tools = append(r.tools, geminiCall(t, part)...)
	t.members(part, func(k, v int) {
		r.w.at, r.w.alone, r.w.parent = Channel{Choice: index}, true, part
		switch name := t.text(k); {
		case name == "text" && t.nodes[v].kind == str:
			r.w.segs = append(r.w.segs, Segment{
				Role: Assistant, Raw: t.span(v), Depth: 1, Text: t.text(v),
				At: Channel{Choice: index, Field: field}, Alone: r.alone,
			})
		case name == "inlineData" || name == "inline_data":
		case name == "functionCall" || name == geminiNames["functionCall"]:
			if args, ok := t.member(v, "args"); ok {
				r.w.at.Field, r.w.free = "call", true
				r.w.under(args, "args")
				r.w.free = false
			}
		default:
			r.w.member(k, v)
		}
	})
}

// geminiUsage reads the usage record, nil if there is none. Thoughts are output (ai.google.dev/gemini-api/docs/thinking).
func geminiUsage(t *tape) *Usage {
	u, ok := t.member(0, "usageMetadata")
	if !ok || t.nodes[u].kind != object {
		return nil
	}
	usage := &Usage{
		Input:  max(t.intOf(u, "promptTokenCount"), 0) + max(t.intOf(u, "toolUsePromptTokenCount"), 0),
		Output: max(t.intOf(u, "candidatesTokenCount"), 0) + max(t.intOf(u, "thoughtsTokenCount"), 0),
	}
	usage.Reasoning = max(t.intOf(u, "thoughtsTokenCount"), 0)
	usage.Cached = min(max(t.intOf(u, "cachedContentTokenCount"), 0), usage.Input)
	return usage
}

// TextEvent implements Surface.
func (Gemini) TextEvent(like Template, c Channel, text string) ([]byte, error) {
	return copyChunk(like, "candidates", func(b *bytes.Buffer) {
		thought := ""
		if c.Field == "thought" {
			thought = `,"thought":true`
		}
		fmt.Fprintf(b, `[{"content":{"parts":[{"text":"%s"%s}],"role":"model"},"index":%d}]`, encode(text), thought, c.Choice)
	})
}
