package policy_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// What tenants' settings have in common is kept once, and no tenant ever gets another's: settings that differ in one member
// decide as they do alone, also while many are read at once.
func TestSharedPartsOfSettingsAreNobodyElses(t *testing.T) {
	p := shipped(t)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range 60 {
				f := reference(1)
				what := []string{"redact", "block", "log"}[(i+n)%3]
				f.Settings = fmt.Appendf(nil, `{"pii":{"request":%q,"response":"redact"},"guardrails":{"request":"block","threshold":0.%d},"labels":{"tenant":"%d"}}`, what, 1+i%9, i%20)
				d := p.Decide(context.Background(), f)
				blocked := what == "block" || i%9 < 3 // the injection scores 0.3
				if d.Allow == blocked || (len(d.Redact) == 1) != (what == "redact") {
					t.Errorf("%s: allow %v, redact %v, reasons %v", f.Settings, d.Allow, d.Redact, d.Reasons)
				}
			}
		})
	}
	all.Wait()
}
