package detect

// family is a set of rules that read a text together. All of its fields are required; scan and open see the same text.
type family struct {
	rules func() []Rule
	// scan appends what the family finds in text, in any order. What it finds at a place depends only on the bytes from
	// Behind before to Ahead after the start of it, as its rules declare them, so that where a text is cut changes nothing.
	scan    func(text string, into []Finding) []Finding
	watches []watch
}

// watch says from where on rules of some types are undecided at the end of a text: open is the first place from which
// a finding could still begin or grow if more text came, or the length of text.
type watch struct {
	types []Type
	open  func(text string) int
}

// families lists every family of built-in rules.
func families() []family {
	return []family{
		structured(),
		{phraseRules, phrasePass, phraseWatches},
	}
}
