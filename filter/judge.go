package filter

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"weir/filter/fault"
	"weir/filter/redact"
	"weir/filter/surface"
	"weir/policy"
	"weir/policy/detect"
	"weir/policy/tenant"
)

// The actions of a plan, as policy writes them.
const (
	actLog    = "log"
	actRedact = "redact"
	actBlock  = "block"
)

// judge applies the response plan to what is found in an answer. It is the one place where a finding in an answer
// becomes an edit or a block, for JSON and for streams alike.
type judge struct {
	scanner *detect.Scanner
	dialect fault.Dialect
	vault   *redact.Vault
	plan    policy.Plan
	tally   *tally
	scratch []detect.Finding
	known   map[string]bool // the values that stand in the request, where those may stand in the answer
	matches []redact.Match
	holding map[bool]detect.Holding // by whether the text is a tool call's arguments
	said    int64                   // characters of the answer that have been let through
}

// change replaces bytes of a text.
type change struct {
	start, end int
	with       string
}

// action is what the plan says about a finding: its type's own entry, else its category's, else log.
func (j *judge) action(f detect.Finding) string {
	if (f.Category == detect.Injection || f.Category == detect.Content) && f.Score < j.plan.Threshold {
		return actLog
	}
	if a, ok := j.plan.Types[string(f.Type)]; ok {
		return a
	}
	if a, ok := j.plan.Categories[string(f.Category)]; ok {
		return a
	}
	return actLog
}

// acts says whether findings of a type may change or end the answer, so that text which could become one is held.
func (j *judge) acts(t detect.Type) bool {
	a, ok := j.plan.Types[string(t)]
	if !ok {
		a = j.plan.Categories[string(j.scanner.CategoryOf(t))]
	}
	return a == actRedact || a == actBlock
}

// idle says whether the plan lets every text through as it is.
func (j *judge) idle() bool {
	for _, actions := range []map[string]string{j.plan.Types, j.plan.Categories} {
		for _, a := range actions {
			if rank(a) > rank(actLog) {
				return false
			}
		}
	}
	return rank(j.plan.Arguments) <= rank(actLog) && (!j.plan.Restore || j.vault.Issued() == 0)
}

// place is a range of a text that is to be decided on, and what kind of text it is.
type place struct {
	text     string
	from, to int
	field    string
	nested   bool // the text is itself JSON inside a string, so what is put in must be escaped for it
	outside  bool // the text stands between the strings of JSON, so what is put in must be one
	repeat   bool // it was decided on before
	sealed   bool // it is signed: nothing is put back into it
}

// fits is a value as it is put into the place.
func (p *place) fits(with string) string {
	switch {
	case p.nested:
		return escaped(with)
	case p.outside:
		return `"` + escaped(with) + `"`
	}
	return with
}

// rule says what becomes of a place: the changes to make, in order, and the finding that ends the answer, if any.
// Findings outside its range are somebody else's.
func (j *judge) rule(p place, found []detect.Finding) (changes []change, blocked *detect.Finding) {
	for i := range found {
		f := found[i]
		if f.Start < p.from || f.End > p.to {
			continue
		}
		action := j.action(f)
		if j.known[p.text[f.Start:f.End]] && (f.Category == detect.PII || f.Category == detect.Secret) {
			action = actLog
		}
		if p.field == argumentsField && j.guards(f.Type) && rank(j.plan.Arguments) > rank(action) {
			action = j.plan.Arguments
		}
		switch action {
		case actBlock:
			if blocked == nil {
				blocked = &f
			}
		case actRedact:
			changes = append(changes, change{f.Start, f.End, p.fits(j.dialect.Redacted(string(f.Type)))})
			j.tally.act("response", string(f.Type), actRedact)
		}
	}
	if j.plan.Restore && j.vault.Issued() > 0 && !p.sealed {
		changes = j.restorations(p, changes)
	}
	return changes, blocked
}

// restorations adds the putting back of the request's own values, where nothing else is done to the same bytes.
func (j *judge) restorations(p place, changes []change) []change {
	j.matches = j.vault.Find(p.text, p.from, j.matches[:0])
	for _, m := range j.matches {
		if m.End > p.to || overlaps(changes, m.Start, m.End) {
			continue
		}
		changes = append(changes, change{m.Start, m.End, p.fits(m.Value)})
		if !p.repeat {
			j.tally.restored++
		}
	}
	sort.Slice(changes, func(a, b int) bool { return changes[a].start < changes[b].start })
	return changes
}

// restorable is how far a text is settled as to what is put back into it.
func (j *judge) restorable(text string, from int) int {
	if !j.plan.Restore {
		return len(text)
	}
	return j.vault.Settled(text, from)
}

func overlaps(changes []change, start, end int) bool {
	for _, c := range changes {
		if start < c.end && c.start < end {
			return true
		}
	}
	return false
}

// escaped is s as it stands inside a JSON string, without the quotes.
func escaped(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return "" // strings always encode
	}
	q := strings.TrimSuffix(b.String(), "\n")
	return q[1 : len(q)-1]
}

// judge decides on a whole JSON answer. It returns the body to send, or the fault that blocks it.
func (x *exchange) judge() (body []byte, f fault.Fault, blocked bool, err error) {
	a, err := x.match.Surface.ReadAnswer(x.answer.body)
	if err != nil {
		unreadable := fault.Fault{Code: fault.ProviderUnreadable, Upstream: x.answer.status, Hint: "unreadable JSON", Provider: x.displayName()}
		return nil, fault.Fault{}, false, x.refuse(unreadable)
	}
	x.answer.usage = a.Usage
	x.record.ModelServed = orElse(a.Model, x.record.ModelServed)
	x.answer.learned(a.Finishes, a.Tools)
	j := x.newJudge()
	if hit := j.barred(a.Tools); hit != nil {
		return nil, blockedFault(*hit), true, nil
	}
	edits, hit := j.edits(x, a)
	if hit != nil {
		return nil, blockedFault(*hit), true, nil
	}
	var edited []int
	var withheld []surface.Splice
	for _, e := range edits {
		s := &a.Segments[e.Segment]
		if !slices.Contains(edited, s.At.Choice) {
			edited = append(edited, s.At.Choice)
		}
		for _, seal := range a.Seals {
			if s.Sealed && seal.Channel.Choice == s.At.Choice && seal.Channel.Block == s.At.Block {
				withheld = append(withheld, surface.Splice{At: seal.At})
			}
		}
	}
	edits, splices := surface.Drop(a.Body, a.Logprobs, edited, a.Segments, edits)
	out, err := surface.Apply(a.Body, a.Segments, edits, append(withheld, splices...))
	if err != nil {
		return nil, fault.Fault{}, false, fmt.Errorf("applying %d edits: %w", len(edits), err)
	}
	return out, fault.Fault{}, false, nil
}

// edits decides on every text of a JSON answer.
func (j *judge) edits(x *exchange, a *surface.Answer) (edits []surface.Edit, blocked *detect.Finding) {
	for i := range a.Segments {
		s := &a.Segments[i]
		x.answer.seen.Add(s.Text)
		x.hear(s)
		if _, hit := j.within(s.Text, s.At.Field); hit != nil {
			return nil, hit
		}
		j.scratch = j.scanner.Scan(s.Text, j.scratch[:0])
		j.tally.sawAll("response", "", j.scratch)
		if _, on := x.captures(); on {
			j.tally.samples("response", s.Text, j.scratch)
		}
		changes, hit := j.rule(place{text: s.Text, to: len(s.Text), field: s.At.Field, sealed: s.Sealed}, j.scratch)
		if hit != nil {
			j.tally.act("response", string(hit.Type), actBlock)
			return nil, hit
		}
		if s.Sealed && len(changes) > 0 { // from there on it is withheld
			changes = []change{{start: changes[0].start, end: len(s.Text)}}
		}
		for _, c := range changes {
			edits = append(edits, surface.Edit{Segment: i, Start: c.start, End: c.end, With: c.with})
		}
		if !s.Sealed {
			j.tally.unresolved += j.vault.Unresolved(s.Text, 0, len(s.Text))
		}
	}
	return edits, nil
}

// newJudge is made once an answer. Where the plan acts on it, repetitions of the request's system prompt are looked for.
func (x *exchange) newJudge() *judge {
	j := &judge{scanner: x.scanner(), dialect: x.dialect, vault: x.vault, plan: x.decision.Plan, tally: &x.tally, known: x.values}
	if s := &x.tenant.Settings; len(s.Answer.Models) > 0 {
		j.scanner = j.scanner.Asking(detect.Models{
			Injection: slices.Contains(s.Answer.Models, tenant.InjectionModel), Names: slices.Contains(s.Answer.Models, tenant.NamesModel),
			Least: s.Guardrails.Least(string(surface.Assistant)),
		})
	}
	if j.acts(detect.SystemPromptLeak) {
		var instructions []string
		for i := range x.view.Segments {
			if x.view.Segments[i].Role == surface.System {
				instructions = append(instructions, x.view.Segments[i].Text)
			}
		}
		j.scanner = j.scanner.Guarding(instructions)
	}
	return j
}

// blockedFault names what ended an answer: the family of the finding, never its text.
func blockedFault(f detect.Finding) fault.Fault {
	if obliged, ok := obligedFault(f); ok {
		return obliged
	}
	code := fault.AnswerBlocked
	switch f.Category {
	case detect.PII:
		code = fault.PIIDetected
	case detect.Secret:
		code = fault.SecretDetected
	case detect.Injection, detect.Content:
		code = fault.GuardrailBlocked
	}
	return fault.Fault{Code: code, Categories: []string{string(f.Type)}}
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
