package remote

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/policy/detect"
)

// atOnce is how many questions of one exchange are under way at once.
const atOnce = 4

// Text is what is asked about, and whom it speaks for: system, user, assistant, tool or offer.
type Text struct {
	Role string
	Text string
}

// Asked is told of every question: the service, what came of it (found, clean, failed, open) and how long it took.
type Asked func(service, result string, took time.Duration)

// Set is the services of a configuration. It is safe for concurrent use; a nil Set has none.
type Set struct {
	services []*service
	asked    Asked
}

// New makes the services that list says. Those that are in old with the same words keep their breakers.
func New(list []Config, old *Set, asked Asked) (*Set, error) {
	out := &Set{asked: asked}
	for _, c := range list {
		kept := old.named(c.Name)
		if kept == nil || !reflect.DeepEqual(kept.config, c) {
			var err error
			if kept, err = newService(c); err != nil {
				return nil, fmt.Errorf("the detector %q: %w", c.Name, err)
			}
		}
		out.services = append(out.services, kept)
	}
	return out, nil
}

func (s *Set) named(name string) *service {
	if s == nil {
		return nil
	}
	i := slices.IndexFunc(s.services, func(v *service) bool { return v.config.Name == name })
	if i < 0 {
		return nil
	}
	return s.services[i]
}

// Ask asks the services that names lists about every text, and returns what they found by text, spans in bytes. The
// error says which service failed and how, never what was asked or answered; what the others found stands beside it.
func (s *Set) Ask(ctx context.Context, names []string, texts []Text) ([][]detect.Finding, error) {
	found := make([][]detect.Finding, len(texts))
	var errs []error
	for _, name := range names {
		v := s.named(name)
		if v == nil {
			errs = append(errs, fmt.Errorf("there is no detector %q", name))
			continue
		}
		if err := s.ask(ctx, v, texts, found); err != nil {
			errs = append(errs, fmt.Errorf("the detector %q: %w", name, err))
		}
	}
	return found, errors.Join(errs...)
}

// ask asks one service about the texts of its roles, within its time for all of them together.
func (s *Set) ask(ctx context.Context, v *service, texts []Text, found [][]detect.Finding) error {
	ctx, cancel := context.WithTimeout(ctx, v.config.Timeout)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, t := range texts {
		if t.Text == "" || len(v.config.Roles) > 0 && !slices.Contains(v.config.Roles, t.Role) {
			continue
		}
		group.Go(func() error { // each goroutine has an element of its own
			for from := 0; from < len(t.Text); {
				piece := t.Text[from : from+pieceEnd(t.Text[from:], v.config.Bytes)]
				began := time.Now()
				more, err := v.find(ctx, piece)
				s.tell(v.config.Name, len(more), err, time.Since(began))
				if err != nil {
					return err
				}
				for _, f := range more {
					f.Start, f.End = f.Start+from, f.End+from
					found[i] = append(found[i], f)
				}
				from += len(piece)
			}
			return nil
		})
	}
	return group.Wait()
}

func (s *Set) tell(service string, found int, err error, took time.Duration) {
	if s.asked == nil {
		return
	}
	result := "clean"
	switch {
	case errors.Is(err, errLeftAlone):
		result = "open"
	case err != nil:
		result = "failed"
	case found > 0:
		result = "found"
	}
	s.asked(service, result, took)
}
