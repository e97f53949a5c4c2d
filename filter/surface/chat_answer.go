package surface

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// errForm says that an answer has not the form of its surface.
var errForm = errors.New("not the surface's form")

// ReadAnswer implements Surface.
func (Chat) ReadAnswer(body []byte) (*Answer, error) {
	return readChoices(body, chatReader{message: "message", nested: true})
}

// readChoices reads an answer that is a list of choices.
func readChoices(body []byte, r chatReader) (*Answer, error) {
	t, err := openAnswer(body, "chat answer")
	if err != nil {
		return nil, err
	}
	choices, ok := t.member(0, "choices")
	if !ok || t.nodes[choices].kind != array {
		return nil, fmt.Errorf("chat answer: %w: no choices", errForm)
	}
	a := newAnswer(t, "id", "model", chatUsage(t))
	defer t.free()
	r.t = t
	r.read(choices)
	a.Segments, a.Finishes, a.Logprobs, a.Tools = r.segs, r.finishes, r.logprobs, r.tools
	return a, nil
}

// ReadEvent implements Surface.
func (Chat) ReadEvent(name string, data []byte) (*Delta, error) {
	return readChunk(name, data, chatReader{message: "delta", bare: true})
}

// readChunk reads an event that is a list of choices.
func readChunk(name string, data []byte, r chatReader) (*Delta, error) {
	if string(bytes.TrimSpace(data)) == endMarker {
		return &Delta{Done: true}, nil
	}
	t, err := openEvent(data, "chat event")
	if err != nil {
		return nil, err
	}
	defer t.free()
	if _, bad := t.member(0, "error"); bad || name == "error" {
		return failed(t), nil
	}
	choices, ok := t.member(0, "choices")
	if !ok || t.nodes[choices].kind != array {
		return nil, fmt.Errorf("chat event: %w: no choices", errForm)
	}
	r.t = t
	r.read(choices)
	d := &Delta{
		ID: t.strOf(0, "id"), Model: t.strOf(0, "model"), Created: t.intOf(0, "created"), Usage: chatUsage(t),
		Segments: r.segs, Finishes: r.finishes, Opened: r.opened, Logprobs: r.logprobs, Tools: r.tools,
	}
	empty := t.nodes[choices].next == choices+1
	d.OnlyUsage = empty && d.Usage != nil
	d.Bare = r.bare && !empty && d.Usage == nil
	return d, nil
}

// chatReader reads the choices of an answer or of an event.
type chatReader struct {
	t        *tape
	message  string // message or delta
	nested   bool
	segs     []Segment
	finishes []Finish
	logprobs []Logprobs
	opened   []int
	tools    []string
	bare     bool // nothing but text and its place
}

func (r *chatReader) read(choices int) {
	r.t.elements(choices, func(position, c int) {
		index := position
		if m, ok := r.t.member(c, "index"); ok {
			if n, whole := r.t.whole(m); whole {
				index = int(n)
			}
		}
		r.opened = append(r.opened, index)
		r.choice(c, index)
	})
	r.outside()
}

func (r *chatReader) choice(c, index int) {
	t := r.t
	t.members(c, func(k, v int) {
		null := t.nodes[v].kind == null
		switch name := t.text(k); {
		case name == r.message:
			r.tools = append(r.tools, called(t, v)...)
			r.fields(v, index)
		case name == "finish_reason" && !null:
			r.bare = false
			r.finishes = append(r.finishes, Finish{Choice: index, Reason: strings.Clone(t.text(v)), At: t.span(v)})
		case name == "logprobs" && !null:
			r.logprobs = append(r.logprobs, Logprobs{Choice: index, At: t.span(v)})
		case name == "text" && r.message == noMessage && t.nodes[v].kind == str:
			r.walk(v, name, Channel{Choice: index, Field: name}, false)
		case name == "index", null:
		default:
			r.bare = false
			r.alone(v, index, name)
		}
	})
}

// fields reads a message: each of its texts is a channel of its own.
func (r *chatReader) fields(message, index int) {
	t := r.t
	t.members(message, func(k, v int) {
		name := t.text(k)
		switch {
		case t.nodes[v].kind == null:
		case name == "tool_calls":
			t.elements(v, func(position, call int) { r.call(call, index, position) })
		case name == "function_call":
			r.function(v, Channel{Choice: index, Field: "function_call"})
		case name == "role":
			r.bare = false
		case name == "annotations":
			r.bare = false
			r.logprobs = append(r.logprobs, Logprobs{Choice: index, At: t.span(v)})
			r.alone(v, index, name)
		case t.nodes[v].kind == str && traitOf(name)&label == 0:
			r.walk(v, name, Channel{Choice: index, Field: name}, false)
		default:
			r.bare = false
			r.alone(v, index, name)
		}
	})
}

// call reads a tool call. A stream's pieces say by index which one they belong to.
func (r *chatReader) call(call, choice, position int) {
	t := r.t
	tool := position
	if m, ok := t.member(call, "index"); ok {
		if n, whole := t.whole(m); whole {
			tool = int(n)
		}
	}
	at := Channel{Choice: choice, Field: "arguments", Tool: tool}
	t.members(call, func(k, v int) {
		switch name := t.text(k); {
		case name == "function":
			r.function(v, at)
		case name == "index" || t.nodes[v].kind == null:
		default:
			r.bare = false
			r.alone(v, choice, name)
		}
	})
}

func (r *chatReader) function(f int, at Channel) {
	t := r.t
	t.members(f, func(k, v int) {
		switch name := t.text(k); {
		case t.nodes[v].kind == null:
		case name == "arguments":
			r.walk(v, name, at, false)
		case name == "name":
			r.bare = false
			if t.nodes[v].kind != str || !labelled(t.text(v)) {
				r.alone(v, at.Choice, name)
			}
		default:
			r.bare = false
			r.alone(v, at.Choice, name)
		}
	})
}

func (r *chatReader) walk(i int, key string, at Channel, alone bool) {
	w := walker{tape: r.t, role: Assistant, at: at, nested: r.nested, alone: alone, segs: r.segs}
	w.under(i, key)
	r.segs = w.segs
}

// alone reads text that no other event goes on with.
func (r *chatReader) alone(i, choice int, key string) {
	r.walk(i, key, Channel{Choice: choice, Field: "@" + key}, true)
}

// outside reads what stands beside the choices: citations, search results. Names, ids and padding are no text.
func (r *chatReader) outside() {
	r.t.members(0, func(k, v int) {
		switch name := r.t.text(k); name {
		case "choices", "usage", "id", "object", "created", "model", "service_tier", "system_fingerprint", "obfuscation":
		default:
			if k := r.t.nodes[v].kind; k == object || k == array || k == str {
				r.alone(v, -1, name)
			}
		}
	})
}

// chatUsage reads the usage record, nil if there is none.
func chatUsage(t *tape) *Usage {
	u, ok := t.member(0, "usage")
	if !ok || t.nodes[u].kind != object {
		return nil
	}
	if _, ok := t.member(u, "prompt_tokens"); !ok {
		return nil
	}
	usage := &Usage{Input: max(t.intOf(u, "prompt_tokens"), 0), Output: max(t.intOf(u, "completion_tokens"), 0)}
	if details, ok := t.member(u, "prompt_tokens_details"); ok {
		usage.Cached = min(max(t.intOf(details, "cached_tokens"), 0), usage.Input)
	}
	usage.thought(t, u, "completion_tokens_details")
	usage.Tier = tier(t.strOf(0, "service_tier"))
	return usage
}

// thought reads how much of the output is reasoning.
func (u *Usage) thought(t *tape, usage int, details string) {
	if d, ok := t.member(usage, details); ok {
		u.Reasoning = min(max(t.intOf(d, "reasoning_tokens"), 0), u.Output)
	}
}

// tier reads as what a request was served. What OpenAI calls flex costs as much as a batch
// (platform.openai.com/docs/guides/flex-processing).
func tier(s string) string {
	switch s {
	case "batch", "flex":
		return "batch"
	case "priority":
		return s
	}
	return ""
}

// TextEvent implements Surface.
func (Chat) TextEvent(like Template, c Channel, text string) ([]byte, error) {
	return copyChunk(like, "choices", func(b *bytes.Buffer) { chatChoice(b, c, text) })
}

// usageMembers are where events report usage.
var usageMembers = []string{"usage", "usageMetadata"}

// copyChunk is a record like another one, with another value of the member that carries the text. What it says about
// usage is left out.
func copyChunk(like Template, member string, value func(*bytes.Buffer)) ([]byte, error) {
	t, refusal := scan(like.Data)
	if refusal != nil {
		return nil, refusal
	}
	var b bytes.Buffer
	b.WriteString("data: {")
	t.members(0, func(k, v int) {
		name := t.text(k)
		if oneOf(name, usageMembers) || t.nodes[v].kind == null {
			return
		}
		if b.Len() > len("data: {") {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.Write(t.body[t.nodes[k].start:t.nodes[k].end])
		b.WriteString(`":`)
		if name == member {
			value(&b)
			return
		}
		b.Write(whole(t, v))
	})
	b.WriteString("}\n\n")
	return b.Bytes(), nil
}

// whole is a value as it stands, quotes included.
func whole(t *tape, i int) []byte {
	n := &t.nodes[i]
	if n.kind == str {
		return t.body[n.start-1 : n.end+1]
	}
	return t.body[n.start:n.end]
}

func chatChoice(b *bytes.Buffer, c Channel, text string) {
	fmt.Fprintf(b, `[{"index":%d,"delta":{`, c.Choice)
	switch c.Field {
	case "arguments":
		fmt.Fprintf(b, `"tool_calls":[{"index":%d,"function":{"arguments":"%s"}}]`, c.Tool, encode(text))
	case "function_call":
		fmt.Fprintf(b, `"function_call":{"arguments":"%s"}`, encode(text))
	default:
		fmt.Fprintf(b, `"%s":"%s"`, encode(c.Field), encode(text))
	}
	b.WriteString(`},"finish_reason":null}]`)
}
