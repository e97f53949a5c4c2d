package detect

import "strings"

// months are the names of months by their number, in lower case, whole and cut short.
var months = func() map[string]int {
	m := map[string]int{}
	for _, list := range []string{
		"january february march april may june july august september october november december",
		"jan feb mar apr may jun jul aug sep oct nov dec", "january february march april may june july august sept october november december",
		"januar februar märz april mai juni juli august september oktober november dezember",
		"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"januari februari maart april mei juni juli augustus september oktober november december",
		"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
		"stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
		"januari februari mars april maj juni juli augusti september oktober november december",
	} {
		for i, name := range strings.Fields(list) {
			m[name] = i + 1
		}
	}
	return m
}()

const longestMonth = 14 // bytes

// month reads the name of a month at i.
func (r *reader) month(i int) (end int, ok bool) {
	at := i
	if c := lower(r.at(i)); !contains("jfmasondegzkpclwvtr", c) && c < 0x80 {
		return 0, false
	}
	for at-i <= longestMonth && (letter(r.at(at)) || r.at(at) >= 0x80) {
		at++
	}
	if at-i < 3 || at-i > longestMonth {
		return 0, false
	}
	r.word.read(r.text, i, at)
	if w := &r.word; w.n == 0 || !monthSieve.may(w.low[0], w.low[w.n-1], w.n) || months[string(w.text())] == 0 {
		return 0, false
	}
	if r.at(at) == '.' {
		at++
	}
	return at, true
}

var monthSieve = sieveOf(months)

// birthDigits checks for a date of birth in digits at the number that was read.
func (r *reader) birthDigits() {
	x := &r.num
	if x.groups < 3 || !x.one(3, "-/.") || !r.ends(x.stop[2]) && !(r.at(x.stop[2]) == 'T') {
		return
	}
	var v [3]int
	at := 0
	for g := range 3 {
		for ; at < x.total[g]; at++ {
			v[g] = v[g]*10 + int(x.d[at])
		}
	}
	ok := false
	switch {
	case x.size[0] == 4 && x.size[1] <= 2 && x.size[2] <= 2:
		ok = year(v[0]) && dayOf(v[1], v[2])
	case x.size[0] <= 2 && x.size[1] <= 2 && x.size[2] == 4:
		ok = year(v[2]) && (dayOf(v[0], v[1]) || dayOf(v[1], v[0]))
	case x.size[0] <= 2 && x.size[1] <= 2 && x.size[2] == 2:
		ok = dayOf(v[0], v[1]) || dayOf(v[1], v[0]) || x.size[0] == 2 && dayOf(v[1], v[2])
	}
	if ok {
		r.birth(x.start, x.stop[2])
	}
}

// eastern dates: 1985年3月14日.
func (r *reader) birthEast() {
	x := &r.num
	const year, month, day = "年", "月", "日"
	if x.groups != 1 || x.size[0] != 4 || !r.has(x.stop[0], year) {
		return
	}
	at := x.stop[0] + len(year)
	for _, unit := range [...]string{month, day} {
		n := 0
		for n < 2 && digit(r.at(at+n)) {
			n++
		}
		if n == 0 || !r.has(at+n, unit) {
			return
		}
		at += n + len(unit)
	}
	r.birth(x.start, at)
}

func year(y int) bool { return y >= 1900 && y < 2100 }

func dayOf(month, day int) bool { return month >= 1 && month <= 12 && day >= 1 && day <= 31 }

// birth notes a date of birth if the words before it say that it is one.
func (r *reader) birth(start, end int) {
	if r.aboutAt(start)&aboutBirth != 0 {
		r.found("pii.date_of_birth", DateOfBirth, Medium, 0.9, start, end)
	}
}

// birthDay checks for a date of birth that begins with the day at the number that was read: 14 March 1985.
func (r *reader) birthDay() {
	x := &r.num
	if x.size[0] > 2 {
		return
	}
	at := x.stop[0]
	switch {
	case r.hasFold(at, "st"), r.hasFold(at, "nd"), r.hasFold(at, "rd"), r.hasFold(at, "th"):
		at += 2
	case r.at(at) == '.':
		at++
	}
	if at = r.blank(at); !letter(r.at(at)) && r.at(at) < 0x80 {
		return
	}
	for _, w := range [...]string{"de ", "of "} {
		if r.hasFold(at, w) {
			at += len(w)
		}
	}
	end, ok := r.month(at)
	if !ok {
		return
	}
	if r.at(end) == ',' {
		end++
	}
	if at = r.blank(end); r.hasFold(at, "de ") {
		at += len("de ")
	}
	if end, ok = r.yearAt(at); !ok {
		end, ok = r.shortYear(at)
	}
	if ok {
		r.birth(x.start, end)
	}
}

// shortYear reads the last two digits of a year at i.
func (r *reader) shortYear(i int) (end int, ok bool) {
	if r.at(i) == '\'' {
		i++
	}
	return i + 2, digit(r.at(i)) && digit(r.at(i+1)) && !alnum(r.at(i+2))
}

// birthMonth checks for a date of birth that begins with the month at i: March 14, 1985.
func (r *reader) birthMonth(i int) {
	at, ok := r.month(i)
	if !ok {
		return
	}
	at = r.blank(at)
	n := 0
	for n < 3 && digit(r.at(at+n)) {
		n++
	}
	if n == 0 || n > 2 {
		return
	}
	at += n
	if letter(r.at(at)) && letter(r.at(at+1)) {
		at += 2
	}
	if r.at(at) == ',' {
		at++
	}
	if end, ok := r.yearAt(r.blank(at)); ok {
		r.birth(i, end)
	}
}

// blank skips a blank, a dash or a slash.
func (r *reader) blank(i int) int {
	if c := r.at(i); c == ' ' || c == '-' || c == '/' {
		return i + 1
	}
	return i
}

func (r *reader) yearAt(i int) (end int, ok bool) {
	y := 0
	for k := range 4 {
		c := r.at(i + k)
		if !digit(c) {
			return 0, false
		}
		y = y*10 + int(c-'0')
	}
	return i + 4, year(y) && !alnum(r.at(i+4))
}

func dateRules() []Rule {
	return []Rule{{
		ID: "pii.date_of_birth", Type: DateOfBirth, Severity: Medium, Score: 0.9,
		Description: "A date, in digits or with the month's name in nine languages, after a word that says that it is of a birth.",
		Source:      "ISO 8601 and national forms", Check: "calendar", Behind: nearby + longestWord, Ahead: 48, Cost: Candidate,
		Match:   []string{"DOB: 03/14/1985", "born on March 14, 1985", "geboren am 14. März 1985", "date_of_birth=1985-03-14", "né le 14 mars 1985", "nacida el 14 de marzo de 1985", "生年月日：1985年3月14日", "DOB 3/14/85", "geb. 14-Mar-85"},
		NoMatch: []string{"03/14/1985", "due 2026-11-24", "DOB: 33/44/1985", "the meeting on March 14, 2026"},
	}}
}
