package surface

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrOverlap says that two edits want the same bytes.
var ErrOverlap = errors.New("edits overlap")

// ErrOutside says that an edit lies outside its segment, or cuts a character in two.
var ErrOutside = errors.New("edit outside its text")

// Apply splices edits and splices into a body. Bytes that no edit covers stay as they are; where there is nothing to
// do the very same slice is returned. segs are the segments that edits count by. Edits may come in any order; the
// errors are ErrOverlap and ErrOutside.
func Apply(body []byte, segs []Segment, edits []Edit, splices []Splice) ([]byte, error) {
	if len(edits) == 0 && len(splices) == 0 {
		return body, nil
	}
	all := make([]Splice, 0, len(edits)+len(splices))
	all = append(all, splices...)
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	for len(edits) > 0 {
		n := 1
		for n < len(edits) && edits[n].Segment == edits[0].Segment {
			n++
		}
		if i := edits[0].Segment; i < 0 || i >= len(segs) {
			return nil, fmt.Errorf("%w: segment %d of %d", ErrOutside, i, len(segs))
		}
		var err error
		if all, err = raise(all, body, &segs[edits[0].Segment], edits[:n]); err != nil {
			return nil, err
		}
		edits = edits[n:]
	}
	slices.SortStableFunc(all, func(a, b Splice) int {
		return cmp.Or(cmp.Compare(a.At.Start, b.At.Start), cmp.Compare(a.At.End, b.At.End))
	})
	return spliceAll(body, all)
}

func spliceAll(body []byte, all []Splice) ([]byte, error) {
	size, at := len(body), 0
	for _, s := range all {
		if s.At.Start < at || s.At.End < s.At.Start || s.At.End > len(body) {
			return nil, fmt.Errorf("%w: at byte %d", ErrOverlap, s.At.Start)
		}
		size += len(s.With) - (s.At.End - s.At.Start)
		at = s.At.End
	}
	out := make([]byte, 0, size)
	at = 0
	for _, s := range all {
		out = append(out, body[at:s.At.Start]...)
		out = append(out, s.With...)
		at = s.At.End
	}
	return append(out, body[at:]...), nil
}

// raise turns the edits of one segment's text, in order, into splices of raw bytes, through every level of JSON
// around it. The segment is walked once for all of them.
func raise(out []Splice, body []byte, seg *Segment, edits []Edit) ([]Splice, error) {
	at := make([]int, 0, 2*len(edits))
	end := 0
	for _, e := range edits {
		switch {
		case e.Start < 0 || e.End < e.Start || e.End > len(seg.Text) || !border(seg.Text, e.Start) || !border(seg.Text, e.End):
			return nil, fmt.Errorf("%w: [%d:%d] of %d bytes", ErrOutside, e.Start, e.End, len(seg.Text))
		case e.Start < end:
			return nil, fmt.Errorf("%w: in segment %d", ErrOverlap, e.Segment)
		}
		at, end = append(at, e.Start, e.End), e.End
	}
	switch whole := ""; {
	case seg.Base64:
		whole = base64.StdEncoding.EncodeToString([]byte(rewritten(seg.Text, edits)))
		return append(out, Splice{At: seg.Raw, With: []byte(whole)}), nil
	case seg.Number:
		whole = `"` + string(encode(rewritten(seg.Text, edits))) + `"`
		if seg.Depth == 2 {
			whole = string(encode(whole))
		}
		return append(out, Splice{At: seg.Raw, With: []byte(whole)}), nil
	}
	raw := body[seg.Raw.Start:seg.Raw.End]
	if seg.Depth == 2 {
		at = rawOffsets([]byte(decode(raw)), at)
	}
	at = rawOffsets(raw, at)
	for i, e := range edits {
		with := encode(e.With)
		if seg.Depth == 2 {
			with = encode(string(with))
		}
		out = append(out, Splice{At: Span{seg.Raw.Start + at[2*i], seg.Raw.Start + at[2*i+1]}, With: with})
	}
	return out, nil
}

// rewritten is a text with its edits made, for where it has no spans of its own.
func rewritten(text string, edits []Edit) string {
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(text[at:e.Start])
		b.WriteString(e.With)
		at = e.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// border says whether a character of s begins or s ends at i.
func border(s string, i int) bool { return i == len(s) || utf8.RuneStart(s[i]) }
