package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The bounds of a guard.
const (
	// BreakAfter is how many changes in a row a store may fail before it is left alone.
	BreakAfter = 5
	// BreakFor is how long it is left alone; then a single change tries it.
	BreakFor = time.Second
)

// guard keeps a store that fails or does not answer from being asked at every request. What is the caller's own fault,
// or the caller's leaving, does not count.
type guard struct {
	breaker *gobreaker.CircuitBreaker[struct{}]
}

func newGuard(name string, log *slog.Logger) *guard {
	return &guard{gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name: name, Timeout: BreakFor,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= BreakAfter },
		IsSuccessful: func(err error) bool { return err == nil || !errors.Is(err, errOutage) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(name string, _, to gobreaker.State) {
			switch to {
			case gobreaker.StateOpen:
				log.Error("the store fails and is left alone for a moment", "store", name, "for", BreakFor)
			case gobreaker.StateClosed:
				log.Info("the store answers again", "store", name)
			}
		},
	})}
}

// errOutage marks a failure of the store itself. It never reaches a caller without what caused it.
var errOutage = errors.New("the store fails")

// outage marks err as the store's failure.
func outage(err error) error { return fmt.Errorf("%w: %w", errOutage, err) }

// do runs ask unless the store is being left alone, which is ErrDown.
func (g *guard) do(ask func() error) error {
	_, err := g.breaker.Execute(func() (struct{}, error) { return struct{}{}, ask() })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return ErrDown
	}
	return err
}

// open says whether the store is being left alone.
func (g *guard) open() bool { return g.breaker.State() == gobreaker.StateOpen }

// state is one of BreakerStates.
func (g *guard) state() string { return g.breaker.State().String() }

// BreakerStates are what a store's breaker can be: closed while the store works, open while it is left alone, half-open
// while a single change tries it.
func BreakerStates() []string {
	return []string{gobreaker.StateClosed.String(), gobreaker.StateOpen.String(), gobreaker.StateHalfOpen.String()}
}
