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

// why reads the trail as an operator does, and says what the record says.
func (t *tour) why(ctx context.Context, trace string) string {
	r, err := t.record(ctx, trace)
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
