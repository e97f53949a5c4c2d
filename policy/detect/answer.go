package detect

import (
	"unicode/utf8"

	"weir/policy/detect/classify"
	"weir/policy/detect/names"
)

// Models says which trained models are asked about answers, which they are not by themselves.
type Models struct {
	Injection bool
	Names     bool
	Least     float64 // as in Reading
}

// An answer is read in blocks that begin at the same places of the text however it comes, so that what the models find
// does not depend on how it was cut. A block owns what begins in it, and is read with what stands around it: as much as
// a window or a name can depend on.
const (
	blockBytes  = 512
	blockBehind = classify.Behind
	blockAhead  = classify.Window + classify.Behind
)

// Asking returns a scanner that asks the models in Scan and in streams, too. Text that may become a finding of theirs
// waits for the end of its block and what is read with it: less than 2 KB. ScanPrompt asks them in any case.
func (s *Scanner) Asking(m Models) *Scanner {
	out := *s
	out.asks = m
	return &out
}

func (m Models) any() bool { return m.Injection || m.Names }

// Behind is how many bytes before a finding a scan looks at: what a stream keeps of what has left.
func (s *Scanner) Behind() int {
	if s.asks.any() {
		return blockBehind + utf8.UTFMax
	}
	return MaxBehind
}

// types are those of what the models find in an answer.
func (m Models) types() []Type {
	var out []Type
	if m.Injection {
		out = append(out, PromptInjection)
	}
	if m.Names {
		out = append(out, Person, Location, Organization)
	}
	return out
}

// blocks asks the models about all blocks of a text.
func (s *Scanner) blocks(text string, into []Finding) []Finding {
	for at := 0; at < len(text); at += blockBytes {
		into = s.block(text, at, into)
	}
	return into
}

// came says whether the block at a place of a text, and what is read with it, has come.
func came(text string, at int) bool { return at+blockBytes+blockAhead+utf8.UTFMax <= len(text) }

// block appends what the models find in the block at a place of a text, which may be before its beginning where that is
// gone.
func (s *Scanner) block(text string, at int, into []Finding) []Finding {
	end := at + blockBytes
	from, to := border(text, at-blockBehind), border(text, end+blockAhead)
	part := text[from:to]
	owns := func(start int) bool { return from+start >= at && from+start < end }
	r := s.promptReader()
	if s.asks.Injection {
		r.spans = s.model.Score(&r.scratch, r.normal.Read(part), classify.Turn, r.spans[:0])
		kept := r.spans[:0]
		for _, w := range r.spans {
			if owns(w.Start) {
				w.Start, w.End = w.Start+from, min(w.End+from, border(text, end))
				kept = append(kept, w)
			}
		}
		into = together(learned(kept, s.asks.Least, into), len(into))
	}
	if s.asks.Names {
		r.called = s.tagger.Find(&r.names, part, r.called[:0])
		kept := r.called[:0]
		for _, n := range r.called {
			if owns(n.Start) {
				kept = append(kept, names.Name{Start: n.Start + from, End: n.End + from, Class: n.Class, Score: n.Score})
			}
		}
		into = appendNames(kept, into)
	}
	s.prompts.Put(r)
	return into
}

// together makes one finding of those in found[mark:] that overlap or touch. What is found in one block never reaches into
// the next, so that what waits in a stream is bounded.
func together(found []Finding, mark int) []Finding {
	kept := found[:mark]
	for _, f := range found[mark:] {
		if n := len(kept); n > mark && f.Start <= kept[n-1].End {
			last := &kept[n-1]
			last.End, last.Score = max(last.End, f.End), max(last.Score, f.Score)
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

// border is the first place from i on, within a text, where a character begins.
func border(text string, i int) int {
	i = min(max(i, 0), len(text))
	for range utf8.UTFMax - 1 {
		if i < len(text) && !utf8.RuneStart(text[i]) {
			i++
		}
	}
	return i
}

// asked is what a stream has asked the models.
type asked struct {
	gone int       // bytes of the text that were forgotten
	next int       // of the whole text: the first block that was not asked about
	late []Finding // at their places in the whole text
	over bool      // the text that comes next is the last
}

// End says that the text of the next call of Next is decided on as if it were all there is. More may come all the same.
func (st *Stream) End() { st.asked.over = true }

// ask adds what the models find in text from from on. It returns the first place where they are undecided.
func (st *Stream) ask(text string, from int, into []Finding) (found []Finding, open int) {
	a := &st.asked
	for at := a.next - a.gone; came(text, at); at += blockBytes {
		mark := len(a.late)
		a.late = st.scanner.block(text, at, a.late)
		for i := mark; i < len(a.late); i++ {
			a.late[i].Start, a.late[i].End = a.late[i].Start+a.gone, a.late[i].End+a.gone
		}
		a.next += blockBytes
	}
	kept := a.late[:0]
	for _, f := range a.late {
		if f.Start-a.gone >= from {
			kept = append(kept, f)
			f.Start, f.End = f.Start-a.gone, f.End-a.gone
			into = append(into, f)
		}
	}
	a.late = kept
	open = a.next - a.gone
	if a.over {
		a.over = false
		mark := len(into)
		for ; open < len(text); open += blockBytes {
			into = st.scanner.block(text, open, into)
		}
		into = since(into, mark, from)
	}
	return into, min(open, len(text))
}
