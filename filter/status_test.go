package filter_test

import (
	"strings"
	"testing"

	"weir/policy/tenant"
)

// A tenant that is not active is refused at its headers, whatever the reason, which is nobody's but the operator's; nothing is
// held, and nothing of the body is looked at.
func TestWhoIsNotActiveIsRefused(t *testing.T) {
	type state struct {
		status tenant.Status
		reason string
	}
	codes := map[state]string{
		{tenant.Inactive, ""}: "tenant_inactive", {tenant.OnboardingIncomplete, ""}: "tenant_onboarding_incomplete",
		{tenant.PaymentFailed, ""}: "tenant_payment_failed", {tenant.SubscriptionCanceled, ""}: "tenant_subscription_canceled",
	}
	for _, reason := range []string{"trial_ended", "abuse", "deletion_scheduled", "manual"} {
		codes[state{tenant.Suspended, reason}] = "tenant_suspended"
	}
	for _, dialect := range []string{"openai", "dvara", "rivaro", "korad", "dosai", "olava"} {
		for s, code := range codes {
			h := build(t, dialect, func(a *tenant.Tenant) { a.Status, a.SuspendedReason = s.status, s.reason })
			got := h.play(t, h.ask())
			if got.immediate == nil || h.trail[0].Code != code || len(h.holds) > 0 {
				t.Errorf("%s, %+v: %v, code %q, want %q", dialect, s, got.immediate, h.trail[0].Code, code)
				continue
			}
			if n := int(got.immediate.GetStatus().GetCode()); n < 401 || n > 403 || s.reason != "" && strings.Contains(string(got.body), s.reason) {
				t.Errorf("%s, %+v: %d %s", dialect, s, n, got.body)
			}
		}
	}
}
