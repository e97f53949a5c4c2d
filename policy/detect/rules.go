package detect

// wholeRules are the rules whose grammar holds whole texts or lines.
func wholeRules() []Rule {
	return []Rule{
		{
			ID: "pii.email", Type: EmailAddress, Severity: Medium, Score: 0.95,
			Description: "An e-mail address: dot-atom local part of at most 64 bytes, host name with a top-level domain of letters; Latin, Greek and Cyrillic letters in either.",
			Cost:        Candidate,
			Source:      "RFC 5321 4.5.3.1, RFC 5322 3.4.1 (dot-atom), RFC 1123 2.1",
			Behind:      maxPunctuation + 2, Ahead: maxLocal + 1 + maxDomain,
			Match:   []string{"jane.doe@example.com", "write to a+b@mail.example.co.uk.", "<x@y.io>", "see...jane@example.com", "@jane.doe@example.social", "müller@example.de", "jane@müller.de", "jane@example.рф"},
			NoMatch: []string{"user@localhost", "@handle", "a@b", "npm i @types/node@20.1.0", "x@.com"},
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
