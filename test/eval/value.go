package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"weir/policy/detect"
	"weir/policy/detect/check"
)

// maker makes values that pass their checks by trying until one does.
type maker struct{ *rand.Rand }

// fill replaces # by a digit, ? by a capital, and leaves the rest.
func (m maker) fill(form string) string {
	b := []byte(form)
	for i := range b {
		switch b[i] {
		case '#':
			b[i] = byte('0' + m.IntN(10))
		case '?':
			b[i] = byte('A' + m.IntN(26))
		}
	}
	return string(b)
}

func (m maker) one(list ...string) string { return list[m.IntN(len(list))] }

// until fills a form until its letters and digits pass.
func (m maker) until(ok func(code string) bool, forms ...string) string {
	for {
		if s := m.fill(m.one(forms...)); ok(bare(s)) {
			return s
		}
	}
}

// bare is s without separators.
func bare(s string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(" -./", c) {
			return -1
		}
		return c
	}, s)
}

// digits makes a check of digits one of text.
func digits(ok func([]byte) bool) func(string) bool {
	return func(s string) bool {
		d := make([]byte, len(s))
		for i := range s {
			d[i] = s[i] - '0'
		}
		return ok(d)
	}
}

func (m maker) iban() string {
	country := m.one("DE", "FR", "NL", "ES", "BE", "AT", "PL", "PT")
	body := m.fill(strings.Repeat("#", check.IBANLength(country)-4))
	for k := range 97 {
		if s := fmt.Sprintf("%s%02d%s", country, k+2, body); check.IBAN(s) {
			if m.IntN(2) == 0 {
				return s
			}
			return inFours(s)
		}
	}
	return m.iban()
}

// inFours is a number as it is printed: in groups of four.
func inFours(s string) string {
	var out []string
	for part := range slices.Chunk([]byte(s), 4) {
		out = append(out, string(part))
	}
	return strings.Join(out, " ")
}

func (m maker) phone() string {
	return m.fill(m.one("+44 20 7### ####", "+49 89 ########", "+33 6 ## ## ## ##", "+1 (646) 555-01##", "917-555-01##", "(312) 555-01##", "01#1 496 0###", "0171 #######",
		"04 ## ## ## ##", "+91 98### #####", "+55 11 9####-####", "09## ### ###", "080-####-####", "04## ### ###", "+31 6 ########", "+34 6## ## ## ##", "+39 34# #######"))
}

func (m maker) mail() string {
	return m.one("mila", "j.ortega", "t_novak", "anh.nguyen", "priya+work", "o'brien.k", "lars-erik", "wei.zhang88") + "@" +
		m.one("harbourline.co.uk", "nordlicht-logistik.de", "fastmail.fm", "clinic.example.org", "grupo-sol.es", "mail.tiendas.mx", "quayside.io")
}

func (m maker) address() string {
	n := fmt.Sprint(2 + m.IntN(180))
	return m.one(n+" Larkspur Lane, Dayton, OH 454"+m.fill("##"), n+" Mill Road, Cambridge CB1 2AZ", "Lindenallee "+n+", 50667 Köln", "Schillerstraße "+n+", 80336 München",
		n+" avenue Jean Jaurès, 69007 Lyon", "Prinsengracht "+n+", 1015 DV Amsterdam", "Via Garibaldi "+n+", 20121 Milano", "Calle de Alcalá "+n+", 28009 Madrid", n+" Birchwood Drive, Austin, TX 78704", n+" Rundle Street, Adelaide SA 5000")
}

func (m maker) born() string {
	y, d := 1940+m.IntN(65), 1+m.IntN(28)
	return m.one(fmt.Sprintf("%d-%02d-%02d", y, 1+m.IntN(12), d), fmt.Sprintf("%02d/%02d/%d", 1+m.IntN(12), d, y), fmt.Sprintf("%02d.%02d.%d", d, 1+m.IntN(12), y), fmt.Sprintf("%d September %d", d, y), fmt.Sprintf("June %d, %d", d, y))
}

// value makes a value of a type.
func (m maker) value(t detect.Type) string {
	switch t {
	case detect.EmailAddress:
		return m.mail()
	case detect.PhoneNumber:
		return m.phone()
	case detect.PostalAddress:
		return m.address()
	case detect.DateOfBirth:
		return m.born()
	case detect.IBAN:
		return m.iban()
	case detect.CreditCard:
		return m.until(digits(check.Card), "4### #### #### ####", "52##############", "37##-######-#####", "4###-####-####-####", "6011############")
	case detect.USSSN:
		return m.until(digits(check.SSN), "###-##-####", "### ## ####", "#########")
	case detect.UKNHS:
		return m.until(digits(check.NHS), "### ### ####", "##########")
	case detect.UKNINO:
		return m.until(check.NINO, "??######?", "?? ## ## ## ?")
	case detect.DESteuerID:
		return m.until(digits(check.SteuerID), "###########", "## ### ### ###")
	case detect.FRNIR:
		return m.until(digits(check.NIR), "2##1###########", "1 ## 0# ## ### ### ##")
	case detect.ESDNI:
		return m.until(check.DNI, "########?", "########-?")
	case detect.NLBSN:
		return m.until(digits(check.BSN), "#########")
	case detect.INAadhaar:
		return m.until(digits(check.Aadhaar), "#### #### ####", "############")
	case detect.INPAN:
		return m.until(check.PAN, "???P?####?")
	case detect.BRCPF:
		return m.until(digits(check.CPF), "###.###.###-##", "###########")
	case detect.PLPESEL:
		return m.until(digits(check.PESEL), "###########")
	case detect.SEPersonnummer:
		return m.until(digits(check.Personnummer), "######-####")
	case detect.SGNRIC:
		return m.until(check.NRIC, "S#######?", "T#######?")
	case detect.AUTFN:
		return m.until(digits(check.TFN), "### ### ###", "#########")
	case detect.AUMedicare:
		return m.until(digits(check.Medicare), "#### ##### #")
	case detect.IPAddress:
		return fmt.Sprintf("%d.%d.%d.%d", 11+m.IntN(200), m.IntN(256), m.IntN(256), 1+m.IntN(254))
	case detect.MACAddress:
		return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", 2+m.IntN(250), m.IntN(256), m.IntN(256), m.IntN(256), m.IntN(256), 1+m.IntN(254))
	case detect.Passport:
		return m.fill(m.one("#########", "C########", "?########", "??#######"))
	case detect.DriverLicence:
		return m.fill(m.one("?#######", "########", "?###-####-####"))
	case detect.MedicalRecord:
		return m.fill(m.one("########", "MR#######", "#######"))
	case detect.USNPI:
		return m.until(digits(check.NPI), "1#########")
	case detect.BankRouting:
		return m.until(digits(check.RoutingNumber), "0########", "1########")
	case detect.BankAccount:
		return m.fill(m.one("########", "############", "##########"))
	case detect.GPS:
		return fmt.Sprintf("%.5f, %.5f", m.Float64()*80, m.Float64()*170)
	case detect.APIKey:
		return "ghp_" + strings.ToLower(m.fill("?#?#?#?#?#?#?#?#?#?#?#?#?#?#?#?#?#?#"))
	case detect.Password:
		return m.one("Tr0ub4dor&3", "k!tten-77", "Sommer#2023", "p@ssw0rd99")
	}
	return ""
}
