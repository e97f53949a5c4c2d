package surface

import (
	"errors"
	"fmt"
	"sort"
)

// ErrOverlap says that two edits want the same bytes.
var ErrOverlap = errors.New("edits overlap")

// Apply splices edits and splices into a body. Bytes that no edit covers stay as they are; where there is nothing to
// do the very same slice is returned. segs are the segments that edits count by.
func Apply(body []byte, segs []Segment, edits []Edit, splices []Splice) ([]byte, error) {
	if len(edits) == 0 && len(splices) == 0 {
		return body, nil
	}
	all := make([]Splice, 0, len(edits)+len(splices))
	all = append(all, splices...)
	for _, e := range edits {
		if e.Segment < 0 || e.Segment >= len(segs) {
			return nil, fmt.Errorf("edit of segment %d of %d", e.Segment, len(segs))
		}
		s, err := splice(body, &segs[e.Segment], e)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	sort.SliceStable(all, func(i, j int) bool {
		if all[i].At.Start != all[j].At.Start {
			return all[i].At.Start < all[j].At.Start
		}
		return all[i].At.End < all[j].At.End
	})
	return spliceAll(body, all)
}

func spliceAll(body []byte, all []Splice) ([]byte, error) {
	size := len(body)
	for _, s := range all {
		size += len(s.With) - (s.At.End - s.At.Start)
	}
	out := make([]byte, 0, max(size, 0))
	at := 0
	for _, s := range all {
		if s.At.Start < at || s.At.End < s.At.Start || s.At.End > len(body) {
			return nil, fmt.Errorf("%w: at byte %d", ErrOverlap, s.At.Start)
		}
		out = append(out, body[at:s.At.Start]...)
		out = append(out, s.With...)
		at = s.At.End
	}
	return append(out, body[at:]...), nil
}

// splice turns an edit of decoded text into one of raw bytes, through every level of JSON around it.
func splice(body []byte, seg *Segment, e Edit) (Splice, error) {
	if e.Start < 0 || e.End < e.Start || e.End > len(seg.Text) {
		return Splice{}, fmt.Errorf("edit [%d:%d] of a segment of %d bytes", e.Start, e.End, len(seg.Text))
	}
	raw := body[seg.Raw.Start:seg.Raw.End]
	with := encode(e.With)
	at := []int{e.Start, e.End}
	switch seg.Depth {
	case 1:
		at = rawOffsets(raw, at)
	case 2:
		at = rawOffsets(raw, rawOffsets([]byte(decode(raw)), at))
		with = encode(string(with))
	default:
		return Splice{}, fmt.Errorf("segment at depth %d", seg.Depth)
	}
	return Splice{At: Span{seg.Raw.Start + at[0], seg.Raw.Start + at[1]}, With: with}, nil
}
