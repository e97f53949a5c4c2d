package detect

import "slices"

// MaxBehind is how many bytes before a finding any rule looks at. A stream keeps that much of what has left.
const MaxBehind = 256

// Scanner runs every rule over a text. It holds no state and is safe for concurrent use.
type Scanner struct{}

// New returns a scanner of all rules.
func New() *Scanner { return &Scanner{} }

// Scan appends the findings in text to into and returns it: in order of their start, none overlapping another. Where
// two rules claim the same bytes the higher score stays, then the longer match. Text without findings allocates
// nothing. Time is linear in the length of the text, whatever it holds.
func (s *Scanner) Scan(text string, into []Finding) []Finding {
	from := len(into)
	for i := 0; i < len(text); i++ {
		switch class[text[i]] {
		case classAt:
			into = email(text, i, into)
		case classDigit:
			if i == 0 || class[text[i-1]] != classDigit {
				into = digits(text, i, into)
			}
		case classDash:
			into = pem(text, i, into)
		}
		if keysBy[text[i]] != nil && (i == 0 || !tokenByte(text[i-1])) {
			into = key(text, i, into)
		}
		if phrasesBy[text[i]] != nil && (i == 0 || !wordByte(text[i-1])) {
			into = phrase(text, i, into)
		}
	}
	if len(into)-from > 1 {
		return into[:from+resolve(into[from:])]
	}
	return into
}

// resolve sorts findings and drops the weaker of any two that overlap. It returns how many stay.
func resolve(found []Finding) int {
	slices.SortStableFunc(found, func(a, b Finding) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	n := 0
	for _, f := range found {
		for n > 0 && f.Start < found[n-1].End && stronger(f, found[n-1]) {
			n--
		}
		if n == 0 || f.Start >= found[n-1].End {
			found[n] = f
			n++
		}
	}
	return n
}

func stronger(a, b Finding) bool {
	if a.Score != b.Score {
		return a.Score > b.Score
	}
	return a.End-a.Start > b.End-b.Start
}

// Settled is the offset in text from which a finding of a type that holds names could still begin or grow if more
// text came. found is what Scan found in text: the offset never falls inside one of them that holds names, and those
// that end at or before it are final. Where nothing is pending it is the length of text.
func (s *Scanner) Settled(text string, found []Finding, holds func(Type) bool) int {
	cut := len(text)
	if holds(EmailAddress) {
		cut = min(cut, openEmail(text))
	}
	if holds(CreditCard) || holds(USSSN) {
		cut = min(cut, openDigits(text))
	}
	if holds(APIKey) {
		cut = min(cut, openKey(text))
	}
	if holds(PrivateKey) {
		cut = min(cut, openPEM(text))
	}
	if holds(Jailbreak) || holds(PromptInjection) || holds(PromptExtraction) {
		cut = min(cut, openPhrase(text, holds))
	}
	for i := len(found) - 1; i >= 0; i-- {
		if f := &found[i]; f.Start < cut && f.End > cut && holds(f.Type) {
			cut = f.Start
		}
	}
	return cut
}

// The classes of bytes that start a search.
const (
	classOther = iota
	classAt
	classDigit
	classDash
)

var class = func() (t [256]uint8) {
	t['@'], t['-'] = classAt, classDash
	for c := '0'; c <= '9'; c++ {
		t[c] = classDigit
	}
	return t
}()

func digit(c byte) bool { return c >= '0' && c <= '9' }

func alnum(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// tokenByte says whether a byte can stand inside a key.
func tokenByte(c byte) bool { return alnum(c) || c == '_' || c == '-' }

// wordByte says whether a byte can stand inside a word of a phrase. Bytes of other scripts count, so that a phrase
// never begins in the middle of one of their words.
func wordByte(c byte) bool { return alnum(c) || c == '\'' || c >= 0x80 }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
