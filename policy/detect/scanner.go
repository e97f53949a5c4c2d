package detect

import (
	"sync"

	"weir/policy/detect/classify"
	"weir/policy/detect/names"
)

// What a scan may look at. A stream keeps MaxBehind bytes of what has left, and MaxMatch bounds what it holds back.
const (
	// MaxBehind is how many bytes before a finding any rule looks at.
	MaxBehind = 256
	// MaxMatch is how long a match can be, in bytes. A longer thing of its kind is found up to there.
	MaxMatch = 8 << 10
)

// Scanner runs every rule over a text. It keeps nothing of a text and is safe for concurrent use.
type Scanner struct {
	families []family
	words    *wordSet // a tenant's own, which are a family, too; nil: none
	model    *classify.Model
	tagger   *names.Tagger
	readers  *sync.Pool        // of *reader
	prompts  *sync.Pool        // of *promptReader
	changes  map[string]Change // of built-in rules, by id
	allows   *allowed
	own      map[Type]Category // types of a tenant's own
	asks     Models            // about answers
	window   int               // bytes of a prompt that are read at once
}

// CategoryOf is the category of a type, a tenant's own included.
func (s *Scanner) CategoryOf(t Type) Category {
	if c, ok := s.own[t]; ok {
		return c
	}
	return CategoryOf(t)
}

// New returns a scanner of all built-in rules.
func New() *Scanner {
	return &Scanner{families: families(), model: injectionModel(), tagger: nameTagger(), readers: &sync.Pool{New: newReader}, prompts: &sync.Pool{}, window: windowBytes}
}

// Scan appends the findings in text to into and returns it: in order of their start, none overlapping another. Where
// two claim the same bytes the stronger keeps them and the weaker keeps the rest of its own, so that every byte that
// any rule claims stays claimed; see resolve. Text without findings allocates nothing. Time is linear in the length of
// the text, whatever it holds.
func (s *Scanner) Scan(text string, into []Finding) []Finding {
	from := len(into)
	into = s.each(text, into)
	if s.asks.any() {
		into = s.blocks(text, into)
	}
	return s.settle(text, into, from)
}

// Reading is how a text on its way to a model is read.
type Reading struct {
	// Inside says that a model is only to read the text: a document, the result of a tool. What a user may ask for is an
	// attack where it stands there.
	Inside bool
	// Least is the score from which the classifier reports a window; the usual one where it is 0 or higher than that.
	Least float64
}

// ScanPrompt is Scan for a text on its way to a model. It also finds phrases that are hidden in encodings and in letters
// that look alike, names of persons, places and organisations, and asks the trained classifier.
func (s *Scanner) ScanPrompt(text string, how Reading, into []Finding) []Finding {
	from := len(into)
	return s.settle(text, s.promptPass(text, how, s.each(text, into), from), from)
}

// each runs every family.
func (s *Scanner) each(text string, into []Finding) []Finding {
	r := s.readers.Get().(*reader)
	for i := range s.families {
		into = s.families[i].scan(r, text, 0, into)
	}
	r.begin("", nil)
	s.readers.Put(r)
	return into
}

// settle applies a tenant's changes, orders what was found and takes overlaps apart.
func (s *Scanner) settle(text string, into []Finding, from int) []Finding {
	if into = s.adjust(text, into, from); len(into)-from > 1 {
		return resolve(into, from)
	}
	return into
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func alnum(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
