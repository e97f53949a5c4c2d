package filter

import (
	"fmt"
	"slices"
	"strings"

	"weir/filter/surface"
	"weir/policy/audit"
	"weir/policy/detect"
)

// The bounds of what is captured of one exchange, in each direction.
const (
	captureBytes = 256 << 10
	captureTexts = 1024
	// captureTail is left out of a text that is cut: a value could begin in it that is not seen whole.
	captureTail = 512
)

// spoken is what an exchange said, where its tenant has it captured.
type spoken struct {
	found   []located // in the request
	scanned bool
	answer  []heard
	bytes   int
	cut     bool
}

// heard is one continuous text of the answer.
type heard struct {
	at   surface.Channel
	text strings.Builder
}

// captures says what of the exchange is kept.
func (x *exchange) captures() (request, answer bool) {
	if x.tenant == nil {
		return false, false
	}
	return x.tenant.Capture.Request, x.tenant.Capture.Answer
}

// hear keeps a piece of the answer.
func (x *exchange) hear(s *surface.Segment) {
	if _, on := x.captures(); !on || s.Repeat || s.Text == "" {
		return
	}
	c := &x.spoken
	i := slices.IndexFunc(c.answer, func(h heard) bool { return h.at == s.At })
	if c.bytes+len(s.Text) > captureBytes || i < 0 && len(c.answer) == captureTexts {
		c.cut = true
		return
	}
	if i < 0 {
		c.answer = append(c.answer, heard{at: s.At})
		i = len(c.answer) - 1
	}
	c.bytes += len(s.Text)
	c.answer[i].text.WriteString(s.Text)
}

// content is what is kept of the exchange; nil: nothing.
func (x *exchange) content() *audit.Content {
	request, answer := x.captures()
	if !request && !answer {
		return nil
	}
	keep := x.tenant.Capture
	out := &audit.Content{Whole: keep.Whole, Cut: x.spoken.cut}
	out.Seal(x.tenant.Secret, x.began.Add(keep.Kept()))
	if request && x.view != nil && (x.spoken.scanned || keep.Whole) {
		x.said(out)
	}
	scanner := x.scanner()
	for i := range x.spoken.answer {
		h := &x.spoken.answer[i]
		text := h.text.String()
		if !keep.Whole {
			text = masked(text, scanner.Scan(text, nil), x.spoken.cut)
		}
		out.Answer = append(out.Answer, audit.Said{Role: string(surface.Assistant), Place: fmt.Sprintf("%d/%d/%s", h.at.Choice, h.at.Block, h.at.Field), Text: text})
	}
	if len(out.Request)+len(out.Answer) == 0 {
		return nil
	}
	return out
}

// said adds the texts of the request, as the client sent them.
func (x *exchange) said(to *audit.Content) {
	left := captureBytes
	for i := range x.view.Segments {
		s := &x.view.Segments[i]
		text := s.Text
		if !to.Whole {
			var found []detect.Finding
			for _, l := range x.spoken.found {
				if l.segment == i {
					found = append(found, l.Finding)
				}
			}
			text = masked(text, found, false)
		}
		if len(text) > left || len(to.Request) == captureTexts {
			text, to.Cut = strings.ToValidUTF8(text[:min(left, len(text))], ""), true
		}
		left -= len(text)
		if text != "" {
			to.Request = append(to.Request, audit.Said{Role: string(s.Role), Place: placed(s.Place), Text: text})
		}
		if to.Cut {
			return
		}
	}
}

// masked is a text with [TYPE] in the place of personal data and secrets. Of one that was cut the end is left out.
func masked(text string, found []detect.Finding, cut bool) string {
	var b strings.Builder
	at := 0
	list := slices.Clone(found)
	slices.SortFunc(list, func(a, b detect.Finding) int { return a.Start - b.Start })
	for _, f := range list {
		if f.Category != detect.PII && f.Category != detect.Secret || f.End <= at {
			continue
		}
		if f.Start > at {
			b.WriteString(text[at:f.Start])
		}
		b.WriteString("[" + string(f.Type) + "]")
		at = f.End
	}
	rest := text[at:]
	if cut {
		rest = strings.ToValidUTF8(rest[:max(0, len(rest)-captureTail)], "")
	}
	b.WriteString(rest)
	return b.String()
}

// sample is a value of which one can tell that it is the one that is meant, by who knows it: its first and its last two characters
// where it is personal data of at least eight, else none.
func sample(f *detect.Finding, text string) string {
	value := []rune(text[f.Start:f.End])
	if f.Category != detect.PII && f.Category != detect.Secret || len(value) > maxSample {
		return ""
	}
	for i := range value {
		if f.Category == detect.Secret || len(value) < 8 || i > 0 && i < len(value)-2 {
			value[i] = '*'
		}
	}
	return string(value)
}

// maxSample bounds a sample, characters.
const maxSample = 64
