package detect

// family is a set of rules that read a text together. All of its fields are required; scan and open see the same text.
type family struct {
	rules func() []Rule
	// scan appends what the family finds in text at from or behind it, in any order. What it finds at a place depends only
	// on the bytes from Behind before to Ahead after the start of it, as its rules declare them, so that where a text is cut
	// changes nothing. What begins before from may be among it.
	scan    func(r *reader, text string, from int, into []Finding) []Finding
	watches []watch
}

// watch says from where on rules of some types are undecided at the end of a text: open is the first place from which
// a finding could still begin or grow if more text came, or the length of text. No place before from is open, and none
// that was not open becomes so by more text: a stream asks again from the last answer on.
type watch struct {
	types []Type
	open  func(r *reader, text string, from int) int
}

// families lists every family of built-in rules.
func families() []family {
	return []family{
		structured(),
		{phraseRules, phraseScan, phraseWatches},
	}
}
