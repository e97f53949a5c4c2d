package detect

// The bounds of a telephone number.
const (
	maxPhone       = 15 // digits (ITU-T E.164)
	maxPhoneGroups = 7
	nanp           = 10 // digits of a number of the North American Numbering Plan, without the 1
)

// dialled is a telephone number as far as it was read.
type dialled struct {
	plus    bool
	bracket bool // the first group, or the one behind the country code, stands in brackets
	trunk   bool // it has a (0) behind the country code, which is not dialled from abroad
	d       [maxPhone + 1]byte
	n       int
	groups  int
	size    [maxPhoneGroups]int
	total   [maxPhoneGroups]int // digits up to the end of the group
	stop    [maxPhoneGroups]int
	sep     [maxPhoneGroups]byte // the last byte before the group; 0: none
}

// read takes a plus, brackets and groups of digits.
func (p *dialled) read(r *reader, i int) {
	*p = dialled{}
	if r.at(i) == '+' {
		p.plus, i = true, i+1
	}
	sep := byte(0)
	for p.groups < maxPhoneGroups {
		open := r.at(i) == '('
		if open {
			i++
			if r.at(i) == '+' && p.groups == 0 {
				p.plus, i = true, i+1
			}
		}
		n := 0
		for digit(r.at(i+n)) && p.n+n <= maxPhone {
			p.d[p.n+n] = r.text[i+n]
			n++
		}
		if n == 0 || p.n+n > maxPhone {
			return
		}
		i += n
		if open {
			if r.at(i) != ')' {
				return
			}
			i++
			p.bracket = p.bracket || p.groups <= 1
		}
		if open && n == 1 && p.d[p.n] == '0' && p.groups > 0 && !p.trunk {
			p.trunk = true
			if r.at(i) == ' ' {
				i++
			}
			continue
		}
		p.n += n
		g := p.groups
		p.size[g], p.total[g], p.stop[g], p.sep[g] = n, p.n, i, sep
		p.groups++
		var next int
		if next, sep = separator(r, i); next == i && r.at(i) != '(' {
			return
		}
		i = next
	}
}

// separator skips what may stand between two groups: a gap, a blank more.
func separator(r *reader, i int) (next int, sep byte) {
	switch c := r.at(i); c {
	case ' ', '-', '.', '/':
		i++
		switch r.at(i) {
		case ' ':
			if c == '-' || c == '/' {
				i++
			}
		case '-':
			if c == ' ' && r.at(i+1) == ' ' {
				i += 2
			}
		}
		return i, c
	}
	n, sep := r.gap(i)
	return i + n, sep
}

// phone checks for a telephone number at i: the longest that the groups make.
func (r *reader) phone(i int) {
	p := &r.dialled
	p.read(r, i)
	for g := p.groups; g > 0; g-- {
		if p.total[g-1] < 7 {
			return
		}
		if !r.phoneEnds(p.stop[g-1]) {
			continue
		}
		score := r.phoneScore(i, g)
		if score >= reported {
			r.found("pii.phone", PhoneNumber, Medium, score, i, p.stop[g-1])
			return
		}
	}
}

func (r *reader) phoneEnds(i int) bool {
	if r.at(i) == '/' {
		return !digit(r.at(i + 1))
	}
	return r.ends(i)
}

// phoneScore is how sure it is that the first groups are a telephone number.
func (r *reader) phoneScore(i, groups int) float64 {
	p := &r.dialled
	d, size := p.d[:p.total[groups-1]], p.size[:groups]
	if p.plus {
		if international(d, p.trunk) {
			return 0.9
		}
		return 0
	}
	score := 0.0
	switch {
	case dateLike(size, p.sep[:groups]) || thousands(size, p.sep[:groups]) || manyOf(d):
		return 0
	case len(d) > 9 && d[0] == '0' && d[1] == '0' && international(d[2:], p.trunk):
		score = 0.7
	default:
		score = national(p, d, size)
	}
	if len(d) < 7 || score == 0 && !callable(size) {
		return 0
	}
	about := r.aboutAt(i)
	switch {
	case about&aboutPhone != 0:
		return max(score, 0.6) + 0.15
	case about&aboutOther != 0, gluedTo(r.text, i), about&^aboutAddress != 0 && score < 0.6:
		return score - less
	}
	return score
}

// manyOf says whether all digits are the same.
func manyOf(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

// callable says whether groups can be a number somebody calls a number: none too short or long.
func callable(size []int) bool {
	if len(size) == 1 {
		return size[0] <= 13
	}
	for _, n := range size {
		if n < 2 && n != size[0] || n > 8 {
			return false
		}
	}
	return len(size) <= 6
}

// dateLike says whether groups look like a date, with or without a time behind it.
func dateLike(size []int, sep []byte) bool {
	if len(size) < 3 || sep[1] != sep[2] {
		return false
	}
	return size[0] == 4 && size[1] <= 2 && size[2] <= 2 || size[0] <= 2 && size[1] <= 2 && size[2] == 4 && sep[1] != ' '
}

// thousands says whether groups are those of an amount: blanks or points before every three digits.
func thousands(size []int, sep []byte) bool {
	if size[0] > 2 || len(size) < 2 {
		return false
	}
	for i, n := range size[1:] {
		if n != 3 || sep[i+1] != ' ' && sep[i+1] != '.' {
			return false
		}
	}
	return true
}

// national is the score of a number as it is dialled at home, by its punctuation alone.
func national(p *dialled, d []byte, size []int) float64 {
	n := len(d)
	one := len(size) == 1
	switch {
	case d[0] == '1' && n == nanp+1 && american(d[1:]) && len(size) == 4 && size[0] == 1:
		return 0.75
	case n == nanp && american(d) && is(size, 3, 3, 4):
		if p.bracket || p.sep[1] == '-' || p.sep[1] == '.' || p.sep[2] == '-' {
			return 0.75
		}
		return 0.55
	case d[0] == '0' && d[1] != '0':
		return trunk(p, n, size)
	case one || n > 11:
		return 0
	case n == 10 && d[0] >= '6' && is(size, 5, 5): // India
		return 0.55
	case n == 9 && d[0] >= '6' && (is(size, 2, 3, 2, 2) || is(size, 3, 2, 2, 2)): // Spain
		return 0.55
	case p.bracket && size[0] == 2 && (n == 10 || n == 11): // Brazil
		return 0.75
	case is(size, 2, 5, 4) && d[2] == '9' && p.sep[2] == '-':
		return 0.65
	case n == 10 && d[0] == '1' && (d[1] == '3' || d[1] == '8') && is(size, 4, 3, 3): // Australia
		return 0.55
	}
	return 0
}

// trunk is the score of a number with a 0 before the area: most of Europe, Australia, Japan, Vietnam.
func trunk(p *dialled, n int, size []int) float64 {
	switch {
	case n < 9 || n > 12:
		return 0
	case len(size) == 1:
		if n == 10 || n == 11 {
			return 0.5
		}
		return 0
	case p.bracket:
		return 0.75
	}
	if size[0] < 2 || size[0] > 6 || len(size) > 5 {
		return 0
	}
	for _, s := range size {
		if s < 2 {
			return 0
		}
	}
	return 0.65
}

func is(size []int, want ...int) bool {
	if len(size) != len(want) {
		return false
	}
	for i := range size {
		if size[i] != want[i] {
			return false
		}
	}
	return true
}

// american checks area code and exchange: neither begins with 0 or 1, nor is a service code like 911.
func american(d []byte) bool {
	return d[0] >= '2' && d[3] >= '2' && !(d[1] == '1' && d[2] == '1') && !(d[4] == '1' && d[5] == '1')
}

// abroad is how many digits stand behind a country code, by the plans that countries notify to the ITU. Other codes
// take what E.164 leaves.
var abroad = map[string][2]int{
	"1": {10, 10}, "7": {10, 10}, "20": {8, 10}, "27": {9, 9}, "30": {10, 10}, "31": {9, 9}, "32": {8, 9}, "33": {9, 9},
	"34": {9, 9}, "36": {8, 9}, "39": {8, 11}, "40": {9, 9}, "41": {9, 9}, "43": {7, 12}, "44": {9, 10}, "45": {8, 8},
	"46": {7, 10}, "47": {8, 8}, "48": {9, 9}, "49": {7, 12}, "51": {8, 9}, "52": {10, 11}, "53": {8, 8}, "54": {10, 11},
	"55": {10, 11}, "56": {9, 9}, "57": {10, 10}, "58": {10, 10}, "60": {8, 10}, "61": {9, 9}, "62": {8, 12}, "63": {8, 10},
	"64": {8, 10}, "65": {8, 8}, "66": {8, 9}, "81": {9, 10}, "82": {8, 10}, "84": {9, 10}, "86": {10, 11}, "90": {10, 10},
	"91": {10, 10}, "92": {9, 10}, "93": {9, 9}, "94": {9, 9}, "95": {7, 10}, "98": {10, 10},
}

// international says whether digits are a country code and as many as its numbers have.
func international(d []byte, trunk bool) bool {
	if len(d) < 8 || d[0] == '0' {
		return false
	}
	if b, ok := abroad[string(d[:1])]; ok {
		return len(d) == 1+b[0] && (d[0] != '1' || american(d[1:11]))
	}
	b, ok := abroad[string(d[:2])]
	switch string(d[:2]) { // not assigned by the ITU
	case "28", "83", "89":
		return false
	}
	if !ok {
		return len(d) >= 9 && len(d) <= maxPhone
	}
	n := len(d) - 2
	if d[2] == '0' && !trunk && d[0] != '3' { // a 0 that is not dialled, written all the same
		n--
	}
	return n >= b[0] && n <= b[1]
}

func phoneRules() []Rule {
	return []Rule{{
		ID: "pii.phone", Type: PhoneNumber, Severity: Medium, Score: 0.9,
		Description: "A telephone number: international, or as written at home in the US, Canada, the UK, Germany, France, Spain, Italy, the Netherlands, India, Vietnam, Brazil, Japan, Australia; any digits that can be one after a word that says so.",
		Source:      "ITU-T E.164, E.123 and national numbering plans", Check: "country code, length by country; area codes of the NANP",
		Behind: nearby + longestWord, Ahead: 64, Cost: Candidate,
		Match: []string{"+1 415 555 2671", "+44 20 7946 0958", "(415) 555-2671", "415-555-2671", "call 4155552671", "+4915112345678", "020 7946 0958", "06 12 34 56 78",
			"030 12345678", "tel. 612 345 678", "+39 347 123 4567", "06-12345678", "98765 43210", "0912 345 678", "(11) 91234-5678", "03-1234-5678", "0412 345 678", "0049 30 123456", "電話：03-1234-5678", "+44 (0)20 7946 0958"},
		NoMatch: []string{"4155552671", "115-555-2671", "415-155-2671", "order 415-555-2671", "+0200", "2026-11-24", "415-555-2671-9", "1.415.555", "1 234 567", "01-02-2026", "0.123456789"},
	}}
}
