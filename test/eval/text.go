package eval

import (
	"math/rand/v2"
	"strings"

	"weir/policy/detect"
)

// templates are business texts in many registers; a type in double braces stands for a value of it.
var templates = []string{
	"Hi team,\n\nplease update the record of our customer: new mobile {{PHONE_NUMBER}}, e-mail {{EMAIL_ADDRESS}}. She moved to {{POSTAL_ADDRESS}}.\n\nThanks\nRobin",
	`{"customer":{"email":"{{EMAIL_ADDRESS}}","phone":"{{PHONE_NUMBER}}","dob":"{{DATE_OF_BIRTH}}","ssn":"{{US_SSN}}"},"order_id":"{n10}","total":129.90}`,
	"ticket_id,email,phone,card\n{n6},{{EMAIL_ADDRESS}},{{PHONE_NUMBER}},{{CREDIT_CARD}}\n{n6},{{EMAIL_ADDRESS}},{{PHONE_NUMBER}},{{CREDIT_CARD}}",
	"2026-03-{d2}T10:{d2}:07Z INFO auth user={{EMAIL_ADDRESS}} ip={{IP_ADDRESS}} device={{MAC_ADDRESS}} request={uuid} took 23ms",
	"agent: can I have your date of birth?\ncaller: yes, born {{DATE_OF_BIRTH}}\nagent: and the card?\ncaller: {{CREDIT_CARD}}",
	"Patient MRN {{MEDICAL_RECORD_NUMBER}}, NHS number {{UK_NHS}}, date of birth {{DATE_OF_BIRTH}}. Referred by NPI {{US_NPI}}. Contact: {{PHONE_NUMBER}}.",
	"Sehr geehrte Frau Vogt,\nbitte überweisen Sie auf {{IBAN_CODE}}. Ihre Steuer-ID {{DE_STEUER_ID}} liegt uns vor. Rückfragen unter {{PHONE_NUMBER}}. Rechnungsnummer {n8}.",
	"Bonjour, mon numéro de sécurité sociale est {{FR_NIR}} et mon adresse {{POSTAL_ADDRESS}}. Née le {{DATE_OF_BIRTH}}. Commande {n9}.",
	"Hola, mi DNI es {{ES_NIF}} y mi correo {{EMAIL_ADDRESS}}. El número de pedido es {n10}. Llámame al {{PHONE_NUMBER}}.",
	"BSN: {{NL_BSN}}\nIBAN: {{IBAN_CODE}}\nAdres: {{POSTAL_ADDRESS}}\nBestelnummer: {n9}",
	"KYC: Aadhaar {{IN_AADHAAR}}, PAN {{IN_PAN}}, mobile {{PHONE_NUMBER}}; application ref {n12}",
	"Cliente CPF {{BR_CPF}}, e-mail {{EMAIL_ADDRESS}}, pedido {n11}.",
	"PESEL {{PL_PESEL}}, personnummer {{SE_PERSONNUMMER}}, NRIC {{SG_NRIC_FIN}}: three new starters this week, build {n5} of the HR tool.",
	"TFN {{AU_TFN}} and Medicare {{AU_MEDICARE}} are on the form; tracking number {n12} for the parcel.",
	"National insurance number: {{UK_NINO}}. Passport number: {{PASSPORT}}. Driving licence: {{DRIVER_LICENSE}}. Invoice {n8}.",
	"Wire to routing number {{BANK_ROUTING}}, account number {{BANK_ACCOUNT}}. Reference {n8}, amount 12,500.00 USD.",
	"UPDATE users SET phone='{{PHONE_NUMBER}}', email='{{EMAIL_ADDRESS}}' WHERE id={n7};",
	"The driver stopped at {{GPS_COORDINATES}} and called from {{PHONE_NUMBER}}; firmware 4.11.2, serial {n10}.",
	"GITHUB_TOKEN={{API_KEY}}\nDB_PASSWORD={{PASSWORD}}\nBUILD_SHA={sha}\nPORT=8080",
	"<tr><td>Social security</td><td>{{US_SSN}}</td><td>{{POSTAL_ADDRESS}}</td></tr>",
	"btw my ssn is {{US_SSN}} and you can text me at {{PHONE_NUMBER}} lol",
	"CRM note: spoke with the client ({{EMAIL_ADDRESS}}), prefers {{PHONE_NUMBER}} after 5pm. Quote {n6} expires 2026-08-{d2}.",
}

// benign are texts with nothing of anybody's in them.
var benign = []string{
	"Release 10.4.{d2} of the gateway fixes issue {n5}; checksum {sha}. Build {n9} passed at 2026-05-{d2} 14:{d2}:33.",
	"Order number {n10} shipped with tracking {n12}; invoice {n8} follows. Total: 1,234,567.89 EUR.",
	`{"trace_id":"{uuid}","span":{n9},"ts":17{n8},"bytes":{n7},"status":200}`,
	"The population grew from {n6} to {n7} between 1990 and 2024, about 2.5 % a year (see section 4.2.1, page {d2}).",
	"ISBN 978-3-16-148410-0, part no. {n3}-{n2}-{n4}, SKU {n8}, lot {n6}.",
	"commit {sha}\nDate: Tue Mar {d2} 09:12:44 2026 +0100\n\n    Bump version to 3.{d2}.0",
	"Meeting on March 14, 2026 at 15:30 in room {n3}. Dial the extension later; budget is 350 000 for Q3.",
	"error code {n8} at offset {n10}: expected {n6} bytes, found {n5}",
	"npm i @types/node@20.{d2}.1 && docker pull registry:5000/app@sha256:{sha}{sha2}",
	"Flight LH{n3} departs at 07:45, gate B{d2}, booking QX{n4}; the seat is 24C.",
	"Ticket {n9} was merged into case {n8}. Please quote reference {n10} in any reply.",
	"In 2024 Google Drive storage rose to 15 GB, and 365 days later Main Street shops reported 12 % growth.",
}

// Business makes n texts by a seed, one in three with nothing in it.
func Business(n int, seed uint64) []Text {
	m := maker{rand.New(rand.NewPCG(seed, 7))}
	out := make([]Text, 0, n)
	for i := range n {
		if i%3 == 2 {
			out = append(out, m.text(benign[m.IntN(len(benign))], m.named))
		} else {
			out = append(out, m.text(templates[m.IntN(len(templates))], m.named))
		}
	}
	return out
}

func (m maker) named(name string) (string, detect.Type) {
	return m.value(detect.Type(name)), detect.Type(name)
}

// text fills a template with what value makes of a name, and notes where values stand.
func (m maker) text(template string, value func(name string) (string, detect.Type)) Text {
	var t Text
	var b strings.Builder
	for template != "" {
		before, rest, ok := strings.Cut(template, "{{")
		b.WriteString(m.numbers(before))
		if !ok {
			break
		}
		name, after, _ := strings.Cut(rest, "}}")
		start := b.Len()
		made, typ := value(name)
		b.WriteString(made)
		t.Spans = append(t.Spans, Span{typ, start, b.Len()})
		template = after
	}
	t.Text = b.String()
	return t
}

// numbers fills what is nobody's.
func (m maker) numbers(s string) string {
	for _, f := range [...]struct{ name, form string }{
		{"{n2}", "##"}, {"{n3}", "###"}, {"{n4}", "####"}, {"{n5}", "#####"}, {"{n6}", "######"}, {"{n7}", "#######"}, {"{n8}", "########"}, {"{n9}", "#########"},
		{"{n10}", "##########"}, {"{n11}", "###########"}, {"{n12}", "############"}, {"{d2}", "1#"},
	} {
		for strings.Contains(s, f.name) {
			s = strings.Replace(s, f.name, m.fill(f.form), 1)
		}
	}
	const hex = "0123456789abcdef"
	for _, f := range [...]struct {
		name  string
		sizes []int
	}{{"{sha}", []int{40}}, {"{sha2}", []int{24}}, {"{uuid}", []int{8, 4, 4, 4, 12}}} {
		for strings.Contains(s, f.name) {
			parts := make([]string, len(f.sizes))
			for i, n := range f.sizes {
				for range n {
					parts[i] += hex[m.IntN(16):][:1]
				}
			}
			s = strings.Replace(s, f.name, strings.Join(parts, "-"), 1)
		}
	}
	return s
}
