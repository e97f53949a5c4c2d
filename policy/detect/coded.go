package detect

import "weir/policy/detect/check"

// codedRule finds a code of letters and digits by its shape, a check, and the words before it.
type codedRule struct {
	Rule
	// The ways it is written: A a letter, 9 a digit, X either, D a digit or the letter that may stand for it, a blank for
	// one of " -." or nothing, anything else for itself.
	forms []string
	check func(s string) bool // letters in upper case, no separators
	about topics
	bare  float64 // score without a word about it; 0: not without
}

// codedForm is one way a code is written.
type codedForm struct {
	rule  *codedRule
	shape string
}

// codedForms lists the forms by how many letters and digits stand together at their start.
var codedForms = func() (t [maxToken + 1][]codedForm) {
	add := func(n int, f codedForm) { t[n] = append(t[n], f) }
	for i := range codedRules {
		for _, shape := range codedRules[i].forms {
			f := codedForm{&codedRules[i], shape}
			joined, first := shapeLengths(shape)
			add(joined, f)
			if first != joined {
				add(first, f)
			}
		}
	}
	return t
}()

// shapeLengths is how many letters and digits come first if nothing optional parts them, and if everything does.
func shapeLengths(shape string) (joined, first int) {
	for i := range len(shape) {
		switch c := shape[i]; {
		case alnum(c):
			joined++
		case c == ' ' && first == 0:
			first = joined
		case c != ' ':
			if first == 0 {
				first = joined
			}
			return joined, first
		}
	}
	if first == 0 {
		first = joined
	}
	return joined, first
}

// maxToken is the longest run of letters and digits that is looked at as one code.
const maxToken = 64

// coded checks the codes that can begin with the run of n letters and digits at i.
func (r *reader) coded(i, n int) {
	forms := codedForms[n]
	for k := range forms {
		f := &forms[k]
		end, low := r.shape(i, f)
		if end == 0 || alnum(r.at(end)) || r.at(end) == '_' {
			continue
		}
		s := r.text[i:end] // as it stands in the text, which costs nothing, where it can be
		if low || end-i != r.codeLen {
			s = string(r.code[:r.codeLen])
		}
		if !f.rule.check(s) {
			continue
		}
		r.found(f.rule.ID, f.rule.Type, f.rule.Severity, f.rule.score(r, i, end, low), i, end)
	}
}

func (c *codedRule) score(r *reader, i, end int, low bool) float64 {
	about := r.aboutAt(i)
	if about&c.about != 0 && (c.Check != "" || r.nearest&c.about != 0) {
		return c.Score
	}
	score := c.bare
	if about&aboutOther != 0 || gluedTo(r.text, i) || r.at(end) == '-' && alnum(r.at(end+1)) || low {
		score -= less
	}
	return score
}

// shape reads a form at i into r.code. low says that it has letters in lower case; such a code is not read over a blank
// without a word about it.
func (r *reader) shape(i int, f *codedForm) (end int, low bool) {
	n, start := 0, i
	for k := range len(f.shape) {
		c, want := r.at(i), f.shape[k]
		switch {
		case want == ' ':
			if c == ' ' || c == '-' || c == '.' {
				if low && i+1 >= len(r.text) && r.aboutAt(start)&f.rule.about == 0 {
					return 0, false // not waited for
				}
				i++
			}
			continue
		case !shaped(c, want):
			return 0, false
		}
		if c >= 'a' && c <= 'z' {
			c, low = c-'a'+'A', true
		}
		if n < len(r.code) {
			r.code[n] = c
			n++
		}
		i++
	}
	r.codeLen = n
	return i, low
}

func shaped(c, want byte) bool {
	switch want {
	case '9':
		return digit(c)
	case 'A':
		return letter(c)
	case 'X':
		return alnum(c)
	case 'D':
		return digit(c) || contains("LMNPQRSTUV", c&^0x20) && letter(c)
	case '?': // the century of a Finnish code
		return c == '-' || c == '+' || c == 'A'
	}
	return c == want
}

// mixed says whether a code without a check has at least so many digits, so that no word of a language is one.
func mixed(s string, digits int) bool {
	n := 0
	for i := range len(s) {
		if digit(s[i]) {
			n++
		}
	}
	return n >= digits
}

func mixed3(s string) bool { return mixed(s, 3) && !mixed(s, len(s)) }

func mixed4(s string) bool { return mixed(s, 4) && !mixed(s, len(s)) }

func anyVIN(s string) bool { return check.VINLetters(s) && mixed(s, 3) && !mixed(s, 17) }

func checkedVIN(s string) bool { return anyVIN(s) && check.VIN(s) && !mixed(s, 16) }

func codeRule(id string, t Type, sev Severity, score float64, says, source, checked string, match, noMatch []string) Rule {
	return numberRule(id, t, sev, score, says, source, checked, match, noMatch)
}

var codedRules = []codedRule{
	{
		Rule: codeRule("pii.uk_nino", UKNINO, High, 0.95, "A UK national insurance number.", "HMRC, NIM39110", "prefixes",
			[]string{"AB123456C", "NI number: ab 12 34 56 c", "JG 10 37 59 A"}, []string{"QQ123456C", "BG123456A", "AB123456E", "order AB123456C"}),
		forms: []string{"AA 99 99 99 A"}, check: check.NINO, about: aboutNINO | aboutIdentity, bare: 0.75,
	},
	{
		Rule: codeRule("pii.es_dni", ESDNI, High, 0.95, "A Spanish identity number.", "Ministerio del Interior, DNI", "letter modulus 23",
			[]string{"12345678Z", "DNI 12345678-Z", "nif: 12.345.678-Z"}, []string{"12345678A", "pedido 12345678Z"}),
		forms: []string{"99999999 A", "99 999 999 A"}, check: check.DNI, about: aboutDNI | aboutIdentity | aboutTax, bare: 0.75,
	},
	{
		Rule: codeRule("pii.es_nie", ESNIE, High, 0.95, "A Spanish identity number for foreigners.", "Ministerio del Interior, NIE", "letter modulus 23",
			[]string{"X1234567L", "NIE Y-1234567-X"}, []string{"X1234567A", "A1234567L"}),
		forms: []string{"A 9999999 A"}, check: check.NIE, about: aboutDNI | aboutIdentity | aboutTax, bare: 0.75,
	},
	{
		Rule: codeRule("pii.it_codice_fiscale", ITFiscalCode, High, 0.98, "An Italian tax code.", "Agenzia delle Entrate, D.M. 23/12/1976", "check letter",
			[]string{"RSSMRA85T10A562S", "codice fiscale rssmra85t10a562s"}, []string{"RSSMRA85T10A562T", "RSSMRA85T10A562"}),
		forms: []string{"AAAAAADDADDADDDA"}, check: check.CodiceFiscale, about: aboutFiscale | aboutTax | aboutIdentity, bare: 0.95,
	},
	{
		Rule: codeRule("pii.sg_nric", SGNRIC, High, 0.95, "A Singaporean NRIC or FIN.", "Immigration and Checkpoints Authority, NRIC", "weights modulus 11",
			[]string{"S1234567D", "nric: f1234567n"}, []string{"S1234567A", "A1234567D"}),
		forms: []string{"A9999999A"}, check: check.NRIC, about: aboutNRIC | aboutIdentity, bare: 0.75,
	},
	{
		Rule: codeRule("pii.in_pan", INPAN, High, 0.95, "An Indian permanent account number.", "Income Tax Department, rule 114", "kind of holder",
			[]string{"ABCPE1234F", "PAN: abcpe1234f"}, []string{"ABCDE1234F", "order ABCPE1234F"}),
		forms: []string{"AAAAA9999A"}, check: check.PAN, about: aboutPAN | aboutTax | aboutIdentity, bare: 0.75,
	},
	{
		Rule: codeRule("pii.cn_resident_id", CNResidentID, High, 0.97, "A Chinese resident identity number.", "GB 11643-1999", "ISO 7064 MOD 11-2; date of birth",
			[]string{"11010519491231002X", "身份证号11010519491231002X"}, []string{"110105194912310021", "11010519491331002X"}),
		forms: []string{"99999999999999999X"}, check: check.ResidentID, about: aboutChinese | aboutIdentity, bare: 0.85,
	},
	{
		Rule: codeRule("pii.fi_hetu", FIHETU, High, 0.97, "A Finnish personal identity code.", "Digital and Population Data Services Agency", "modulus 31; date of birth",
			[]string{"131052-308T", "HETU 131052-308T"}, []string{"131052-308U", "331052-308T"}),
		forms: []string{"999999?999X"}, check: check.HETU, about: aboutFinn | aboutIdentity, bare: 0.9,
	},
	{
		Rule: codeRule("pii.ie_pps", IEPPS, High, 0.95, "An Irish PPS number after a word that says so.", "Department of Social Protection", "weights modulus 23",
			[]string{"PPS number 1234567T", "PPSN: 1234567FA"}, []string{"1234567T", "PPS 1234567A"}),
		forms: []string{"9999999A", "9999999AA"}, check: check.PPS, about: aboutIrish | aboutIdentity,
	},
	{
		Rule: codeRule("pii.mx_curp", MXCURP, High, 0.98, "A Mexican CURP.", "RENAPO, Instructivo normativo CURP", "weights modulus 10; date of birth",
			[]string{"BOXW310820HNERXN09", "CURP: HEGG560427MVZRRL04"}, []string{"BOXW310820HNERXN08"}),
		forms: []string{"AAAA999999AAAAAAX9"}, check: check.CURP, about: aboutMexican | aboutIdentity, bare: 0.95,
	},
	{
		Rule: codeRule("pii.us_dea", USDEA, Medium, 0.95, "A US DEA registration number.", "Drug Enforcement Administration, 21 CFR 1301", "sum of digits",
			[]string{"DEA AB1234563", "DEA#: BB1388568"}, []string{"DEA AB1234567", "AB1234563", "order AB1234563"}),
		forms: []string{"AA9999999"}, check: check.DEA, about: aboutDEA,
	},
	{
		Rule: codeRule("pii.vin", VIN, Medium, 0.95, "A vehicle identification number with its check digit.", "ISO 3779, 49 CFR 565.15", "weights modulus 11",
			[]string{"1HGCM82633A004352", "VIN: 1M8GDM9AXKP042788"}, []string{"1HGCM82633A004353", "order 1HGCM82633A00435"}),
		forms: []string{"XXXXXXXXXXXXXXXXX"}, check: checkedVIN, about: aboutVehicle, bare: 0.85,
	},
	{
		Rule: codeRule("pii.vin_named", VIN, Medium, 0.8, "A vehicle identification number after a word that says so.", "ISO 3779", "letters",
			[]string{"VIN WVWZZZ1JZXW000001", "Fahrgestellnummer: WDB2030461A123456"}, []string{"WVWZZZ1JZXW000001", "VIN WVWZZZ1JZXW00000O"}),
		forms: []string{"XXXXXXXXXXXXXXXXX"}, check: anyVIN, about: aboutVehicle,
	},
	{
		Rule: codeRule("pii.passport", Passport, High, 0.85, "A passport number with letters after a word that says so.", "ICAO Doc 9303 part 4", "",
			[]string{"passport A12345678", "Reisepass C01X00T47", "passport no. AB 1234567", "passeport 12AB34567"}, []string{"A12345678", "passport photos2"}),
		forms: []string{"XXXXXXX", "XXXXXXXX", "XXXXXXXXX", "A 9999999", "AA 9999999", "A 99999999"}, check: mixed4, about: aboutPassport,
	},
	{
		Rule: codeRule("pii.driver_licence", DriverLicence, High, 0.8, "A driver's licence number with letters after a word that says so.", "AAMVA; DVLA", "",
			[]string{"driver's license D1234567", "DL: F123-456-78-901-0", "driving licence MORGA657054SM9IJ", "Führerschein B072RRE2I55"}, []string{"D1234567", "driver version2"}),
		forms: []string{"XXXXXXX", "XXXXXXXX", "XXXXXXXXX", "XXXXXXXXXX", "XXXXXXXXXXX", "XXXXXXXXXXXX", "XXXXXXXXXXXXX", "XXXXXXXXXXXXXXXX",
			"A999 999 99 999 9", "A999 9999 9999", "A999 9999 9999 99", "A9999 99999 99999", "A99 99 9999"},
		check: mixed3, about: aboutLicence,
	},
	{
		Rule: codeRule("pii.mrn_coded", MedicalRecord, High, 0.8, "A medical record number with letters after a word that says so.", "HIPAA, 45 CFR 164.514(b)(2)(i)(H)", "",
			[]string{"MRN: A1234567", "patient id PT00912", "medical record number MR7781234"}, []string{"A1234567", "patient ward3"}),
		forms: []string{"XXXXXX", "XXXXXXX", "XXXXXXXX", "XXXXXXXXX", "XXXXXXXXXX"},
		check: mixed4, about: aboutMRN,
	},
}
