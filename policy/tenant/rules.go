package tenant

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// ToolSettings say which tools may be offered to a model and called by it. Names are exact or globs; deny wins; an empty
// Allow permits all.
type ToolSettings struct {
	Allow     []string `json:"allow,omitempty"`
	Deny      []string `json:"deny,omitempty"`
	Offered   Action   `json:"offered,omitempty"`   // of a tool that is not permitted: redact leaves it out of the request, block (the default) refuses it
	Arguments Action   `json:"arguments,omitempty"` // of personal data and secrets in the arguments of a tool call; at least this is done
}

// HourSettings say when a tenant's requests are served, in UTC. Days are monday to sunday, none is all. From and To are
// minutes of the day; From 0 and To 0 is all day, and a From after To reaches over midnight.
type HourSettings struct {
	Days []string `json:"days,omitempty"`
	From int64    `json:"from,omitempty"`
	To   int64    `json:"to,omitempty"`
}

// ListSettings permit and forbid: deny wins, an empty Allow permits all.
type ListSettings struct {
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
}

// AnswerSettings bound what comes back. 0 is no bound.
type AnswerSettings struct {
	Characters int64 `json:"characters,omitempty"` // of text in one answer; a stream is cut there
	Echo       bool  `json:"echo,omitempty"`       // personal data and secrets that stand in the request may stand in its answer

	Models []string `json:"models,omitempty"` // trained models that are asked about answers, too
}

// The trained models that can be asked about answers.
const (
	InjectionModel = "injection"
	NamesModel     = "names"
)

// AnswerModels are those that AnswerSettings.Models may name.
var AnswerModels = []string{InjectionModel, NamesModel}

// QuarantineSettings keep an actor out, until somebody releases it, for what it sends.
type QuarantineSettings struct {
	Types []string `json:"types,omitempty"` // finding types or categories that do it, at or over the guardrails' threshold
}

// weekdays are what HourSettings.Days may hold.
var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// dayMinutes is how many minutes a day has.
const dayMinutes = 24 * 60

// validateRules reports what cannot be meant in the settings of this file.
func (s Settings) validateRules() error {
	var errs []error
	errs = append(errs, oneOf("tools", map[string]Action{"offered": s.Tools.Offered}, Redact, Block, ""),
		oneOf("tools", map[string]Action{"arguments": s.Tools.Arguments}, Log, Redact, Block, ""))
	if err := (Permit{Allow: s.Tools.Allow, Deny: s.Tools.Deny}).validate(); err != nil {
		errs = append(errs, fmt.Errorf("tools: %w", err))
	}
	for _, d := range s.Hours.Days {
		if !slices.Contains(weekdays, d) {
			errs = append(errs, fmt.Errorf("hours.days: %q is none of %q", d, weekdays))
		}
	}
	if s.Hours.From < 0 || s.Hours.From >= dayMinutes || s.Hours.To < 0 || s.Hours.To > dayMinutes {
		errs = append(errs, fmt.Errorf("hours: %d to %d are not minutes of a day", s.Hours.From, s.Hours.To))
	}
	for _, a := range slices.Concat(s.Addresses.Allow, s.Addresses.Deny) {
		if _, err := netip.ParsePrefix(a); err != nil {
			errs = append(errs, fmt.Errorf("addresses: %q is no network like 10.0.0.0/8", a))
		}
	}
	for _, surface := range slices.Sorted(maps.Keys(s.Scopes)) {
		if s.Scopes[surface] == "" || surface == "" {
			errs = append(errs, fmt.Errorf("scopes.%s: want a surface and a scope", surface))
		}
	}
	for _, m := range s.Answer.Models {
		if !slices.Contains(AnswerModels, m) {
			errs = append(errs, fmt.Errorf("answer.models: %q is none of %q", m, AnswerModels))
		}
	}
	if s.Answer.Characters < 0 || s.Answer.Characters > maxCount {
		errs = append(errs, fmt.Errorf("answer.characters: %d is not between 0 and %d", s.Answer.Characters, maxCount))
	}
	return errors.Join(errs...)
}
