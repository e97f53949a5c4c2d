package detect

import "weir/policy/detect/check"

// numericRule finds a number by how its digits are grouped, a check, and the words before it.
type numericRule struct {
	Rule
	forms []string // sizes of groups with what parts them: 's' one of " -.", the same in all places, 'd' one of " -"
	check func(d []byte) bool
	about topics
	// The scores: without a word about it, in groups and in one run; Rule.Score is with a word. 0: not without.
	grouped, run float64
}

// numericForm is one way a number is written.
type numericForm struct {
	rule   *numericRule
	groups int
	seps   string // one for each gap
}

// numericForms lists the forms by the sizes of their groups.
var numericForms = func() map[uint64][]numericForm {
	m := map[uint64][]numericForm{}
	for i := range numericRules {
		for _, f := range numericRules[i].forms {
			key, form := parseForm(f)
			form.rule = &numericRules[i]
			m[key] = append(m[key], form)
		}
	}
	return m
}()

func parseForm(s string) (key uint64, f numericForm) {
	n := 0
	for i := range len(s) {
		if digit(s[i]) {
			n = n*10 + int(s[i]-'0')
			continue
		}
		key, n = key<<5|uint64(n), 0
		f.seps += s[i : i+1]
		f.groups++
	}
	f.groups++
	return key<<5 | uint64(n), f
}

// fits says whether the separators of a number are those of the form.
func (f *numericForm) fits(x *number) bool {
	uniform := byte(0)
	for g := 1; g < f.groups; g++ {
		have, want := x.sep[g], f.seps[g-1]
		switch {
		case want == have:
		case want == 's' && (have == ' ' || have == '-' || have == '.'), want == 'd' && (have == ' ' || have == '-'):
			if uniform != 0 && uniform != have {
				return false
			}
			uniform = have
		default:
			return false
		}
	}
	return true
}

// numeric checks every rule whose form the number, or its first groups, have.
func (r *reader) numeric() {
	x := &r.num
	for g := x.groups; g > 0; g-- {
		forms := numericForms[x.key(g)]
		if len(forms) == 0 || !r.ends(x.stop[g-1]) {
			continue
		}
		d := x.d[:x.total[g-1]]
		for i := range forms {
			f := &forms[i]
			if f.fits(x) && f.rule.check(d) {
				r.found(f.rule.ID, f.rule.Type, f.rule.Severity, f.score(r), x.start, x.stop[g-1])
			}
		}
	}
}

// score is what the words before the number make of it.
func (f *numericForm) score(r *reader) float64 {
	rule, x := f.rule, &r.num
	about := x.about(r)
	if about&rule.about != 0 && (rule.Check != "" || r.nearest&rule.about != 0) {
		return rule.Score
	}
	score := rule.grouped
	if f.groups == 1 {
		score = rule.run
	}
	if about&aboutOther != 0 || x.glued || x.follows(r.text) && f.groups > 1 {
		score -= less
	}
	return score
}

// follows says whether other digits stand before the number, a blank between, so that its groups may be theirs.
func (x *number) follows(text string) bool {
	i := x.start - blankBefore(text, x.start)
	return i < x.start && i > 0 && digit(text[i-1])
}

// numberRule fills what numeric rules have in common.
func numberRule(id string, t Type, sev Severity, score float64, says, source, checked string, match, noMatch []string) Rule {
	return Rule{
		ID: id, Type: t, Severity: sev, Score: score, Description: says, Source: source, Check: checked,
		Behind: nearby + longestWord, Ahead: maxDigits + 3*maxGroups + 4, Cost: Candidate, Match: match, NoMatch: noMatch,
	}
}

func anyDigits([]byte) bool { return true }

var numericRules = []numericRule{
	{
		Rule: numberRule("pii.credit_card", CreditCard, High, 0.98,
			"A payment card number: an issuer's range and length and the check digit, in one run or grouped as printed.",
			"ISO/IEC 7812-1 annex B and its issuer ranges", "Luhn, issuer ranges",
			[]string{"4111111111111111", "card 4111 1111 1111 1111", "3782-822463-10005", "5555-5555-5555-4444", "4111.1111.1111.1111", "4111\u00a01111\u00a01111\u00a01111", "order 17, Visa 4111111111111111"},
			[]string{"4111111111111112", "order 1234567890123456", "0000000000000000", "41111111111111111111111", "ab4111111111111111"}),
		forms: []string{"13", "14", "15", "16", "17", "18", "19", "4s4s4s4", "4s6s5", "4s6s4", "4s4s4s4s3"},
		check: check.Card, about: aboutCard, grouped: 0.95, run: 0.9,
	},
	{
		Rule: numberRule("pii.us_ssn", USSSN, High, 0.95,
			"A US social security number as 3-2-4 digits, or nine digits after a word that says so.",
			"SSA, valid area, group and serial numbers", "ranges",
			[]string{"123-45-6789", "my SSN is 123 45 6789", "social security: 123456789", "SSN 123\u201345\u20136789", `"ssn": "123456789"`},
			[]string{"000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "order 123456789", "order 123-45-6789", "1123-45-67890", "55-123-45-6789"}),
		forms: []string{"3d2d4", "3.2.4", "9"}, check: check.SSN, about: aboutSSN, grouped: 0.8,
	},
	{
		Rule: numberRule("pii.us_itin", USITIN, High, 0.95,
			"A US individual taxpayer identification number.", "IRS, Internal Revenue Manual 3.21.263", "ranges",
			[]string{"900-70-1234", "ITIN: 912901234"}, []string{"900-12-3456", "912901234", "order 900-70-1234"}),
		forms: []string{"3d2d4", "9"}, check: check.ITIN, about: aboutITIN | aboutTax | aboutSSN, grouped: 0.75,
	},
	{
		Rule: numberRule("pii.ca_sin", CASIN, High, 0.9,
			"A Canadian social insurance number.", "ESDC, Social Insurance Number code of practice", "Luhn",
			[]string{"SIN 130 692 544", "social insurance: 130692544", "130-692-544"}, []string{"130692544", "SIN 130 692 545"}),
		forms: []string{"3-3-3", "3 3 3", "9"}, check: check.SIN, about: aboutSIN, grouped: 0.55,
	},
	{
		Rule: numberRule("pii.uk_nhs", UKNHS, High, 0.95,
			"A number of the UK's National Health Service.", "NHS Data Dictionary, NHS number", "modulus 11",
			[]string{"NHS number 9434765919", "943 476 5919", "nhs no: 943-476-5919"}, []string{"9434765919", "943 476 5918", "order 943 476 5919"}),
		forms: []string{"3d3d4", "10"}, check: check.NHS, about: aboutNHS | aboutMRN, grouped: 0.6,
	},
	{
		Rule: numberRule("pii.de_steuer_id", DESteuerID, High, 0.95,
			"A German tax identification number.", "Bundeszentralamt für Steuern, AO section 139b", "ISO 7064 MOD 11,10; repeated digits",
			[]string{"Steuer-ID: 86095742719", "IdNr. 86 095 742 719", "86 095 742 719"}, []string{"86095742719", "Steuer-ID: 86095742718"}),
		forms: []string{"11", "2s3s3s3"}, check: check.SteuerID, about: aboutSteuer | aboutTax | aboutIdentity, grouped: 0.7,
	},
	{
		Rule: numberRule("pii.fr_nir", FRNIR, High, 0.97,
			"A French social security number with its key.", "INSEE, numéro d'inscription au répertoire", "97 - n mod 97",
			[]string{"2 55 08 14 168 025 38", "NIR 255081416802538", "255081416802538"}, []string{"2 55 08 14 168 025 39", "155991416802538"}),
		forms: []string{"15", "1s2s2s2s3s3s2", "13d2", "1s2s2s5s3s2"}, check: check.NIR, about: aboutNIR | aboutIdentity, grouped: 0.9, run: 0.75,
	},
	{
		Rule: numberRule("pii.nl_bsn", NLBSN, High, 0.95,
			"A Dutch citizen service number.", "Rijksdienst voor Identiteitsgegevens, elfproef", "eleven test",
			[]string{"BSN: 111222333", "burgerservicenummer 1234.56.782"}, []string{"111222333", "BSN: 111222334"}),
		forms: []string{"9", "4s2s3", "3s3s3"}, check: check.BSN, about: aboutBSN | aboutIdentity,
	},
	{
		Rule: numberRule("pii.in_aadhaar", INAadhaar, High, 0.95,
			"An Indian Aadhaar number.", "UIDAI, Aadhaar number", "Verhoeff",
			[]string{"2345 6789 0124", "Aadhaar 234567890124"}, []string{"234567890124", "2345 6789 0125", "order 2345 6789 0124"}),
		forms: []string{"4d4d4", "12"}, check: check.Aadhaar, about: aboutAadhaar | aboutIdentity, grouped: 0.75,
	},
	{
		Rule: numberRule("pii.br_cpf", BRCPF, High, 0.97,
			"A Brazilian individual taxpayer number.", "Receita Federal, Instrução Normativa 1548/2015", "two digits modulus 11",
			[]string{"529.982.247-25", "CPF 52998224725", "529982247-25"}, []string{"529.982.247-26", "111.111.111-11", "pedido 52998224725"}),
		forms: []string{"3.3.3-2", "9-2", "11"}, check: check.CPF, about: aboutCPF | aboutIdentity | aboutTax, grouped: 0.95, run: 0.6,
	},
	{
		Rule: numberRule("pii.br_cnpj", BRCNPJ, Medium, 0.97,
			"A Brazilian company number.", "Receita Federal, Instrução Normativa 2119/2022", "two digits modulus 11",
			[]string{"11.222.333/0001-81", "CNPJ 11222333000181"}, []string{"11.222.333/0001-82"}),
		forms: []string{"2.3.3/4-2", "14", "8/4-2"}, check: check.CNPJ, about: aboutCNPJ | aboutTax, grouped: 0.95, run: 0.6,
	},
	{
		Rule: numberRule("pii.pl_pesel", PLPESEL, High, 0.97,
			"A Polish PESEL number.", "Ministerstwo Cyfryzacji, PESEL", "weights; date of birth",
			[]string{"PESEL: 44051401359", "44051401359"}, []string{"PESEL 44051401358", "order 44051401359"}),
		forms: []string{"11"}, check: check.PESEL, about: aboutPESEL | aboutIdentity, run: 0.55,
	},
	{
		Rule: numberRule("pii.se_personnummer", SEPersonnummer, High, 0.97,
			"A Swedish personal identity number, or a coordination number.", "Skatteverket, personnummer", "Luhn; date of birth",
			[]string{"811218-9876", "personnummer 8112189876"}, []string{"811218-9877", "8112189876", "819918-9876"}),
		forms: []string{"6-4", "10"}, check: check.Personnummer, about: aboutSwede | aboutIdentity, grouped: 0.8,
	},
	{
		Rule: numberRule("pii.se_personnummer12", SEPersonnummer, High, 0.97,
			"A Swedish personal identity number with its century.", "Skatteverket, personnummer", "Luhn; date of birth",
			[]string{"19811218-9876", "198112189876"}, []string{"19811218-9877"}),
		forms: []string{"8-4", "12"}, check: check.Personnummer12, about: aboutSwede | aboutIdentity, grouped: 0.9, run: 0.7,
	},
	{
		Rule: numberRule("pii.au_tfn", AUTFN, High, 0.95,
			"An Australian tax file number.", "Australian Taxation Office, TFN", "weights modulus 11",
			[]string{"TFN 123 456 782", "tax file number: 876543210"}, []string{"876543210", "TFN 123 456 783"}),
		forms: []string{"3d3d3", "9"}, check: check.TFN, about: aboutTFN | aboutTax,
	},
	{
		Rule: numberRule("pii.au_medicare", AUMedicare, High, 0.95,
			"An Australian Medicare card number.", "Services Australia, Medicare card", "weights modulus 10",
			[]string{"Medicare 2123 45670 1", "Medicare no. 2123456701", "2123 45670 1"}, []string{"2123456701", "Medicare 2123 45671 1"}),
		forms: []string{"4d5d1", "10", "4d5d1-1", "4d5d1/1", "11"}, check: check.Medicare, about: aboutMedicare, grouped: 0.7,
	},
	{
		Rule: numberRule("pii.us_npi", USNPI, Low, 0.95,
			"A US national provider identifier after a word that says so.", "CMS, 45 CFR 162.406", "Luhn behind 80840",
			[]string{"NPI: 1234567893", "NPI number 1245319599"}, []string{"1234567893", "NPI: 1234567890"}),
		forms: []string{"10"}, check: check.NPI, about: aboutNPI,
	},
	{
		Rule: numberRule("pii.us_routing", BankRouting, Medium, 0.9,
			"A US bank routing number after a word that says so.", "American Bankers Association, routing number policy", "weights 3-7-1",
			[]string{"routing 021000021", "ABA: 111000025"}, []string{"021000021", "routing 021000022"}),
		forms: []string{"9", "4-4-1"}, check: check.RoutingNumber, about: aboutRouting,
	},
	{
		Rule: numberRule("pii.uk_sort_code", BankRouting, Medium, 0.9,
			"A UK sort code after a word that says so.", "Pay.UK, sort codes", "",
			[]string{"sort code 20-00-00", "Sort Code: 401276"}, []string{"20-00-00", "code 12-34-56"}),
		forms: []string{"2d2d2", "6"}, check: anyDigits, about: aboutSortCode,
	},
	{
		Rule: numberRule("pii.ch_ahv", CHAHV, High, 0.97,
			"A Swiss social security number.", "ZAS, AHVN13", "EAN-13",
			[]string{"756.9217.0769.85", "AHV 7569217076985"}, []string{"756.9217.0769.86"}),
		forms: []string{"3s4s4s2", "13"}, check: check.AHV, about: aboutAHV | aboutIdentity, grouped: 0.95, run: 0.75,
	},
	{
		Rule: numberRule("pii.be_rijksregister", BENationalNumber, High, 0.97,
			"A Belgian national register number.", "Rijksregister, Koninklijk Besluit 3 april 1984", "97 - n mod 97; date of birth",
			[]string{"85.07.30-033.28", "Rijksregisternummer 85073003328"}, []string{"85.07.30-033.29"}),
		forms: []string{"2.2.2-3.2", "11"}, check: check.Rijksregister, about: aboutBelgian | aboutIdentity, grouped: 0.95, run: 0.6,
	},
	{
		Rule: numberRule("pii.kr_rrn", KRRRN, High, 0.95,
			"A Korean resident registration number.", "Ministry of the Interior and Safety, resident registration", "weights modulus 11; date of birth",
			[]string{"주민등록번호 900101-1234568"}, []string{"901301-1234568"}),
		forms: []string{"6-7", "13"}, check: check.RRN, about: aboutKorean | aboutIdentity, grouped: 0.75,
	},
	{
		Rule: numberRule("pii.jp_my_number", JPMyNumber, High, 0.95,
			"A Japanese individual number after a word that says so.", "Ministry of Internal Affairs, ordinance 85 of 2014", "weights modulus 11",
			[]string{"My Number: 1234 5678 9018", "マイナンバー 123456789018"}, []string{"123456789018", "My Number 123456789017"}),
		forms: []string{"12", "4d4d4"}, check: check.MyNumber, about: aboutJapanese | aboutIdentity,
	},
	{
		Rule: numberRule("pii.bank_account", BankAccount, Medium, 0.75,
			"A bank account number after a word that says so.", "US and UK clearing, account numbers of 6 to 17 digits", "",
			[]string{"account number 000123456789", "Acct: 12345678", "account no. 1234-5678-90"}, []string{"12345678", "account 2024", "order 12345678"}),
		forms: []string{"6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "4d4", "4d4d2", "4d4d4", "3d3d4", "3d3d3", "2d4d4"},
		check: anyDigits, about: aboutAccount,
	},
	{
		Rule: numberRule("pii.mrn", MedicalRecord, High, 0.85,
			"A medical record or patient number after a word that says so.", "HIPAA, 45 CFR 164.514(b)(2)(i)(H)", "",
			[]string{"MRN 00123456", "medical record number: 1234567", "patient ID 4471-2290"}, []string{"1234567", "order 1234567", "patient 45"}),
		forms: []string{"6", "7", "8", "9", "10", "11", "12", "4d4", "3d3d3", "2d2d2", "3d4"}, check: anyDigits, about: aboutMRN,
	},
	{
		Rule: numberRule("pii.passport_number", Passport, High, 0.85,
			"A passport number of digits after a word that says so.", "ICAO Doc 9303 part 4", "",
			[]string{"passport 512345678", "passport no: 123456789"}, []string{"512345678"}),
		forms: []string{"7", "8", "9"}, check: anyDigits, about: aboutPassport,
	},
	{
		Rule: numberRule("pii.driver_licence_number", DriverLicence, High, 0.8,
			"A driver's licence number of digits after a word that says so.", "AAMVA, state licence formats", "",
			[]string{"driver's license 12345678", "DL# 0123456789", "driver license no. 123-456-789"}, []string{"12345678"}),
		forms: []string{"7", "8", "9", "10", "11", "12", "3d3d3"}, check: anyDigits, about: aboutLicence,
	},
}
