package check

// ibanLength is how long an account number is by its country (SWIFT, IBAN registry). The longest has 33 characters.
var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28,
	"CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
	"FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
	"IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
	"LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28,
	"NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
	"SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26,
	"UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}

// MaxIBAN is the length of the longest account number, without separators.
const MaxIBAN = 33

// IBANLength is how many characters an account number of a country has; 0: the country has none.
func IBANLength(country string) int { return ibanLength[country] }

// IBAN is an account number: letters in upper case and digits, as many as its country wants (ISO 13616, ISO/IEC 7064 MOD 97-10).
func IBAN(s string) bool {
	r := 0
	for i := range len(s) {
		c := s[(i+4)%len(s)]
		if c >= 'A' {
			r = (r*100 + int(c-'A') + 10) % 97
		} else {
			r = (r*10 + int(c-'0')) % 97
		}
	}
	return r == 1
}

// Card is a payment card's number: 13 to 19 digits of an issuer's range (ISO/IEC 7812-1).
func Card(d []byte) bool { return issuer(d) && Luhn(d) }

// issuer knows the ranges of the large card schemes (ISO/IEC 7812): Visa, Mastercard, American Express, Diners Club,
// Discover, JCB, UnionPay, Maestro.
func issuer(d []byte) bool {
	n := len(d)
	two, four := two(d, 0), int(number(d[:4]))
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

// BIC is a bank's code: 4 letters, a country, 2 letters or digits, and 3 more for a branch (ISO 9362). Letters are in
// upper case.
func BIC(s string) bool {
	for i := range 6 {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	for at := 0; at < len(countries); at += 2 {
		if s[4:6] == countries[at:at+2] {
			return true
		}
	}
	return false
}

// countries are the codes of ISO 3166-1, and of Kosovo.
const countries = "ADAEAFAGAIALAMAOARASATAUAWAZBABBBDBEBFBGBHBIBJBLBMBNBOBRBSBTBWBYBZCACDCFCGCHCICKCLCMCNCOCRCUCVCWCYCZDEDJDKDMDODZECEEEGERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGTGUGWGYHKHNHRHTHUIDIEILIMINIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMGMKMLMMMNMOMPMQMRMTMUMVMWMXMYMZNANCNENGNINLNONPNRNZOMPAPEPFPGPHPKPLPMPRPSPTPWPYQARERORSRURWSASBSCSDSESGSISKSLSMSNSOSRSSSTSVSXSYSZTCTDTGTHTJTLTMTNTOTRTTTVTWTZUAUGUSUYUZVAVCVEVGVIVNVUWSXKYEYTZAZMZW"
