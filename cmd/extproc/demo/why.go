package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"weir/policy"
	"weir/policy/audit"
)

// whyBound is how long the record of an answer that has just come may take to be written.
const whyBound = 5 * time.Second

// unrecorded is what the trail does not tell of a refusal: its status, the very body, and of one by a policy the rule and where it
// stands.
func unrecorded(r *audit.Record, h *heard) []string {
	switch {
	case h.status < 400:
		return nil
	case r == nil:
		return []string{"the trail has no record of it"}
	}
	var out []string
	if r.Status != h.status {
		out = append(out, fmt.Sprintf("its record says status %d", r.Status))
	}
	if r.Answer != h.body {
		out = append(out, fmt.Sprintf("its record says that the body was %q", short(r.Answer)))
	}
	var d policy.Decision
	if len(r.Decision) > 0 && json.Unmarshal(r.Decision, &d) == nil && !d.Allow && (len(d.Fired) == 0 || d.Fired[0].File == "" || d.Fired[0].Line == 0) {
		out = append(out, "its record names no rule")
	}
	return out
}

// because is what a record says of why.
func because(r *audit.Record, err error) string {
	if err != nil {
		return err.Error()
	}
	var out []string
	if r.Code != "" {
		out = append(out, r.Code)
	} else {
		out = append(out, "allowed")
	}
	var d policy.Decision
	if len(r.Decision) > 0 && json.Unmarshal(r.Decision, &d) == nil {
		for _, f := range d.Fired {
			out = append(out, fmt.Sprintf("%s (%s:%d)", f.Name, f.File, f.Line))
		}
	}
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s: %d %s, %s", f.Direction, f.Count, f.Type, f.Action))
	}
	if r.Restored > 0 {
		out = append(out, fmt.Sprintf("%d values put back", r.Restored))
	}
	if r.HeldMicro > 0 || r.BilledMicro > 0 {
		out = append(out, fmt.Sprintf("held $%.6f, billed $%.6f", float64(r.HeldMicro)/1e6, float64(r.BilledMicro)/1e6))
	}
	return strings.Join(out, "; ")
}

// record waits for the record of a trace id: it is written when the exchange has closed, just after its answer.
func (t *tour) record(ctx context.Context, trace string) (*audit.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, whyBound)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, admin := range t.admins {
			if r, ok := t.find(ctx, admin, trace); ok {
				return r, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no record of trace id %q", trace)
		case <-tick.C:
		}
	}
}

// find asks one Weir.
func (t *tour) find(ctx context.Context, admin, trace string) (*audit.Record, bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/v1/trail/"+trace, nil)
	if err != nil {
		return nil, false
	}
	req.Header.Set("Authorization", "Bearer "+t.cast.token)
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, false
	}
	defer resp.Body.Close()
	var found struct{ Records []audit.Record }
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&found) != nil || len(found.Records) == 0 {
		return nil, false
	}
	return &found.Records[0], true
}
