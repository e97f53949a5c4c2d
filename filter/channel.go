package filter

import (
	"strings"
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
	template []byte // data of the last event that carried text here, for events of our own
	text     string
	left     int  // text[:left] has left
	counted  int  // findings that end in text[:counted] have been counted
	repeat   bool // the text has been judged before: nothing is counted
	sealed   bool // the text is signed: it leaves as it is, or not at all
	edited   bool // what left is not what came
	part     bool // the text is a part of arguments
	escaped  bool // the text stands in a string of a JSON document: raw is how it is written there
	outside  bool // the text stands between the strings of a JSON document: what is put into it must be a string
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
	c.text += text
	if c.left == len(c.text) {
		return "", nil
	}
	j.scratch = j.scanner.Scan(c.text, j.scratch[:0])
	found := j.scratch
	cut, known := len(c.text), len(c.text)
	if !final {
		cut = c.settled(j, found)
		known = c.known(j, found)
	}
	if !c.repeat {
		c.count(j, found, known)
	}
	changes, blocked := j.rule(place{text: c.text, from: c.left, to: cut, field: c.at.Field, nested: c.escaped, outside: c.outside, repeat: c.repeat, sealed: c.sealed}, found)
	if blocked != nil {
		cut = blocked.Start
		j.tally.act("response", string(blocked.Type), actBlock)
	}
	out = c.release(j, cut, changes)
	c.left = cut
	c.trim(known)
	return out, blocked
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
		j.tally.unresolved += j.vault.Unresolved(c.text[c.left:cut])
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

// looked is how much text is kept before it is asked again how far nothing can change any more: the answer costs as much
// as the scan.
const looked = 4 * detect.MaxBehind

// known is how far no finding can change any more, whatever the plan makes of it: what may be counted, and forgotten.
func (c *channel) known(j *judge, found []detect.Finding) int {
	if len(found) == 0 && len(c.text) < looked {
		return c.counted
	}
	return max(j.scanner.Settled(c.text, found, everyType), c.counted)
}

func everyType(detect.Type) bool { return true }

// settled is how far the text is beyond any doubt, on a rune's border and never before what has left.
func (c *channel) settled(j *judge, found []detect.Finding) int {
	if j.idle() {
		return len(c.text)
	}
	cut := min(j.scanner.Settled(c.text, found, j.actsIn(c.at.Field)), j.vault.Settled(c.text))
	for cut > 0 && cut < len(c.text) && !utf8.RuneStart(c.text[cut]) {
		cut--
	}
	return max(cut, c.left)
}

// count enters findings that nothing can change any more, each once.
func (c *channel) count(j *judge, found []detect.Finding, known int) {
	for _, f := range found {
		if f.Start >= c.counted && f.End <= known {
			j.tally.saw("response", f)
		}
	}
	c.counted = known
}

// trim forgets text that no rule can look at any more.
func (c *channel) trim(known int) {
	drop := min(c.left, known) - detect.MaxBehind
	if drop <= 0 {
		return
	}
	for drop > 0 && !utf8.RuneStart(c.text[drop]) {
		drop--
	}
	if c.escaped {
		c.raw = c.raw[surface.RawOffsets(c.raw, []int{drop})[0]:]
	}
	c.text, c.left, c.counted = c.text[drop:], c.left-drop, c.counted-drop
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
