package admin

import (
	"encoding/json"
	"net/http"
	"time"

	"weir/policy"
	"weir/policy/audit"
)

// comparedMetric counts the candidate's decisions by how they differ.
const comparedMetric = "weir_candidate_decisions_total"

// divergence is an exchange that the candidate policies would have decided otherwise, or that has reasons which were only recorded.
type divergence struct {
	Trace     string          `json:"trace"`
	Time      time.Time       `json:"time"`
	Tenant    string          `json:"tenant,omitempty"`
	Code      string          `json:"code,omitempty"` // what the client heard
	Candidate json.RawMessage `json:"candidate,omitempty"`
	Shadow    []string        `json:"shadow,omitempty"` // codes of reasons that were only recorded
}

// divergenceView is how the candidate differs: counts since the start by kind, and a page of exchanges, newest first.
type divergenceView struct {
	Counts      map[string]int64 `json:"counts"`
	Divergences []divergence     `json:"divergences"`
	Next        string           `json:"next,omitempty"` // cursor of the next page
}

func divergenceParams() []param {
	changes := []string{audit.Any}
	for _, c := range []policy.Change{policy.NewlyDenied, policy.NewlyAllowed, policy.Otherwise} {
		changes = append(changes, string(c))
	}
	return append(pageParams(), query("tenant", "only this tenant's"),
		param{"change", "query", "how the candidate differs; any where neither this nor shadow is given", map[string]any{"type": "string", "enum": changes}},
		query("shadow", "code of a reason that was only recorded, or any: exchanges that it would have refused"))
}

// divergences answers with a page of them. They are found by an index, however far they stand from each other.
func (s *Server) divergences(w http.ResponseWriter, r *http.Request) error {
	v, err := values(r, divergenceParams())
	if err != nil {
		return err
	}
	q := audit.Query{Cursor: v.Get("cursor"), Tenant: v.Get("tenant"), Change: v.Get("change"), Shadow: v.Get("shadow")}
	switch policy.Change(q.Change) {
	case "", audit.Any, policy.NewlyDenied, policy.NewlyAllowed, policy.Otherwise:
	default:
		return errBadQuery("change is any, newly_denied, newly_allowed or otherwise")
	}
	if q.Change == "" && q.Shadow == "" {
		q.Change = audit.Any
	}
	if q.Limit, err = limitOf(v); err != nil {
		return err
	}
	p, err := s.page(r, q)
	if err != nil {
		return err
	}
	out := divergenceView{Counts: s.compared(), Divergences: []divergence{}, Next: p.Next}
	for i := range p.Records {
		x := &p.Records[i]
		out.Divergences = append(out.Divergences, divergence{x.Trace, x.Time, x.Tenant, x.Code, x.Candidate, x.Shadows()})
	}
	write(w, http.StatusOK, out)
	return nil
}

// compared are the counts, by kind of difference.
func (s *Server) compared() map[string]int64 {
	out := map[string]int64{}
	families, err := s.parts.Gatherer.Gather()
	if err != nil {
		return out // what could be gathered is not told apart
	}
	for _, f := range families {
		if f.GetName() != comparedMetric {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				out[l.GetValue()] += int64(m.GetCounter().GetValue())
			}
		}
	}
	return out
}
