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
	reader   *surface.Events
	judge    *judge
	channels []*channel
	choices  []choice
	blocks   []int // content blocks that are open
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
	claimed  int64         // bytes that stayed after the last chunk
	broke    bool          // the money of the hold is used up
	usage    surface.Usage // what is known of it so far
	sequence int64         // number of the next record, on surfaces that number them
	shift    int64         // how many records of our own were put in, less those left out

	// Of the event that is read: what is to be changed, in which choices, and which channels carry on in it.
	edits   []surface.Edit
	edited  []int
	carried []*channel
}

type choice struct {
	index    int
	finished bool
}

// errBound says that a stream opened more channels or held more text than a named bound allows.
var errBound = errors.New("bound exceeded")

func newFollower(x *exchange) *follower {
	return &follower{x: x, judge: x.newJudge(), decoder: sse.NewDecoder(int(x.limits.EventBytes)), reader: surface.NewEvents(x.match.Surface)}
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
	s.Blocks, s.Sequence = f.blocks, f.sequence
}

// follow takes a piece of a streamed answer.
func (x *exchange) follow(chunk []byte, end, trailers bool) error {
	f := x.answer.follower
	if over, bad := x.claim(int64(len(chunk))); bad {
		return x.refuse(over)
	}
	err := f.decoder.Write(chunk, f.takeEvent)
	f.kept(int64(len(chunk)))
	if err == nil && end && f.blocked == nil && !f.broke {
		err = f.end()
	}
	switch {
	case errors.Is(err, errGone): // it says nothing about the stream
		return err
	case err != nil:
		x.server.parts.Log.Warn("reading a stream", "trace", x.trace, "error", err)
		return x.refuse(x.unreadableStream("unreadable stream"))
	case f.blocked != nil:
		return x.block(blockedFault(*f.blocked))
	case f.broke:
		return x.refuse(x.spendCut())
	case f.failed && (x.phase == holding || !x.dialect.PassesProviderErrors()):
		failed := x.unreadableStream("error in the stream")
		failed.Code = fault.ProviderError
		if x.phase == following {
			x.record.Ended = "upstream_broken"
		} else {
			x.answer.erred = true
		}
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
	x.watchHeld()
	return x.passEvents(end, trailers)
}

// kept gives back what of a chunk does not stay: only an event that is not complete and held text do.
func (f *follower) kept(chunk int64) {
	n := int64(f.decoder.Pending())
	for _, c := range f.channels {
		n += int64(c.pending())
	}
	f.x.release(chunk + f.claimed - n)
	f.claimed = n
}

// takeEvent takes one record. The answer's headers leave with the first event that is no error, whatever else came in the
// same piece, so that how a stream was cut decides nothing.
func (f *follower) takeEvent(e sse.Event) error {
	if err := f.event(e); err != nil {
		return err
	}
	x := f.x
	if x.phase == following {
		x.heard()
	}
	if x.phase != holding || !f.begun || f.failed || f.blocked != nil || f.broke {
		return nil
	}
	if err := x.answerHeaders(chunked); err != nil {
		return err
	}
	x.phase = following
	x.heard()
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
	x.ahead()
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
	if f.blocked != nil || f.broke || f.failed && !f.x.dialect.PassesProviderErrors() {
		return nil
	}
	e, err := f.x.cleaned(e)
	if err != nil {
		return fmt.Errorf("taking a credential out of an event: %w", err)
	}
	f.events++
	if len(e.Data) == 0 {
		f.ready.Write(e.Raw)
		return nil
	}
	d, err := f.reader.Read(e.Name, e.Data)
	if err != nil {
		return fmt.Errorf("reading an event: %w", err)
	}
	f.begun = true
	f.learn(d)
	if f.broke = f.x.spends(d); f.broke {
		return nil
	}
	switch {
	case d.Failed:
		if err := f.flush(); err != nil || f.blocked != nil {
			return err
		}
		if f.failed = true; !f.x.dialect.PassesProviderErrors() {
			return nil // what is told of it is the dialect's to say
		}
	case d.OnlyUsage && !f.x.view.WantsUsage:
		return f.flush()
	case d.Done:
		if err := f.flush(); err != nil || f.blocked != nil {
			return err
		}
		f.done = true
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
	f.use(d.Usage)
}

// use keeps the usage a stream reports: in one record, or in two that add up.
func (f *follower) use(u *surface.Usage) {
	if u == nil {
		return
	}
	if f.usage.Partial {
		u.Join(&f.usage)
	}
	f.usage = *u
	if !u.Partial {
		f.x.answer.usage = u
	}
}

// deltas takes an event that carries text or ends choices.
func (f *follower) deltas(e sse.Event, d *surface.Delta) error {
	f.x.answer.learned(d.Finishes, d.Tools)
	if f.blocked = f.judge.barred(d.Tools); f.blocked != nil {
		return nil
	}
	ends := endings(d)
	f.edits, f.edited, f.carried = f.edits[:0], f.edited[:0], f.carried[:0]
	if err := f.turns(d); err != nil || f.blocked != nil {
		return err
	}
	held, kept := false, false
	for i := range d.Segments {
		s := &d.Segments[i]
		if !s.Repeat {
			f.x.answer.seen.Add(s.Text)
			f.x.hear(s)
		}
		c, err := f.channel(s)
		if err != nil {
			return err
		}
		f.carried = append(f.carried, c)
		out, err := f.advance(c, s.Text, s.Alone || ends.reach(s.At))
		if err != nil {
			return err
		}
		if s.Text != "" && !s.Alone {
			c.template = append(c.template[:0], e.Data...)
		}
		if out != s.Text {
			f.edits = append(f.edits, surface.Edit{Segment: i, Start: 0, End: len(s.Text), With: out})
			f.edited = append(f.edited, s.At.Choice)
			c.edited = true
		}
		held = held || (out == "" && s.Text != "")
		kept = kept || out != ""
	}
	for _, index := range d.Opened {
		if err := f.open(index); err != nil {
			return err
		}
	}
	f.blocks = append(f.blocks, d.Starts...)
	if err := f.close(ends); err != nil {
		return err
	}
	// What a blocked answer ends with is the dialect's to say, so an event that ends a choice itself is dropped.
	if f.blocked != nil && (len(f.edits) == 0 || len(d.Finishes) > 0) || d.Bare && held && !kept {
		return f.drop(d)
	}
	if f.sealBroken(d) || f.misplaced(d) {
		return f.drop(d)
	}
	return f.write(e, d)
}

// ends are the channels that an event ends: those of a choice, of a block, or one.
type ends struct {
	choices  []surface.Finish
	channels []surface.Channel
}

func endings(d *surface.Delta) ends { return ends{d.Finishes, d.Ends} }

// reach says whether a channel ends.
func (e ends) reach(c surface.Channel) bool {
	for _, f := range e.choices {
		if f.Choice == c.Choice {
			return true
		}
	}
	for _, at := range e.channels {
		if at == c || at.Field == "" && at.Choice == c.Choice && at.Block == c.Block {
			return true
		}
	}
	return false
}

// end takes the end of the body.
func (f *follower) end() error {
	if err := f.decoder.End(f.takeEvent); err != nil || f.blocked != nil {
		return err
	}
	if rest := f.decoder.Rest(); len(bytes.TrimSpace(rest)) > 0 && f.done {
		f.ready.Write(rest)
	}
	if !f.whole() && f.x.limits.HeldBroken == HeldDrop {
		return nil
	}
	return f.flush()
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
