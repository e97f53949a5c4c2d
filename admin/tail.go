package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"weir/policy/audit"
)

// The bounds of a live tail.
const (
	tailEvery = 500 * time.Millisecond // how often the trail is asked for more
	tailIdle  = 15 * time.Second       // after which a comment says that the tail lives
	maxTails  = 16                     // at once
	tailWrite = 10 * time.Second       // for a reader to take what there is
)

func tailParams() []param {
	return []param{
		query("tenant", "only this tenant's"), query("code", "only refusals with this code"), query("event", "only this event, such as PII_REDACTED"),
		{"Last-Event-ID", "header", "the id of the last event that was read, to go on behind it", map[string]any{"type": "string"}},
	}
}

// tail sends records as they are written, until the reader leaves. Each event is a record; its id is what to go on from.
func (s *Server) tail(w http.ResponseWriter, r *http.Request) error {
	v, err := values(r, tailParams())
	if err != nil {
		return err
	}
	of, err := within(r, v.Get("tenant"))
	if err != nil {
		return err
	}
	at, err := s.tailFrom(r)
	if err != nil {
		return err
	}
	if s.tails.Add(1) > maxTails {
		s.tails.Add(-1)
		limited(w, tailIdle)
		return nil
	}
	defer s.tails.Add(-1)
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	_, _ = fmt.Fprint(w, ": the trail from here on\n\n")
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	said := time.Now()
	more := false
	for {
		// The server's own bounds are for answers that end. A writer without deadlines is a test's.
		_ = out.SetWriteDeadline(time.Now().Add(tailWrite))
		_ = out.SetReadDeadline(time.Time{})
		if err := out.Flush(); err != nil {
			return nil // the reader has left
		}
		if !more { // else the reader is behind, and need not wait
			select {
			case <-r.Context().Done():
				return nil
			case <-tick.C:
			}
		}
		records, err := s.parts.Trail.Follow(r.Context(), at, of)
		if err != nil {
			_, _ = fmt.Fprint(w, "event: error\ndata: {\"detail\":\"the store does not answer\"}\n\n")
			_ = out.Flush()
			return nil
		}
		more = len(records) == audit.MaxRecent
		for i := range records {
			at = records[i].N
			if !wanted(&records[i].Record, v.Get("code"), v.Get("event")) {
				continue
			}
			text, err := json.Marshal(&records[i].Record)
			if err != nil {
				return nil
			}
			_, _ = fmt.Fprintf(w, "id: %d\ndata: %s\n\n", at, text)
			said = time.Now()
		}
		if time.Since(said) > tailIdle {
			_, _ = fmt.Fprint(w, ":\n\n")
			said = time.Now()
		}
	}
}

func wanted(r *audit.Record, code, event string) bool {
	return (code == "" || r.Code == code) && (event == "" || r.Event == event)
}

// tailFrom is the number of the record behind which the tail begins.
func (s *Server) tailFrom(r *http.Request) (int64, error) {
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		return s.parts.Trail.Head(r.Context())
	}
	n, err := strconv.ParseInt(last, 10, 64)
	if err != nil || n < 0 {
		return 0, errBadQuery("Last-Event-ID is none that an event had")
	}
	return n, nil
}
