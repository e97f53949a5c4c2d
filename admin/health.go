package admin

import (
	"context"
	"net/http"
	"slices"
)

// checkView is one thing that must hold.
type checkView struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"` // not
}

// healthView says how Weir is.
type healthView struct {
	Status   string      `json:"status"` // ready, not ready
	Checks   []checkView `json:"checks"`
	Degraded []checkView `json:"degraded"` // what keeps no request from being served
}

// health says of every check whether it holds. The status of the answer is a success either way: /readyz is for probes.
func (s *Server) health(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkBound)
	defer cancel()
	out := healthView{Status: "ready", Checks: views(ctx, s.parts.Ready), Degraded: views(ctx, s.parts.Degraded)}
	if slices.ContainsFunc(out.Checks, func(c checkView) bool { return !c.OK }) {
		out.Status = "not ready"
	}
	write(w, http.StatusOK, out)
	return nil
}

// views makes checks and says what became of each.
func views(ctx context.Context, checks []Check) []checkView {
	out := make([]checkView, len(checks))
	for i, err := range ask(ctx, checks) {
		if out[i] = (checkView{Name: checks[i].Name, OK: err == nil}); err != nil {
			out[i].Why = err.Error()
		}
	}
	return out
}
