package check

// SSN is what the US Social Security Administration can have given out: 9 digits (SSA, randomisation of 2011).
func SSN(d []byte) bool {
	area := number(d[:3])
	return area != 0 && area != 666 && area < 900 && two(d, 3) != 0 && number(d[5:]) != 0 && !same(d)
}

// ITIN is a US individual taxpayer number: 9 digits (IRS, Internal Revenue Manual 3.21.263).
func ITIN(d []byte) bool {
	g := two(d, 3)
	return d[0] == 9 && (g >= 50 && g <= 65 || g >= 70 && g <= 88 || g >= 90 && g <= 92 || g >= 94)
}

// SIN is a Canadian social insurance number: 9 digits (ESDC).
func SIN(d []byte) bool { return d[0] != 0 && d[0] != 8 && Luhn(d) && !same(d) }

// NHS is a number of the UK's National Health Service: 10 digits (NHS Data Dictionary).
func NHS(d []byte) bool {
	c := 11 - weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return c%11 == int(d[9]) && c != 10 && !same(d)
}

// SteuerID is a German tax number for life: 11 digits, of which the first ten hold one digit two or three times
// (Bundeszentralamt für Steuern).
func SteuerID(d []byte) bool {
	var count [10]int
	for _, v := range d[:10] {
		count[v]++
	}
	repeated := 0
	for _, n := range count {
		if n > 3 {
			return false
		}
		if n > 1 {
			repeated++
		}
	}
	return d[0] != 0 && repeated == 1 && Mod1110(d)
}

// NIR is a French social security number: 15 digits with the key (INSEE).
func NIR(d []byte) bool {
	month := two(d, 3)
	plausible := month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50
	return (d[0] == 1 || d[0] == 2 || d[0] == 7 || d[0] == 8) && plausible && 97-number(d[:13])%97 == number(d[13:15])
}

// BSN is a Dutch citizen number: 9 digits (Rijksdienst voor Identiteitsgegevens, the eleven test).
func BSN(d []byte) bool {
	return weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0 && !same(d) && number(d) > 9999999
}

// Aadhaar is an Indian identity number: 12 digits (UIDAI).
func Aadhaar(d []byte) bool { return d[0] >= 2 && Verhoeff(d) && !same(d) }

// CPF is a Brazilian personal tax number: 11 digits (Receita Federal).
func CPF(d []byte) bool {
	return !same(d) && brazilian(weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[9]) &&
		brazilian(weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[10])
}

// CNPJ is a Brazilian company number: 14 digits (Receita Federal).
func CNPJ(d []byte) bool {
	return !same(d) && brazilian(weighted(d, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[12]) &&
		brazilian(weighted(d, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[13])
}

func brazilian(sum int) int {
	if r := sum % 11; r >= 2 {
		return 11 - r
	}
	return 0
}

// PESEL is a Polish identity number: 11 digits with a date of birth (Ministerstwo Cyfryzacji).
func PESEL(d []byte) bool {
	return date(two(d, 2)%20, two(d, 4)) && weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// Personnummer is a Swedish identity number: 10 digits, the century left out (Skatteverket).
func Personnummer(d []byte) bool {
	day := two(d, 4)
	if day > 60 {
		day -= 60 // a coordination number
	}
	return date(two(d, 2), day) && Luhn(d)
}

// Personnummer12 is a Swedish identity number with its century.
func Personnummer12(d []byte) bool {
	century := two(d, 0)
	return century >= 18 && century <= 20 && Personnummer(d[2:])
}

// TFN is an Australian tax file number: 9 digits (Australian Taxation Office).
func TFN(d []byte) bool { return weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0 && !same(d) }

// Medicare is an Australian Medicare card number: 10 digits, or 11 with the person's place on the card (Services Australia).
func Medicare(d []byte) bool {
	return d[0] >= 2 && d[0] <= 6 && weighted(d, 1, 3, 7, 9, 1, 3, 7, 9)%10 == int(d[8]) && d[9] != 0
}

// NPI is a US health provider's number: 10 digits, checked behind the prefix 80840 (CMS, 45 CFR 162.406).
func NPI(d []byte) bool {
	return (d[0] == 1 || d[0] == 2) && Luhn(append([]byte{8, 0, 8, 4, 0}, d[:10]...))
}

// RoutingNumber is a US bank's: 9 digits (American Bankers Association).
func RoutingNumber(d []byte) bool {
	p := two(d, 0)
	return (p >= 1 && p <= 12 || p >= 21 && p <= 32 || p >= 61 && p <= 72 || p == 80) && weighted(d, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0
}

// AHV is a Swiss social security number: 13 digits (ZAS; EAN-13).
func AHV(d []byte) bool {
	return number(d[:3]) == 756 && weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)%10 == 0
}

// Rijksregister is a Belgian national number: 11 digits with a date of birth (Rijksregister).
func Rijksregister(d []byte) bool {
	n, key := number(d[:9]), number(d[9:])
	return date(two(d, 2), two(d, 4)) && (97-n%97 == key || 97-(2_000_000_000+n)%97 == key)
}

// RRN is a Korean resident number: 13 digits with a date of birth; numbers given out since October 2020 have no check.
func RRN(d []byte) bool {
	c := (11 - weighted(d, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11) % 10
	return date(two(d, 2), two(d, 4)) && d[6] >= 1 && d[6] <= 8 && (c == int(d[12]) || two(d, 0) >= 20 && d[6]%5 >= 3)
}

// MyNumber is a Japanese identity number: 12 digits (Ministry of Internal Affairs, ordinance 85 of 2014).
func MyNumber(d []byte) bool {
	r := weighted(d, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	if r <= 1 {
		return d[11] == 0 && !same(d)
	}
	return 11-r == int(d[11])
}
