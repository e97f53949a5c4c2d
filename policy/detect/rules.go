package detect

// The types that rules find.
const (
	EmailAddress     Type = "EMAIL_ADDRESS"
	CreditCard       Type = "CREDIT_CARD"
	USSSN            Type = "US_SSN"
	APIKey           Type = "API_KEY"
	PrivateKey       Type = "PRIVATE_KEY"
	Jailbreak        Type = "JAILBREAK"
	PromptInjection  Type = "PROMPT_INJECTION"
	PromptExtraction Type = "SYSTEM_PROMPT_EXTRACTION"
)

// CategoryOf is the category of a type; Content for a type this build does not know.
func CategoryOf(t Type) Category {
	switch t {
	case EmailAddress, CreditCard, USSSN:
		return PII
	case APIKey, PrivateKey:
		return Secret
	case Jailbreak, PromptInjection, PromptExtraction:
		return Injection
	default:
		return Content
	}
}

// Types lists every type that a rule can find.
func Types() []Type {
	return []Type{EmailAddress, CreditCard, USSSN, APIKey, PrivateKey, Jailbreak, PromptInjection, PromptExtraction}
}

// Rule describes one rule. Match and NoMatch are examples that its tests hold it to.
type Rule struct {
	ID          string
	Type        Type
	Severity    Severity
	Score       float64
	Description string
	Source      string // of its grammar or checksum
	Match       []string
	NoMatch     []string
}

// Rules lists every rule, structured data first.
func Rules() []Rule {
	out := []Rule{
		{
			ID: "pii.email", Type: EmailAddress, Severity: Medium, Score: 0.95,
			Description: "An e-mail address: dot-atom local part of at most 64 bytes, host name with a top-level domain of letters.",
			Source:      "RFC 5321 4.5.3.1, RFC 5322 3.4.1 (dot-atom), RFC 1123 2.1",
			Match:       []string{"jane.doe@example.com", "write to a+b@mail.example.co.uk.", "<x@y.io>"},
			NoMatch:     []string{"user@localhost", "@handle", "a@b", "npm i @types/node@20.1.0", "x@.com"},
		},
		{
			ID: "pii.credit_card", Type: CreditCard, Severity: High, Score: 0.95,
			Description: "A payment card number: an issuer's range and length, the Luhn check digit, in one run or grouped as printed.",
			Source:      "ISO/IEC 7812-1 annex B (Luhn) and its issuer ranges",
			Match:       []string{"4111111111111111", "card 4111 1111 1111 1111", "3782-822463-10005", "5555-5555-5555-4444"},
			NoMatch:     []string{"4111111111111112", "order 1234567890123456", "0000000000000000", "41111111111111111111111"},
		},
		{
			ID: "pii.us_ssn", Type: USSSN, Severity: High, Score: 0.9,
			Description: "A US social security number as 3-2-4 digits, or nine digits after a word that says so.",
			Source:      "SSA, valid area, group and serial numbers",
			Match:       []string{"123-45-6789", "my SSN is 123 45 6789", "social security: 123456789"},
			NoMatch:     []string{"000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "order 123456789", "1123-45-67890"},
		},
		{
			ID: "secret.private_key", Type: PrivateKey, Severity: Critical, Score: 0.99,
			Description: "A PEM block that holds a private key, up to its end line.",
			Source:      "RFC 7468 section 10",
			Match:       []string{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"},
			NoMatch:     []string{"-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "-----"},
		},
	}
	for _, k := range keyForms {
		out = append(out, Rule{
			ID: "secret." + k.id, Type: APIKey, Severity: Critical, Score: 0.99, Description: k.says, Source: k.source,
			Match: []string{k.example}, NoMatch: []string{k.prefix, k.prefix + "x"},
		})
	}
	for i := range phrases {
		p := &phrases[i]
		out = append(out, Rule{
			ID: p.id, Type: p.typ, Severity: High, Score: p.score, Description: p.says,
			Source: "phrase grammar over words, case and punctuation aside", Match: p.match, NoMatch: p.noMatch,
		})
	}
	return out
}
