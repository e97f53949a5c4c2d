package eval

import "math/rand/v2"

// unseen are business texts in registers, languages and layouts that no rule was written from; see Unseen.
var unseen = []string{
	"# ops-oncall\n*marta* 09:12\nheads up, the plumber for flat 3 is reachable on {{PHONE_NUMBER}}\n*dev* 09:14\ncool, I'll forward the quote to {{EMAIL_ADDRESS}}",
	"> On Tue, the tenant wrote:\n> > please refund to {{IBAN_CODE}} (BIC {{SWIFT_CODE}})\n>\n> Done, see ref {n8}.\n\nKind regards\nAccounts Receivable",
	"THIS AGREEMENT is made between the Lessor, residing at {{POSTAL_ADDRESS}}, and the Lessee, holder of passport no. {{PASSPORT}}, born on {{DATE_OF_BIRTH}}. Clause {n3}: the deposit is 1,500.00.",
	"CLAIM {n9}\nPolicyholder date of birth: {{DATE_OF_BIRTH}}\nVehicle (VIN): {{VIN}}\nLicence: {{DRIVER_LICENSE}}\nDamage estimate: USD 4,310.55",
	"Onboarding checklist\n- [x] SSN collected: {{US_SSN}}\n- [x] direct deposit: routing {{BANK_ROUTING}} / acct {{BANK_ACCOUNT}}\n- [ ] badge {n5}\n- [ ] laptop asset tag {n6}",
	"DISCHARGE SUMMARY. MRN: {{MEDICAL_RECORD_NUMBER}}. DOB: {{DATE_OF_BIRTH}}. Prescriber DEA {{MEDICAL_LICENSE}}, NPI {{US_NPI}}. BP 128/82, pulse 71, ICD-10 E11.9.",
	"spring:\n  datasource:\n    url: {{CONNECTION_STRING}}\n  mail:\n    username: {{EMAIL_ADDRESS}}\n    password: {{PASSWORD}}\nserver:\n  port: 8443",
	"export OPENAI_API_KEY={{API_KEY}}\nexport LOG_LEVEL=debug\nexport REPLICAS=3",
	"client = Client(token=\"{{API_KEY}}\", timeout=30, retries=5)  # to be rotated",
	"{{IP_ADDRESS}} - - [12/Mar/2026:10:{d2}:44 +0000] \"GET /assets/app.{n7}.js HTTP/1.1\" 200 {n5} \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0)\"",
	"<employee><id>{n6}</id><ni>{{UK_NINO}}</ni><tel>{{PHONE_NUMBER}}</tel><start>2021-04-01</start></employee>",
	"| account | holder mail | card |\n|---|---|---|\n| {n7} | {{EMAIL_ADDRESS}} | {{CREDIT_CARD}} |\n| {n7} | {{EMAIL_ADDRESS}} | {{CREDIT_CARD}} |",
	"policy_no;iban;birth_date;phone\n{n9};{{IBAN_CODE}};{{DATE_OF_BIRTH}};{{PHONE_NUMBER}}\n{n9};{{IBAN_CODE}};{{DATE_OF_BIRTH}};{{PHONE_NUMBER}}",
	"name,ssn,salary\nrow1,{{US_SSN}},81000\nrow2,{{US_SSN}},64500",
	"INSERT INTO leads (mail, phone, created) VALUES ('{{EMAIL_ADDRESS}}', '{{PHONE_NUMBER}}', '2026-02-{d2} 08:{d2}:00');",
	"caller: so my card is, uh, {{CREDIT_CARD}}\nagent: and it expires?\ncaller: oh-nine twenty-eight\nagent: got it. what's the best number?\ncaller: {{PHONE_NUMBER}}",
	"BEGIN:VCARD\nVERSION:3.0\nTEL;TYPE=CELL:{{PHONE_NUMBER}}\nEMAIL:{{EMAIL_ADDRESS}}\nREV:20260301T10{d2}00Z\nEND:VCARD",
	"PID|1||{{MEDICAL_RECORD_NUMBER}}^^^HOSP^MR||DOE^J||{n8}|F\nOBX|1|NM|GLU||{n3}|mg/dL",
	"Ich ziehe zum 1. Mai um. Neue Anschrift: {{POSTAL_ADDRESS}}. Erreichbar bin ich unter {{PHONE_NUMBER}}; geboren am {{DATE_OF_BIRTH}}. Kundennummer {n8}.",
	"Steuernummer unbekannt, aber meine steuerliche Identifikationsnummer lautet {{DE_STEUER_ID}}. Bitte erstatten Sie auf {{IBAN_CODE}}.",
	"Merci de noter mon nouveau portable : {{PHONE_NUMBER}}. Mon NIR : {{FR_NIR}}. Dossier n° {n9}.",
	"Adjunto la nómina. NIE {{ES_NIE}}, cuenta {{IBAN_CODE}}, domicilio: {{POSTAL_ADDRESS}}. Factura {n7}.",
	"Buongiorno, il mio codice fiscale è {{IT_FISCAL_CODE}}, cellulare {{PHONE_NUMBER}}. Pratica {n8}.",
	"Geachte heer, mijn burgerservicenummer is {{NL_BSN}} en ik ben te bereiken op {{PHONE_NUMBER}}. Dossier {n7}.",
	"Prezado, segue o CNPJ da empresa: {{BR_CNPJ}}. Meu CPF é {{BR_CPF}}. Nota fiscal {n9}.",
	"Dzień dobry, PESEL: {{PL_PESEL}}, tel. {{PHONE_NUMBER}}. Zamówienie {n8}.",
	"Hej! Mitt personnummer är {{SE_PERSONNUMMER}} och mejlen {{EMAIL_ADDRESS}}. Ärende {n7}.",
	"Kindly update KYC: PAN {{IN_PAN}}, Aadhaar no. {{IN_AADHAAR}}, mob {{PHONE_NUMBER}}. Ticket INC{n7}.",
	"SIN {{CA_SIN}} goes on the T4; the address is {{POSTAL_ADDRESS}}. Payroll batch {n6}.",
	"For the ATO we need the tax file number {{AU_TFN}}; her Medicare card reads {{AU_MEDICARE}}. Invoice {n6}.",
	"IC / FIN: {{SG_NRIC_FIN}}, hp {{PHONE_NUMBER}}. PO {n8}.",
	"AHV-Nummer {{CH_AHV}}, Rijksregisternummer {{BE_NATIONAL_NUMBER}}: beide im Anhang, Vorgang {n7}.",
	"Foreign contractor, W-7 approved: ITIN {{US_ITIN}}. 1099 box 1: 18,250.00.",
	"NHS no {{UK_NHS}} - please book bloods. Ext {n4}. Postcode on file.",
	"Send the BTC to {{CRYPTO}} before block {n6}, fee 12 sat/vB.",
	"meet u at {{GPS_COORDINATES}}, text {{PHONE_NUMBER}} if lost",
	"arp: {{IP_ADDRESS}} at {{MAC_ADDRESS}} on en0 ifscope [ethernet]",
	"wifi pass for guests is {{PASSWORD}} , ask {{EMAIL_ADDRESS}} for the admin one",
	"Hi,\nmy login stopped working. username {{EMAIL_ADDRESS}}, my password: {{PASSWORD}}\nsent from my phone",
	"INCIDENT {n6}: subject DOB {{DATE_OF_BIRTH}}, residing at {{POSTAL_ADDRESS}}, driver license {{DRIVER_LICENSE}}. Unit {n3} responded at 21:4{d2}.",
	"Lieferschein {n8}\nEmpfänger: {{POSTAL_ADDRESS}}\nTelefon für Avis: {{PHONE_NUMBER}}\nPakete: 3, Gewicht 12,4 kg",
	"\\section{Contact} The dataset steward can be reached at \\texttt{ {{EMAIL_ADDRESS}} } or {{PHONE_NUMBER}}; DOI 10.{n4}/zenodo.{n7}.",
	"{\"sub\":\"{uuid}\",\"auth\":\"Bearer {{JWT}}\",\"iat\":17{n8}}",
	"curl -H 'Authorization: Bearer {{API_KEY}}' https://api.internal.example/v2/jobs/{n6}",
	"CURP: {{MX_CURP}}; correo {{EMAIL_ADDRESS}}; folio {n9}",
	"personal number {{FI_PERSONAL_IDENTITY_CODE}}, PPSN {{IE_PPS}}, both verified against file {n6}",
	"身份证号 {{CN_RESIDENT_ID}}，手机 {{PHONE_NUMBER}}，订单 {n10}",
	"マイナンバー：{{JP_MY_NUMBER}}、受付番号 {n8}",
	"주민등록번호 {{KR_RRN}} 접수번호 {n8}",
	"Bank: sort code {{BANK_ROUTING:uk}}, account no {{BANK_ACCOUNT:uk}}. Rent {n4} pcm.",
}

// unseenBenign are texts of the same kinds with nothing of anybody's in them.
var unseenBenign = []string{
	"Patch notes: 6.{d2}.0-rc.2 drops Node 18, bumps protobuf to 27.{d2}.3; see PR {n5} and commit {sha}.",
	"Dear supplier, PO {n10} (rev. {n2}) calls for {n4} pcs of part {n3}-{n4}-{n2}; deliver by 2026-09-{d2} with batch {n8}.",
	"GET /v1/orders/{uuid}?page={n2}&cursor={n12} 204 {n3}ms",
	"panic: runtime error: index out of range [{n3}] with length {n2}\ngoroutine {n4} [running]:\nmain.go:{n3} +0x{n5}",
	"Quarter: revenue 12,{n3},{n3} INR; headcount {n4}; churn 3.{n2} %; NPS {n2}.",
	"Container MSKU{n7}, seal {n8}, B/L {n9}, ETA 2026-07-{d2}T06:00Z, berth {n2}.",
	"<sensor id=\"{n8}\" t=\"17{n8}\" v=\"{n2}.{n4}\" crc=\"{n5}\"/>",
	"EAN 4006381333931, LOT {n7}, best before {d2}.11.2027, net {n3} g.",
	"SELECT id FROM t WHERE ts BETWEEN 17{n8} AND 17{n8} LIMIT {n3};",
	"Die Rechnung {n9} vom {d2}.03.2026 über 1.249,90 EUR ist bezahlt, Mahnung {n6} bitte ignorieren.",
	"Le vol AF{n4} partira porte {n2} à 14h{d2}; dossier de réservation {n6}.",
	"El expediente {n10} se cerró el {d2}/03/2026; quedan {n3} pendientes.",
	"TLS 1.3, cipher 0x1302, serial 0{n2}:a4:7f:{n2}:c0:{n2}:9e, valid until 2027-01-{d2}",
	"Recipe: 250 g flour, 125 ml milk, 2 eggs; bake at 180 C for {d2} min. Serves 4-6.",
	"The 1998 census put the town at {n5}; by 2024 it was {n6} (+{n2}.4 %).",
	"game score 21-18, 19-21, 22-20; attendance {n5}; ticket block {n3}, row {n2}",
	"uuid={uuid} etag=\"{sha}\" len={n7} retry=3 backoff=1.5",
	"arXiv:2403.{n5}, doi:10.1145/{n7}.{n7}, pp. {n3}-{n4}",
	"Table 4: n={n4}, mean 0.{n4}, sd 0.0{n3}, p<0.001, df {n2}",
	"Meter reading {n7} kWh on {d2} March, previous {n7}; contract {n9}.",
	"Set the password policy to 14 characters and rotate keys each quarter; ticket {n6}.",
	"Is the phone field required? The regex is ^\\+?[0-9]{7,15}$ and the mail one needs an @.",
}

// Unseen makes n texts by a seed, one in three with nothing in it. Its templates, registers, languages and values were
// written after the rules and share nothing with those of Business: what Business is the rules have been tried on, and
// this they have not.
func Unseen(n int, seed uint64) []Text {
	m := unseenMaker{maker{rand.New(rand.NewPCG(seed, 13))}}
	out := make([]Text, 0, n)
	for i := range n {
		list := unseen
		if i%3 == 2 {
			list = unseenBenign
		}
		out = append(out, m.text(list[m.IntN(len(list))], m.value))
	}
	return out
}
