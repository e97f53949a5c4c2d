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

// Decoder splits a stream into records. It is not safe for concurrent use, and of no use after an error.
type Decoder struct {
	limit   int
	buf     []byte // bytes of the record that is not complete
	line    int    // where the line that is not complete begins
	seen    int    // buf[:seen] holds no break but those before line, or a carriage return that waits at its end
	started bool   // a record has been given
	name    string // the last event name, kept because streams repeat them
	joined  []byte // data of several lines
}

// NewDecoder returns a decoder that refuses records of more than limit bytes.
func NewDecoder(limit int) *Decoder { return &Decoder{limit: limit} }

// Write takes the next piece of the stream and calls emit for each record it completes, in order. The Event's slices
// are valid only until emit returns. An error of emit stops the writing and is returned as it is; a record over the
// limit is ErrTooLarge, as soon as that many bytes are there.
//
// A record ends with a blank line. Where that line ends in a carriage return at the very end of a piece, the record
// waits for the next byte, which may be the line feed that belongs to it.
func (d *Decoder) Write(piece []byte, emit func(Event) error) error {
	d.buf = append(d.buf, piece...)
	return d.drain(false, emit)
}

// End takes the end of the stream: a record whose blank line ended in a carriage return need not wait any more.
func (d *Decoder) End(emit func(Event) error) error { return d.drain(true, emit) }

// Pending is how many bytes of a record that is not complete are kept.
func (d *Decoder) Pending() int { return len(d.buf) }

// Rest are the bytes of a record that never ended. At the end of a stream they are dropped by every reader that
// follows the standard.
func (d *Decoder) Rest() []byte { return d.buf }

// drain gives every record that is whole and moves what is left to the front.
func (d *Decoder) drain(last bool, emit func(Event) error) error {
	b := breaks{buf: d.buf, lf: -1, cr: -1}
	from := 0
	var err error
	for err == nil {
		end := d.record(&b, from, last)
		if end < 0 {
			break
		}
		err = d.emit(d.buf[from:end], emit)
		from = end
	}
	d.buf = append(d.buf[:0], d.buf[from:]...)
	d.line, d.seen = d.line-from, d.seen-from
	if err == nil && len(d.buf) > d.limit {
		err = d.tooLarge()
	}
	return err
}

func (d *Decoder) tooLarge() error { return fmt.Errorf("%w: over %d bytes", ErrTooLarge, d.limit) }

func (d *Decoder) emit(raw []byte, emit func(Event) error) error {
	if len(raw) > d.limit {
		return d.tooLarge()
	}
	e := d.parse(raw)
	d.started = true
	return emit(e)
}

// record finds where the record that starts at from ends, its blank line included, or -1. It looks at no byte twice.
func (d *Decoder) record(b *breaks, from int, last bool) int {
	for {
		i := b.next(d.seen)
		if i < 0 {
			d.seen = len(d.buf)
			return -1
		}
		next := b.after(i)
		if !last && d.buf[i] == '\r' && i+1 == len(d.buf) {
			d.seen = i
			return -1
		}
		blank := i == d.line || !d.started && from == 0 && d.line == 0 && i == len(bom) && bytes.HasPrefix(d.buf, bom)
		d.line, d.seen = next, next
		if blank {
			return next
		}
	}
}

// breaks finds line breaks in ascending order: line feed, carriage return, or both. It remembers the next one of
// either kind, so that the whole costs no more than looking at each byte twice.
type breaks struct {
	buf    []byte
	lf, cr int // the next one that is known; below the offset asked for: to be looked up
}

// next is the first break at or behind from, or -1.
func (b *breaks) next(from int) int {
	b.lf = b.find(b.lf, from, '\n')
	b.cr = b.find(b.cr, from, '\r')
	if i := min(b.lf, b.cr); i < len(b.buf) {
		return i
	}
	return -1
}

func (b *breaks) find(known, from int, c byte) int {
	if known >= from {
		return known
	}
	if i := bytes.IndexByte(b.buf[from:], c); i >= 0 {
		return from + i
	}
	return len(b.buf)
}

// after is the offset behind the break at i.
func (b *breaks) after(i int) int {
	if b.buf[i] == '\r' && i+1 < len(b.buf) && b.buf[i+1] == '\n' {
		return i + 2
	}
	return i + 1
}
