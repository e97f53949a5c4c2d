package detect

import "strings"

// streetFirst checks for an address that begins with the word at i and has the house number behind the street: Hauptstraße 5,
// Via Roma 10.
func (r *reader) streetFirst(i int) {
	stop, is := r.placeAt(i)
	if stop == i {
		return
	}
	at, weak := 0, false
	switch {
	case r.hasFold(i, "c/"):
		if at = i + 2; r.at(at) == ' ' {
			at++
		}
		at = r.name(at)
	case is&road != 0 && r.at(stop) == ' ':
		at = r.name(stop + 1)
	case is&capital != 0 && is&ending != 0:
		at = stop
	case is&capital != 0 && r.at(stop) == ' ' && fronts[string(r.lowered(i, stop))]: // Am Markt 4
		weak = true
		at = r.name(stop + 1)
	case is&capital != 0 && r.at(stop) == ' ' && !beginners[string(r.lowered(i, stop))]:
		at = r.whole(stop + 1)
	}
	if at == 0 {
		return
	}
	if r.at(at) == ',' {
		at++
	}
	if r.at(at) != ' ' {
		return
	}
	at++
	for _, sign := range [...]string{"nº ", "n° ", "no. ", "n. ", "nr. ", "nr "} {
		if r.hasFold(at, sign) {
			at += len(sign)
		}
	}
	n := r.digits(at, 4)
	if n == 0 || n > 4 || r.at(at) == '0' {
		return
	}
	if at += n; letter(r.at(at)) {
		at++
	}
	if r.at(at) == '-' && digit(r.at(at+1)) {
		at += 1 + r.digits(at+1, 4)
	}
	if alnum(r.at(at)) || r.at(at) == ':' || r.at(at) == '.' && digit(r.at(at+1)) || r.at(at) == '%' {
		return
	}
	r.street(i, at, weak || is&road != 0 && is&capital == 0)
}

// fronts are German words that streets' names begin with, and sentences too.
var fronts = map[string]bool{"am": true, "im": true, "zum": true, "zur": true}

// beginners are English words that sentences begin with and no street's name does, so that nothing waits behind one.
var beginners = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("the this that these those it its i we you he she they my your our their his her and but or if when while where what who how why which " +
		"there here yes not so as at by for from with of on to please hello hi sure thanks let once now then also because since after before each every some all both most many") {
		m[w] = true
	}
	return m
}()

// street notes an address whose street comes first. weak says that its first word is one of other use too.
func (r *reader) street(start, end int, weak bool) {
	stop := r.townWithin(start, end)
	switch {
	case stop > end:
		r.found("pii.address", PostalAddress, Medium, 0.9, start, stop)
	case r.aboutAt(start)&aboutAddress != 0:
		r.found("pii.address", PostalAddress, Medium, 0.8, start, end)
	case !weak:
		r.found("pii.address", PostalAddress, Medium, 0.6, start, end)
	}
}

// whole reads a word for a street by itself, with at most one word of the name before it.
func (r *reader) whole(i int) int {
	stop, is := r.placeAt(i)
	if is&whole != 0 {
		return stop
	}
	if is&capital == 0 || r.at(stop) != ' ' {
		return 0
	}
	if end, next := r.placeAt(stop + 1); next&whole != 0 {
		return end
	}
	return 0
}

// wordBreaks are what a word before a number can follow.
const wordBreaks = " \n\t\"(,;:>=|[{"

// streetBefore checks for a street that the number at i is the house number of.
func (r *reader) streetBefore(i int) {
	if i < 5 || r.text[i-1] != ' ' {
		return
	}
	at := i - 1
	for n := range streetWords + 2 {
		for at > 0 && i-at < nearby && (r.text[at-1] == ',' || r.text[at-1] == '.' && n > 0) {
			at--
		}
		end := at
		for at > 0 && i-at < nearby && !contains(wordBreaks, r.text[at-1]) {
			at--
		}
		if at == end || i-at >= nearby {
			return
		}
		if escape(r.text, at) {
			at++
		}
		_, is := r.placeAt(at)
		short := r.hasFold(at, "c/")
		if n == 0 && is&(capital|whole) == 0 && !short || is&(capital|joint|road|whole|ordinal) == 0 && !short {
			return
		}
		if (is&(road|ending) != 0 || short || n > 0 && is&capital != 0) && r.begun(at, i) {
			return
		}
		if at < 2 || r.text[at-1] != ' ' {
			return
		}
		at--
	}
}

// begun tries a street at start, and says whether that made a finding which reaches the house number at i.
func (r *reader) begun(start, i int) bool {
	n := len(r.into)
	r.streetFirst(start)
	return len(r.into) > n && r.into[n].End > i
}
