package check

import "strings"

// Functions here take letters and digits without separators, letters in upper case.

// NINO is a UK national insurance number: 2 letters, 6 digits, 1 letter (HMRC, NIM39110).
func NINO(s string) bool {
	if strings.IndexByte("DFIQUV", s[0]) >= 0 || strings.IndexByte("DFIQUVO", s[1]) >= 0 || s[8] > 'D' {
		return false
	}
	switch s[:2] {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return true
}

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// DNI is a Spanish identity number: 8 digits, 1 letter (Ministerio del Interior).
func DNI(s string) bool { return dniLetters[value(s[:8])%23] == s[8] }

// NIE is a Spanish number for foreigners: X, Y or Z, 7 digits, 1 letter (Ministerio del Interior).
func NIE(s string) bool {
	return s[0] >= 'X' && s[0] <= 'Z' && dniLetters[(int64(s[0]-'X')*10_000_000+value(s[1:8]))%23] == s[8]
}

func value(s string) int64 {
	var n int64
	for i := range len(s) {
		n = n*10 + int64(s[i]-'0')
	}
	return n
}

// odd is what a character at an odd place of a codice fiscale counts, by its digit or letter.
var odd = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// CodiceFiscale is an Italian tax code: 16 characters (Agenzia delle Entrate, D.M. 23/12/1976). Digits may be written
// as the letters that stand for them where two persons would have the same code.
func CodiceFiscale(s string) bool {
	sum := 0
	for i := range 15 {
		v := int(s[i] - '0')
		if s[i] >= 'A' {
			v = int(s[i] - 'A')
		}
		if i%2 == 0 {
			v = odd[v]
		}
		sum += v
	}
	return strings.IndexByte("ABCDEHLMPRST", s[8]) >= 0 && byte('A'+sum%26) == s[15]
}

// NRIC is a Singaporean identity number: 1 letter, 7 digits, 1 letter (Immigration and Checkpoints Authority).
func NRIC(s string) bool {
	sum := 0
	for i, w := range [...]int{2, 7, 6, 5, 4, 3, 2} {
		sum += int(s[i+1]-'0') * w
	}
	switch s[0] {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == s[8]
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == s[8]
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == s[8]
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == s[8]
	case 'M':
		return "KLJNPQRTUWX"[10-(sum+3)%11] == s[8]
	}
	return false
}

// PAN is an Indian income tax number: 5 letters, 4 digits, 1 letter, the fourth the kind of holder (Income Tax Department).
func PAN(s string) bool { return strings.IndexByte("PCHFATBLJG", s[3]) >= 0 && s[5:9] != "0000" }

// DEA is a US prescriber's number: 2 letters, 7 digits (21 CFR 1301, Drug Enforcement Administration).
func DEA(s string) bool {
	d := func(i int) int { return int(s[2+i] - '0') }
	return strings.IndexByte("ABCDEFGHJKLMPRSTUX", s[0]) >= 0 && (d(0)+d(2)+d(4)+2*(d(1)+d(3)+d(5)))%10 == d(6)
}

// vinValue is what a letter of a vehicle's number counts; 0: not used.
var vinValue = [26]int{1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9}

// VIN is a vehicle's number: 17 characters (ISO 3779; the check digit is of 49 CFR 565.15, obligatory in North America).
func VIN(s string) bool {
	sum := 0
	for i, w := range [...]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2} {
		v := int(s[i] - '0')
		if s[i] >= 'A' {
			if v = vinValue[s[i]-'A']; v == 0 {
				return false
			}
		}
		sum += v * w
	}
	return "0123456789X"[sum%11] == s[8]
}

// VINLetters says whether 17 characters can be a vehicle's number, checked or not: I, O and Q are not used.
func VINLetters(s string) bool { return !strings.ContainsAny(s, "IOQ") }

// ResidentID is a Chinese identity number: 17 digits and a digit or X (GB 11643-1999, ISO 7064 MOD 11-2).
func ResidentID(s string) bool {
	sum := 0
	for i, w := range [...]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		if s[i] > '9' {
			return false
		}
		sum += int(s[i]-'0') * w
	}
	year := value(s[6:10])
	return year >= 1900 && year < 2100 && date(int(value(s[10:12])), int(value(s[12:14]))) && "10X98765432"[sum%11] == s[17]
}

// HETU is a Finnish identity code: 6 digits, a sign of the century, 3 digits, 1 character (Digital and Population Data
// Services Agency).
func HETU(s string) bool {
	n := value(s[:6])*1000 + value(s[7:10])
	return date(int(value(s[2:4])), int(value(s[:2]))) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[n%31] == s[10]
}

// PPS is an Irish public service number: 7 digits and a letter, or two (Department of Social Protection).
func PPS(s string) bool {
	sum := 0
	for i := range 7 {
		sum += int(s[i]-'0') * (8 - i)
	}
	if len(s) > 8 && s[8] != 'W' {
		sum += int(s[8]-'A'+1) * 9
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == s[7]
}

// CURP is a Mexican population code: 18 characters (RENAPO).
func CURP(s string) bool {
	const order = "0123456789ABCDEFGHIJKLMN*OPQRSTUVWXYZ" // the asterisk stands for a letter beyond ASCII
	sum := 0
	for i := range 17 {
		sum += strings.IndexByte(order, s[i]) * (18 - i)
	}
	return (s[10] == 'H' || s[10] == 'M') && date(int(value(s[6:8])), int(value(s[8:10]))) && (10-sum%10)%10 == int(s[17]-'0')
}
