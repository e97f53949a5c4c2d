package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"weir/policy/audit"
)

// Trail is what is read of the audit trail.
type Trail interface {
	// FindOf are the records of a trace id, of a tenant or of everybody, at most audit.MaxFound.
	FindOf(ctx context.Context, trace, tenant string) ([]audit.Record, error)
	Search(ctx context.Context, q audit.Query) (*audit.Page, error)
	Use(ctx context.Context, q audit.UsageQuery) ([]audit.Usage, error)
	// Head is the number of the latest record, Follow what was written behind one, of a tenant or of everybody.
	Head(ctx context.Context) (int64, error)
	Follow(ctx context.Context, n int64, tenant string) ([]audit.Numbered, error)
}

// errBadQuery says that a parameter cannot be meant.
type errBadQuery string

func (e errBadQuery) Error() string { return string(e) }

// errNotFound says that nothing fits.
type errNotFound string

func (e errNotFound) Error() string { return string(e) }

func searchParams() []param {
	list := pageParams()
	for _, p := range [...][2]string{
		{"trace", "trace id"}, {"tenant", "id of a tenant"}, {"key", "id of a key"}, {"code", "code of a refusal"}, {"model", "model that was asked for, or that served"},
		{"finding", "type of a finding"}, {"rule", "rule that fired, as FILE:LINE"},
	} {
		list = append(list, query(p[0], p[1]))
	}
	for _, name := range []string{"from", "until"} {
		list = append(list, param{name, "query", "time, RFC 3339; until is not included", map[string]any{"type": "string", "format": "date-time"}})
	}
	return list
}

// values are the parameters of a request, of which only known ones may be given, and each once.
func values(r *http.Request, known []param) (url.Values, error) {
	v, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errBadQuery("the query cannot be read")
	}
	for name, list := range v {
		if !slices.ContainsFunc(known, func(p param) bool { return p.in == "query" && p.name == name }) {
			return nil, errBadQuery(fmt.Sprintf("there is no parameter %q", name))
		}
		if len(list) > 1 {
			return nil, errBadQuery(name + " is given more than once")
		}
		if len(list[0]) > maxParam {
			return nil, errBadQuery(fmt.Sprintf("%s is longer than %d bytes", name, maxParam))
		}
	}
	return v, nil
}

// maxParam bounds one parameter, bytes.
const maxParam = 2048

// within refuses a tenant that the bearer does not see, and chooses the one it sees.
func within(r *http.Request, tenant string) (string, error) {
	own := scope(r)
	if own == "" || tenant == own {
		return tenant, nil
	}
	if tenant == "" {
		return own, nil
	}
	return "", errBadQuery("the token is for the tenant " + own + " alone")
}

// search answers with a page of the trail.
func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	v, err := values(r, searchParams())
	if err != nil {
		return err
	}
	q := audit.Query{
		Trace: v.Get("trace"), Key: v.Get("key"), Code: v.Get("code"), Model: v.Get("model"), Type: v.Get("finding"), Rule: v.Get("rule"), Cursor: v.Get("cursor"),
	}
	if q.Tenant, err = within(r, v.Get("tenant")); err != nil {
		return err
	}
	for name, into := range map[string]*time.Time{"from": &q.From, "until": &q.Until} {
		if v.Has(name) {
			if *into, err = time.Parse(time.RFC3339, v.Get(name)); err != nil {
				return errBadQuery(name + ": want a time like 2026-12-31T00:00:00Z")
			}
		}
	}
	if q.Limit, err = limitOf(v); err != nil {
		return err
	}
	p, err := s.page(r, q)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, recordPage{p.Records, p.Next})
	return nil
}

// page is a page of the trail.
func (s *Server) page(r *http.Request, q audit.Query) (*audit.Page, error) {
	p, err := s.parts.Trail.Search(r.Context(), q)
	if errors.Is(err, audit.ErrCursor) {
		return nil, errBadQuery(err.Error())
	}
	return p, err
}

// traceParams narrow the records of a trace id, which callers choose, and so may share.
func traceParams() []param { return []param{query("tenant", "only this tenant's")} }

// traced are the records of the trace id in the path: the bearer's tenant's, or those of the one that is asked for, or all.
func (s *Server) traced(r *http.Request) ([]audit.Record, error) {
	v, err := values(r, traceParams())
	if err != nil {
		return nil, err
	}
	tenant, err := within(r, v.Get("tenant"))
	if err != nil {
		return nil, err
	}
	trace := r.PathValue("trace")
	if len(trace) > maxTraceLen {
		return nil, errBadQuery("a trace id has at most 128 characters")
	}
	return s.parts.Trail.FindOf(r.Context(), trace, tenant)
}

// trail answers with the records of a trace id.
func (s *Server) trail(w http.ResponseWriter, r *http.Request) error {
	records, err := s.traced(r)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return errNotFound("no record of this trace id")
	}
	write(w, http.StatusOK, recordList{records, len(records) == audit.MaxFound})
	return nil
}

func usageParams() []param {
	day := map[string]any{"type": "string", "format": "date"}
	return []param{
		query("tenant", "id of a tenant"), query("key", "id of a key"), query("model", "model that served"),
		{"from", "query", "first day, UTC", day}, {"until", "query", "last day, UTC", day},
		{"by", "query", "what to tell apart, with commas: " + strings.Join(audit.UsageColumns(), ", "), map[string]any{"type": "string", "example": "tenant,day"}},
	}
}

// usage answers with what was used and spent.
func (s *Server) usage(w http.ResponseWriter, r *http.Request) error {
	v, err := values(r, usageParams())
	if err != nil {
		return err
	}
	q := audit.UsageQuery{Key: v.Get("key"), Model: v.Get("model")}
	if q.Tenant, err = within(r, v.Get("tenant")); err != nil {
		return err
	}
	for name, into := range map[string]*time.Time{"from": &q.From, "until": &q.Until} {
		if v.Has(name) {
			if *into, err = time.Parse(time.DateOnly, v.Get(name)); err != nil {
				return errBadQuery(name + ": want a day like 2026-12-31")
			}
		}
	}
	if by := v.Get("by"); by != "" {
		q.By = strings.Split(by, ",")
	}
	rows, err := s.parts.Trail.Use(r.Context(), q)
	if errors.Is(err, audit.ErrUsageColumn) || errors.Is(err, audit.ErrUsageRows) {
		return errBadQuery(err.Error())
	}
	if err != nil {
		return err
	}
	write(w, http.StatusOK, usageList{rows})
	return nil
}
