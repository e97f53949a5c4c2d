package detect

import (
	_ "embed"
	"fmt"
	"sync"

	"weir/policy/detect/names"
)

// The types of names.
const (
	Person       Type = "PERSON"
	Location     Type = "LOCATION"
	Organization Type = "ORGANIZATION"
)

//go:embed names/names.bin
var nameFile []byte

// nameTagger is the embedded tagger. A test decodes it, so that it cannot fail in a release.
var nameTagger = sync.OnceValue(func() *names.Tagger {
	t, err := names.Decode(nameFile)
	if err != nil {
		panic(fmt.Sprintf("the embedded tagger: %v", err))
	}
	return t
})

// nameClasses are the tagger's classes as rules.
var nameClasses = [names.Classes]struct {
	typ   Type
	rule  string
	least float64 // the lowest score that is reported
}{
	names.Person:       {Person, "pii.person", 0.5},
	names.Location:     {Location, "pii.location", 0.5},
	names.Organization: {Organization, "pii.organization", 0.6},
}

// appendNames makes findings of names.
func appendNames(found []names.Name, into []Finding) []Finding {
	for _, f := range found {
		if c := &nameClasses[f.Class]; f.Score >= c.least {
			into = append(into, Finding{
				Type: c.typ, Category: PII, Severity: Medium, Score: min(f.Score, 0.95), Start: f.Start, End: f.End, Rule: c.rule,
			})
		}
	}
	return into
}

// nameRules describe the tagger.
func nameRules() []Rule {
	rule := func(class int, says string, match, noMatch []string) Rule {
		c := nameClasses[class]
		return Rule{
			ID: c.rule, Type: c.typ, Severity: Medium, Score: 0.95, Description: says + " An answer is asked about where answer.models says so.", Cost: Candidate,
			Source: "trained by this project; see the model card in docs/detectors-models.md", Check: "linear model over words, shapes and lists of names",
			Behind: 256, Ahead: 512, Match: match, NoMatch: noMatch,
		}
	}
	return []Rule{
		rule(names.Person, "A person's name.", []string{"My name is Maria Lopez.", "Dear Mr. Schneider, thank you", "I spoke with John Smith yesterday."},
			[]string{"Please will you mark the report done.", "The Quarterly Report is attached.", "may I grant access"}),
		rule(names.Location, "A place: a country, a region, a city.", []string{"I live in Berlin.", "The flight to Madrid was cancelled."},
			[]string{"The meeting is on Monday.", "a turkey sandwich"}),
		rule(names.Organization, "An organisation.", []string{"Microsoft announced record profits.", "We signed a contract with Northwind Logistics last year."},
			[]string{"The Terms of Service changed.", "our team signed it"}),
	}
}
