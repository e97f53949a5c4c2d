package gitleaks

import (
	"maps"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/report"

	weir "weir/policy/detect"
)

// excepted are rules whose secrets Weir does not look for, or not in this form, and why.
var excepted = map[string]string{
	"curl-auth-header":                   "a shell command, not a grammar: values of headers are found by name",
	"curl-auth-user":                     "a shell command, not a grammar",
	"kubernetes-secret-yaml":             "a document, not a grammar: any base64 value under a key called data",
	"nuget-config-password":              "an attribute of XML, found where its value looks like a password",
	"freemius-secret-key":                "any 29 characters behind sk_; the form of Stripe's is found",
	"maxmind-license-key":                "known by its end only, which a stream would have to wait for",
	"facebook-access-token":              "digits and a bar with any word behind them: no prefix",
	"authress-service-client-access-key": "four parts with no fixed prefix; found where a name says what it is",
	"jwt":                                "gitleaks takes any word behind ey; a part that is no JSON object, or has no signature, is no token",
	"clojars-api-token":                  "gitleaks takes the prefix in any case; the vendor writes capitals",
	"jwt-base64":                         "a token inside of base64: decoding is not a matter of a form",
	"private-key":                        "gitleaks takes labels that RFC 7468 does not have",
	"sourcegraph-access-token":           "any 40 hex digits, a commit's hash too; with the prefix it is found",
	"microsoft-teams-webhook":            "an address with five identifiers and no form of its own",
	"grafana-api-key":                    "gitleaks takes the prefix in any case, though base64 has one",
}

// TestNothingExactIsMissed makes secrets from gitleaks' own expressions, keeps those that gitleaks finds, and looks for them.
func TestNothingExactIsMissed(t *testing.T) {
	theirs, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	ours := weir.New()
	rng := rand.New(rand.NewPCG(5, 6))
	tried, rules := 0, 0
	var untried []string
	for _, id := range slices.Sorted(maps.Keys(theirs.Config.Rules)) { // one seed makes one set of secrets
		rule := theirs.Config.Rules[id]
		if rule.Regex == nil || strings.Contains(rule.Regex.String(), `{0,50}?`) {
			continue // by the name before it
		}
		tree, err := syntax.Parse(rule.Regex.String(), syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		rules++
		missed, before := "", tried
		for range 40 {
			secret := strings.Trim(made(rng, tree), " \"'`;\n\r\t")
			text, hit := "set it to \""+secret+"\" please", false
			if hit = finds(theirs, id, text); !hit && len(rule.Keywords) > 0 { // gitleaks reads on where a rule's word stands in the text
				text = rule.Keywords[0] + ": set it to \"" + secret + "\" please"
				hit = finds(theirs, id, text)
			}
			if !hit {
				continue
			}
			tried++
			if !covers(ours.Scan(text, nil)) {
				missed = text
			}
		}
		if tried == before {
			untried = append(untried, id)
		}
		if missed == "" && tried > before && excepted[id] != "" {
			t.Errorf("%s is excepted, and nothing of it is missed", id)
		}
		if missed != "" && excepted[id] == "" {
			t.Errorf("%s is missed: %s", id, missed)
		}
	}
	t.Logf("%d secrets of %d rules; gitleaks finds none of those made for %v", tried, rules, untried)
	if tried < 500 {
		t.Errorf("only %d secrets were made that gitleaks finds", tried)
	}
}

// finds says whether a rule of gitleaks' finds something in a text.
func finds(d *detect.Detector, id, text string) bool {
	return slices.ContainsFunc(d.DetectString(text), func(f report.Finding) bool { return f.RuleID == id })
}

func covers(found []weir.Finding) bool {
	for _, f := range found {
		if f.Category == weir.Secret && f.End-f.Start >= 8 {
			return true
		}
	}
	return false
}

// made is a text that an expression matches.
func made(rng *rand.Rand, re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 && len(re.Rune) > 1 { // in the case that the vendor writes
			return strings.ToLower(string(re.Rune))
		}
		return string(re.Rune)
	case syntax.OpCharClass:
		return string(oneOf(rng, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "." // an address's, more often than not
	case syntax.OpCapture:
		return made(rng, re.Sub[0])
	case syntax.OpConcat:
		var b strings.Builder
		for _, s := range re.Sub {
			b.WriteString(made(rng, s))
		}
		return b.String()
	case syntax.OpAlternate:
		return made(rng, re.Sub[rng.IntN(len(re.Sub))])
	case syntax.OpStar, syntax.OpQuest:
		return ""
	case syntax.OpPlus:
		return strings.Repeat(made(rng, re.Sub[0]), 1)
	case syntax.OpRepeat:
		n := re.Min
		if re.Max > re.Min {
			n += rng.IntN(re.Max - re.Min + 1)
		}
		var b strings.Builder
		for range n {
			b.WriteString(made(rng, re.Sub[0]))
		}
		return b.String()
	}
	return ""
}

// oneOf is a character of a class, of those that can be seen.
func oneOf(rng *rand.Rand, ranges []rune) rune {
	var all []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := max(ranges[i], '!'); c <= min(ranges[i+1], '~'); c++ {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return ' '
	}
	return all[rng.IntN(len(all))]
}

// BenchmarkGitleaks is gitleaks on 4 KB of prose, to be read beside policy/detect's own.
func BenchmarkGitleaks(b *testing.B) {
	theirs, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("The quarterly report covers revenue, margins and the outlook for the coming year. ", 50)[:4096]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		theirs.DetectString(text)
	}
}

// BenchmarkWeir is Weir on the same text.
func BenchmarkWeir(b *testing.B) {
	s := weir.New()
	text := strings.Repeat("The quarterly report covers revenue, margins and the outlook for the coming year. ", 50)[:4096]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Scan(text, nil)
	}
}
