package filter

import (
	"fmt"
	"slices"

	"weir/filter/surface"
)

// turns lets go of what the other texts of a choice hold where the choice goes on with a text that was not there before,
// or calls a tool: reasoning that content follows, words before a call. A text that goes on all the same begins anew.
func (f *follower) turns(d *surface.Delta) error {
	for i := range d.Segments {
		s := &d.Segments[i]
		if s.Alone || s.Text == "" {
			continue
		}
		if c := f.find(s.At); c == nil || !c.begun {
			if err := f.turn(s.At.Choice, d); err != nil || f.blocked != nil {
				return err
			}
		}
	}
	if len(d.Tools) == 0 {
		return nil
	}
	for _, choice := range d.Opened {
		if err := f.turn(choice, d); err != nil || f.blocked != nil {
			return err
		}
	}
	return nil
}

// turn lets go of what the texts of a choice hold, but for those the event itself carries on. A tool call's arguments are
// a document, which is over when the call is.
func (f *follower) turn(choice int, d *surface.Delta) error {
	for _, c := range f.channels {
		if c.at.Choice != choice || c.at.Field == argumentsField || slices.ContainsFunc(d.Segments, func(s surface.Segment) bool { return s.At == c.at }) {
			continue
		}
		if err := f.flushChannel(c); err != nil || f.blocked != nil {
			return err
		}
	}
	return nil
}

// advance pushes text onto a channel, or past it where nothing can make text wait.
func (f *follower) advance(c *channel, text string, final bool) (string, error) {
	out, blocked := c.push(f.judge, text, final)
	if int64(c.pending()) > f.x.limits.HeldBytes && blocked == nil {
		more, err := f.heldTooMuch(c)
		if err != nil {
			return "", err
		}
		out += more
	}
	if out != "" || c.pending() == len(text) {
		c.since = f.x.now
	}
	if !c.repeat {
		if within, long := f.judge.within(out, c.at.Field); long != nil {
			out, blocked = within, long
		}
	}
	if blocked != nil && f.blocked == nil {
		f.blocked = blocked
	}
	f.heldPeak = max(f.heldPeak, c.pending())
	return out, nil
}

// close lets the rest of every channel that ends go, except of those the event itself carries on.
func (f *follower) close(ends ends) error {
	for _, c := range f.channels {
		if !ends.reach(c.at) || slices.Contains(f.carried, c) {
			continue
		}
		if err := f.flushChannel(c); err != nil {
			return err
		}
	}
	if f.blocked != nil { // the block that holds it is still open
		return nil
	}
	for i := range f.choices {
		for _, e := range ends.choices {
			f.choices[i].finished = f.choices[i].finished || e.Choice == f.choices[i].index
		}
	}
	f.blocks = slices.DeleteFunc(f.blocks, func(b int) bool {
		return slices.ContainsFunc(ends.channels, func(c surface.Channel) bool { return c.Field == "" && c.Block == b })
	})
	return nil
}

// flush lets everything held go.
func (f *follower) flush() error {
	for _, c := range f.channels {
		if err := f.flushChannel(c); err != nil || f.blocked != nil {
			return err
		}
	}
	return nil
}

// flushChannel puts out what a channel holds as an event of our own, in the shape of the last one it carried.
func (f *follower) flushChannel(c *channel) error {
	if c.over() {
		return nil
	}
	text, err := f.advance(c, "", true)
	if err != nil || text == "" {
		return err
	}
	rec, err := f.x.match.Surface.TextEvent(surface.Template{Data: c.template, Sequence: f.sequence}, c.at, text)
	if err != nil {
		return fmt.Errorf("writing an event for held text: %w", err)
	}
	f.ready.Write(rec)
	f.sequence++
	f.shift++
	return nil
}

// channel finds or opens the channel of a segment. Text that stands alone gets one of its own.
func (f *follower) channel(s *surface.Segment) (*channel, error) {
	at := s.At
	if s.Alone {
		return &channel{at: at, repeat: s.Repeat, sealed: s.Sealed}, nil
	}
	if c := f.find(at); c != nil {
		c.begun = c.begun || s.Text != ""
		return c, nil
	}
	if len(f.channels) == maxChannels {
		return nil, fmt.Errorf("%w: more than %d channels", errBound, maxChannels)
	}
	c := &channel{at: at, sealed: s.Sealed, begun: s.Text != ""}
	f.channels = append(f.channels, c)
	return c, nil
}

// find is the channel of a text that goes on, nil if there is none yet.
func (f *follower) find(at surface.Channel) *channel {
	for _, c := range f.channels {
		if c.at == at {
			return c
		}
	}
	return nil
}
