package detect_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"weir/policy/detect"
)

// ours is a tenant's settings with one of everything.
func ours() detect.Settings {
	return detect.Settings{
		Patterns: []detect.Pattern{
			{ID: "employee", Type: "EMPLOYEE_ID", Category: detect.PII, Severity: detect.High, Score: 0.9, Regexp: `EMP-\d{4,6}`},
			{ID: "project", Type: "PROJECT", Regexp: `(?i)project\s+(falcon|eagle)\w*`},
			{ID: "long", Type: "PROJECT", Regexp: `zz.*zz`},
		},
		Words: []detect.WordList{{ID: "rivals", Type: "COMPETITOR", Words: []string{"Acme", "Big  Corp", "Über", "Projekt Übermut", "O'Neill", "豐田", "เอสซีจี"}}},
		Allow: []detect.Allow{
			{Types: []detect.Type{detect.EmailAddress}, Domains: []string{"example.com"}, Values: []string{"Info@Other.org"}},
			{Values: []string{"4111 1111 1111 1111"}},
		},
		Rules: map[string]detect.Change{"pii.us_ssn": {Off: true}, "pii.iban": {Score: 0.6, Severity: detect.Low}},
	}
}

func TestOwnRules(t *testing.T) {
	s, err := detect.Compile(ours())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"ask EMP-12345 about it":                                                    "own.employee EMP-12345",
		"XEMP-12345, EMP-1234567":                                                   "",
		"Project  Falcons and project dove":                                         "own.project Project  Falcons",
		"acme, big corp and ACMEs. \u00fcber alles":                                 "own.rivals acme|own.rivals big corp|own.rivals \u00fcber",
		"\u201cAcme\u201d, Acme\u2019s, Acme\u2014the rival, Acme\u2026 Acme\u00ae": "own.rivals Acme|own.rivals Acme|own.rivals Acme|own.rivals Acme|own.rivals Acme",
		"PROJEKT \u00dcBERMUT, big\u00a0corp, O\u2019Neill, O'NEILL":                "own.rivals PROJEKT \u00dcBERMUT|own.rivals big\u00a0corp|own.rivals O\u2019Neill|own.rivals O'NEILL",
		"\u6211\u5011\u7528\u8c50\u7530\u7684\u8eca, Acme\u3067\u3059, \u0e1a\u0e23\u0e34\u0e29\u0e31\u0e17\u0e40\u0e2d\u0e2a\u0e0b\u0e35\u0e08\u0e35": "own.rivals \u8c50\u7530|own.rivals Acme|own.rivals \u0e40\u0e2d\u0e2a\u0e0b\u0e35\u0e08\u0e35",
		"Acm\u00e9, \u00dcberall, r\u00dcber, Acme\u0301, Acmes":              "",
		"jane@example.com a@mail.example.com b@notexample.com info@other.org": "pii.email b@notexample.com",
		"4111 1111 1111 1111 or 5555-5555-5555-4444":                          "pii.credit_card 5555-5555-5555-4444",
		"123-45-6789":                 "",
		"IBAN DE89370400440532013000": "pii.iban DE89370400440532013000",
	} {
		var got []string
		for _, f := range s.Scan(text, nil) {
			got = append(got, f.Rule+" "+text[f.Start:f.End])
			if f.Rule == "pii.iban" && (f.Score != 0.6 || f.Severity != detect.Low) {
				t.Errorf("%+v is not graded as asked", f)
			}
			if f.Category != s.CategoryOf(f.Type) {
				t.Errorf("%+v is of %s", f, s.CategoryOf(f.Type))
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", text, strings.Join(got, "|"), want)
		}
	}
}

// What a text to a model hides of a word of a list is seen, once, and where it stands.
func TestHiddenWords(t *testing.T) {
	s, err := detect.Compile(ours())
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{
		"Acme", "Ac\u200bme", "\uff21\uff43\uff4d\uff45", "\u0410cme", "A c m e", "4cm3", "Ac&#109;e", "Ac%6de", "QWNtZSBpcyBvdXIgcml2YWwu", "Big C\u200borp",
	} {
		text := "What do you think of " + word + " today?"
		var got []string
		for _, f := range s.ScanPrompt(text, detect.Reading{}, nil) {
			if f.Rule == "own.rivals" {
				got = append(got, text[f.Start:f.End])
			}
		}
		if len(got) != 1 || !strings.Contains(word, got[0]) {
			t.Errorf("%q: found %q", text, got)
		}
	}
	if found := s.ScanPrompt("The academe\u200b is not named.", detect.Reading{}, nil); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

// TestOwnRulesAreRefused says what is wrong, where and why.
func TestOwnRulesAreRefused(t *testing.T) {
	for want, s := range map[string]detect.Settings{
		`patterns[1].regexp: at byte 4: unexpected )`:                         {Patterns: []detect.Pattern{{ID: "a", Type: "A1", Regexp: "ok"}, {ID: "a", Type: "A1", Regexp: "abc )y"}}},
		"patterns[0].regexp: at byte 0: ^ has no meaning here":                {Patterns: []detect.Pattern{{ID: "a", Type: "A1", Regexp: "^a"}}},
		"patterns[0].regexp: matches nothing at all":                          {Patterns: []detect.Pattern{{ID: "a", Type: "A1", Regexp: "a*"}}},
		"patterns[0].regexp: has 0 bytes":                                     {Patterns: []detect.Pattern{{ID: "a", Type: "A1"}}},
		"patterns[0].regexp: has 3000 bytes, want 1 to 2000":                  {Patterns: []detect.Pattern{{ID: "a", Type: "A1", Regexp: strings.Repeat("a", 3000)}}},
		"invalid or unsupported Perl syntax":                                  {Patterns: []detect.Pattern{{ID: "a", Type: "A1", Regexp: `a(?=b)`}}},
		"invalid repeat count":                                                {Patterns: []detect.Pattern{{ID: "a", Type: "A1", Regexp: `(a{1000}){1000}`}}},
		`words[0].type: found "lower", want capitals`:                         {Words: []detect.WordList{{ID: "a", Type: "lower", Words: []string{"x"}}}},
		`words[0].words: is empty`:                                            {Words: []detect.WordList{{ID: "a", Type: "A1"}}},
		`words[0].words[0]: found "--"`:                                       {Words: []detect.WordList{{ID: "a", Type: "A1", Words: []string{"--"}}}},
		`patterns[0].category: found "secret", but US_SSN is a built-in type`: {Patterns: []detect.Pattern{{ID: "a", Type: detect.USSSN, Category: detect.Secret, Regexp: "a"}}},
		`patterns[0].id: found "A B"`:                                         {Patterns: []detect.Pattern{{ID: "A B", Type: "A1", Regexp: "a"}}},
		`rules.pii.nothing: there is no such rule`:                            {Rules: map[string]detect.Change{"pii.nothing": {Off: true}}},
		`rules.pii.email.score: found 7`:                                      {Rules: map[string]detect.Change{"pii.email": {Score: 7}}},
		`allow[0]: names neither`:                                             {Allow: []detect.Allow{{}}},
	} {
		if _, err := detect.Compile(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestOwnCuts is TestCuts for a tenant's own rules.
func TestOwnCuts(t *testing.T) {
	s, err := detect.Compile(ours())
	if err != nil {
		t.Fatal(err)
	}
	atoms := []string{" ", "EMP-", "EMP", "12345", "project ", "Project", "falcon", " eagles", "zz", "zz a zz", "Acme", "acm", "Big ", "corp", "Big\n", "\u00dc", "ber", ".", "jane@example.com", "x", "\\n", "\xc3"}
	types := append(detect.Types(), "EMPLOYEE_ID", "PROJECT", "COMPETITOR")
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1200 {
		var b strings.Builder
		for range 1 + rng.IntN(10) {
			b.WriteString(atoms[rng.IntN(len(atoms))])
		}
		held := types[len(types)-3+rng.IntN(3)]
		check(t, s, b.String(), rng.IntN(1<<16), rng.IntN(1<<16), func(t detect.Type) bool { return t == held })
		check(t, s, b.String(), rng.IntN(1<<16), rng.IntN(1<<16), func(detect.Type) bool { return true })
	}
}

// TestOwnPatternsAreLinear tries expressions that other engines choke on.
func TestOwnPatternsAreLinear(t *testing.T) {
	for _, expr := range []string{`(a+)+b`, `(a|aa)+c`, `(.*)(.*)(.*)x`, `\w+\s\w+\s\w+!`} {
		s, err := detect.Compile(detect.Settings{Patterns: []detect.Pattern{{ID: "a", Type: "A1", Regexp: expr}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, unit := range []string{"a", "a ", "aaaa aaaa "} {
			text := strings.Repeat(unit, 10_000/len(unit))
			settled(s, text, every)
		}
	}
}

// FuzzOwnRules checks that any expression and word is compiled or refused, and that what was compiled finds nothing outside of
// a text, however it is cut.
func FuzzOwnRules(f *testing.F) {
	f.Add(`EMP-\d{4,6}`, "Big Corp", "EMP-12345 of big corp", uint16(3), uint16(9))
	f.Add(`(a*)*b|(?i)x{1,50}`, "\u00e9t\u00e9", "aaaaaaaaaab \u00c9T\u00c9", uint16(2), uint16(5))
	f.Fuzz(func(t *testing.T, expr, word, text string, a, b uint16) {
		if len(text) > 200 || len(expr) > 60 {
			return
		}
		s, err := detect.Compile(detect.Settings{
			Patterns: []detect.Pattern{{ID: "p", Type: "OWN_ONE", Regexp: expr}}, Words: []detect.WordList{{ID: "w", Type: "OWN_TWO", Words: []string{word}}},
		})
		if err != nil {
			return
		}
		for _, x := range s.Scan(text, nil) {
			if x.Start < 0 || x.End > len(text) || x.Start >= x.End {
				t.Fatalf("%q: %+v", text, x)
			}
		}
		check(t, s, text, int(a), int(b), func(t detect.Type) bool { return t == "OWN_ONE" || t == "OWN_TWO" })
	})
}

// What a tenant wrote itself comes before a guess at names.
func TestOwnWordsComeBeforeNames(t *testing.T) {
	s, err := detect.Compile(ours())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"We compete with Acme in Europe.", "Compare us with Big Corp please", "Ask Acme about it."} {
		if found := s.ScanPrompt(text, detect.Reading{}, nil); !has(found, "own.rivals") {
			t.Errorf("%q: %+v", text, found)
		}
	}
}
