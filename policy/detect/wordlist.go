package detect

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a word of a list.
const (
	maxPhrase = 128                 // bytes
	maxStem   = 64                  // bytes of its first word
	maxOwn    = maxPhrase + maxStem // bytes of a match
)

// wordSet is a tenant's words by their first word, in lower case.
type wordSet struct {
	by    map[string][]ownWord
	types []Type
}

type ownWord struct {
	*kept
	rest string // behind the first word, in lower case
}

// compileWords makes a set of lists.
func compileWords(lists []WordList, kinds map[Type]Category) (*wordSet, error) {
	set := &wordSet{by: map[string][]ownWord{}}
	var errs []error
	total := 0
	for i := range lists {
		l := lists[i]
		at := fmt.Sprintf("words[%d]", i)
		k := &kept{l.ID, l.Type, l.Category, l.Severity, l.Score}
		errs = append(errs, k.check(at, kinds))
		if len(l.Words) == 0 {
			errs = append(errs, fmt.Errorf("%s.words: is empty", at))
		}
		if total += len(l.Words); total > maxWordsOwn {
			return nil, fmt.Errorf("words: more than %d", maxWordsOwn)
		}
		set.types = append(set.types, l.Type)
		for n, w := range l.Words {
			phrase := strings.Map(plainSign, strings.Join(strings.Fields(w), " "))
			stem := (&reader{text: phrase}).stem(0)
			if stem == 0 || stem > maxStem || len(phrase) > maxPhrase {
				errs = append(errs, fmt.Errorf("%s.words[%d]: found %q, want a letter or digit first, and at most %d bytes", at, n, w, maxPhrase))
				continue
			}
			set.by[phrase[:stem]] = append(set.by[phrase[:stem]], ownWord{k, phrase[stem:]})
		}
	}
	return set, errors.Join(errs...)
}

// spaceless are scripts that are written without a blank between words: a word may begin and end beside any letter.
var spaceless = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// ofWord says whether a character is one of a word, and alone whether a word may end on either side of it all the same.
func ofWord(c rune) (in, alone bool) {
	if c < utf8.RuneSelf {
		return alnum(byte(c)), false
	}
	in = unicode.In(c, unicode.L, unicode.N, unicode.M)
	return in, in && c >= 0xe00 && unicode.In(c, spaceless...)
}

// plainSign is how characters are compared that typesetters put in the place of others, in lower case.
func plainSign(c rune) rune {
	if c < utf8.RuneSelf {
		return rune(lower(byte(c)))
	}
	switch c {
	case '\u2018', '\u2019', '\uff07':
		return '\''
	case '\u201c', '\u201d', '\u00ab', '\u00bb':
		return '"'
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212':
		return '-'
	case '\u00a0', '\u2009', '\u202f', '\u3000':
		return ' '
	}
	return unicode.ToLower(c)
}

func (w *wordSet) family() family {
	return family{
		rules:   func() []Rule { return nil },
		scan:    w.scan,
		watches: []watch{{w.types, w.open}},
	}
}

func (w *wordSet) scan(r *reader, text string, from int, into []Finding) []Finding {
	r.begin(text, into)
	for i := from; i < len(text); i++ {
		if r.stemStarts(i) {
			i += max(0, w.match(r, i)-1)
		}
	}
	return r.into
}

// stemStarts says whether a word may begin at i. Where a character is not whole yet it may.
func (r *reader) stemStarts(i int) bool {
	c := r.text[i]
	if c < utf8.RuneSelf && !alnum(c) || !utf8.RuneStart(c) {
		return false
	}
	if i == 0 || escape(r.text, i-1) {
		return true
	}
	if b := r.text[i-1]; b < utf8.RuneSelf && !alnum(b) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(r.text[:i])
	in, alone := ofWord(before)
	if !in || alone {
		return true
	}
	if c < utf8.RuneSelf {
		return false
	}
	now, _ := r.runeAt(i)
	_, alone = ofWord(now)
	return alone || now == utf8.RuneError
}

// runeAt is the character at i and its bytes; 0 bytes where there is none yet, utf8.RuneError where it is not whole.
func (r *reader) runeAt(i int) (c rune, size int) {
	b := r.at(i)
	if b < utf8.RuneSelf {
		return rune(b), min(1, len(r.text)-min(i, len(r.text)))
	}
	if !utf8.FullRuneInString(r.text[i:]) {
		r.past = true
		return utf8.RuneError, 1
	}
	return utf8.DecodeRuneInString(r.text[i:])
}

// stem is how long the first word at i is: that much of a phrase is looked up. Where words are not parted it is one character.
func (r *reader) stem(i int) int {
	n := 0
	for n <= maxStem {
		c, size := r.runeAt(i + n)
		in, alone := ofWord(c)
		switch {
		case size == 0 || !in || alone && n > 0:
			return n
		case alone:
			return size
		}
		n += size
	}
	return n
}

// match checks the word at i, and returns how long it is.
func (w *wordSet) match(r *reader, i int) int {
	n := r.stem(i)
	if n == 0 || n > maxStem {
		return n
	}
	for _, own := range w.by[strings.ToLower(r.text[i:i+n])] {
		end := r.phraseEnd(i, i+n, own.rest)
		if end == 0 || end-i > maxOwn {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(r.text[:end])
		in, alone := ofWord(last)
		next, _ := r.runeAt(end)
		if more, other := ofWord(next); !in || !more || alone || other || unicode.Is(unicode.Hangul, last) {
			r.into = append(r.into, own.finding(i, end))
		}
	}
	return n
}

// phraseEnd is where rest ends if it stands at i, behind the beginning of the phrase; 0: it does not.
func (r *reader) phraseEnd(begin, i int, rest string) int {
	for _, want := range rest {
		c, size := r.runeAt(i)
		if size == 0 || i-begin > maxOwn {
			return 0
		}
		if c = plainSign(c); want == ' ' && (c == '\n' || c == '\t') {
			c = ' '
		}
		if c != want {
			return 0
		}
		i += size
	}
	return i
}

// open is where a word begins that more text could make or break.
func (w *wordSet) open(r *reader, text string, from int) int {
	r.look(text)
	for i := max(from, len(text)-maxOwn-utf8.UTFMax); i < len(text); i++ {
		r.past, r.into = false, r.into[:0]
		if !r.stemStarts(i) && !r.past {
			continue
		}
		if w.match(r, i); r.past {
			return i
		}
	}
	return len(text)
}
