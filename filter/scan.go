package filter

import (
	"context"
	"errors"
	"fmt"

	"weir/filter/surface"
	"weir/policy/detect"
	"weir/policy/detect/remote"
)

// Services are the slower detectors in other processes.
type Services interface {
	// Ask asks the services of those names about every text. What is found comes by text, beside the error of those that
	// failed.
	Ask(ctx context.Context, names []string, texts []remote.Text) ([][]detect.Finding, error)
}

// scan runs the detectors over every segment: those in process, then those that the tenant has asked elsewhere. Where
// one fails, what the others saw is kept.
func (x *exchange) scan(segments []surface.Segment) (found []located, err error) {
	defer func() {
		if p := recover(); p != nil {
			x.server.metrics.panics.Inc()
			err = fmt.Errorf("a detector panicked (%T)", p)
		}
	}()
	elsewhere, err := x.askServices(segments)
	var scratch []detect.Finding
	scanner, least := x.scanner(), x.least()
	for i := range segments {
		role := segments[i].Role
		scratch = scanner.ScanPrompt(segments[i].Text, detect.Reading{Inside: role == surface.Tool, Least: least(role)}, scratch[:0])
		if elsewhere != nil {
			scratch = scanner.Join(segments[i].Text, scratch, elsewhere[i])
		}
		x.tally.sawAll("request", placed(segments[i].Place), scratch)
		if on, _ := x.captures(); on {
			x.tally.samples("request", segments[i].Text, scratch)
		}
		for _, f := range scratch {
			found = append(found, located{segment: i, Finding: f})
		}
	}
	return found, err
}

// keepValues keeps what the answer may repeat: the personal data and secrets that stand in the request.
func (x *exchange) keepValues(found []located) {
	if !x.decision.Plan.Echo {
		return
	}
	x.values = map[string]bool{}
	for _, l := range found {
		if l.Category == detect.PII || l.Category == detect.Secret {
			x.values[x.view.Segments[l.segment].Text[l.Start:l.End]] = true
		}
	}
}

// askServices asks the detectors in other processes that the tenant names.
func (x *exchange) askServices(segments []surface.Segment) ([][]detect.Finding, error) {
	names := x.tenant.Detectors.Services
	if len(names) == 0 {
		return nil, nil
	}
	if x.snap.Services == nil {
		return nil, errors.New("there are no detectors in other processes")
	}
	texts := make([]remote.Text, len(segments))
	for i := range segments {
		texts[i] = remote.Text{Role: string(segments[i].Role), Text: segments[i].Text}
	}
	return x.snap.Services.Ask(x.out.Context(), names, texts)
}

// least says from which score on the classifier reports a text of a role: what would count is always reported.
func (x *exchange) least() func(surface.Role) float64 {
	if x.tenant == nil {
		return func(surface.Role) float64 { return 0 }
	}
	return func(r surface.Role) float64 { return x.tenant.Settings.Guardrails.Least(string(r)) }
}

// scanner is the tenant's own where it has rules of its own.
func (x *exchange) scanner() *detect.Scanner {
	if x.tenant == nil {
		return x.snap.Scanner
	}
	return x.tenant.Scanner(x.snap.Scanner)
}
