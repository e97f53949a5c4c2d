package normal

import "sort"

// Reach is how many bytes on either side of a place can change what is made of it: the longest run that is decoded.
const Reach = maxRun + 16

// Text is a text in its normal form. It is valid until its Reader reads again.
type Text struct {
	Bytes []byte // UTF-8, lower case
	Signs []Sign // what hides in it, in order
	// Chars is what the first pass makes of the text: characters one by one, and no letters out of signs, digits and blanks. What is
	// data and no words is looked for in it.
	Chars []byte

	chars, words ranges
}

// Sign is a trace of hiding at a place of Bytes.
type Sign struct {
	At   int
	Kind Kind
}

// Kind is a way to hide text.
type Kind uint8

// The ways to hide text.
const (
	Tags    Kind = iota + 1 // Unicode tag characters
	Mixed                   // letters of two scripts in one word
	Unseen                  // characters that show nothing, inside a word
	Leet                    // digits and marks that stand for letters
	Spaced                  // letters set apart
	Decoded                 // Base64, hex or ROT13
	Styled                  // letters of a mathematical, enclosed or full-width alphabet
)

// Plain says whether the text has nothing that is not shown as it is, case aside.
func (t *Text) Plain() bool { return t.chars.plain() && t.words.plain() && len(t.Signs) == 0 }

// Span is the original range of Bytes[start:end], which must not be empty: whole characters and whole decoded runs.
func (t *Text) Span(start, end int) (from, to int) {
	a, b := t.words.span(start, end)
	return t.chars.span(a, b)
}

// CharsSpan is the original range of Chars[start:end], which must not be empty.
func (t *Text) CharsSpan(start, end int) (from, to int) { return t.chars.span(start, end) }

// From is where the byte of the original stands that Bytes[i] comes from; for the length of Bytes, the end.
func (t *Text) From(i int) int {
	if i >= len(t.Bytes) {
		return t.chars.from(t.words.from(i))
	}
	from, _ := t.Span(i, i+1)
	return from
}

// Cursor walks forward over a Text and tells where its bytes come from.
type Cursor struct {
	text         *Text
	chars, words int
	same         bool // every byte comes from the one at its own place
}

// Cursor is a cursor at the start.
func (t *Text) Cursor() Cursor { return Cursor{text: t, same: t.chars.plain() && t.words.plain()} }

// From is where the byte of the original stands that Bytes[i] comes from. i must not go back between calls.
func (c *Cursor) From(i int) int {
	if c.same {
		return i
	}
	return c.text.chars.next(&c.chars, c.text.words.next(&c.words, i))
}

// piece maps output from at on: byte for byte from from, or, where size is not 0, all of it to that many bytes.
type piece struct{ at, from, size int }

// ranges are the pieces of an output, in order, and the two lengths.
type ranges struct {
	pieces  []piece
	out, in int
}

func (r *ranges) plain() bool {
	return r.in == r.out && (len(r.pieces) == 0 || len(r.pieces) == 1 && r.pieces[0] == piece{})
}

func (r *ranges) reset() { *r = ranges{pieces: r.pieces[:0]} }

// add begins a piece where the last one does not simply go on.
func (r *ranges) add(at, from, size int) {
	if n := len(r.pieces); n > 0 && size == 0 {
		if p := &r.pieces[n-1]; p.size == 0 && p.from+at-p.at == from {
			return
		}
	}
	r.pieces = append(r.pieces, piece{at, from, size})
}

func (r *ranges) find(i int) *piece {
	k := sort.Search(len(r.pieces), func(k int) bool { return r.pieces[k].at > i })
	return &r.pieces[max(0, k-1)]
}

func (r *ranges) from(i int) int {
	if i >= r.out || len(r.pieces) == 0 {
		return r.in
	}
	p := r.find(i)
	if p.size > 0 {
		return p.from
	}
	return p.from + i - p.at
}

// next is from for a place at or after the piece that at remembers.
func (r *ranges) next(at *int, i int) int {
	if i >= r.out || len(r.pieces) == 0 {
		return r.in
	}
	for *at+1 < len(r.pieces) && r.pieces[*at+1].at <= i {
		*at++
	}
	p := &r.pieces[*at]
	if p.size > 0 {
		return p.from
	}
	return p.from + i - p.at
}

func (r *ranges) span(start, end int) (from, to int) {
	if len(r.pieces) == 0 {
		return r.in, r.in
	}
	first, last := r.find(start), r.find(end-1)
	if from = first.from; first.size == 0 {
		from += start - first.at
	}
	if last.size > 0 {
		return from, last.from + last.size
	}
	return from, last.from + end - last.at
}
