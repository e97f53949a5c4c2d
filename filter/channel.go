package filter

import (
	"strings"
	"time"
	"unicode/utf8"

	"weir/filter/surface"
	"weir/policy/detect"
)

// channel is one continuous text of a streamed answer: a choice's content, a tool call's arguments. It lets text go
// up to the last byte that can be part of no future match, and keeps the rest.
//
// text is what is kept: some that has left already, since rules look behind themselves, and all that has not.
type channel struct {
	at       surface.Channel
	begun    bool   // some text has come
	template []byte // data of the last event that carried text here, for events of our own
	follows  *detect.Stream
	behind   int             // bytes of what has left that are kept, since rules look at them
	room     strings.Builder // where text stands
	text     string
	left     int       // text[:left] has left
	since    time.Time // when something of it left last, or when what waits came
	known    int       // nothing can change a finding that ends in text[:known] any more; it has been counted
	repeat   bool      // the text has been judged before: nothing is counted
	sealed   bool      // the text is signed: it leaves as it is, or not at all
	edited   bool      // what left is not what came
	part     bool      // the text is a part of arguments
	escaped  bool      // the text stands in a string of a JSON document: raw is how it is written there
	outside  bool      // the text stands between the strings of a JSON document: what is put into it must be a string
	raw      string
	args     *arguments // of a tool call: the text in parts; else nil
	withheld bool       // some of a signed text was not let through, so nothing more of it is
}

// push adds text and returns what may leave now. final says that the channel ends here, so nothing is kept. A
// finding that ends the answer is returned after the text before it.
func (c *channel) push(j *judge, text string, final bool) (out string, blocked *detect.Finding) {
	if c.at.Field == argumentsField && !c.part {
		if c.args == nil {
			c.args = &arguments{}
		}
		return c.args.push(j, c, text, final)
	}
	if c.escaped {
		c.raw += text
		text = surface.Decode(text)
	}
	c.extend(text)
	if c.over() {
		return "", nil
	}
	found, cut, known := c.settle(j, final)
	if !c.repeat {
		c.count(j, found, known)
	}
	c.known = known
	changes, blocked := j.rule(place{text: c.text, from: c.left, to: cut, field: c.at.Field, nested: c.escaped, outside: c.outside, repeat: c.repeat, sealed: c.sealed}, found)
	if blocked != nil {
		cut = blocked.Start
		j.tally.act("response", string(blocked.Type), actBlock)
	}
	out = c.release(j, cut, changes)
	c.left = cut
	c.trim()
	return out, blocked
}

// roomBytes is how much text is written behind what is kept before that is copied.
const roomBytes = 2 << 10

// extend adds text behind what is kept.
func (c *channel) extend(text string) {
	if c.room.Cap()-c.room.Len() < len(text) {
		kept := c.text
		c.room = strings.Builder{}
		c.room.Grow(min(4*(len(kept)+len(text)), len(kept)+len(text)+roomBytes))
		c.room.WriteString(kept)
	}
	c.room.WriteString(text)
	all := c.room.String()
	c.text = all[len(all)-len(c.text)-len(text):]
}

// over says whether nothing waits, neither to leave nor to be counted.
func (c *channel) over() bool {
	if c.args != nil {
		return c.args.carry == "" && c.args.part.over()
	}
	return c.left == len(c.text) && c.known == len(c.text)
}

// settle looks at what came: what is found from where the text was settled on, how much of it may leave, on a rune's
// border and never before what has left, and how far no finding can change any more.
func (c *channel) settle(j *judge, final bool) (found []detect.Finding, cut, known int) {
	if c.follows == nil {
		c.follows, c.behind = j.follow(c.at.Field), j.scanner.Behind()
	}
	if final {
		c.follows.End()
	}
	var at detect.Progress
	j.scratch, at = c.follows.Next(c.text, min(c.left, c.known), j.restorable(c.text, c.left), j.scratch[:0])
	if final {
		return j.scratch, len(c.text), len(c.text)
	}
	cut = at.Cut
	for cut > 0 && cut < len(c.text) && !utf8.RuneStart(c.text[cut]) {
		cut--
	}
	return j.scratch, max(cut, c.left), max(at.Known, c.known)
}

// release is what leaves of text[left:cut]. A signed text leaves as it is up to a place that may not be shown; from
// there on it is withheld, and so is its signature.
func (c *channel) release(j *judge, cut int, changes []change) string {
	if c.sealed {
		switch {
		case c.withheld:
			return ""
		case len(changes) > 0:
			c.withheld = true
			return c.text[c.left:changes[0].start]
		}
		return c.text[c.left:cut]
	}
	if !c.repeat {
		j.tally.unresolved += j.vault.Unresolved(c.text, c.left, cut)
	}
	if !c.escaped || len(c.raw) == len(c.text) {
		return spliced(c.text, c.left, cut, changes)
	}
	offsets := []int{c.left}
	for _, e := range changes {
		offsets = append(offsets, e.start, e.end)
	}
	offsets = surface.RawOffsets(c.raw, append(offsets, cut))
	for i := range changes {
		changes[i].start, changes[i].end = offsets[2*i+1], offsets[2*i+2]
	}
	return spliced(c.raw, offsets[0], offsets[len(offsets)-1], changes)
}

// count enters findings that nothing can change any more, each once.
func (c *channel) count(j *judge, found []detect.Finding, known int) {
	for _, f := range found {
		if f.Start >= c.known && f.End <= known {
			j.tally.saw("response", f)
		}
	}
}

// trim forgets text that no rule can look at any more.
func (c *channel) trim() {
	drop := min(c.left, c.known) - c.behind
	if drop <= 0 {
		return
	}
	for drop > 0 && !utf8.RuneStart(c.text[drop]) {
		drop--
	}
	if c.escaped {
		c.raw = c.raw[surface.RawOffsets(c.raw, []int{drop})[0]:]
	}
	c.text, c.left, c.known = c.text[drop:], c.left-drop, c.known-drop
	c.follows.Forget(drop)
}

// pending is how many bytes wait.
func (c *channel) pending() int {
	if c.args != nil {
		return c.args.pending()
	}
	return len(c.text) - c.left
}

// spliced is text[from:to] with the changes made. Changes reach no further than the range.
func spliced(text string, from, to int, changes []change) string {
	if len(changes) == 0 {
		return text[from:to]
	}
	var b strings.Builder
	at := from
	for _, c := range changes {
		if c.start < at || c.end > to {
			continue
		}
		b.WriteString(text[at:c.start])
		b.WriteString(c.with)
		at = c.end
	}
	b.WriteString(text[at:to])
	return b.String()
}
