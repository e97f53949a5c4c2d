package detect

import "weir/policy/detect/check"

// iban checks for a bank account number at i: a country, two check digits, and as many letters and digits as the
// country's have, in one run or in groups.
func (r *reader) iban(i int) {
	if !letter(r.at(i)) || !letter(r.at(i+1)) || !digit(r.at(i+2)) || !digit(r.at(i+3)) {
		return
	}
	country := [2]byte{r.text[i] &^ 0x20, r.text[i+1] &^ 0x20}
	want := check.IBANLength(string(country[:]))
	if want == 0 {
		return
	}
	n, at, sep := 0, i, byte(0)
	for n < want {
		if c := r.at(at); alnum(c) {
			if c >= 'a' {
				c &^= 0x20
			}
			r.code[n], n, at = c, n+1, at+1
			continue
		}
		size, parts := r.gap(at)
		if n == 0 || size == 0 || parts != ' ' && parts != '-' || sep != 0 && parts != sep || !alnum(r.at(at+size)) {
			return
		}
		sep, at = parts, at+size
	}
	if alnum(r.at(at)) || r.at(at) == '_' || !check.IBAN(string(r.code[:n])) {
		return
	}
	r.found("pii.iban", IBAN, High, 0.98, i, at)
}

// wallet checks for the address of a crypto currency that is the run of n letters and digits at i.
func (r *reader) wallet(i, n int) {
	if n < 25 || n > maxToken || i+n > len(r.text) || gluedTo(r.text, i) && r.text[i-1] != '/' {
		return
	}
	s := r.text[i : i+n]
	ok := false
	switch {
	case s[0] == '0' && n == 42:
		ok = lower(s[1]) == 'x' && allOf(s[2:], hexadecimal) && !manyOf([]byte(s[2:]))
	case s[0] == '1' || s[0] == '3':
		ok = n <= 34 && check.Base58Check(s, 0, 5)
	case s[0] == 'L' || s[0] == 'M' || s[0] == 'D' || s[0] == 'T':
		ok = n == 34 && check.Base58Check(s, 0x30, 0x32, 0x1e, 0x41)
	case n > 38 && (lower(s[0]) == 'b' && lower(s[1]) == 'c' && s[2] == '1' || lower(s[0]) == 'l' && lower(s[1]) == 't' && lower(s[2]) == 'c'):
		ok = check.Bech32(s)
	}
	if ok {
		r.found("pii.crypto", Crypto, Medium, 0.9, i, i+n)
	}
}

func allOf(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

// bicReach is how far behind a word for it a bank's code can begin.
const bicReach = 12

// bicNamed checks for the code of a bank given to a name in small letters before the sign at i.
func (r *reader) bicNamed(i int) {
	at := i
	for k := 0; k < 2 && at > 0 && contains("\"' ", r.text[at-1]); k++ {
		at--
	}
	if at >= 3 && r.text[at-1] == 'c' && r.text[at-2] == 'i' && r.text[at-3] == 'b' {
		r.bic(at - 1)
	}
}

// bic checks for the code of a bank behind a word that says so, whose last letter stands at i.
func (r *reader) bic(i int) {
	at := i + 1
	switch {
	case i >= 2 && hasFoldAt(r.text, i-2, "bic") && (i == 2 || !alnum(r.text[i-3])):
	case i >= 4 && r.text[i] == 'T' && hasFoldAt(r.text, i-4, "swift") && (i == 4 || !alnum(r.text[i-5])):
	default:
		return
	}
	for _, more := range [...]string{"/bic", "/swift", " code", "-code", "_code"} {
		if r.hasFold(at, more) {
			at += len(more)
			break
		}
	}
	for k := 0; k < 4 && contains(" :=\"'", r.at(at)) && r.at(at) != 0; k++ {
		at++
	}
	n := 0
	for n < 12 && (digit(r.at(at+n)) || r.at(at+n) >= 'A' && r.at(at+n) <= 'Z') {
		n++
	}
	if at > i+1 && (n == 8 || n == 11) && !alnum(r.at(at+n)) && r.at(at+n) != '_' && check.BIC(r.text[at:at+n]) {
		r.found("pii.bic", SWIFT, Low, 0.9, at, at+n)
	}
}

func hasFoldAt(text string, i int, s string) bool {
	return len(text)-i >= len(s) && hasPrefixFold(text[i:], s)
}

// openBIC is where a word begins behind which a bank's code could follow.
func (r *reader) openBIC(text string, from int) int {
	r.look(text)
	for i := max(0, from-bicReach, len(text)-32); i < len(text); i++ {
		r.past, r.into = false, r.into[:0]
		switch text[i] {
		case 'C', 'T':
			r.bic(i)
		case ':', '=':
			r.bicNamed(i)
		}
		if r.past {
			return max(from, i)
		}
	}
	return len(text)
}

func bankRules() []Rule {
	return []Rule{
		{
			ID: "pii.bic", Type: SWIFT, Severity: Low, Score: 0.9,
			Description: "The code of a bank after a word that says so.",
			Source:      "ISO 9362", Check: "country", Behind: 16, Ahead: 32, Cost: Candidate,
			Match:   []string{"BIC: DEUTDEFF", "(BIC BNPAFRPPXXX)", "SWIFT code CHASUS33", `{"bic":"INGBNL2A"}`, "SWIFT/BIC: NDEASESS"},
			NoMatch: []string{"DEUTDEFF", "BIC COMPUTER", "SWIFT response", "BIC: unknown"},
		},
		{
			ID: "pii.iban", Type: IBAN, Severity: High, Score: 0.98,
			Description: "An international bank account number, in one run or in groups.",
			Source:      "ISO 13616, SWIFT IBAN registry", Check: "ISO 7064 MOD 97-10, length by country", Behind: 2, Ahead: 2 * check.MaxIBAN, Cost: Candidate,
			Match:   []string{"DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "iban: fr14 2004 1010 0505 0001 3m02 606.", "FR14\u202f2004\u202f1010\u202f0505\u202f0001\u202f3M02\u202f606"},
			NoMatch: []string{"DE89370400440532013001", "GB82 WEST 1234 5698 7654 3", "ZZ82WEST12345698765432"},
		},
		{
			ID: "pii.crypto", Type: Crypto, Severity: Medium, Score: 0.9,
			Description: "An address of Bitcoin, Litecoin, Dogecoin, Tron or Ethereum.",
			Source:      "base58check, BIP 173, BIP 350; Ethereum yellow paper", Check: "double SHA-256, BCH code", Behind: 2, Ahead: maxToken + 1, Cost: Candidate,
			Match:   []string{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "0x52908400098527886E0F7030069857D2E4169EE7"},
			NoMatch: []string{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", "0x52908400098527886E0F7030069857D2E4169EE", "0x0000000000000000000000000000000000000000"},
		},
	}
}
