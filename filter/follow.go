package filter

import (
	"bytes"
	"errors"
	"fmt"

	"weir/filter/fault"
	"weir/filter/sse"
	"weir/filter/surface"
	"weir/policy/detect"
)

// The bounds of what a stream may open.
const (
	maxChannels = 1024
	maxChoices  = 128
)

// follower reads a streamed answer event by event and writes what may leave. What is not edited leaves as it came.
type follower struct {
	x        *exchange
	decoder  *sse.Decoder
	judge    *judge
	channels []*channel
	choices  []choice
	id       string
	model    string
	created  int64

	ready    bytes.Buffer // whole records that may leave
	begun    bool         // an event that is not a comment has been read
	failed   bool         // the provider sent an error record
	blocked  *detect.Finding
	done     bool // the surface's end marker has been read
	heldPeak int  // most bytes any channel held
	events   int
}

type choice struct {
	index    int
	finished bool
}

// errBound says that a stream opened more channels or held more text than a named bound allows.
var errBound = errors.New("bound exceeded")

func newFollower(x *exchange) *follower {
	return &follower{x: x, judge: x.newJudge(), decoder: sse.NewDecoder(int(x.limits.EventBytes))}
}

// describe adds to a shape what is known of the answer.
func (f *follower) describe(s *fault.Shape) {
	s.ID, s.Model = f.id, orElse(f.model, s.Model)
	if f.created != 0 {
		s.Created = f.created
	}
	for _, c := range f.choices {
		if !c.finished {
			s.Choices = append(s.Choices, c.index)
		}
	}
}

// follow takes a piece of a streamed answer.
func (x *exchange) follow(chunk []byte, end, trailers bool) error {
	f := x.answer.follower
	err := f.decoder.Write(chunk, f.takeEvent)
	if err == nil && end && f.blocked == nil {
		err = f.end()
	}
	switch {
	case err != nil:
		x.server.parts.Log.Warn("reading a stream", "trace", x.trace, "error", err)
		return x.refuse(x.unreadableStream("unreadable stream"))
	case f.blocked != nil:
		return x.block(blockedFault(*f.blocked))
	case x.phase == holding && f.failed:
		failed := x.unreadableStream("error at the start of the stream")
		failed.Code = fault.ProviderError
		return x.refuse(failed)
	case x.phase == holding && end:
		return x.refuse(x.unreadableStream("empty stream"))
	case x.phase == holding && int64(f.ready.Len()) > x.limits.EventBytes:
		return x.refuse(x.unreadableStream("no event"))
	case x.phase == holding:
		return nil
	case end && !f.whole():
		x.record.Ended = "upstream_broken"
		return x.refuse(fault.Fault{Code: fault.StreamBroken})
	}
	return x.passEvents(end, trailers)
}

// takeEvent takes one record. The answer's headers leave with the first event that is no error, whatever else came in the
// same piece, so that how a stream was cut decides nothing.
func (f *follower) takeEvent(e sse.Event) error {
	if err := f.event(e); err != nil {
		return err
	}
	x := f.x
	if x.phase != holding || !f.begun || f.failed || f.blocked != nil {
		return nil
	}
	if err := x.answerHeaders(chunked); err != nil {
		return err
	}
	x.phase = following
	x.stopWaiting()
	return nil
}

// passEvents lets the records that are ready go.
func (x *exchange) passEvents(end, trailers bool) error {
	f := x.answer.follower
	x.answer.complete = f.done || end
	if err := x.sendBody(f.take(), end && !trailers); err != nil {
		return err
	}
	if !end {
		return nil
	}
	x.finish("complete")
	if trailers {
		return x.sendTrailers()
	}
	return nil
}

// unreadableStream is the fault of a stream that cannot be read, so that it cannot be governed.
func (x *exchange) unreadableStream(hint string) fault.Fault {
	return fault.Fault{Code: fault.ProviderUnreadable, Upstream: x.answer.status, Provider: x.displayName(), Hint: hint}
}

// endStream ends a stream that has begun: what may still leave, then the dialect's own ending.
func (x *exchange) endStream(flt fault.Fault) error {
	f := x.answer.follower
	ended := "cut"
	if f.blocked != nil {
		ended = "blocked"
	}
	body := append(f.take(), x.dialect.Ending(flt, x.shape())...)
	x.finish(ended)
	return x.sendBody(body, true)
}

// take returns the records that are ready and forgets them.
func (f *follower) take() []byte {
	out := bytes.Clone(f.ready.Bytes())
	f.ready.Reset()
	return out
}

// whole says whether the stream may be taken for complete: it carried its end marker, an error of the provider's own,
// or an end for every choice it opened.
func (f *follower) whole() bool {
	if f.done || f.failed {
		return true
	}
	for _, c := range f.choices {
		if !c.finished {
			return false
		}
	}
	return len(f.choices) > 0 && len(f.decoder.Rest()) == 0
}

// event takes one record of the stream.
func (f *follower) event(e sse.Event) error {
	if f.blocked != nil {
		return nil
	}
	f.events++
	if len(e.Data) == 0 {
		f.ready.Write(e.Raw)
		return nil
	}
	d, err := f.x.match.Surface.ReadEvent(e.Name, e.Data)
	if err != nil {
		return fmt.Errorf("reading an event: %w", err)
	}
	f.begun = true
	f.learn(d)
	switch {
	case d.Failed:
		f.failed = true
		return f.flush(e.Raw)
	case d.Done:
		f.done = true
		return f.flush(e.Raw)
	case d.OnlyUsage && !f.x.view.WantsUsage:
		return f.flush(nil)
	}
	return f.deltas(e, d)
}

// learn keeps what an event says about the answer.
func (f *follower) learn(d *surface.Delta) {
	f.id, f.model = orElse(f.id, d.ID), orElse(f.model, d.Model)
	if f.model != "" {
		f.x.record.ModelServed = f.model
	}
	if d.Created != 0 {
		f.created = d.Created
	}
	if d.Usage != nil {
		f.x.answer.usage = d.Usage
	}
}

// deltas takes an event that carries text or ends choices.
func (f *follower) deltas(e sse.Event, d *surface.Delta) error {
	f.x.answer.learned(d.Finishes, d.Tools)
	if f.blocked = f.judge.barred(d.Tools); f.blocked != nil {
		return nil
	}
	ending := map[int]bool{}
	for _, fin := range d.Finishes {
		ending[fin.Choice] = true
	}
	var edits []surface.Edit
	edited := map[int]bool{}
	held, kept := false, false
	carried := map[*channel]bool{}
	for i := range d.Segments {
		s := &d.Segments[i]
		f.x.answer.seen.add(s.Text)
		c, err := f.channel(s)
		if err != nil {
			return err
		}
		carried[c] = true
		out, err := f.advance(c, s.Text, s.Alone || ending[s.At.Choice])
		if err != nil {
			return err
		}
		if s.Text != "" {
			c.template = append(c.template[:0], e.Data...)
		}
		if out != s.Text {
			edits = append(edits, surface.Edit{Segment: i, Start: 0, End: len(s.Text), With: out})
			edited[s.At.Choice] = true
		}
		held = held || (out == "" && s.Text != "")
		kept = kept || out != ""
	}
	for _, index := range d.Opened {
		if err := f.open(index); err != nil {
			return err
		}
	}
	if err := f.close(ending, carried); err != nil {
		return err
	}
	// What a blocked answer ends with is the dialect's to say, so an event that ends a choice itself is dropped.
	if f.blocked != nil && (len(edits) == 0 || len(d.Finishes) > 0) || d.Bare && held && !kept {
		return nil
	}
	return f.write(e, d, edits, edited)
}

// advance pushes text onto a channel, or past it where nothing can make text wait.
func (f *follower) advance(c *channel, text string, final bool) (string, error) {
	out, blocked := c.push(f.judge, text, final)
	if within, long := f.judge.within(out, c.at.Field); long != nil {
		out, blocked = within, long
	}
	if blocked != nil && f.blocked == nil {
		f.blocked = blocked
	}
	if n := int64(c.pending()); n > f.x.limits.HeldBytes {
		return "", fmt.Errorf("%w: %d bytes held on one channel", errBound, n)
	}
	f.heldPeak = max(f.heldPeak, c.pending())
	return out, nil
}

// close lets the rest of every channel of the ending choices go, except of those the event itself carries on.
func (f *follower) close(ending map[int]bool, carried map[*channel]bool) error {
	for _, c := range f.channels {
		if !ending[c.at.Choice] || carried[c] {
			continue
		}
		if err := f.flushChannel(c); err != nil {
			return err
		}
	}
	for i := range f.choices {
		if ending[f.choices[i].index] {
			f.choices[i].finished = true
		}
	}
	return nil
}

// write puts out an event, edited where it has to be. A block in the event's own text leaves what stands before it.
func (f *follower) write(e sse.Event, d *surface.Delta, edits []surface.Edit, edited map[int]bool) error {
	if len(edits) == 0 {
		f.ready.Write(e.Raw)
		return nil
	}
	data, err := surface.Apply(e.Data, d.Segments, edits, surface.DropLogprobs(d.Logprobs, edited))
	if err != nil {
		return fmt.Errorf("editing an event: %w", err)
	}
	f.ready.Write(sse.Replace(e, data))
	return nil
}

// flush lets everything held go, then a record as it came.
func (f *follower) flush(raw []byte) error {
	for _, c := range f.channels {
		if err := f.flushChannel(c); err != nil || f.blocked != nil {
			return err
		}
	}
	f.ready.Write(raw)
	return nil
}

// flushChannel puts out what a channel holds as an event of our own, in the shape of the last one it carried.
func (f *follower) flushChannel(c *channel) error {
	if c.pending() == 0 {
		return nil
	}
	text, err := f.advance(c, "", true)
	if err != nil || text == "" {
		return err
	}
	rec, err := f.x.match.Surface.TextEvent(c.template, c.at, text)
	if err != nil {
		return fmt.Errorf("writing an event for held text: %w", err)
	}
	f.ready.Write(rec)
	return nil
}

// end takes the end of the body.
func (f *follower) end() error {
	if err := f.decoder.End(f.takeEvent); err != nil || f.blocked != nil {
		return err
	}
	if rest := f.decoder.Rest(); len(bytes.TrimSpace(rest)) > 0 && f.done {
		f.ready.Write(rest)
	}
	return f.flush(nil)
}

// channel finds or opens the channel of a segment. Text that stands alone gets one of its own.
func (f *follower) channel(s *surface.Segment) (*channel, error) {
	at := s.At
	if s.Alone {
		return &channel{at: at}, nil
	}
	for _, c := range f.channels {
		if c.at == at {
			return c, nil
		}
	}
	if len(f.channels) == maxChannels {
		return nil, fmt.Errorf("%w: more than %d channels", errBound, maxChannels)
	}
	c := &channel{at: at}
	f.channels = append(f.channels, c)
	return c, nil
}

// open notes that a choice exists.
func (f *follower) open(index int) error {
	for _, c := range f.choices {
		if c.index == index {
			return nil
		}
	}
	if len(f.choices) == maxChoices {
		return fmt.Errorf("%w: more than %d choices", errBound, maxChoices)
	}
	f.choices = append(f.choices, choice{index: index})
	return nil
}
