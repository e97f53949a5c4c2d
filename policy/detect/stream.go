package detect

import "slices"

// Stream follows one text that comes in pieces: a choice's content, a string of a tool call's arguments. It remembers how
// far each rule is settled, so a piece costs what it holds and what is still open before it, however much text there was.
// It keeps no text. It is not safe for concurrent use.
type Stream struct {
	scanner *Scanner
	holds   Holding
	open    []int // by watch: nothing that begins before is open
	asked   asked
}

// Holding says which of a scanner's rules hold text back.
type Holding []bool

// Holding says which rules hold text back, if findings of the types that holds names do.
func (s *Scanner) Holding(holds func(Type) bool) Holding {
	var out Holding
	for i := range s.families {
		for k := range s.families[i].watches {
			out = append(out, slices.ContainsFunc(s.families[i].watches[k].types, holds))
		}
	}
	return append(out, slices.ContainsFunc(s.asks.types(), holds))
}

// Follow begins a text. holds is of the same scanner.
func (s *Scanner) Follow(holds Holding) *Stream {
	return &Stream{scanner: s, holds: holds, open: make([]int, len(holds))}
}

// Progress is how far a text has come.
type Progress struct {
	// Cut is the offset from which a finding of a rule that holds text could still begin or grow if more text came; the
	// length of the text where nothing is pending. It never falls inside a finding: those that end at or before it are final
	// as far as such rules go, and no text to come changes them.
	Cut int
	// Known is Cut if every rule held text.
	Known int
}

// Next takes the text as it stands now: what it was at the last call, less what Forget took, and more behind it. It appends
// the findings that begin at from or behind it to into and returns it, as Scan does. At from the text was settled, or the
// text began. limit is where something else holds the text; its length, if nothing does.
//
// What is pending is never longer than MaxMatch: a run of bytes that is too long for the rule it began is no match, or is
// matched up to there.
func (st *Stream) Next(text string, from, limit int, into []Finding) ([]Finding, Progress) {
	s := st.scanner
	r := s.readers.Get().(*reader)
	mark := len(into)
	for i := range s.families {
		into = s.families[i].scan(r, text, from, into)
	}
	into = since(into, mark, from)
	asked := len(text)
	if s.asks.any() {
		into, asked = st.ask(text, from, into)
	}
	into = s.settle(text, into, mark)
	held, all, any, n := min(len(text), limit), asked, false, 0
	for i := range s.families {
		for k := range s.families[i].watches {
			at := s.families[i].watches[k].open(r, text, st.open[n])
			st.open[n] = at
			all = min(all, at)
			if st.holds[n] {
				held, any = min(held, at), true
			}
			n++
		}
	}
	if st.holds[n] {
		held, any = min(held, asked), true
	}
	r.begin("", nil)
	s.readers.Put(r)
	found := into[mark:]
	p := Progress{Cut: held, Known: before(found, all, all)}
	if any {
		p.Cut = before(found, held, all)
	}
	return into, p
}

// Forget says that the first n bytes of the text are gone.
func (st *Stream) Forget(n int) {
	st.asked.gone += n
	for i := range st.open {
		st.open[i] = max(0, st.open[i]-n)
	}
}

// since leaves out of found[mark:] what begins before from.
func since(found []Finding, mark, from int) []Finding {
	if from == 0 || len(found) == mark {
		return found
	}
	kept := found[:mark]
	for i := mark; i < len(found); i++ {
		if found[i].Start >= from {
			kept = append(kept, found[i])
		}
	}
	return kept
}

// before moves a cut out of findings. One that reaches past all, where some rule of any type is undecided, may yet
// change and with it what it leaves to its neighbours, so those that touch it wait too.
func before(found []Finding, cut, all int) int {
	waits := false
	for i := len(found) - 1; i >= 0; i-- {
		f := &found[i]
		switch {
		case f.End > all, f.Start < cut && f.End > cut, waits && f.End == cut:
			cut, waits = min(cut, f.Start), true
		case f.End < cut && f.End <= all:
			return cut
		}
	}
	return cut
}
