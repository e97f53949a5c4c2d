package surface

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Events reads the events of one streamed answer. Most events are the one before with another word in it; that is told by
// comparing bytes, so such an event is not read again. It is not safe for concurrent use.
type Events struct {
	surface Surface
	name    string
	data    []byte // of the event before
	at      Span   // where its one text stands
	delta   *Delta // of it; nil: it is not one that comes again with another word
}

// NewEvents begins a stream of a surface.
func NewEvents(s Surface) *Events { return &Events{surface: s} }

// Read is the view of the next event, good until the one after. The data may be written over afterwards.
func (e *Events) Read(name string, data []byte) (*Delta, error) {
	if e.delta != nil && e.again(name, data) {
		return e.delta, nil
	}
	d, err := e.surface.ReadEvent(name, data)
	if e.delta = nil; err == nil && onlySays(d, data) {
		e.name, e.data, e.at, e.delta = name, append(e.data[:0], data...), d.Segments[0].Raw, d
	}
	return d, err
}

// again takes an event that is the one before but for its text, where that needs no decoding.
func (e *Events) again(name string, data []byte) bool {
	start, end := e.at.Start, len(data)-(len(e.data)-e.at.End)
	if name != e.name || end <= start || !bytes.Equal(data[:start], e.data[:start]) || !bytes.Equal(data[end:], e.data[e.at.End:]) ||
		!literal(data[start:end]) {
		return false
	}
	s := &e.delta.Segments[0]
	s.Raw, s.Text = Span{start, end}, string(data[start:end])
	return true
}

// onlySays says whether all that is particular of an event is one text that goes on, and no member's name.
func onlySays(d *Delta, data []byte) bool {
	if len(d.Segments) != 1 || d.Usage != nil || d.Done || d.Failed || d.SequenceAt != (Span{}) ||
		len(d.Finishes)+len(d.Starts)+len(d.Ends)+len(d.Seals)+len(d.Notes)+len(d.Logprobs)+len(d.Tools) > 0 {
		return false
	}
	s := &d.Segments[0]
	if rest := bytes.TrimLeft(data[s.Raw.End+1:], " \t\r\n"); len(rest) > 0 && rest[0] == ':' {
		return false
	}
	return s.Depth == 1 && s.Raw.End-s.Raw.Start == len(s.Text) && !s.Alone && !s.Repeat && !s.Sealed && !s.Number && !s.Base64
}

// literal says whether b may stand in a JSON string and stands for itself there.
func literal(b []byte) bool {
	seen, at := uint64(0), 0
	for ; at+8 <= len(b); at += 8 {
		w := binary.LittleEndian.Uint64(b[at:])
		if special(w) != 0 {
			return false
		}
		seen |= w
	}
	for _, c := range b[at:] {
		if c == '"' || c == '\\' || c < 0x20 {
			return false
		}
		seen |= uint64(c)
	}
	return seen&highs == 0 || utf8.Valid(b)
}
