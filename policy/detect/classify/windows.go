package classify

import "weir/policy/detect/normal"

// The windows, in bytes.
const (
	Window   = 400 // of a text that a window spans, and on to the end of its last chunk
	short    = 130 // of a text that a window spans which is to see one sentence
	longest  = 200 // bytes of a text without a border, after which every word is one
	farWord  = 48  // a word of more bytes is a border
	farSpace = 8   // bytes between a sentence's end and the next word
)

// Behind is how many bytes before a window decide where it and the one before it begin, and what is in them.
const Behind = 2*(longest+farWord+farSpace) + remote

// chunk is the text between two borders.
type chunk struct {
	from int // in the text
}

// chunker cuts a normal form at its borders and calls add for every feature, with the chunk it belongs to.
type chunker struct {
	reader
	list   []chunk
	border int // in the text, the last one that the text's own words make
	ended  bool
	far    bool // the last word was long, or picked
}

// begins says whether a token at from, at bytes into the normal form, begins a chunk.
func (c *chunker) begins(t *token, from, end int) bool {
	if len(c.list) == 0 {
		return true
	}
	if t.mark {
		return false
	}
	if c.far || c.ended && from-end <= farSpace {
		c.border = from
		return true
	}
	return from-c.border > longest
}

// cut goes over a text and gives each feature to add.
func (c *chunker) cut(t *normal.Text, add func(chunk int, bucket uint32)) {
	c.list, c.reader, c.border, c.ended, c.far = c.list[:0], reader{}, 0, false, false
	cursor, sign, end := t.Cursor(), 0, 0
	var k int
	give := func(b uint32) { add(k, b) }
	for i := 0; ; {
		tok, ok := nextToken(t.Bytes, i)
		if !ok {
			return
		}
		from := cursor.From(tok.start)
		if c.begins(&tok, from, end) {
			k = len(c.list)
			c.list = append(c.list, chunk{from})
		}
		for ; sign < len(t.Signs) && t.Signs[sign].At < tok.end; sign++ {
			give(signBucket(t.Signs[sign].Kind))
		}
		c.read(t.Bytes, tok, from, give)
		end = cursor.From(tok.end-1) + 1
		c.after(t.Bytes, &tok, end-from)
		i = tok.end
	}
}

// after notes what a token means for the next border.
func (c *chunker) after(b []byte, t *token, size int) {
	if t.mark {
		switch b[t.start] {
		case '.', '!', '?', ';', '|':
			c.ended = true
		default:
			c.ended = string(b[t.start:t.end]) == "\u3002"
		}
		c.far = false
		return
	}
	c.ended = t.end < len(b) && b[t.end] == '\n'
	c.far = size > farWord || t.hash>>7&7 == 0
}

// Span is a window with its score. Start and End are bytes of the text.
type Span struct {
	Start, End int
	Score      float64 // 0..1
}

// spans calls visit for each place that is scored, in order: those whose long window is full, the one that the text
// begins with and the first that its end cuts short. first and past are chunks of the long window, near is where the
// short one ends.
func spans(list []chunk, length int, visit func(first, near, past int)) {
	near, past := 0, 0
	for first := range list {
		near, past = ending(list, first, near, short), ending(list, first, past, Window)
		visit(first, near, past)
		if list[first].from+Window >= length {
			tails(list, first+1, near, visit)
			return
		}
	}
}

// tails visits the short windows that are left, and are full, when the long one has reached the end.
func tails(list []chunk, from, near int, visit func(first, near, past int)) {
	for first := from; near < len(list); first++ {
		near = ending(list, first, near, short)
		visit(first, near, near)
	}
}

// ending is the first chunk at or after at that is size bytes or more from the chunk first.
func ending(list []chunk, first, at, size int) int {
	for at < len(list) && list[at].from < list[first].from+size {
		at++
	}
	return at
}

// Open is the first place of a text from which a window could still begin or grow if more text came.
func (s *Scratch) Open(t *normal.Text) int {
	end := t.From(len(t.Bytes))
	at := max(0, end-undecided)
	s.cut(t, func(int, uint32) {})
	past := 0
	for first := range s.list {
		past = ending(s.list, first, past, Window)
		if past == len(s.list) || s.list[past].from >= at {
			return min(at, s.list[first].from)
		}
	}
	return at
}

// undecided is how many bytes at the end of a text may read otherwise when more comes: an escape, a character.
const undecided = 16
