package detect

import (
	"slices"
	"strings"
)

// The bounds of a table: fields of a line, bytes of a name over a column, and bytes of a line.
const (
	tableFields = 64
	tableName   = 40
	tableLine   = 4096
)

// tabled reads tables: lines of as many fields, parted by the same sign, under a line of names. A column's name says what
// its values are, as a word right before each would, and what stands in another column says nothing.
type tabled struct {
	names [tableFields]string
	line  []byte // a name and a value
	found []Finding

	mark int  // findings before it were there before, in order
	next int  // the first of them that may stand in a field to come
	any  bool // there is a table
}

// tables reads the tables of a text: what into[from:] has inside of their fields is found anew.
func (s *Scanner) tables(t *tabled, text string, into []Finding, from int) []Finding {
	t.mark, t.next, t.any = len(into), from, false
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		if sep, n := t.head(s, text[at:end]); sep != 0 {
			if !t.any {
				slices.SortStableFunc(into[from:], func(a, b Finding) int { return a.Start - b.Start })
				t.any = true
			}
			end, into = s.rows(t, text, end+1, sep, n, into)
		}
		at = end + 1
	}
	if !t.any {
		return into
	}
	kept := into[:from]
	for _, f := range into[from:] {
		if f.Rule != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

// clear takes the names off the findings of structured rules that stand inside of a field, which is read anew.
func (t *tabled) clear(found []Finding, start, end int) {
	for t.next < t.mark && found[t.next].Start < start {
		t.next++
	}
	for ; t.next < t.mark && found[t.next].Start < end; t.next++ {
		f := &found[t.next]
		if f.End <= end && (f.Category == PII || f.Category == Secret) && !strings.HasPrefix(f.Rule, ownRule) {
			f.Rule = ""
		}
	}
}

// lineEnd is where the line at at ends.
func lineEnd(text string, at int) int {
	if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

// head reads a line as names of columns, one of which says something. sep is 0 where it is no such line.
func (t *tabled) head(s *Scanner, line string) (sep byte, n int) {
	if len(line) < 5 || len(line) > tableLine {
		return 0, 0
	}
	for _, c := range [...]byte{',', ';', '\t', '|'} {
		n = strings.Count(line, string(rune(c))) + 1
		if n < 2 || n > tableFields {
			continue
		}
		says := false
		k := 0
		if fields(line, c, func(start, end int) bool {
			name := line[start:end]
			t.names[k] = name
			k++
			says = says || len(name) > 1 && s.says(name)
			return len(name) <= tableName && nameLike(name)
		}) && says {
			t.unbank(n)
			return c, n
		}
	}
	return 0, 0
}

// unbank forgets the name of a column of accounts where no other column is of a bank: such accounts are what customers have.
func (t *tabled) unbank(n int) {
	for _, name := range t.names[:n] {
		for _, w := range [...]string{"routing", "sort", "aba", "bic", "swift", "iban", "bank"} {
			if hasWord(name, w) {
				return
			}
		}
	}
	for k, name := range t.names[:n] {
		if strings.EqualFold(name, "account") || strings.EqualFold(name, "acct") {
			t.names[k] = ""
		}
	}
}

// hasWord says whether s has a word, whatever its case.
func hasWord(s, word string) bool {
	for i := range s {
		if hasFoldAt(s, i, word) && (i == 0 || !letter(s[i-1])) && (i+len(word) == len(s) || !letter(s[i+len(word)])) {
			return true
		}
	}
	return false
}

// nameLike says whether a field can be the name of a column; an empty one can.
func nameLike(s string) bool {
	blanks := 0
	for i := range len(s) {
		switch c := s[i]; {
		case letter(c), c >= 0x80, c == '_', c == '-', c == '.', c == '/', c == '#':
		case digit(c) && i > 0:
		case c == ' ' && blanks < 2:
			blanks++
		default:
			return false
		}
	}
	return true
}

// says says whether a column's name is one that rules know.
func (s *Scanner) says(name string) bool {
	r := s.readers.Get().(*reader)
	r.begin(name, nil)
	known := r.context(len(name))&^aboutOther != 0
	if !known {
		known, _ = r.secretName(len(name))
	}
	r.begin("", nil)
	s.readers.Put(r)
	return known
}

// fields visits the fields of a line without blanks and quotes around them, until one is not wanted.
func fields(line string, sep byte, visit func(start, end int) bool) bool {
	for at := 0; at <= len(line); {
		end := at + strings.IndexByte(line[at:], sep)
		if end < at {
			end = len(line)
		}
		a, b := at, end
		for a < b && contains(" \t\r\"'`", line[a]) {
			a++
		}
		for b > a && contains(" \t\r\"'`", line[b-1]) {
			b--
		}
		if !visit(a, b) {
			return false
		}
		at = end + 1
	}
	return true
}

// rows reads the lines at at as long as they have n fields, and returns where the last one ends.
func (s *Scanner) rows(t *tabled, text string, at int, sep byte, n int, into []Finding) (int, []Finding) {
	last := at - 1
	for at < len(text) {
		end := lineEnd(text, at)
		line := text[at:end]
		if len(line) > tableLine || strings.Count(line, string(rune(sep)))+1 != n {
			break
		}
		k := 0
		fields(line, sep, func(start, stop int) bool {
			if name := t.names[k]; stop > start {
				t.clear(into, at+start, at+stop)
				into = s.field(t, name, text[at+start:at+stop], at+start, into)
			}
			k++
			return true
		})
		last, at = end, end+1
	}
	return last, into
}

// field appends what a value is under a name.
func (s *Scanner) field(t *tabled, name, value string, at int, into []Finding) []Finding {
	t.line = append(append(append(t.line[:0], name...), ": "...), value...)
	r := s.readers.Get().(*reader)
	t.found = s.families[0].scan(r, string(t.line), 0, t.found[:0])
	r.begin("", nil)
	s.readers.Put(r)
	before := len(t.line) - len(value)
	for _, f := range t.found {
		if f.Start >= before {
			f.Start, f.End = f.Start-before+at, f.End-before+at
			into = append(into, f)
		}
	}
	return into
}
