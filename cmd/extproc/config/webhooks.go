package config

import (
	"fmt"
	"slices"
	"time"

	"weir/policy/audit/webhook"
)

// Webhook is told of chosen events by HTTP.
type Webhook struct {
	// Name tells webhooks apart.
	Name string `yaml:"name" json:"name"`
	// URL is https, or http where private is true.
	URL string `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"example=https://example.org/weir"`
	// URLFrom names the address instead, where it is a secret, as Slack's are.
	URLFrom Reference `yaml:"url_from,omitempty" json:"url_from,omitempty"`
	// Secret is what messages are signed with: whsec_ and base64, or any text. Only slack may do without.
	Secret Reference `yaml:"secret,omitempty" json:"secret,omitempty"`
	// Format is json where nothing is said; slack is what Slack, and what is compatible with it, takes.
	Format string `yaml:"format,omitempty" json:"format,omitempty" jsonschema:"enum=json,enum=slack"`
	// Events are what it is told of.
	Events []string `yaml:"events" json:"events" jsonschema:"enum=block,enum=budget_soft,enum=budget_hard,enum=breaker,enum=quarantine,enum=suspension,enum=policy_reload"`
	// Tenants are whose events; all where nothing is said.
	Tenants []string `yaml:"tenants,omitempty" json:"tenants,omitempty"`
	// Private lets it be at a private address, or this host.
	Private bool `yaml:"private,omitempty" json:"private,omitempty"`
	// Timeout bounds one try; 10s where nothing is said.
	Timeout string `yaml:"timeout,omitempty" json:"timeout,omitempty" jsonschema:"example=10s"`
	// GiveUp is how long a message is tried; 24h where nothing is said.
	GiveUp string `yaml:"give_up,omitempty" json:"give_up,omitempty" jsonschema:"example=24h"`
}

// The formats of messages.
const (
	formatJSON  = "json"
	formatSlack = "slack"
)

// CheckedWebhook is a webhook whose times are read; its secrets are not.
type CheckedWebhook struct {
	webhook.Hook
	URLFrom, Secret Reference
}

func (c *checker) webhooks(list []Webhook) []CheckedWebhook {
	var out []CheckedWebhook
	seen := places{}
	for i, w := range list {
		at := fmt.Sprintf("webhooks[%d]", i)
		c.once(seen, at+".name", w.Name, "a name of its own")
		made := CheckedWebhook{URLFrom: w.URLFrom, Secret: w.Secret, Hook: webhook.Hook{
			Name: w.Name, URL: w.URL, Events: w.Events, Tenants: w.Tenants, Slack: w.Format == formatSlack, Private: w.Private,
			Timeout: c.waitOr(at+".timeout", w.Timeout, webhook.DefaultTimeout), GiveUp: c.waitOr(at+".give_up", w.GiveUp, webhook.DefaultGiveUp),
		}}
		if formats := []string{formatJSON, formatSlack}; w.Format != "" && !slices.Contains(formats, w.Format) {
			c.add(at+".format", fmt.Sprintf("%q", w.Format), "a format", nearest(w.Format, formats))
		}
		c.reference(at+".url_from", w.URLFrom, true)
		c.reference(at+".secret", w.Secret, made.Slack)
		switch {
		case (w.URL == "") == (w.URLFrom == Reference{}):
			c.add(at+".url", "url and url_from, or neither", "one of them", "")
		case w.URL != "":
			if err := webhook.CheckURL(w.URL, w.Private); err != nil {
				c.add(at+".url", "an address that is not told anything", err.Error(), "")
			}
		}
		if len(w.Events) == 0 {
			c.add(at+".events", "nothing", "at least one event", nearest("", webhook.Types()))
		}
		for k, e := range w.Events {
			if !slices.Contains(webhook.Types(), e) {
				c.add(fmt.Sprintf("%s.events[%d]", at, k), fmt.Sprintf("%q", e), "an event", nearest(e, webhook.Types()))
			}
		}
		out = append(out, made)
	}
	return out
}

// waitOr reads a duration; nothing is the default.
func (c *checker) waitOr(field, s string, otherwise time.Duration) time.Duration {
	if d := c.wait(field, s); d > 0 {
		return d
	}
	return otherwise
}

// Ready is the hook with what its references name. Its errors hold nothing of that.
func (w *CheckedWebhook) Ready() (webhook.Hook, error) {
	out := w.Hook
	var err error
	if w.URLFrom != (Reference{}) {
		if out.URL, err = w.URLFrom.Secret(); err != nil {
			return out, fmt.Errorf("webhook %s: url_from: %w", w.Name, err)
		}
		if err := webhook.CheckURL(out.URL, out.Private); err != nil {
			return out, fmt.Errorf("webhook %s: url_from: %w", w.Name, err)
		}
	}
	if w.Secret != (Reference{}) {
		if out.Secret, err = w.Secret.Secret(); err != nil {
			return out, fmt.Errorf("webhook %s: secret: %w", w.Name, err)
		}
		if err := webhook.CheckSecret(out.Secret); err != nil {
			return out, fmt.Errorf("webhook %s: secret: %w", w.Name, err)
		}
	}
	return out, nil
}
