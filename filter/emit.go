package filter

import (
	"fmt"
	"strconv"

	"weir/filter/sse"
	"weir/filter/surface"
)

// write puts out an event, edited where it has to be. A block in the event's own text leaves what stands before it.
func (f *follower) write(e sse.Event, d *surface.Delta) error {
	edits, splices := surface.Drop(e.Data, d.Logprobs, f.edited, d.Segments, f.edits)
	if d.SequenceAt != (surface.Span{}) {
		f.sequence = d.Sequence + f.shift + 1
		if f.shift != 0 {
			splices = append(splices, surface.Splice{At: d.SequenceAt, With: strconv.AppendInt(nil, d.Sequence+f.shift, 10)})
		}
	}
	if len(edits) == 0 && len(splices) == 0 {
		f.ready.Write(e.Raw)
		return nil
	}
	if len(edits) == 1 && len(splices) == 0 && f.replace(e, &d.Segments[edits[0].Segment], edits[0].With) {
		return nil
	}
	data, err := surface.Apply(e.Data, d.Segments, edits, splices)
	if err != nil {
		return fmt.Errorf("editing an event: %w", err)
	}
	f.ready.Write(sse.Replace(e, data))
	return nil
}

// replace puts out an event with another text in the place of its one, where that is plain to do.
func (f *follower) replace(e sse.Event, s *surface.Segment, with string) bool {
	if e.DataAt == (sse.Span{}) || s.Depth != 1 || s.Number || s.Base64 {
		return false
	}
	f.ready.Write(e.Raw[:e.DataAt.Start+s.Raw.Start])
	f.ready.Write(surface.AppendEncoded(f.ready.AvailableBuffer(), with))
	f.ready.Write(e.Raw[e.DataAt.Start+s.Raw.End:])
	return true
}

// drop leaves an event out.
func (f *follower) drop(d *surface.Delta) error {
	if d.SequenceAt != (surface.Span{}) {
		f.shift--
	}
	return nil
}

// sealBroken says whether an event signs text that was not let through as it was.
func (f *follower) sealBroken(d *surface.Delta) bool {
	for _, at := range d.Seals {
		for _, c := range f.channels {
			if c.at == at && c.withheld {
				return true
			}
		}
	}
	return false
}

// misplaced says whether an event points into a text that was edited.
func (f *follower) misplaced(d *surface.Delta) bool {
	for _, at := range d.Notes {
		for _, c := range f.channels {
			if c.at == at && c.edited {
				return true
			}
		}
	}
	return false
}
