package detect_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"weir/policy/detect"
)

var update = flag.Bool("update", false, "write docs/detectors.md anew")

const page = "../../docs/detectors.md"

const intro = `# Detectors

Weir looks at every text of a request and of an answer, in the process, with the rules of this page. A rule makes a finding: a
type, a category, a severity, a score, the place in the text, and the rule's id; never the text. What is done about a finding is
policy's: see [policies](policies.md) and ` + "`settings`" + ` in [configuration](configuration.md).

This page is made from the rules by ` + "`go test ./policy/detect -update`" + `; a test fails where the two differ. Every example is run.

A text on its way to a model is also read in its normal form (encodings, look-alike and hidden characters undone), and asked of two
trained models, one for attacks and one for names: see [the models](detectors-models.md). An answer is judged by the other rules,
and by the models where a tenant says so.

## Scores and words before

A candidate becomes a finding at a score of 0.5. Words before it raise the score (` + "`SSN: 123456789`" + `) or lower it (` + "`order 415-555-2671`" + `):
up to eight words, no further than 72 bytes back, in the languages of the countries whose numbers are found. A word about orders,
versions, amounts and the like counts for the number next to it only. Numbers that pass no check and have no word before them are
not findings.

In a prompt a column's name counts for every value of a table in CSV, with tabs or in Markdown, as if it stood right before each;
and numbers in full-width characters are read as what they look like.

Findings of injection and content count from a threshold on, a tenant's own and another one for the texts of a role where it says
so. A lower one than 0.5 makes the classifier report what it is less sure of:

` + "```yaml" + `
settings:
  guardrails:
    threshold: 0.5
    thresholds: {system: 0.95, tool: 0.3}
` + "```" + `

The roles are system, user, assistant, tool, and offer for what is offered to the model; the answer is the assistant's.

## Rules of your own

Under ` + "`tenants[].detectors`" + ` in the configuration file:

` + "```yaml" + `
detectors:
  patterns:
    - {id: employee, type: EMPLOYEE_ID, category: pii, severity: high, score: 0.9, regexp: 'EMP-\d{4,6}'}
  words:
    - {id: rivals, type: COMPETITOR, words: [Acme, Big Corp]}
  allow:
    - {types: [EMAIL_ADDRESS], domains: [example.com]}
    - {values: ["4111 1111 1111 1111"]}
  rules:
    pii.us_ssn: {"off": true}
    pii.phone: {score: 0.6, severity: low}
` + "```" + `

- ` + "`patterns`" + ` are regular expressions in the syntax of RE2, all compiled as one. A match begins and ends at the edge of a word and has at
  most 200 bytes; the longest way to match at a place counts. ` + "`^` and `$`" + ` are refused, since a match may stand anywhere.
- ` + "`words`" + ` are words and phrases, found whole and whatever their case.
- ` + "`allow`" + ` names exact values, and hosts of mail addresses with those below them; ` + "`types`" + ` limits it.
- ` + "`rules`" + ` switches a rule of this page off, or gives its findings another score or severity.
- A category is ` + "`pii`, `secret`, `injection` or `content`" + `; without one, a new type is content.

A pattern that cannot be compiled, is too long, or matches nothing keeps the file from being loaded; the message names the pattern,
the byte in it and the reason.

## In answers

- ` + "`SYSTEM_PROMPT_LEAK`" + ` is looked for where the response plan redacts or blocks it, as ` + "`guardrails: {response: block}`" + ` does. A canary
  of your own, a word that stands in the system prompt and nowhere else, is a word list with that type.
- ` + "`SCRIPT_INJECTION`" + `, ` + "`SQL_INJECTION`" + ` and ` + "`SHELL_INJECTION`" + ` are content, which is logged unless a tenant says more:
  ` + "`guardrails: {categories: {SQL_INJECTION: block}}`" + `. A tenant whose answers are run or shown as HTML wants them.
- Personal data and secrets that stand in the request may stand in its answer where ` + "`answer: {echo: true}`" + ` says so; what comes from
  elsewhere, a document or the model, is still redacted or blocked.

- ` + "`answer: {models: [injection, names]}`" + ` asks the trained models about answers, too. They read an answer in blocks of 512 bytes with
  what stands around them, so what is found is the same however a stream is cut; where it is redacted or blocked, up to 2 KB of the
  answer wait. Without it names in answers are not looked for, and attacks only by their phrases.

## In a stream

Text leaves as soon as no rule can make it part of a finding, whatever comes. So what waits is the beginning of a candidate: usually
nothing or the last word. How a stream is cut changes no finding. No rule waits for more than 8 KB of a channel.

`

// TestDocs keeps docs/detectors.md what the rules are. With -update it writes the page.
func TestDocs(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(intro)
	types(&b)
	rules(&b)
	if *update {
		if err := os.WriteFile(page, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, b.Bytes()) {
		t.Errorf("%s is stale; run go test ./policy/detect -update", page)
	}
}

func types(b *bytes.Buffer) {
	b.WriteString("## Types, and what others call them\n\n| type | category | data class | risk | Presidio | DVARA | Rivaro |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, k := range detect.Kinds() {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", k.Type, k.Category, k.Class, k.Risk, k.Presidio, k.DVARA, k.Rivaro)
	}
}

func rules(b *bytes.Buffer) {
	b.WriteString(costs)
	b.WriteString("\n| id | type | category | what it finds | example | check | score | severity | cost | source |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range detect.Rules() {
		id := r.ID
		if r.DVARA != "" && r.DVARA != r.ID {
			id += " (" + r.DVARA + ")"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s | %.2f | %s | %s | %s |\n", id, r.Type, detect.CategoryOf(r.Type), cell(r.Description), example(strings.Join(r.Match[:min(1, len(r.Match))], "")), cell(r.Check), r.Score, r.Severity, r.Cost, cell(r.Source))
	}
}

// costs says what a cost is. Its figures are those of `make bench`, one core.
const costs = `
## Rules

What a rule costs is told by what it reads. The rules of a kind read a text together, so what one more costs is next to nothing.

| cost | what is read | all of its kind, 4 KB of prose |
| --- | --- | --- |
| ` + "`candidate`" + ` | bytes that a candidate can begin with, and what stands around one | 28 µs; names, in a prompt, 65 µs |
| ` + "`pass`" + ` | every word, once | 19 µs |
| ` + "`window`" + ` | every window of the text's normal form, by a trained model | 40 µs |
`

// example is a text as a cell can hold it, cut short where it is long.
func example(s string) string {
	if s == "" {
		return ""
	}
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:56], "") + "..."
	}
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x200b && c <= 0x200f || c >= 0xe0000 && c <= 0xe007f {
			return '\ufffd'
		}
		return c
	}, s)
	if strings.Contains(s, "`") {
		return "`` " + cell(s) + " ``"
	}
	return "`" + cell(s) + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
