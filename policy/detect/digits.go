package detect

import "strings"

// digits checks what begins at the digit at i, which has no digit before it.
func digits(text string, i int, into []Finding) []Finding {
	if i > 0 && alnum(text[i-1]) {
		return into
	}
	if end := cardEnd(text, i); end > 0 {
		return append(into, Finding{
			Type: CreditCard, Category: PII, Severity: High, Score: 0.95, Start: i, End: end, Rule: "pii.credit_card",
		})
	}
	if end, score := ssnEnd(text, i); end > 0 {
		return append(into, Finding{
			Type: USSSN, Category: PII, Severity: High, Score: score, Start: i, End: end, Rule: "pii.us_ssn",
		})
	}
	return into
}

// The lengths of card numbers, and how far a grouped one can reach.
const (
	minCard   = 13
	maxCard   = 19
	cardBytes = maxCard + 4
)

// cardGroups are the ways a number is printed in groups.
var cardGroups = [...][]int{{4, 4, 4, 4, 3}, {4, 4, 4, 4}, {4, 6, 5}}

// cardEnd is where a card number at i ends, 0 if there is none.
func cardEnd(text string, i int) int {
	n := run(text, i)
	if n >= minCard && n <= maxCard && !alnumAt(text, i+n) && cardValid(text[i:i+n]) {
		return i + n
	}
	for _, groups := range cardGroups {
		end, complete := grouped(text, i, groups)
		if complete && !alnumAt(text, end) && cardValid(text[i:end]) {
			return end
		}
	}
	return 0
}

// run is how many digits stand at i, no more than maxCard+1.
func run(text string, i int) int {
	n := 0
	for n <= maxCard && i+n < len(text) && digit(text[i+n]) {
		n++
	}
	return n
}

func alnumAt(text string, i int) bool { return i < len(text) && alnum(text[i]) }

// grouped reads groups of digits with one separator, the same between all. It returns where reading stopped, and
// whether all groups were there; reading that stopped at the end of the text stopped inside a group or between two.
func grouped(text string, i int, groups []int) (end int, complete bool) {
	sep := byte(0)
	for g, size := range groups {
		if g > 0 {
			if i == len(text) {
				return i, false
			}
			if c := text[i]; c != ' ' && c != '-' || sep != 0 && c != sep {
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
		return n >= 13
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

// The scores of a social security number: as it is written, and as nine digits after a word that names it.
const (
	ssnWritten = 0.9
	ssnNamed   = 0.85
	ssnContext = 48 // bytes before the number that are looked at for such a word
)

// ssnEnd is where a social security number at i ends, 0 if there is none.
func ssnEnd(text string, i int) (end int, score float64) {
	if end, complete := grouped(text, i, ssnGroups); complete && !alnumAt(text, end) && !continues(text, end) {
		if ssnValid(text[i:i+3], text[i+4:i+6], text[i+7:end]) {
			return end, ssnWritten
		}
		return 0, 0
	}
	if run(text, i) == 9 && !alnumAt(text, i+9) && ssnValid(text[i:i+3], text[i+3:i+5], text[i+5:i+9]) && ssnNear(text, i) {
		return i + 9, ssnNamed
	}
	return 0, 0
}

// continues says whether a dash and a digit follow, as in longer numbers with groups.
func continues(text string, i int) bool {
	return i+1 < len(text) && text[i] == '-' && digit(text[i+1])
}

// ssnValid checks what the Social Security Administration never gives out.
func ssnValid(area, group, serial string) bool {
	return area != "000" && area != "666" && area[0] != '9' && group != "00" && serial != "0000"
}

func ssnNear(text string, i int) bool {
	before := strings.ToLower(text[max(0, i-ssnContext):i])
	return strings.Contains(before, "ssn") || strings.Contains(before, "social security")
}

// openDigits is where a number that is not over begins: digits and groups at the end of the text that could go on to
// be a card or a social security number.
func openDigits(text string) int {
	for i := max(0, len(text)-cardBytes-1); i < len(text); i++ {
		if !digit(text[i]) || i > 0 && alnum(text[i-1]) {
			continue
		}
		if n := run(text, i); i+n == len(text) && n <= maxCard {
			return i
		}
		for _, groups := range cardGroups {
			if end, _ := grouped(text, i, groups); end == len(text) {
				return i
			}
		}
		if end, complete := grouped(text, i, ssnGroups); end == len(text) || complete && end+1 == len(text) && text[end] == '-' {
			return i
		}
	}
	return len(text)
}
