package sse

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrTooLarge says that one record is larger than the decoder's bound.
var ErrTooLarge = errors.New("sse: record too large")

// bom may stand once, at the very start of a stream.
var bom = []byte("\xef\xbb\xbf")

// Decoder splits a stream into records. It is not safe for concurrent use.
type Decoder struct {
	limit   int
	buf     []byte // bytes of the record that is not complete
	scanned int    // buf[:scanned] holds no end of a record
	started bool   // the start of the stream has been looked at
}

// NewDecoder returns a decoder that refuses records of more than limit bytes.
func NewDecoder(limit int) *Decoder { return &Decoder{limit: limit} }

// Write takes the next piece of the stream and calls emit for each record it completes, in order. The Event's slices
// are valid only until emit returns. An error of emit stops the writing and is returned as it is.
//
// A record ends with a blank line. Where that line ends in a carriage return at the very end of a piece, the record
// waits for the next byte, which may be the line feed that belongs to it.
func (d *Decoder) Write(piece []byte, emit func(Event) error) error {
	d.buf = append(d.buf, piece...)
	from := 0
	for {
		end := d.end(from)
		if end < 0 {
			break
		}
		if err := d.emit(from, end, emit); err != nil {
			return err
		}
		from = end
	}
	d.buf = append(d.buf[:0], d.buf[from:]...)
	d.scanned = max(0, d.scanned-from)
	if len(d.buf) > d.limit {
		return fmt.Errorf("%w: over %d bytes", ErrTooLarge, d.limit)
	}
	return nil
}

// End takes the end of the stream: a record whose blank line ended in a carriage return need not wait any more.
func (d *Decoder) End(emit func(Event) error) error {
	if n := len(d.buf); n == 0 || d.buf[n-1] != '\r' {
		return nil
	}
	d.buf = append(d.buf, '\n')
	end := d.end(0)
	d.buf = d.buf[:len(d.buf)-1]
	if end <= len(d.buf) {
		return nil
	}
	err := d.emit(0, len(d.buf), emit)
	d.buf, d.scanned = d.buf[:0], 0
	return err
}

// Rest are the bytes of a record that never ended. At the end of a stream they are dropped by every reader that
// follows the standard.
func (d *Decoder) Rest() []byte { return d.buf }

func (d *Decoder) emit(from, end int, emit func(Event) error) error {
	if end-from > d.limit {
		return fmt.Errorf("%w: over %d bytes", ErrTooLarge, d.limit)
	}
	raw := d.buf[from:end]
	e := parse(raw, !d.started)
	d.started = true
	return emit(e)
}

// end finds where the record that starts at from ends, its blank line included, or -1. It looks at no byte twice.
func (d *Decoder) end(from int) int {
	at := max(d.scanned, from)
	for at < len(d.buf) {
		i := bytes.IndexAny(d.buf[at:], "\r\n")
		if i < 0 {
			d.scanned = len(d.buf)
			return -1
		}
		lineStart := d.lineStart(from, at+i)
		next, known := d.afterBreak(at + i)
		if !known {
			d.scanned = at + i
			return -1
		}
		if lineStart == at+i {
			d.scanned = next
			return next
		}
		at = next
	}
	d.scanned = at
	return -1
}

// lineStart is where the line that breaks at i begins. A byte order mark at the start of the stream is no text.
func (d *Decoder) lineStart(from, i int) int {
	start := from
	if j := bytes.LastIndexAny(d.buf[from:i], "\r\n"); j >= 0 {
		start = from + j + 1
	}
	if !d.started && start == 0 && bytes.HasPrefix(d.buf, bom) && i == len(bom) {
		return i
	}
	return start
}

// afterBreak is the offset behind the line break at i. A carriage return at the end of what is known may be half of
// one.
func (d *Decoder) afterBreak(i int) (next int, known bool) {
	if d.buf[i] == '\n' {
		return i + 1, true
	}
	if i+1 == len(d.buf) {
		return 0, false
	}
	if d.buf[i+1] == '\n' {
		return i + 2, true
	}
	return i + 1, true
}
