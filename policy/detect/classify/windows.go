package classify

import "weir/policy/detect/normal"

// The windows, in bytes.
const (
	Window   = 400 // of a text that a window spans, and on to the end of its last chunk
	short    = 130 // of a text that a window of a turn spans which is to see one sentence or two
	longest  = 200 // bytes of a text without a border, after which every word is one
	farWord  = 48  // a word of more bytes is a border
	farSpace = 8   // bytes between a sentence's end and the next word
)

// Behind is how many bytes before a window decide where it and the one before it begin, and what is in them.
const Behind = 2*(longest+farWord+farSpace) + remote

// walker goes over a text token by token and says where it is cut into chunks.
type walker struct {
	text   *normal.Text
	cursor normal.Cursor
	memory
	links
	tok    token
	from   int  // of the token, in the text
	begins bool // it begins a chunk
	sign   int  // the next of the text's signs

	any    bool // there is a chunk
	past   int  // in the text, where the token before ends
	border int  // in the text, the last one that the text's own words make
	ended  bool
	far    bool // the last word was long
}

func walk(t *normal.Text) walker { return walker{text: t, cursor: t.Cursor()} }

// next reads the next token.
func (w *walker) next() bool {
	if w.any {
		w.leave()
	}
	if !w.tok.next(w.text.Bytes, w.tok.end) {
		return false
	}
	w.from = w.cursor.From(w.tok.start)
	w.begins = w.starts()
	w.any = true
	return true
}

// starts says whether the token begins a chunk.
func (w *walker) starts() bool {
	if !w.any {
		return true
	}
	if w.tok.mark {
		return false
	}
	if w.far || w.ended && w.from-w.past <= farSpace {
		w.border = w.from
		return true
	}
	return w.from-w.border > longest
}

// leave notes what the token means for the next border.
func (w *walker) leave() {
	t, b := &w.tok, w.text.Bytes
	w.past = w.cursor.From(t.end-1) + 1
	if t.mark {
		switch b[t.start] {
		case '.', '!', '?', ';', '|':
			w.ended = true
		default:
			w.ended = string(b[t.start:t.end]) == "\u3002"
		}
		w.far = false
		return
	}
	w.ended = t.end < len(b) && b[t.end] == '\n'
	w.far = w.past-w.from > farWord
}

// signed is the bucket of the next trace of hiding up to the token's end, if there is one.
func (w *walker) signed() (bucket uint32, ok bool) {
	if w.sign == len(w.text.Signs) || w.text.Signs[w.sign].At >= w.tok.end {
		return 0, false
	}
	w.sign++
	return signBucket(w.text.Signs[w.sign-1].Kind), true
}

// chunk is the text between two borders.
type chunk struct {
	from int   // in the text
	sum  int64 // of the weights of all chunks before it
	n    int32 // how many features those have
}

// Span is a window with its score. Start and End are bytes of the text.
type Span struct {
	Start, End int
	Score      float64 // 0..1
}

// spans calls visit for each chunk, in order: near and far are the chunks past the two windows that begin with it. In a
// document the near one is the chunk alone, since an order may stand in a line of its own among whatever else; in a turn
// it has what is said around it.
func spans(list []chunk, p Place, visit func(first, near, far int)) {
	near, far := 0, 0
	for first := range list {
		far = ending(list, first, far, Window)
		if p == Inside {
			near = first + 1
		} else {
			near = ending(list, first, near, short)
		}
		visit(first, near, far)
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
	s.list = s.list[:0]
	for w := walk(t); w.next(); {
		if w.begins {
			s.list = append(s.list, chunk{from: w.from})
		}
	}
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
