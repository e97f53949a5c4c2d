package detect

// keyRules describe the forms of keys.
func keyRules() []Rule {
	var out []Rule
	for i := range keyForms {
		k := &keyForms[i]
		out = append(out, Rule{
			ID: "secret." + k.id, Type: APIKey, Severity: Critical, Score: 0.99, Description: k.says, Source: k.source,
			Behind: 2, Ahead: len(k.prefix) + k.max + 1, Cost: Candidate,
			Match: []string{k.example, "key=" + k.example + "."}, NoMatch: []string{k.prefix, k.prefix + "x", "x" + k.example},
		})
	}
	return out
}

// structured are the rules whose grammar is a public standard.
func structured() []Rule {
	return []Rule{
		{
			ID: "pii.email", Type: EmailAddress, Severity: Medium, Score: 0.95,
			Description: "An e-mail address: dot-atom local part of at most 64 bytes, host name with a top-level domain of letters.",
			Cost:        Candidate,
			Source:      "RFC 5321 4.5.3.1, RFC 5322 3.4.1 (dot-atom), RFC 1123 2.1",
			Behind:      maxPunctuation + 2, Ahead: maxLocal + 1 + maxDomain,
			Match:   []string{"jane.doe@example.com", "write to a+b@mail.example.co.uk.", "<x@y.io>", "see...jane@example.com", "@jane.doe@example.social"},
			NoMatch: []string{"user@localhost", "@handle", "a@b", "npm i @types/node@20.1.0", "x@.com"},
		},
		{
			ID: "pii.credit_card", Type: CreditCard, Severity: High, Score: 0.95,
			Description: "A payment card number: an issuer's range and length, the Luhn check digit, in one run or grouped as printed.",
			Cost:        Candidate,
			Source:      "ISO/IEC 7812-1 annex B (Luhn) and its issuer ranges",
			Behind:      2, Ahead: maxCard + 5,
			Match:   []string{"4111111111111111", "card 4111 1111 1111 1111", "3782-822463-10005", "5555-5555-5555-4444", "4111.1111.1111.1111"},
			NoMatch: []string{"4111111111111112", "order 1234567890123456", "0000000000000000", "41111111111111111111111", "ab4111111111111111"},
		},
		{
			ID: "pii.us_ssn", Type: USSSN, Severity: High, Score: ssnNamed,
			Description: "A US social security number as 3-2-4 digits, or nine digits after a word that says so.",
			Cost:        Candidate,
			Source:      "SSA, valid area, group and serial numbers",
			Behind:      nearby + 1, Ahead: 13,
			Match:   []string{"123-45-6789", "my SSN is 123 45 6789", "social security: 123456789"},
			NoMatch: []string{"000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "order 123456789", "order 123-45-6789", "1123-45-67890", "55-123-45-6789"},
		},
		{
			ID: "pii.phone", Type: PhoneNumber, Severity: Medium, Score: 0.8,
			Description: "A telephone number: international with a plus, or of North America with its punctuation or after a word that says so.",
			Cost:        Candidate,
			Source:      "ITU-T E.164 and its country codes, NANPA numbering plan",
			Behind:      nearby + 1, Ahead: numberBytes,
			Match:   []string{"+1 415 555 2671", "+44 20 7946 0958", "(415) 555-2671", "415-555-2671", "call 4155552671", "+4915112345678"},
			NoMatch: []string{"4155552671", "115-555-2671", "415-155-2671", "order 415-555-2671", "+0200", "2026-11-24", "415-555-2671-9", "1.415.555"},
		},
		{
			ID: "secret.jwt", Type: JWT, Severity: High, Score: 0.95,
			Description: "A signed JSON web token: header and claims that are JSON objects, and a signature.",
			Cost:        Candidate,
			Source:      "RFC 7519, RFC 7515 section 3.1",
			Behind:      2, Ahead: jwtMax,
			Match:   []string{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"},
			NoMatch: []string{"eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "eyJhbGciOiJIUzI1NiJ9.readme.dozjgNryP4J3"},
		},
		{
			ID: "secret.private_key", Type: PrivateKey, Severity: Critical, Score: 0.99,
			Description: "A PEM block that holds a private key, up to its end line, or as far as its bytes can be those of one.",
			Cost:        Candidate,
			Source:      "RFC 7468 section 10",
			Behind:      0, Ahead: MaxMatch,
			Match:   []string{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "------BEGIN PRIVATE KEY-----\nMIIE"},
			NoMatch: []string{"-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "-----"},
		},
	}
}
