package config

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"weir/filter/fault"
	"weir/policy/tenant"
)

// orNothing is how a value is printed that may be missing.
func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", s)
}

// places are the values that may stand only once, with the field each stands in.
type places map[string]string

// once reports a name that is missing or that stands elsewhere, too.
func (c *checker) once(seen places, field, name, what string) {
	if name == "" {
		c.add(field, "nothing", what, "")
		return
	}
	if first, twice := seen[name]; twice {
		c.add(field, fmt.Sprintf("%q a second time", name), what, "the first is "+first)
		return
	}
	seen[name] = field
}

// count reports a negative number.
func (c *checker) count(field string, n int64) {
	if n < 0 {
		c.add(field, fmt.Sprint(n), "a whole number of at least 0", "0 is no limit")
	}
}

// maxDays bounds how long records are kept: a hundred years.
const maxDays = 36_500

// days reads a number of days.
func (c *checker) days(field string, n int64) time.Duration {
	if n < 0 || n > maxDays {
		c.add(field, fmt.Sprint(n), fmt.Sprintf("a whole number between 0 and %d", maxDays), "")
		return 0
	}
	return time.Duration(n) * 24 * time.Hour
}

// capture reads what is kept of a tenant's text.
func (c *checker) capture(at string, k Capture) tenant.Capture {
	if !k.Request && !k.Answer && k != (Capture{}) {
		c.add(at, "neither request nor answer", "request: true, answer: true, or both", "nothing would be kept")
	}
	return tenant.Capture{Request: k.Request, Answer: k.Answer, Whole: k.Whole, For: c.days(at+".retention_days", k.RetentionDays)}
}

// statuses are what a tenant may be.
var statuses = []string{
	string(tenant.Active), string(tenant.Suspended), string(tenant.Inactive), string(tenant.OnboardingIncomplete),
	string(tenant.PaymentFailed), string(tenant.SubscriptionCanceled),
}

// suspensions are why a tenant may be suspended.
var suspensions = []string{"abuse", "deletion_scheduled", "manual", "trial_ended"}

func (c *checker) tenant(at string, t *Tenant, out *Config, dialects []string) {
	made := tenant.Tenant{
		ID: t.ID, Name: or(t.Name, t.ID), Status: tenant.Status(or(t.Status, string(tenant.Active))),
		SuspendedReason: t.SuspendedReason, Dialect: or(t.Dialect, out.Dialect),
		Models:    tenant.Permit{Allow: t.Models.Allow, Deny: t.Models.Deny},
		Retention: c.days(at+".retention_days", t.RetentionDays),
		Capture:   c.capture(at+".capture", t.Capture),
		Settings:  c.settings(at+".settings", t.Settings), Detectors: t.Detectors,
	}
	c.detectors(at+".detectors", t.Detectors, out.Detectors)
	c.named(at+".settings", t)
	c.once(c.tenantIDs, at+".id", t.ID, "an id of its own")
	if !slices.Contains(statuses, string(made.Status)) {
		c.add(at+".status", fmt.Sprintf("%q", t.Status), "a status", nearest(t.Status, statuses))
	}
	if made.Status == tenant.Suspended && !slices.Contains(suspensions, t.SuspendedReason) {
		c.add(at+".suspended_reason", orNothing(t.SuspendedReason), "why it is suspended", nearest(t.SuspendedReason, suspensions))
	}
	if t.Dialect != "" {
		c.dialect(at+".dialect", t.Dialect, dialects)
	}
	if made.Settings.BlockedRequest == tenant.Reply && !replies(made.Dialect) {
		c.add(at+".settings.blocked_request", "reply for the dialect "+orNothing(made.Dialect), "refuse", "only a dialect with a reply in the provider's shape, such as rivaro, can reply")
	}
	c.reference(at+".secret", t.Secret, true)
	made.Own = c.own(at, t, out.Providers)
	c.terms(at, t, &made)
	made.Address = c.rates(at+".address", t.Address)
	made.Actors = c.actors(at+".actors", t.Actors)
	made.Tags = c.tags(at+".tags", t.Tags)
	out.Tenants = append(out.Tenants, made)
	out.stated = append(out.stated, statedOf(t))
	out.secrets = append(out.secrets, t.Secret)
	for i := range t.Keys {
		field := fmt.Sprintf("%s.keys[%d]", at, i)
		c.once(c.keyIDs, field+".id", t.Keys[i].ID, "an id that no other key has")
		made := c.key(field, t.ID, &t.Keys[i])
		if made.Hash != ([32]byte{}) {
			c.once(c.hashes, field+".sha256", hex.EncodeToString(made.Hash[:]), "a key that nobody else has")
		}
		out.Keys = append(out.Keys, made)
	}
}

// replies says whether a dialect can answer a blocked request in the provider's shape.
func replies(dialect string) bool {
	d, ok := fault.Default().ByName(dialect)
	return ok && d.Replies(fault.PolicyDenied)
}

func (c *checker) key(at, owner string, k *Key) tenant.Key {
	made := tenant.Key{
		ID: k.ID, Tenant: owner, Name: k.Name, Prefix: k.Prefix, Scopes: k.Scopes, Tags: k.Tags, Account: k.Account,
		Models: tenant.Permit{Allow: k.Models.Allow, Deny: k.Models.Deny},
	}
	h, ok := hash(k.SHA256)
	if !ok {
		found := "something else"
		if k.SHA256 == "" {
			found = "nothing"
		}
		c.add(at+".sha256", found, "64 hexadecimal digits", "the SHA-256 of the key; never the key itself")
	}
	made.Hash = h
	if tenant.VisiblePrefix(k.Prefix) != "" {
		c.add(at+".prefix", "a whole key", "no secret in plain text", "the prefix is the first characters only, as extproc keys list shows them")
	}
	made.ExpiresAt = c.moment(at+".expires_at", k.ExpiresAt)
	made.RevokedAt = c.moment(at+".revoked_at", k.RevokedAt)
	made.Budgets = c.budgets(at+".budgets", k.Budgets)
	made.Rates = c.rates(at+".rates", k.Rates)
	c.count(at+".concurrency", k.Concurrency)
	made.Concurrency, made.PerCall = k.Concurrency, c.perCall(at+".per_call", k.PerCall)
	return made
}

func (c *checker) moment(field, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		c.add(field, fmt.Sprintf("%q", s), "a time like 2026-12-31T23:59:59Z", "")
	}
	return t
}

// settings lays what the file says over the defaults.
func (c *checker) settings(at string, s Settings) tenant.Settings {
	out := tenant.DefaultSettings()
	c.action(at+".pii.request", s.PII.Request, &out.PII.Request)
	c.action(at+".pii.response", s.PII.Response, &out.PII.Response)
	c.actions(at+".pii.types", s.PII.Types, out.PII.Types)
	if s.PII.Reversible != nil {
		out.PII.Reversible = *s.PII.Reversible
	}
	c.action(at+".secrets.request", s.Secrets.Request, &out.Secrets.Request)
	c.action(at+".secrets.response", s.Secrets.Response, &out.Secrets.Response)
	c.action(at+".guardrails.request", s.Guardrails.Request, &out.Guardrails.Request)
	c.action(at+".guardrails.response", s.Guardrails.Response, &out.Guardrails.Response)
	c.actions(at+".guardrails.categories", s.Guardrails.Categories, out.Guardrails.Categories)
	if t := s.Guardrails.Threshold; t != nil {
		if !(*t >= 0 && *t <= 1) {
			c.add(at+".guardrails.threshold", fmt.Sprint(*t), "a number between 0 and 1", "")
		}
		out.Guardrails.Threshold = *t
	}
	c.thresholds(at+".guardrails.thresholds", s.Guardrails.Thresholds, &out)
	for _, n := range []struct {
		field string
		value int64
		into  *int64
	}{
		{"input_tokens", s.Limits.InputTokens, &out.Limits.InputTokens},
		{"messages", s.Limits.Messages, &out.Limits.Messages},
		{"message_length", s.Limits.MessageLength, &out.Limits.MessageLength},
		{"output_tokens", s.Limits.OutputTokens, &out.Limits.OutputTokens},
	} {
		c.count(at+".limits."+n.field, n.value)
		*n.into = n.value
	}
	c.rules(at, s, &out)
	c.words(at+".modes", s.Modes, out.Modes, []string{"enforce", "shadow", "off"})
	if s.State != "" && s.State != tenant.StateRefuse && s.State != tenant.StateAllow {
		c.add(at+".state", fmt.Sprintf("%q", s.State), "refuse or allow", "")
	}
	out.State = s.State
	c.words(at+".failure", s.Failure, out.Failure, []string{"deny", "allow"})
	c.lease(at+".lease", s, &out)
	out.Billing.Markup = c.markup(at+".billing.markup_percent", s.Billing.MarkupPercent)
	for k, v := range s.Labels {
		out.Labels[k] = v
	}
	switch s.BlockedRequest {
	case "":
	case tenant.Refuse, tenant.Reply:
		out.BlockedRequest = s.BlockedRequest
	default:
		c.add(at+".blocked_request", fmt.Sprintf("%q", s.BlockedRequest), "refuse or reply", "")
	}
	return out
}

var actions = []string{string(tenant.Log), string(tenant.Redact), string(tenant.Block)}

func (c *checker) action(field, s string, into *tenant.Action) {
	if s == "" {
		return
	}
	if !slices.Contains(actions, s) {
		c.add(field, fmt.Sprintf("%q", s), "log, redact or block", "")
	}
	*into = tenant.Action(s)
}

func (c *checker) actions(field string, from map[string]string, into map[string]tenant.Action) {
	for k, v := range from {
		var a tenant.Action
		c.action(field+"."+k, v, &a)
		into[k] = a
	}
}

func (c *checker) words(field string, from, into map[string]string, allowed []string) {
	for k, v := range from {
		if !slices.Contains(allowed, v) {
			c.add(field+"."+k, fmt.Sprintf("%q", v), "one of the modes", nearest(v, allowed))
		}
		into[k] = v
	}
}
