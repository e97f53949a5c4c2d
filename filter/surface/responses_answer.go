package surface

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// ReadAnswer implements Surface.
func (Responses) ReadAnswer(body []byte) (*Answer, error) {
	t, err := openAnswer(body, "responses answer")
	if err != nil {
		return nil, err
	}
	output, ok := t.member(0, "output")
	if !ok || t.nodes[output].kind != array {
		return nil, fmt.Errorf("responses answer: %w: no output", errForm)
	}
	a := newAnswer(t, "id", "model", responsesUsage(t, 0))
	defer t.free()
	w := walker{tape: t, role: Assistant, alone: true, nested: true, dropped: &a.Logprobs}
	t.elements(output, func(i, item int) {
		w.at = Channel{Block: i}
		w.under(item, "")
		a.Tools = append(a.Tools, calledItem(t, item)...)
	})
	w.beside(0, "output")
	if m, ok := t.member(0, "status"); ok && t.nodes[m].kind == str {
		a.Finishes = append(a.Finishes, Finish{Reason: strings.Clone(t.text(m)), At: t.span(m)})
	}
	a.Segments = w.segs
	return a, nil
}

// responsesUsage reads the usage member of the object i.
func responsesUsage(t *tape, i int) *Usage {
	u, ok := t.member(i, "usage")
	if !ok || t.nodes[u].kind != object {
		return nil
	}
	usage := &Usage{Input: max(t.intOf(u, "input_tokens"), 0), Output: max(t.intOf(u, "output_tokens"), 0)}
	if details, ok := t.member(u, "input_tokens_details"); ok {
		usage.Cached = min(max(t.intOf(details, "cached_tokens"), 0), usage.Input)
	}
	usage.thought(t, u, "output_tokens_details")
	usage.Tier = tier(t.strOf(i, "service_tier"))
	return usage
}

// ReadEvent implements Surface.
func (Responses) ReadEvent(name string, data []byte) (*Delta, error) {
	if string(bytes.TrimSpace(data)) == endMarker {
		return &Delta{Done: true}, nil
	}
	t, err := openEvent(data, "responses event")
	if err != nil {
		return nil, err
	}
	defer t.free()
	e := itemEvent{t: t, kind: t.strOf(0, "type"), d: &Delta{}}
	if e.kind == "" {
		e.kind = name
	}
	if m, ok := t.member(0, "sequence_number"); ok {
		if n, whole := t.whole(m); whole {
			e.d.Sequence, e.d.SequenceAt = n, t.span(m)
		}
	}
	block, part := t.intOf(0, "output_index"), t.intOf(0, "content_index")+t.intOf(0, "summary_index")
	if block < 0 || block >= maxBlocks || part < 0 || part >= maxBlocks {
		return nil, fmt.Errorf("responses event: %w: index %d", errForm, block)
	}
	e.at = Channel{Block: int(block), Tool: int(part)}
	if e.kind == "" {
		return nil, fmt.Errorf("responses event: %w: no type", errForm)
	}
	e.w = walker{tape: t, role: Assistant, alone: true, dropped: &e.d.Logprobs}
	e.read()
	e.d.Segments = e.w.segs
	return e.d, nil
}

// endMarker is the data of the last record of OpenAI's older streams.
const endMarker = "[DONE]"

// itemEvent reads one event of a stream of output items.
type itemEvent struct {
	t    *tape
	d    *Delta
	w    walker
	kind string
	at   Channel
}

func (e *itemEvent) read() {
	e.w.at = e.at
	base, isDelta := strings.CutSuffix(e.kind, ".delta")
	if m, ok := e.t.member(0, "delta"); isDelta && ok && e.t.nodes[m].kind == str {
		e.delta(m, channelField(base))
		return
	}
	switch base, isDone := strings.CutSuffix(e.kind, ".done"); {
	case e.kind == "error", e.kind == "response.failed":
		e.d.Failed = true
	case e.kind == "response.completed", e.kind == "response.incomplete":
		e.d.Done = true
	case e.kind == "response.output_item.added":
		item, _ := e.t.member(0, "item")
		e.d.Starts, e.d.Tools = []int{e.at.Block}, calledItem(e.t, item)
	case e.kind == "response.output_item.done":
		e.d.Ends = []Channel{{Block: e.at.Block}}
	case e.kind == "response.output_text.annotation.added":
		at := e.at
		at.Field = "output_text"
		e.d.Notes = []Channel{at}
	case isDone:
		at := e.at
		at.Field = channelField(base)
		e.d.Ends = []Channel{at}
	}
	if m, ok := e.t.member(0, "response"); ok {
		e.d.ID, e.d.Model, e.d.Created = e.t.strOf(m, "id"), e.t.strOf(m, "model"), e.t.intOf(m, "created_at")
		e.d.Opened, e.d.Usage = []int{0}, responsesUsage(e.t, m)
		if e.d.Done {
			e.d.Finishes = []Finish{{Reason: e.t.strOf(m, "status")}}
		}
	}
	e.whole()
}

// whole reads an event that tells again what deltas told, or what stands for itself.
func (e *itemEvent) whole() {
	e.t.members(0, func(k, v int) {
		e.w.parent = 0
		e.w.member(k, v)
	})
	told := e.d.Done || e.d.Failed || len(e.d.Ends) > 0
	for i := range e.w.segs {
		e.w.segs[i].Repeat = told
	}
}

// channelField names the text that a family of events goes on with.
func channelField(base string) string {
	base = strings.TrimPrefix(base, "response.")
	if strings.HasSuffix(base, "arguments") {
		return "arguments"
	}
	return base
}

// delta reads a piece of text.
func (e *itemEvent) delta(m int, field string) {
	at := e.at
	at.Field = field
	e.w.segs = append(e.w.segs, Segment{
		Role: Assistant, Raw: e.t.span(m), Depth: 1, Text: e.t.text(m), At: at,
	})
	e.t.members(0, func(k, v int) {
		if v == m {
			return
		}
		e.w.member(k, v)
	})
	e.d.Bare = len(e.w.segs) == 1
}

// TextEvent implements Surface.
func (Responses) TextEvent(like Template, c Channel, text string) ([]byte, error) {
	d, err := Responses{}.ReadEvent("", like.Data)
	if err != nil {
		return nil, err
	}
	edits := []Edit(nil)
	for i, s := range d.Segments {
		if s.At == c {
			edits = append(edits, Edit{Segment: i, End: len(s.Text), With: text})
		}
	}
	edits, splices := Drop(like.Data, d.Logprobs, []int{c.Choice}, d.Segments, edits)
	if d.SequenceAt != (Span{}) {
		splices = append(splices, Splice{At: d.SequenceAt, With: strconv.AppendInt(nil, like.Sequence, 10)})
	}
	data, err := Apply(like.Data, d.Segments, edits, splices)
	if err != nil {
		return nil, err
	}
	t, refusal := scan(data)
	if refusal != nil {
		return nil, refusal
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", t.strOf(0, "type"), data), nil
}
