package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"weir/policy/detect"
)

// DefaultThreshold is the score from which injection and content findings count.
const DefaultThreshold = 0.5

// What becomes of a request that refers to what its vendor keeps: earlier answers, stored prompts, files.
const (
	StateRefuse = "refuse"
	StateAllow  = "allow"
)

// DefaultSettings are what a tenant gets that says nothing: personal data leaves only as placeholders that are put back
// in the answer, secrets and attacks do not leave at all, secrets do not come back, and every failure denies.
func DefaultSettings() Settings {
	return Settings{
		PII: PIISettings{
			DirectionActions: DirectionActions{Request: Redact, Response: Log},
			Types:            map[string]Action{"LOCATION": Log, "ORGANIZATION": Log, "PERSON": Log}, // few texts can do without names
			Reversible:       true,
		},
		Secrets: DirectionActions{Request: Block, Response: Redact},
		Guardrails: GuardrailSettings{
			DirectionActions: DirectionActions{Request: Block, Response: Log},
			Threshold:        DefaultThreshold,
			Categories:       map[string]Action{"content": Log}, // a word is not yet a deed
		},
		Scopes:  map[string]string{},
		Modes:   map[string]string{},
		Failure: map[string]string{"policy": "deny", "detector": "deny", "store": "deny"},
		Labels:  map[string]string{},
		Lease:   LeaseSettings{Amount: 1_000_000, Requests: 100},

		BlockedRequest: Refuse,
	}
}

// SettingsJSON is Settings as policies read them. It must not be changed by the caller.
func (t *Tenant) SettingsJSON() json.RawMessage {
	if t.settingsJSON != nil {
		return t.settingsJSON
	}
	b, err := encodeSettings(t.Settings)
	if err != nil {
		return json.RawMessage("{}")
	}
	return b
}

// Scanner is what finds things in this tenant's texts: with rules of its own where it has some, else the one for all.
func (t *Tenant) Scanner(all *detect.Scanner) *detect.Scanner {
	if t.scanner != nil {
		return t.scanner
	}
	return all
}

// compile makes the scanner of a tenant that has rules of its own.
func (t *Tenant) compile() (*detect.Scanner, error) {
	if t.Detectors.Empty() {
		return nil, nil
	}
	s, err := detect.Compile(t.Detectors)
	if err != nil {
		return nil, fmt.Errorf("detectors: %w", err)
	}
	return s, nil
}

func encodeSettings(s Settings) ([]byte, error) {
	b, err := json.Marshal(s.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("encoding settings: %w", err)
	}
	return b, nil
}

// withDefaults fills actions and failure modes that are not set. Numbers and PII.Reversible stay as they are, since
// their zero values mean something.
func (s Settings) withDefaults() Settings {
	d := DefaultSettings()
	s.PII.DirectionActions = s.PII.DirectionActions.or(d.PII.DirectionActions)
	s.Secrets = s.Secrets.or(d.Secrets)
	s.Guardrails.DirectionActions = s.Guardrails.DirectionActions.or(d.Guardrails.DirectionActions)
	if s.BlockedRequest == "" {
		s.BlockedRequest = Refuse
	}
	s.PII.Types = over(d.PII.Types, s.PII.Types)
	s.Guardrails.Categories = over(d.Guardrails.Categories, s.Guardrails.Categories)
	s.Modes = over(d.Modes, s.Modes)
	s.Failure = over(d.Failure, s.Failure)
	s.Labels = over(d.Labels, s.Labels)
	return s
}

func (d DirectionActions) or(def DirectionActions) DirectionActions {
	if d.Request == "" {
		d.Request = def.Request
	}
	if d.Response == "" {
		d.Response = def.Response
	}
	return d
}

// over is a new map of base with the entries of m on top.
func over[V any](base, m map[string]V) map[string]V {
	out := maps.Clone(base)
	maps.Copy(out, m)
	return out
}

// validate reports every field that cannot be meant, by its name in the JSON form.
func (s Settings) validate() error {
	var errs []error
	errs = append(errs, s.PII.DirectionActions.validate("pii"), s.Secrets.validate("secrets"), s.Guardrails.DirectionActions.validate("guardrails"))
	errs = append(errs, oneOf("pii.types", s.PII.Types, Log, Redact, Block))
	errs = append(errs, oneOf("guardrails.categories", s.Guardrails.Categories, Log, Redact, Block))
	errs = append(errs, oneOf("modes", s.Modes, "enforce", "shadow", "off"))
	errs = append(errs, oneOf("settings", map[string]string{"state": s.State}, StateRefuse, StateAllow, ""))
	errs = append(errs, oneOf("failure", s.Failure, "deny", "allow"))
	errs = append(errs, oneOf("settings", map[string]string{"blocked_request": s.BlockedRequest}, Refuse, Reply, ""))
	for _, k := range slices.Sorted(maps.Keys(s.Failure)) {
		if k != "policy" && k != "detector" && k != "store" {
			errs = append(errs, fmt.Errorf("failure.%s: want policy, detector or store", k))
		}
	}
	if t := s.Guardrails.Threshold; math.IsNaN(t) || t < 0 || t > 1 {
		errs = append(errs, fmt.Errorf("guardrails.threshold: %v is not between 0 and 1", t))
	}
	for _, role := range slices.Sorted(maps.Keys(s.Guardrails.Thresholds)) {
		if !slices.Contains(TextRoles, role) {
			errs = append(errs, fmt.Errorf("guardrails.thresholds: found %q, want a role: %s", role, strings.Join(TextRoles, ", ")))
		}
		if t := s.Guardrails.Thresholds[role]; !(t > 0 && t <= 1) {
			errs = append(errs, fmt.Errorf("guardrails.thresholds.%s: %v is not over 0 and at most 1", role, t))
		}
	}
	errs = append(errs, s.Lease.validate(), s.Billing.validate())
	return errors.Join(append(errs, s.Limits.validate(), s.validateRules())...)
}

func (d DirectionActions) validate(name string) error {
	return oneOf(name, map[string]Action{"request": d.Request, "response": d.Response}, Log, Redact, Block, "")
}

func (l LeaseSettings) validate() error {
	var errs []error
	if l.Amount < 0 || l.Amount > maxMicroUSD {
		errs = append(errs, fmt.Errorf("lease.amount: %d is not between 0 and %d", l.Amount, maxMicroUSD))
	}
	if l.Requests < 0 || l.Requests > maxCount {
		errs = append(errs, fmt.Errorf("lease.requests: %d is not between 0 and %d", l.Requests, maxCount))
	}
	return errors.Join(errs...)
}

func (l LimitSettings) validate() error {
	var errs []error
	for _, f := range [...]struct {
		name string
		n    int64
	}{{"input_tokens", l.InputTokens}, {"messages", l.Messages}, {"message_length", l.MessageLength}, {"output_tokens", l.OutputTokens}} {
		if f.n < 0 || f.n > maxCount {
			errs = append(errs, fmt.Errorf("limits.%s: %d is not between 0 and %d", f.name, f.n, maxCount))
		}
	}
	return errors.Join(errs...)
}

// oneOf reports values that are none of want.
func oneOf[V ~string](name string, m map[string]V, want ...V) error {
	var errs []error
	for _, k := range slices.Sorted(maps.Keys(m)) {
		v := m[k]
		if !slices.Contains(want, v) {
			errs = append(errs, fmt.Errorf("%s.%s: %q is none of %q", name, k, v, want))
		}
	}
	return errors.Join(errs...)
}
