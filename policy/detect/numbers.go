package detect

// number checks what begins with the digit, plus or parenthesis at i.
func number(text string, i int, into []Finding) []Finding {
	if !numberStarts(text, i) {
		return into
	}
	if digit(text[i]) {
		if end, _ := card(text, i); end > 0 {
			return append(into, Finding{
				Type: CreditCard, Category: PII, Severity: High, Score: 0.95, Start: i, End: end, Rule: "pii.credit_card",
			})
		}
		if end, score, _ := ssn(text, i); end > 0 {
			return append(into, Finding{
				Type: USSSN, Category: PII, Severity: High, Score: score, Start: i, End: end, Rule: "pii.us_ssn",
			})
		}
	}
	if end, _ := phone(text, i); end > 0 {
		return append(into, Finding{
			Type: PhoneNumber, Category: PII, Severity: Medium, Score: 0.8, Start: i, End: end, Rule: "pii.phone",
		})
	}
	return into
}

// numberStarts says whether a number can begin at i: not inside a word or a longer number.
func numberStarts(text string, i int) bool {
	if i == 0 {
		return true
	}
	c := text[i-1]
	if digit(c) || c == '.' && i > 1 && digit(text[i-2]) || c == '-' && i > 1 && digit(text[i-2]) {
		return false
	}
	return !alnum(c) || escape(text, i-1)
}

// openNumber is where a number that is not over begins.
func openNumber(text string) int {
	for i := max(0, len(text)-numberBytes); i < len(text); i++ {
		if duties[text[i]]&seeksNumber == 0 || !numberStarts(text, i) {
			continue
		}
		if digit(text[i]) {
			if _, open := card(text, i); open {
				return i
			}
			if _, _, open := ssn(text, i); open {
				return i
			}
		}
		if _, open := phone(text, i); open {
			return i
		}
	}
	return len(text)
}

// numberBytes is how far any of these rules reads from its start: the longest is a phone number.
const numberBytes = maxPhone*3 + 3

// The lengths of card numbers.
const (
	minCard = 13
	maxCard = 19
)

// cardGroups are the ways a number is printed in groups.
var cardGroups = [...][]int{{4, 4, 4, 4, 3}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}}

// card is where a card number at i ends, 0 if there is none, and whether more text could change that.
func card(text string, i int) (end int, open bool) {
	n := run(text, i)
	if n >= minCard && n <= maxCard && !alnumAt(text, i+n) && cardValid(text[i:i+n]) {
		return i + n, i+n == len(text)
	}
	open = i+n == len(text) && n <= maxCard
	for _, groups := range cardGroups {
		stop, complete := grouped(text, i, groups)
		open = open || stop == len(text)
		if end == 0 && complete && !alnumAt(text, stop) && cardValid(text[i:stop]) {
			end = stop
		}
	}
	return end, open
}

// run is how many digits stand at i, no more than maxCard+1.
func run(text string, i int) int {
	n := 0
	for n <= maxCard && i+n < len(text) && digit(text[i+n]) {
		n++
	}
	return n
}

// grouped reads groups of digits with one separator, the same between all. It returns where reading stopped, and
// whether all groups were there.
func grouped(text string, i int, groups []int) (stop int, complete bool) {
	sep := byte(0)
	for g, size := range groups {
		if g > 0 {
			if i == len(text) {
				return i, false
			}
			if c := text[i]; c != ' ' && c != '-' && c != '.' || sep != 0 && c != sep {
				return i, false
			}
			sep = text[i]
			i++
		}
		n := 0
		for n < size && i < len(text) && digit(text[i]) {
			n, i = n+1, i+1
		}
		if n < size {
			return i, false
		}
	}
	return i, true
}

// cardValid checks issuer, length and check digit of a number with separators.
func cardValid(s string) bool {
	var d [maxCard]byte
	n := 0
	for i := range len(s) {
		if digit(s[i]) {
			d[n] = s[i] - '0'
			n++
		}
	}
	return issuer(d[:n]) && luhn(d[:n])
}

// issuer knows the ranges of the large card schemes (ISO/IEC 7812): Visa, Mastercard, American Express, Diners Club,
// Discover, JCB, UnionPay, Maestro.
func issuer(d []byte) bool {
	n := len(d)
	two, four := int(d[0])*10+int(d[1]), int(d[0])*1000+int(d[1])*100+int(d[2])*10+int(d[3])
	switch {
	case d[0] == 4:
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55 || four >= 2221 && four <= 2720:
		return n == 16
	case two == 34 || two == 37:
		return n == 15
	case two == 36 || two == 38 || two == 39 || four >= 3000 && four <= 3059:
		return n == 14 || n == 16
	case four == 6011 || two == 65 || four >= 6440 && four <= 6499, four >= 3528 && four <= 3589, two == 62:
		return n >= 16
	case two == 50 || two >= 56 && two <= 58 || two == 63 || two == 67:
		return n >= minCard
	default:
		return false
	}
}

// luhn is the check of ISO/IEC 7812-1, annex B.
func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i])
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

var ssnGroups = []int{3, 2, 4}

// The scores of a social security number: after a word that names it, and as it is written.
const (
	ssnNamed   = 0.95
	ssnWritten = 0.85
)

// ssn is where a social security number at i ends, 0 if there is none, and whether more text could change that. Nine
// digits in a row need a word before them that says what they are; a word that says they are something else wins.
func ssn(text string, i int) (end int, score float64, open bool) {
	stop, complete := grouped(text, i, ssnGroups)
	switch {
	case complete:
		open = stop == len(text) || text[stop] == '-' && stop+1 == len(text)
		if alnumAt(text, stop) || text[i+3] == '.' || continues(text, stop) || !ssnValid(text[i:i+3], text[i+4:i+6], text[i+7:stop]) {
			return 0, 0, open
		}
	case stop == len(text):
		return 0, 0, true
	default:
		if run(text, i) != 9 || alnumAt(text, i+9) || !ssnValid(text[i:i+3], text[i+3:i+5], text[i+5:i+9]) {
			return 0, 0, false
		}
		if named(text, i, ssnWords) {
			return i + 9, ssnNamed, i+9 == len(text)
		}
		return 0, 0, false
	}
	if named(text, i, ssnWords) {
		return stop, ssnNamed, open
	}
	if named(text, i, otherWords) {
		return 0, 0, open
	}
	return stop, ssnWritten, open
}

// continues says whether a dash and a digit follow, as in longer numbers with groups.
func continues(text string, i int) bool {
	return i+1 < len(text) && text[i] == '-' && digit(text[i+1])
}

// ssnValid checks what the Social Security Administration never gives out.
func ssnValid(area, group, serial string) bool {
	return area != "000" && area != "666" && area[0] != '9' && group != "00" && serial != "0000"
}
