package detect

import (
	"unicode/utf8"

	"weir/policy/detect/classify"
)

// What a prompt is read in. A longer text is read a window at a time, so that the memory it takes is that of one window.
const (
	// windowBytes is how much of a text a window is for.
	windowBytes = 256 << 10
	// windowMargin is how much of the text a window shows on either side of that: what is made of a place depends on less.
	windowMargin = 16 << 10
	// windowBlank is how far a window's end is moved so that it cuts no word.
	windowBlank = 1 << 10
)

// window is a part of a text. What begins in it is its own; what begins in its margins belongs to its neighbours.
type window struct {
	whole    string
	size     int
	text     string // with the margins
	at       int    // where text stands in the whole
	from, to int    // what is the window's own, in the whole
}

// windowed is before the first window of a text.
func windowed(text string, size int) window { return window{whole: text, size: size} }

// next goes on to the next window; false where there is none. An empty text has one.
func (w *window) next() bool {
	if w.to == len(w.whole) && (w.to > 0 || w.size == 0) {
		return false
	}
	if len(w.whole) <= w.size {
		w.text, w.to, w.size = w.whole, len(w.whole), 0
		return true
	}
	w.from, w.to = w.to, windowEnd(w.whole, w.to+w.size)
	w.at = windowEnd(w.whole, max(0, w.from-windowMargin))
	w.text = w.whole[w.at:windowEnd(w.whole, w.to+windowMargin)]
	return true
}

// windowEnd is a place near i, and not behind it, where no word is cut if there is one, and no character in any case.
func windowEnd(text string, i int) int {
	if i >= len(text) {
		return len(text)
	}
	for k := i; k > max(0, i-windowBlank); k-- {
		if text[k-1] <= ' ' {
			return k
		}
	}
	for i > 0 && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

// owns says whether what begins at a place of the whole text is the window's own.
func (w *window) owns(start int) bool { return start >= w.from && start < w.to }

// place moves what was found in a window's text to where it stands in the whole.
func (w *window) place(spans []classify.Span) {
	for i := range spans {
		spans[i].Start, spans[i].End = spans[i].Start+w.at, spans[i].End+w.at
	}
}

// own are those of the classifier's windows, where they stand in the whole, that begin in what is the window's own.
func (w *window) own(spans []classify.Span) []classify.Span {
	kept := spans[:0]
	for _, s := range spans {
		if w.owns(s.Start) {
			kept = append(kept, s)
		}
	}
	return kept
}

// keep moves found[mark:] to where they stand in the whole, and leaves out what is not the window's own.
func (w *window) keep(found []Finding, mark int) []Finding {
	kept := found[:mark]
	for _, f := range found[mark:] {
		if f.Start += w.at; w.owns(f.Start) {
			f.End += w.at
			kept = append(kept, f)
		}
	}
	return kept
}
