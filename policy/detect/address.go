package detect

import "strings"

// The bounds of an address.
const (
	streetWords  = 5  // between house number and the word for a street
	placeWord    = 28 // bytes of a word of an address
	addressBytes = 200
)

// place is what a word can be in an address.
type place uint16

const (
	streetEnd   place = 1 << iota // ends a street's name
	vagueEnd                      // and is a common word too
	streetStart                   // begins a street's name behind a house number, in French
	road                          // begins a street's name before a house number
	joint                         // a small word inside of names
	whole                         // a street's end by itself, before a house number
	unit                          // a flat or suite
	wind                          // a direction
	repeat                        // a second house of one number, in French
	ending                        // a compound that ends with a word for a street
	ordinal                       // begins with a digit, or is a name with an article joined to it
	capital                       // begins with a capital
)

// placeNames are the words by what they can be.
var placeNames = func() map[string]place {
	m := map[string]place{}
	for what, list := range map[place]string{
		streetEnd: "street st st. avenue ave ave. road rd rd. boulevard blvd blvd. lane ln ln. court ct ct. terrace ter parkway pkwy highway hwy circle cir trail trl crescent cres mews " +
			"drive dr dr. place pl pl. square sq sq. way close grove gardens row hill walk plaza loop alley broadway pike turnpike esplanade promenade quay wharf",
		vagueEnd:    "drive place square way close grove gardens row hill walk plaza loop alley court st circle trail street road lane ter",
		streetStart: "rue avenue av av. ave boulevard bd bd. blvd place pl allée allee chemin impasse quai route cours square passage faubourg villa",
		road:        "via viale piazza corso largo vicolo piazzale calle avenida avda avda. plaza paseo carrer ronda camino travesía rua travessa praça av av. alameda ul ul. al al. aleja aleje plac",
		joint:       "de del della delle dei degli dello di do da dos das du des d la le les l el los las y e von van der den het of the am im an in zum zur",
		whole:       "straße strasse str str. allee platz weg gasse ring damm ufer straat laan plein gata gatan väg vägen vej gade",
		unit:        "apt apt. apartment suite ste ste. unit floor fl fl. flat room rm bldg building",
		wind:        "n s e w ne nw se sw n. s. e. w. north south east west",
		repeat:      "bis ter",
	} {
		for _, w := range strings.Fields(list) {
			m[w] |= what
		}
	}
	return m
}()

// placeEndings end the compounds that name streets.
var placeEndings = [...]string{"straße", "strasse", "str.", "weg", "allee", "gasse", "platz", "damm", "ufer", "ring", "straat", "laan", "plein", "gracht", "kade", "dijk", "singel", "gatan", "vägen", "gränd", "katu", "vej", "gade"}

var placeSieve = sieveOf(placeNames)

// placeAt reads a word of an address at i, its full stop included.
func (r *reader) placeAt(i int) (end int, is place) {
	end = i
	for end-i <= placeWord {
		c := r.at(end)
		if !(alnum(c) || c >= 0x80 || c == '\'' || c == '-' && end > i) {
			break
		}
		end++
	}
	if end == i || end-i > placeWord {
		return i, 0
	}
	if r.at(end) == '.' && end-i <= 14 && !digit(r.text[end-1]) {
		end++
	}
	w := r.lowered(i, end)
	if placeSieve.may(w[0], w[len(w)-1], len(w)) {
		is = placeNames[string(w)]
	}
	for _, e := range placeEndings {
		if r.text[i] >= 'a' && r.text[i] <= 'z' {
			break
		}
		if len(w) > len(e)+1 && string(w[len(w)-len(e):]) == e {
			is |= ending
		}
	}
	c := r.text[i]
	switch {
	case c >= 'A' && c <= 'Z' || c == 0xc3 && end > i+1 && r.text[i+1] < 0x9f || c == 0xc5:
		is |= capital
	case digit(c), len(w) > 2 && w[1] == '\'':
		is |= ordinal
	}
	return end, is
}

// lowered is text[i:end] in lower case; it is good until the next call.
func (r *reader) lowered(i, end int) []byte {
	n := 0
	for k := i; k < end && n < len(r.pair); k++ {
		b := lower(r.text[k])
		if k > i && r.text[k-1] == 0xc3 && b >= 0x80 && b <= 0x9e && b != 0x97 {
			b += 0x20
		}
		r.pair[n] = b
		n++
	}
	return r.pair[:n]
}

// houseFirst checks for an address that begins with the house number that was read.
func (r *reader) houseFirst() {
	x := &r.num
	if x.size[0] > 6 || x.size[0] == 0 || x.glued {
		return
	}
	at := x.stop[0]
	if letter(r.at(at)) && !alnum(r.at(at+1)) {
		at++ // 12a
	}
	if r.at(at) == ',' {
		at++
	}
	if r.at(at) != ' ' || !letter(r.at(at+1)) && !digit(r.at(at+1)) && r.at(at+1) != 0xc3 {
		return
	}
	if end, vague := r.french(at + 1); end > 0 {
		r.address(x.start, end, vague)
		return
	}
	if end, vague := r.english(at + 1); end > 0 {
		r.address(x.start, end, vague)
		return
	}
	if c := r.at(at + 1); c < 'A' || c > 'Z' || x.size[0] > 4 {
		return
	}
	if end, _ := r.placeAt(at + 1); r.at(end) == ',' {
		if stop := r.townWithin(x.start, end); stop > end && !digit(r.text[stop-1]) {
			r.found("pii.address", PostalAddress, Medium, 0.7, x.start, stop) // 12 Kingsway, London WC2B 6AA
		}
	}
}

// english reads capitalised words up to one for a street.
func (r *reader) english(i int) (end int, vague bool) {
	at := i
	for n := range streetWords {
		stop, is := r.placeAt(at)
		if stop == at || is&(capital|ordinal) == 0 && !(n > 0 && is&joint != 0) {
			return 0, false
		}
		if n > 0 && is&streetEnd != 0 {
			return r.wind(stop), is&vagueEnd != 0
		}
		if r.at(stop) != ' ' {
			return 0, false
		}
		at = stop + 1
	}
	return 0, false
}

// wind reads a direction behind a street's name.
func (r *reader) wind(i int) int {
	if r.at(i) != ' ' {
		return i
	}
	if stop, is := r.placeAt(i + 1); is&capital != 0 && is&wind != 0 {
		return stop
	}
	return i
}

// french reads a word for a street and the name behind it.
func (r *reader) french(i int) (end int, vague bool) {
	stop, is := r.placeAt(i)
	if is&repeat != 0 && is&capital == 0 && r.at(stop) == ' ' {
		i = stop + 1
		stop, is = r.placeAt(i)
	}
	if is&streetStart == 0 || r.at(stop) != ' ' {
		return 0, false
	}
	return r.name(stop + 1), false
}

// name reads words of a name: capitalised ones, with small ones between them. 0: there is none.
func (r *reader) name(i int) (end int) {
	at := i
	for range streetWords + 1 {
		stop, is := r.placeAt(at)
		if stop == at || is&(capital|joint|ordinal) == 0 || is&ordinal != 0 && digit(r.text[at]) {
			return end
		}
		if is&(capital|ordinal) != 0 {
			end = stop
		}
		if r.at(stop) != ' ' {
			return end
		}
		at = stop + 1
	}
	return end
}

// address notes an address up to end, and what of postal code and town follows.
func (r *reader) address(start, end int, vague bool) {
	end = r.unit(end)
	stop := r.townWithin(start, end)
	named := r.aboutAt(start)&aboutAddress != 0
	switch {
	case stop > end:
		r.found("pii.address", PostalAddress, Medium, 0.9, start, stop)
	case named:
		r.found("pii.address", PostalAddress, Medium, 0.8, start, end)
	case vague && (r.num.size[0] == 4 && (r.num.d[0] == 1 && r.num.d[1] == 9 || r.num.d[0] == 2 && r.num.d[1] == 0) || r.at(end) == ' ' && letter(r.at(end+1))):
	default:
		r.found("pii.address", PostalAddress, Medium, 0.65, start, end)
	}
}

// unit reads the flat or suite.
func (r *reader) unit(i int) int {
	at := i
	if r.at(at) == ',' {
		at++
	}
	if r.at(at) != ' ' {
		return i
	}
	if at++; r.at(at) == '#' {
		if stop, _ := r.placeAt(at + 1); stop > at+1 {
			return stop
		}
		return i
	}
	stop, is := r.placeAt(at)
	if is&unit == 0 || r.at(stop) != ' ' {
		return i
	}
	if r.at(stop+1) == '#' {
		stop++
	}
	if end, _ := r.placeAt(stop + 1); end > stop+1 {
		return end
	}
	return i
}

// townWithin is town as far as the whole is no longer than an address.
func (r *reader) townWithin(start, end int) int {
	if stop := r.town(end); stop-start <= addressBytes {
		return stop
	}
	return end
}

// town reads what follows a street up to and with a postal code, i if there is none.
func (r *reader) town(i int) int {
	at := i
	for range 4 {
		next := r.part(at)
		if next == at {
			return i
		}
		at = next
		if end := r.postal(at); end > 0 {
			return end
		}
		for range 3 {
			stop, is := r.placeAt(at)
			if stop == at || is&(capital|joint) == 0 {
				break
			}
			if at = stop; r.at(at) != ' ' {
				break
			}
			if end := r.postal(at + 1); end > 0 {
				return end
			}
			at++
		}
		if at > 0 && r.text[at-1] == ' ' {
			at--
		}
	}
	return i
}

// part skips what parts the lines of an address.
func (r *reader) part(i int) int {
	at := i
	for at-i < 4 {
		c := r.at(at)
		if c == '\\' && r.at(at+1) == 'n' {
			at += 2
			continue
		}
		if c != ',' && c != ' ' && c != '\n' && c != '\r' && !(c == '-' && at > i && r.text[at-1] == ' ') {
			break
		}
		at++
	}
	return at
}

// postal reads a postal code at i, with the state before it or the town behind it; 0: there is none.
func (r *reader) postal(i int) int {
	c := r.at(i)
	switch {
	case digit(c):
		return r.codeAndTown(i)
	case c >= 'A' && c <= 'Z':
		if end := r.british(i); end > 0 {
			return end
		}
		if d := r.at(i + 1); d >= 'A' && d <= 'Z' && (r.at(i+2) == ' ' || r.at(i+2) == ',') {
			at := i + 3
			if r.at(at) == ' ' {
				at++
			}
			if n := r.digits(at, 9); n == 5 {
				return r.plus4(at + 5)
			} else if n == 4 && !alnum(r.at(at+4)) {
				return at + 4 // Australia
			}
		}
		if d := r.at(i + 1); d >= 'A' && d <= 'Z' && r.at(i+2) >= 'A' && r.at(i+2) <= 'Z' && r.at(i+3) == ' ' && r.digits(i+4, 5) == 4 {
			return i + 8 // Australia: NSW 2000
		}
	}
	return 0
}

// digits is how many digits stand at i, at most most+1.
func (r *reader) digits(i, most int) int {
	n := 0
	for n <= most && digit(r.at(i+n)) {
		n++
	}
	return n
}

func (r *reader) plus4(i int) int {
	if r.at(i) == '-' && r.digits(i+1, 4) == 4 {
		return i + 5
	}
	return i
}

// codeAndTown reads 10115 Berlin, 1015 CJ Amsterdam, 00-590 Warszawa, 111 22 Stockholm, 01310-100, 20500.
func (r *reader) codeAndTown(i int) int {
	n := r.digits(i, 6)
	at := i + n
	switch {
	case n == 5 || n == 6 || n == 4:
		if at = r.brazil(at); n == 4 && r.at(at) == ' ' && letter(r.at(at+1)) && letter(r.at(at+2)) && !alnum(r.at(at+3)) && r.at(at+1) <= 'Z' && r.at(at+2) <= 'Z' {
			at += 3
		}
	case n == 2 && r.at(at) == '-' && r.digits(at+1, 4) == 3:
		at += 4
	case n == 3 && r.at(at) == ' ' && r.digits(at+1, 3) == 2:
		at += 3
	default:
		return 0
	}
	if alnum(r.at(at)) {
		return 0
	}
	end := at
	for range 3 {
		if r.at(at) != ' ' {
			break
		}
		stop, is := r.placeAt(at + 1)
		if stop == at+1 || is&(capital|joint) == 0 {
			break
		}
		if at = stop; is&capital != 0 {
			if end = stop; r.text[stop-1] == '.' {
				return stop - 1
			}
		}
	}
	if n == 4 && end == i+4 {
		return 0 // four digits alone are a year as well
	}
	return end
}

func (r *reader) brazil(i int) int {
	if r.at(i) == '-' && r.digits(i+1, 4) == 3 {
		return i + 4
	}
	return r.plus4(i)
}

// british reads a postcode of the United Kingdom or Canada: SW1A 2AA, K1A 0B1.
func (r *reader) british(i int) int {
	at := i
	for at-i < 4 && alnum(r.at(at)) {
		at++
	}
	n := at - i
	if n < 2 || r.at(at) != ' ' || !mixed(r.text[i:min(at, len(r.text))], 1) {
		return 0
	}
	a, b, c := r.at(at+1), r.at(at+2), r.at(at+3)
	uk := digit(a) && letter(b) && letter(c)
	canada := n == 3 && digit(a) && letter(b) && digit(c)
	if !uk && !canada || alnum(r.at(at+4)) {
		return 0
	}
	return at + 4
}
