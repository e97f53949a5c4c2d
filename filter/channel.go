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
	left     int // text[:left] has left
	counted  int // findings that end in text[:counted] have been counted
}

// push adds text and returns what may leave now. final says that the channel ends here, so nothing is kept. A
// finding that ends the answer is returned after the text before it.
func (c *channel) push(j *judge, text string, final bool) (out string, blocked *detect.Finding) {
	c.text += text
	if c.left == len(c.text) {
		return "", nil
	}
	j.scratch = j.scanner.Scan(c.text, j.scratch[:0])
	found := j.scratch
	cut, known := len(c.text), len(c.text)
	if !final {
		cut = c.settled(j, found)
		known = max(j.scanner.Settled(c.text, found, everyType), c.counted)
	}
	c.count(j, found, known)
	changes, blocked := j.rule(c.text, c.left, cut, found, c.at.Field, c.at.Field == argumentsField)
	if blocked != nil {
		cut = blocked.Start
		j.tally.act("response", string(blocked.Type), actBlock)
	}
	out = spliced(c.text, c.left, cut, changes)
	j.tally.unresolved += j.vault.Unresolved(out)
	c.left = cut
	c.trim(known)
	return out, blocked
}

func everyType(detect.Type) bool { return true }

// settled is how far the text is beyond any doubt, on a rune's border and never before what has left.
func (c *channel) settled(j *judge, found []detect.Finding) int {
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
	c.text, c.left, c.counted = c.text[drop:], c.left-drop, c.counted-drop
}

// pending is how many bytes wait.
func (c *channel) pending() int { return len(c.text) - c.left }

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
