package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Spec is a dialect as data and small functions. New makes a Dialect of it.
type Spec struct {
	// Name is what a configuration calls the dialect.
	Name string
	// Prefix is how the product's keys begin; empty: its keys cannot be told by their form.
	Prefix string
	// Rows phrases every canonical code.
	Rows map[Code]Row
	// Envelope is the JSON body of a fault.
	Envelope func(Phrase) Object
	// Everywhere says that Envelope is kept on every surface. Otherwise anthropic.messages has that surface's own
	// envelope, with the dialect's code and Extra in it.
	Everywhere bool
	// Extra are further members of the error object. Optional.
	Extra func(Phrase) Object
	// Type derives the type of a row that has none from its status. Optional: rows without a type have none.
	Type func(status int) string
	// SurfaceType is the error type on anthropic.messages. Optional: the vendor's own by status.
	SurfaceType func(status int) string
	// FullStop says that sentences end in one.
	FullStop bool
	// Trace are headers that carry the trace id, besides x-request-id and request-id.
	Trace []string
	// Standing are the headers about limits and use, on every answer. Optional.
	Standing func(Limits) []Header
	// Filtered are the codes that end a stream with the finish reason content_filter instead of an error record.
	Filtered []Code
	// Withheld stands in the place of an answer that may not be shown, in the provider's shape. Empty: the refusal does.
	Withheld string
	// Record is the product's own last record of a stream, on the surfaces that have none of their own; whole records,
	// blank lines included. Optional: the envelope as an event named error.
	Record func(Phrase) []byte
	// Demand is what the page asks of a request beyond its surface's own rules. Optional.
	Demand func(Asked) (Fault, bool)
	// PassesProviderErrors says that a provider's own error goes to the client to the byte.
	PassesProviderErrors bool
	// Redacted is what stands for a value of a type that nobody is to see again. Optional: [REDACTED_TYPE].
	Redacted func(typ string) string
	// FreeFailures says that a call which ends in a failure of the service, 500 and above, is not billed, however much
	// of it was sent.
	FreeFailures bool
}

// Phrase is a fault put into a dialect's words: what an envelope is made of. Its strings are bounded and one line each.
type Phrase struct {
	Canonical Code   // what happened
	Status    int    // HTTP status
	Type      string // as in the row, or derived from Status
	Code      string // the dialect's own code
	Message   string // never empty
	Param     string // parameter to name; empty: none
	Trace     string
}

// The surfaces whose shape is not that of OpenAI's chat completions. The names are those of filter/surface.
const (
	surfaceMessages    = "anthropic.messages"
	surfaceResponses   = "openai.responses"
	surfaceCompletions = "openai.completions"
	surfaceChat        = "openai.chat"
)

// New checks that a spec answers every code and makes a dialect of it. The error names everything that is missing.
func New(s Spec) (Dialect, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("dialect %q: %w", s.Name, err)
	}
	return &product{s}, nil
}

func (s Spec) check() error {
	var errs []error
	if s.Name == "" {
		errs = append(errs, errors.New("it has no name"))
	}
	if s.Envelope == nil {
		errs = append(errs, errors.New("it has no envelope"))
	}
	for _, c := range Codes() {
		r, ok := s.Rows[c]
		switch says := s.says(r, c); {
		case !ok:
			errs = append(errs, fmt.Errorf("no row for %s", c))
		case r.Status < 400 || r.Status > 599:
			errs = append(errs, fmt.Errorf("row %s: status %d is no error", c, r.Status))
		case strings.Contains(says[len(says)-1], "{"):
			errs = append(errs, fmt.Errorf("row %s: the last of its words needs a fact", c))
		}
	}
	return errors.Join(errs...)
}

// says are the words of a row, its own or the shared ones.
func (s Spec) says(r Row, c Code) []string {
	if len(r.Says) > 0 {
		return r.Says
	}
	return shared[c]
}

// Source says where the row of a code comes from: the line of the product's error page, Elsewhere, or Ours.
func Source(d Dialect, c Code) string {
	if p, ok := d.(*product); ok && p.Rows[c].Page != "" {
		return p.Rows[c].Page
	}
	return Ours
}

// Status is the HTTP status a dialect gives a code that has no further facts.
func Status(d Dialect, c Code) int { return d.Answer(Fault{Code: c}, Shape{}).Status }

// product is a dialect made of a Spec.
type product struct{ Spec }

// phrase puts f into words. status replaces the row's own where it is not 0; answer says that f is about the
// provider's answer, not about the request.
func (d *product) phrase(f Fault, status int, answer bool) (Phrase, Row) {
	r, ok := d.Rows[f.Code]
	if !ok {
		f = Fault{Code: Internal, Trace: f.Trace}
		r = d.Rows[Internal]
	}
	if status != 0 && status != r.Status {
		r.Status, r.Type = status, d.typeFor(r.Type, status)
	}
	p := Phrase{
		Canonical: f.Code, Status: r.Status, Type: r.Type, Code: r.Code,
		Message: d.sentence(f, r, answer), Trace: clean(f.Trace, maxTrace),
	}
	if p.Type == "" && d.Type != nil {
		p.Type = d.Type(r.Status)
	}
	p.Param, _ = fill(r.Param, f)
	return p, r
}

// typeFor is the type of a row whose status was replaced.
func (d *product) typeFor(own string, status int) string {
	if d.Type != nil {
		return d.Type(status)
	}
	return own
}

// sentence is the message: the author's own words stay as they are, ours end as the dialect's do.
func (d *product) sentence(f Fault, r Row, answer bool) string {
	says := d.says(r, f.Code)
	if answer && r.Answer != "" {
		says = []string{r.Answer}
	}
	out := clean(words(f, says), maxText)
	own := says[0] == "{message}" && factOf(f, "message") != ""
	if d.FullStop && !own && !strings.HasSuffix(out, ".") {
		out += "."
	}
	return out
}

// Name implements Dialect.
func (d *product) Name() string { return d.Spec.Name }

// Demand implements Dialect.
func (d *product) Demand(a Asked) (Fault, bool) {
	if d.Spec.Demand == nil {
		return Fault{}, false
	}
	return d.Spec.Demand(a)
}

// Replies implements Dialect.
func (d *product) Replies(c Code) bool { return d.Withheld != "" && slices.Contains(d.Filtered, c) }

// Bills implements Dialect.
func (d *product) Bills(c Code) bool { return !d.FreeFailures || c == "" || d.Rows[c].Status < 500 }

// PassesProviderErrors implements Dialect.
func (d *product) PassesProviderErrors() bool { return d.Spec.PassesProviderErrors }

// KeyPrefix is how the product's keys begin; Set.ForCredential reads it.
func (d *product) KeyPrefix() string { return d.Prefix }

// Redacted implements Dialect.
func (d *product) Redacted(typ string) string {
	if d.Spec.Redacted != nil {
		return d.Spec.Redacted(typ)
	}
	return "[REDACTED_" + typ + "]"
}
