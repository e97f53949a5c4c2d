package detect

// nearby is how many bytes before a number are looked at for a word that says what it is.
const nearby = 40

var (
	ssnWords   = []string{"ssn", "social security", "social sec"}
	otherWords = []string{"order", "invoice", "ticket", "tracking", "serial", "part no", "sku", "case no", "reference"}
	phoneWords = []string{"phone", "call", "tel", "mobile", "cell", "fax", "dial", "whatsapp", "sms", "text me", "reach"}
)

// named says whether one of the words, in lower case, begins a word shortly before i.
func named(text string, i int, words []string) bool {
	for at := max(0, i-nearby); at < i; at++ {
		if !alnum(text[at]) || at > 0 && alnum(text[at-1]) {
			continue
		}
		for _, w := range words {
			if hasPrefixFold(text[at:i], w) {
				return true
			}
		}
	}
	return false
}

// hasPrefixFold says whether s begins with an ASCII prefix in lower case, whatever the case of s.
func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lower(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}
