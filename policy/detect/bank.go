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
		c := r.at(at)
		switch {
		case alnum(c):
			if c >= 'a' {
				c &^= 0x20
			}
			r.code[n], n = c, n+1
		case n > 0 && (c == ' ' || c == '-') && (sep == 0 || c == sep) && alnum(r.at(at+1)):
			sep = c
		default:
			return
		}
		at++
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

func bankRules() []Rule {
	return []Rule{
		{
			ID: "pii.iban", Type: IBAN, Severity: High, Score: 0.98,
			Description: "An international bank account number, in one run or in groups.",
			Source:      "ISO 13616, SWIFT IBAN registry", Check: "ISO 7064 MOD 97-10, length by country", Behind: 2, Ahead: 2 * check.MaxIBAN, Cost: Candidate,
			Match:   []string{"DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "iban: fr14 2004 1010 0505 0001 3m02 606."},
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
