package admin

import (
	"encoding/json"
	"net/http"
	"time"

	"weir/policy/audit"
)

// comparedMetric counts the candidate's decisions by how they differ.
const comparedMetric = "weir_candidate_decisions_total"

// divergence is an exchange that the candidate policies would have decided otherwise.
type divergence struct {
	Trace     string          `json:"trace"`
	Time      time.Time       `json:"time"`
	Tenant    string          `json:"tenant,omitempty"`
	Code      string          `json:"code,omitempty"` // what the client heard
	Candidate json.RawMessage `json:"candidate"`
}

// divergenceView is how the candidate differs: counts since the start by kind, and exchanges of a page of the trail.
type divergenceView struct {
	Counts      map[string]int64 `json:"counts"`
	Divergences []divergence     `json:"divergences"`
	Looked      int              `json:"looked"`         // how many records the page has
	Next        string           `json:"next,omitempty"` // cursor of the next page
}

func divergenceParams() []param { return append(pageParams(), query("tenant", "only this tenant's")) }

// divergences answers with those of one page of the trail.
func (s *Server) divergences(w http.ResponseWriter, r *http.Request) error {
	v, err := values(r, divergenceParams())
	if err != nil {
		return err
	}
	q := audit.Query{Cursor: v.Get("cursor"), Tenant: v.Get("tenant")}
	if q.Limit, err = limitOf(v); err != nil {
		return err
	}
	p, err := s.page(r, q)
	if err != nil {
		return err
	}
	out := divergenceView{Counts: s.compared(), Divergences: []divergence{}, Looked: len(p.Records), Next: p.Next}
	for i := range p.Records {
		if x := &p.Records[i]; len(x.Candidate) > 0 {
			out.Divergences = append(out.Divergences, divergence{x.Trace, x.Time, x.Tenant, x.Code, x.Candidate})
		}
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
