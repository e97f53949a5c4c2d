package detect

import (
	"errors"
	"fmt"
	"strings"
)

// The bounds of a word of a list.
const (
	maxPhrase = 128 // bytes
	maxStem   = 64  // bytes of its first word
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
			phrase := strings.ToLower(strings.Join(strings.Fields(w), " "))
			stem := stemOf(phrase)
			if stem == 0 || stem > maxStem || len(phrase) > maxPhrase {
				errs = append(errs, fmt.Errorf("%s.words[%d]: found %q, want a letter or digit first, and at most %d bytes", at, n, w, maxPhrase))
				continue
			}
			set.by[phrase[:stem]] = append(set.by[phrase[:stem]], ownWord{k, phrase[stem:]})
		}
	}
	return set, errors.Join(errs...)
}

// stemOf is how long the first word of a phrase is.
func stemOf(s string) int {
	n := 0
	for n < len(s) && (alnum(s[n]) || s[n] >= 0x80) {
		n++
	}
	return n
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
		if stemStarts(text, i) {
			i += max(0, w.match(r, i)-1)
		}
	}
	return r.into
}

func stemStarts(text string, i int) bool {
	c := text[i]
	return (alnum(c) || c >= 0x80) && (i == 0 || !(alnum(text[i-1]) || text[i-1] >= 0x80) || escape(text, i-1))
}

// match checks the word at i, and returns how long it is.
func (w *wordSet) match(r *reader, i int) int {
	n := 0
	for n <= maxStem && (alnum(r.at(i+n)) || r.at(i+n) >= 0x80) {
		n++
	}
	if n > maxStem {
		return n
	}
	low := strings.ToLower(r.text[i : i+n])
	for _, own := range w.by[low] {
		end := i + n
		if len(own.rest) > 0 {
			if end = r.phraseEnd(end, own.rest); end == 0 {
				continue
			}
		}
		if c := r.at(end); !alnum(c) && c < 0x80 {
			r.into = append(r.into, own.finding(i, end))
		}
	}
	return n
}

// phraseEnd is where rest, in lower case, ends if it stands at i; 0: it does not.
func (r *reader) phraseEnd(i int, rest string) int {
	for k := range len(rest) {
		c := lower(r.at(i))
		if rest[k] == ' ' && (c == '\n' || c == '\t') {
			c = ' '
		}
		if c != rest[k] {
			return 0
		}
		i++
	}
	return i
}

// open is where a word begins that more text could make or break.
func (w *wordSet) open(r *reader, text string, from int) int {
	r.look(text)
	for i := max(from, len(text)-maxPhrase-maxStem); i < len(text); i++ {
		if !stemStarts(text, i) {
			continue
		}
		r.past, r.into = false, r.into[:0]
		if w.match(r, i); r.past {
			return i
		}
	}
	return len(text)
}
