package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"weir/policy/tenant"
)

// settings are a tenant's settings as a decision needs them: the value that Rego reads, made once and shared by all of
// the tenant's decisions, and what Go itself looks up.
type settings struct {
	term      *ast.Term
	memory    []kept // documents that depend on nothing else
	modes     map[string]string
	allowFail bool // settings.failure.policy is "allow"
}

// mode is what the tenant wants done about a code. Anything but shadow and off enforces.
func (s *settings) mode(code string) Mode {
	switch m := Mode(s.modes[code]); m {
	case Shadow, Off:
		return m
	default:
		return Enforce
	}
}

// newSettings reads tenant.Settings from JSON and fills in what is left out: an absent action is "log", an absent map is
// empty, so that no policy meets an undefined setting. Unknown members are an error, since they would be ignored.
func newSettings(raw json.RawMessage) (*settings, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var t *tenant.Settings
	if err := dec.Decode(&t); err != nil {
		return nil, fmt.Errorf("reading settings: %w", err)
	}
	if t == nil {
		return nil, fmt.Errorf("reading settings: they are null")
	}
	fill(t)
	v, err := settingsValue(t)
	if err != nil {
		return nil, fmt.Errorf("making settings readable for policies: %w", err)
	}
	v.Hash() // computed once here, read by many goroutines later
	return &settings{term: ast.NewTerm(v), modes: t.Modes, allowFail: t.Failure["policy"] == "allow"}, nil
}

// settingsValue is what policies read: a limit of 0, which is none, is absent, so that a rule about it is not even looked
// at.
func settingsValue(t *tenant.Settings) (ast.Value, error) {
	v, err := ast.InterfaceToValue(t)
	if err != nil {
		return nil, err
	}
	o, err := ast.ValueToInterface(v, nil)
	if err != nil {
		return nil, err
	}
	return ast.InterfaceToValue(withoutNothing(o))
}

// withoutNothing leaves out members of objects that are 0, null, or an empty list.
func withoutNothing(x any) any {
	m, ok := x.(map[string]any)
	if !ok {
		return x
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		switch w := v.(type) {
		case json.Number:
			if n, err := w.Float64(); err == nil && n == 0 && k != "threshold" {
				continue
			}
		case []any:
			if len(w) == 0 {
				continue
			}
		case nil:
			continue
		}
		out[k] = withoutNothing(v)
	}
	return out
}

// fill makes every default explicit.
func fill(t *tenant.Settings) {
	for _, a := range []*tenant.Action{
		&t.PII.Request, &t.PII.Response, &t.Secrets.Request, &t.Secrets.Response, &t.Guardrails.Request, &t.Guardrails.Response,
	} {
		if *a == "" {
			*a = tenant.Log
		}
	}
	if t.BlockedRequest == "" {
		t.BlockedRequest = tenant.Refuse
	}
	fillActions(&t.PII.Types)
	fillActions(&t.Guardrails.Categories)
	for _, m := range []*map[string]string{&t.Modes, &t.Failure, &t.Labels} {
		if *m == nil {
			*m = map[string]string{}
		}
	}
}

func fillActions(m *map[string]tenant.Action) {
	if *m == nil {
		*m = map[string]tenant.Action{}
	}
	for k, a := range *m {
		if a == "" {
			(*m)[k] = tenant.Log
		}
	}
}

// maxSettings bounds how many different settings a program keeps ready; beyond it, it starts over. One takes some 6 KB.
const maxSettings = 8192

// shelf keeps settings by their own bytes, so what it gives out can be neither stale nor another tenant's.
type shelf struct {
	mu    sync.RWMutex
	ready map[string]*settings
	parts parts
}

// get returns the settings that raw describes.
func (s *shelf) get(ctx context.Context, raw json.RawMessage, p *Program) (*settings, error) {
	s.mu.RLock()
	have := s.ready[string(raw)]
	s.mu.RUnlock()
	if have != nil {
		return have, nil
	}
	made, err := newSettings(raw)
	if err != nil {
		return nil, err
	}
	made.term = s.parts.share(made.term)
	if made.memory, err = p.remember(ctx, made); err != nil {
		return made, nil // evaluated with the rest then, where the failure has a name
	}
	for i := range made.memory {
		if k := &made.memory[i]; k.value != nil {
			k.value = s.parts.share(k.value)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready == nil || len(s.ready) >= maxSettings {
		s.ready = map[string]*settings{}
		s.parts.forget()
	}
	s.ready[string(raw)] = made
	return made, nil
}
