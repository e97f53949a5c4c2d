package detect

// The bounds of what is read as one number.
const (
	maxDigits = 24
	maxGroups = 9
	longRun   = 20 // digits in a row that are no number of anybody's
)

// number is the digits at a place and how they are grouped.
type number struct {
	start  int
	d      [maxDigits]byte // values
	n      int
	groups int
	size   [maxGroups]int
	stop   [maxGroups]int  // where the group ends in the text
	total  [maxGroups]int  // digits up to the end of the group
	sep    [maxGroups]byte // before the group; 0 before the first
	glued  bool            // joined to a name before it, as in a path or an order's number
}

// read takes the digits at i, in groups with a gap between each two.
func (x *number) read(r *reader, i int) {
	x.start, x.n, x.groups = i, 0, 0
	x.glued = gluedTo(r.text, i)
	sep := byte(0)
	for x.groups < maxGroups {
		n := 0
		for digit(r.at(i + n)) {
			if x.n+n == maxDigits || n == longRun {
				return
			}
			x.d[x.n+n] = r.text[i+n] - '0'
			n++
		}
		if n == 0 {
			return
		}
		i, x.n = i+n, x.n+n
		g := x.groups
		x.size[g], x.stop[g], x.total[g], x.sep[g] = n, i, x.n, sep
		x.groups++
		n, sep = r.gap(i)
		if n == 0 {
			return
		}
		i += n
	}
}

// gap is what may part two groups at i: one of " -./", or a blank or a dash as typesetters have them, which counts as the plain
// one. n is how many bytes it takes; 0: there is none.
func (r *reader) gap(i int) (n int, sep byte) {
	switch c := r.at(i); c {
	case ' ', '-', '.', '/':
		return 1, c
	case 0xc2:
		if r.at(i+1) == 0xa0 {
			return 2, ' '
		}
	case 0xe2:
		switch b := r.at(i + 1); {
		case b == 0x80 && thin(r.at(i+2)):
			return 3, ' '
		case b == 0x80 && dash(r.at(i+2)), b == 0x88 && r.at(i+2) == 0x92:
			return 3, '-'
		}
	}
	return 0, 0
}

// thin and dash say what the last byte of a character behind E2 80 makes of it: a blank (U+2000 to U+200A, U+202F), or a dash
// (U+2010 to U+2015).
func thin(c byte) bool { return c >= 0x80 && c <= 0x8a || c == 0xaf }
func dash(c byte) bool { return c >= 0x90 && c <= 0x95 }

// blankBefore is how many bytes the blank takes that ends before i; 0: there is none.
func blankBefore(text string, i int) int {
	switch {
	case i > 0 && text[i-1] == ' ':
		return 1
	case i > 1 && text[i-2] == 0xc2 && text[i-1] == 0xa0:
		return 2
	case i > 2 && text[i-3] == 0xe2 && text[i-2] == 0x80 && thin(text[i-1]):
		return 3
	}
	return 0
}

// about says what the words before the number are about.
func (x *number) about(r *reader) topics { return r.aboutAt(x.start) }

// key is the sizes of the first groups as one number.
func (x *number) key(groups int) (k uint64) {
	for _, n := range x.size[:groups] {
		k = k<<5 | uint64(n)
	}
	return k
}

// one says whether the first groups are parted by one and the same of seps.
func (x *number) one(groups int, seps string) bool {
	for g := 1; g < groups; g++ {
		if x.sep[g] != x.sep[1] {
			return false
		}
	}
	return groups == 1 || contains(seps, x.sep[1])
}

func contains(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}

// starts says whether a number can begin at i: not inside a word, a longer number or an amount.
func (r *reader) starts(i int) bool {
	if i == 0 {
		return true
	}
	switch c := r.text[i-1]; c {
	case '.', '-', '/', ':', '\'':
		return i == 1 || !digit(r.text[i-2])
	case ',':
		return i == 1 || !digit(r.text[i-2]) || r.list(i)
	case '$':
		return false
	default:
		return !alnum(c) || escape(r.text, i-1)
	}
}

// gluedTo says whether what stands at i is joined to a name before it.
func gluedTo(text string, i int) bool {
	if i == 0 {
		return false
	}
	switch text[i-1] {
	case '#', '_':
		return true
	case '-', '/', '.':
		return i > 1 && (alnum(text[i-2]) || text[i-2] == '/')
	}
	return false
}

// ends says whether a number can end at i: no word, longer number, time or amount goes on there.
func (r *reader) ends(i int) bool {
	switch c := r.at(i); c {
	case '-', '.', '/', ':', ',':
		next := r.at(i + 1)
		return !digit(next) && !(c == '-' && alnum(next)) || c == ',' && r.list(i+1)
	case '_', '%':
		return false
	default:
		return !alnum(c)
	}
}

// list says whether the digits at i are no group of three, so that a comma before them parts two numbers.
func (r *reader) list(i int) bool {
	for k := range 3 {
		if !digit(r.at(i + k)) {
			return true
		}
	}
	return digit(r.at(i + 3))
}
