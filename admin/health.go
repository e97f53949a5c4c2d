package admin

import (
	"context"
	"net/http"
)

// checkView is one thing that must hold.
type checkView struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"` // not
}

// healthView says how Weir is.
type healthView struct {
	Status string      `json:"status"` // ready, not ready
	Checks []checkView `json:"checks"`
}

// health says of every check whether it holds. The status of the answer is a success either way: /readyz is for probes.
func (s *Server) health(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkBound)
	defer cancel()
	out := healthView{Status: "ready", Checks: []checkView{}}
	for i, err := range s.ask(ctx) {
		c := checkView{Name: s.parts.Ready[i].Name, OK: err == nil}
		if err != nil {
			out.Status, c.Why = "not ready", err.Error()
		}
		out.Checks = append(out.Checks, c)
	}
	write(w, http.StatusOK, out)
	return nil
}
