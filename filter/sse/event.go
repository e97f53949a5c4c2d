package sse

// Event is one complete record of an event stream, as it stood on the wire.
// Raw is the whole record with its closing blank line; Data is what the data lines say, joined by newlines.
// DataAt is the span of the payload inside Raw when it stands on a single data line (the usual case), so that it
// can be edited in place; it is empty otherwise. A record of comments only has neither Name nor Data.
type Event struct {
	Raw    []byte
	Name   string
	Data   []byte
	DataAt Span

	mark int // bytes of a byte order mark in front
}

// Span is a half-open range of bytes.
type Span struct{ Start, End int }
