package surface

import (
	"fmt"
	"strings"
)

// ReadAnswer implements Surface.
func (Messages) ReadAnswer(body []byte) (*Answer, error) {
	t, err := openAnswer(body, "messages answer")
	if err != nil {
		return nil, err
	}
	content, ok := t.member(0, "content")
	if !ok || t.nodes[content].kind != array {
		return nil, fmt.Errorf("messages answer: %w: no content", errForm)
	}
	a := newAnswer(t, "id", "model", messagesUsage(t, 0))
	defer t.free()
	w := walker{tape: t, role: Assistant, alone: true}
	t.elements(content, func(i, block int) {
		w.at = Channel{Block: i}
		w.under(block, "content")
		a.Tools = append(a.Tools, usedTool(t, block)...)
		if at, ok := t.member(block, "signature"); ok && t.nodes[at].kind == str {
			a.Seals = append(a.Seals, Seal{Channel: Channel{Block: i, Field: "thinking"}, At: t.span(at)})
		}
	})
	w.beside(0, "content")
	if m, ok := t.member(0, "stop_reason"); ok {
		a.Finishes = append(a.Finishes, Finish{Reason: strings.Clone(t.text(m)), At: t.span(m)})
	}
	a.Segments = w.segs
	return a, nil
}

// newAnswer is the view of an answer as far as all surfaces tell it. Names outlive the body, so they are copies.
func newAnswer(t *tape, id, model string, u *Usage) *Answer {
	return &Answer{Body: t.body, ID: strings.Clone(t.strOf(0, id)), Model: strings.Clone(t.strOf(0, model)), Usage: u}
}

// openAnswer scans a whole answer and refuses one that is no object.
func openAnswer(body []byte, what string) (*tape, error) {
	t, refusal := scanKept(body)
	return objectOf(t, refusal, what)
}

// openEvent scans an event's data and refuses what is no object.
func openEvent(data []byte, what string) (*tape, error) {
	t, refusal := scan(data)
	return objectOf(t, refusal, what)
}

func objectOf(t *tape, refusal *Refusal, what string) (*tape, error) {
	if refusal != nil {
		return nil, refusal
	}
	if t.nodes[0].kind != object {
		return nil, fmt.Errorf("%s: %w: no object", what, errForm)
	}
	return t, nil
}

// beside walks the members of an object that hold no text by the surface's rules, since they may all the same.
func (w *walker) beside(i int, but ...string) {
	w.at = Channel{Choice: -1}
	w.alone = true
	w.tape.members(i, func(k, v int) {
		if name := w.tape.text(k); name != "usage" && !oneOf(name, but) {
			w.parent = i
			w.member(k, v)
		}
	})
}

// messagesUsage reads the usage member of the object i. What was written to the vendor's cache or read from it is
// input too (docs.anthropic.com/en/docs/build-with-claude/prompt-caching).
func messagesUsage(t *tape, i int) *Usage {
	u, ok := t.member(i, "usage")
	if !ok || t.nodes[u].kind != object {
		return nil
	}
	cached := max(t.intOf(u, "cache_read_input_tokens"), 0)
	written := max(t.intOf(u, "cache_creation_input_tokens"), 0)
	return &Usage{
		Input: max(t.intOf(u, "input_tokens"), 0) + cached + written, Cached: cached, Written: written, Output: max(t.intOf(u, "output_tokens"), 0),
		Tier: tier(t.strOf(u, "service_tier")),
	}
}

// ReadEvent implements Surface.
func (Messages) ReadEvent(name string, data []byte) (*Delta, error) {
	t, err := openEvent(data, "messages event")
	if err != nil {
		return nil, err
	}
	defer t.free()
	e := blockEvent{t: t, d: &Delta{}, w: walker{tape: t, role: Assistant}, block: int(t.intOf(0, "index"))}
	kind := t.strOf(0, "type")
	switch {
	case name == "error" || kind == "error":
		return failed(t), nil
	case kind == "":
		return nil, fmt.Errorf("messages event: %w: no type", errForm)
	case e.block < 0 || e.block >= maxBlocks:
		return nil, fmt.Errorf("messages event: %w: index %d", errForm, e.block)
	}
	e.read(kind)
	e.d.Segments = e.w.segs
	return e.d, nil
}

// failed is the view of a provider's error record. Its words may repeat the request's, so they are text.
func failed(t *tape) *Delta {
	w := walker{tape: t, role: Assistant}
	w.beside(0)
	return &Delta{Failed: true, Segments: w.segs}
}

// maxBlocks is how many content blocks or output items an answer may have.
const maxBlocks = 1024

// blockEvent reads one event of a stream of content blocks.
type blockEvent struct {
	t     *tape
	d     *Delta
	w     walker
	block int
}

func (e *blockEvent) read(kind string) {
	t, d := e.t, e.d
	switch kind {
	case "message_start":
		m, _ := t.member(0, "message")
		d.ID, d.Model, d.Opened = t.strOf(m, "id"), t.strOf(m, "model"), []int{0}
		if d.Usage = messagesUsage(t, m); d.Usage != nil {
			d.Usage.Partial = true
		}
		e.w.beside(m)
	case "content_block_start":
		b, _ := t.member(0, "content_block")
		d.Starts, d.Tools = []int{e.block}, usedTool(t, b)
		e.start(b)
	case "content_block_delta":
		e.delta()
	case "content_block_stop":
		d.Ends = []Channel{{Block: e.block}}
	case "message_delta":
		m, _ := t.member(0, "delta")
		if at, ok := t.member(m, "stop_reason"); ok {
			d.Finishes = []Finish{{Reason: t.text(at), At: t.span(at)}}
		}
		d.Usage = messagesUsage(t, 0)
		e.w.beside(m)
	case "message_stop":
		d.Done = true
	default:
		e.w.beside(0)
	}
}

// start reads a block that begins: text and reasoning go on in its deltas, all else stands for itself.
func (e *blockEvent) start(b int) {
	kind := e.t.strOf(b, "type")
	e.t.members(b, func(k, v int) {
		name := e.t.text(k)
		e.w.at, e.w.parent, e.w.alone = Channel{Block: e.block}, b, true
		if e.t.nodes[v].kind == str && (name == "text" && kind == "text" || name == "thinking" && kind == "thinking") {
			if e.t.nodes[v].start < e.t.nodes[v].end {
				e.text(v, name)
			}
			return
		}
		e.w.member(k, v)
	})
}

// text adds a piece of a block's text.
func (e *blockEvent) text(i int, field string) {
	e.w.segs = append(e.w.segs, Segment{
		Role: Assistant, Raw: e.t.span(i), Depth: 1, Text: e.t.text(i),
		At: Channel{Block: e.block, Field: field}, Sealed: field == "thinking",
	})
}

// deltaFields are the channels of the deltas that carry text, by their type.
var deltaFields = map[string]struct{ member, field string }{
	"text_delta":       {"text", "text"},
	"thinking_delta":   {"thinking", "thinking"},
	"input_json_delta": {"partial_json", "arguments"},
}

func (e *blockEvent) delta() {
	m, _ := e.t.member(0, "delta")
	kind := e.t.strOf(m, "type")
	if kind == "signature_delta" {
		at := []Channel{{Block: e.block, Field: "thinking"}}
		e.d.Seals, e.d.Ends = at, at // what is held leaves in front of its signature
		return
	}
	f, known := deltaFields[kind]
	e.t.members(m, func(k, v int) {
		if known && e.t.is(k, f.member) && e.t.nodes[v].kind == str {
			e.text(v, f.field)
			return
		}
		e.w.at, e.w.parent, e.w.alone = Channel{Block: e.block}, m, true
		e.w.member(k, v)
	})
	e.d.Bare = known && len(e.w.segs) == 1
}

// TextEvent implements Surface.
func (Messages) TextEvent(_ Template, c Channel, text string) ([]byte, error) {
	member, kind := c.Field, c.Field+"_delta"
	if c.Field == "arguments" {
		member, kind = "partial_json", "input_json_delta"
	}
	return []byte(fmt.Sprintf("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":%d,\"delta\":{\"type\":\"%s\",\"%s\":\"%s\"}}\n\n",
		c.Block, kind, member, encode(text))), nil
}
