package admin

import (
	"context"
	"errors"
	"net/http"

	"weir/policy/audit"
)

// Content opens what is kept of exchanges' text. by is who asks, which the opener writes down.
type Content func(ctx context.Context, r *audit.Record, by string) (*audit.Content, error)

type contentList struct {
	Content []audit.Content `json:"content"`
}

// content answers with what is kept of the exchanges of a trace id.
func (s *Server) content(w http.ResponseWriter, r *http.Request) error {
	records, err := s.traced(r)
	if err != nil {
		return err
	}
	by, _ := r.Context().Value(bearerKey{}).(Token)
	var out contentList
	for i := range records {
		c, err := s.parts.Content(r.Context(), &records[i], by.Name)
		switch {
		case errors.Is(err, audit.ErrNoContent):
		case errors.Is(err, audit.ErrContent):
			return errChanged(err.Error())
		case err != nil:
			return err
		default:
			out.Content = append(out.Content, *c)
		}
	}
	if len(out.Content) == 0 {
		return errNotFound("nothing is kept of the text of this trace id")
	}
	write(w, http.StatusOK, out)
	return nil
}

// errChanged says that what is kept cannot be trusted.
type errChanged string

func (e errChanged) Error() string { return string(e) }
