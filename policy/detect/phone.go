package detect

// maxPhone is the number of digits of the longest number (ITU-T E.164).
const (
	maxPhone = 15
	minPhone = 9
	nanp     = 10 // digits of a number of the North American Numbering Plan, without the 1
)

// phone is where a telephone number at i ends, 0 if there is none, and whether more text could change that.
func phone(text string, i int) (end int, open bool) {
	if text[i] == '+' {
		return international(text, i)
	}
	return american(text, i)
}

// dialled are the digits of a number as far as they were read.
type dialled struct {
	d [maxPhone]byte
	n int
}

func (d *dialled) add(c byte) { d.d[d.n] = c; d.n++ }

// international reads a plus, a country code and groups of digits. A group that would make it too long is another
// number; so is one that goes on as a word.
func international(text string, i int) (end int, open bool) {
	var d dialled
	for at := i + 1; ; {
		n := digits(text, at)
		if at+n == len(text) && d.n+n <= maxPhone {
			open = true
		}
		if n == 0 || d.n+n > maxPhone || alnumAt(text, at+n) {
			return end, open
		}
		for k := range n {
			d.add(text[at+k])
		}
		if at += n; d.reaches() {
			end = at
		}
		if d.d[0] == '1' && d.n > nanp {
			return end, open
		}
		next := separators(text, at)
		if next == at {
			return end, open
		}
		at = next
	}
}

// digits is how many digits stand at i, no more than maxPhone+1.
func digits(text string, i int) int {
	n := 0
	for n <= maxPhone && i+n < len(text) && digit(text[i+n]) {
		n++
	}
	return n
}

// separators skips what may stand between two groups, at most two bytes.
func separators(text string, i int) int {
	for n := 0; n < 2 && i < len(text); n++ {
		switch text[i] {
		case ' ', '-', '.', '(', ')':
			i++
		default:
			return i
		}
	}
	return i
}

// reaches says whether the digits are a whole number: a country code that exists and enough behind it.
func (d *dialled) reaches() bool {
	if d.d[0] == '1' {
		return d.n == nanp+1 && american10(d.d[1:11])
	}
	if d.n < minPhone || d.d[0] == '0' {
		return false
	}
	switch string(d.d[:2]) { // not assigned by the ITU
	case "28", "83", "89":
		return false
	}
	return true
}

// american reads 415-555-2671, (415) 555-2671, 1-415-555-2671, and without punctuation after a word that says that it
// is a telephone number.
func american(text string, i int) (end int, open bool) {
	var d dialled
	at, sure := i, false
	if text[at] == '1' && at+1 < len(text) && (text[at+1] == '-' || text[at+1] == '.' || text[at+1] == ' ') {
		at += 2
	}
	if at < len(text) && text[at] == '(' {
		at, sure = at+1, true
	}
	bracket := sure
	for g, size := range [...]int{3, 3, 4} {
		if g > 0 {
			next := at
			if bracket && g == 1 {
				if at == len(text) || text[at] != ')' {
					return 0, at == len(text)
				}
				next++
			}
			if next < len(text) && (text[next] == '-' || text[next] == '.' || text[next] == ' ') {
				sure = sure || text[next] != ' '
				next++
			}
			at = next
		}
		for range size {
			if at == len(text) {
				return 0, true
			}
			if !digit(text[at]) {
				return 0, false
			}
			d.add(text[at])
			at++
		}
	}
	open = at == len(text) || (text[at] == '-' || text[at] == '.') && at+1 == len(text)
	if alnumAt(text, at) || (at < len(text) && (text[at] == '-' || text[at] == '.') && alnumAt(text, at+1)) {
		return 0, false
	}
	if !american10(d.d[:nanp]) || !sure && !named(text, i, phoneWords) || sure && named(text, i, otherWords) {
		return 0, false
	}
	return at, open
}

// american10 checks area code and exchange: neither begins with 0 or 1, nor is a service code like 911.
func american10(d []byte) bool {
	return d[0] >= '2' && d[3] >= '2' && !(d[1] == '1' && d[2] == '1') && !(d[4] == '1' && d[5] == '1')
}
