package provider

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Outcome is what became of one request to a provider.
type Outcome int

// The outcomes.
const (
	Neither Outcome = iota // nothing that tells of its health: a client's mistake, a rate limit, a client that left
	Served
	Failed // a status of 500 and above, a time-out, a reset, an answer that breaks off or cannot be read
)

// BreakerSettings say when a provider is left alone. What is not set gets its default.
type BreakerSettings struct {
	Window int           // how many of the last outcomes count; default 10
	Least  int           // how many there must be; default 5
	Rate   float64       // which part of them must have failed; default 0.5
	Open   time.Duration // how long it is left alone; default 30 s
	Probes int           // how many requests must then succeed in turn, at most so many at once; default 3
}

func (s BreakerSettings) withDefaults() BreakerSettings {
	set(&s.Window, 10)
	set(&s.Least, 5)
	set(&s.Rate, 0.5)
	set(&s.Open, 30*time.Second)
	set(&s.Probes, 3)
	s.Least = min(s.Least, s.Window)
	return s
}

func set[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Board is where replicas tell each other which providers to leave alone. Its methods must be safe for concurrent use.
type Board interface {
	// Tell says that a provider is to be left alone until a time.
	Tell(ctx context.Context, provider string, until time.Time) error
	// Told is what was said and is not over, by provider.
	Told(ctx context.Context) (map[string]time.Time, error)
}

// boardEvery is how often the board is read: what one replica learns the others know so much later. boardWait bounds one
// reading or telling.
const (
	boardEvery = time.Second
	boardWait  = 500 * time.Millisecond
)

// Breakers leave providers alone that fail. One breaker serves all tenants: a provider that fails fails for all. They are
// safe for concurrent use.
type Breakers struct {
	settings BreakerSettings
	board    Board // nil: there are no other replicas
	log      *slog.Logger
	opened   chan notice

	mu   sync.Mutex
	each map[string]*breaker
}

// notice is what the board is to be told.
type notice struct {
	provider string
	until    time.Time
}

// NewBreakers makes breakers that are all closed. board may be nil.
func NewBreakers(s BreakerSettings, board Board, log *slog.Logger) *Breakers {
	return &Breakers{settings: s.withDefaults(), board: board, log: log, opened: make(chan notice, 64), each: map[string]*breaker{}}
}

// breaker is one provider's: gobreaker's states, over a window of outcomes.
type breaker struct {
	gate *gobreaker.TwoStepCircuitBreaker[struct{}]

	mu      sync.Mutex
	last    []bool // the last outcomes that count, the oldest first; true failed
	until   time.Time
	heard   time.Time // what the board said last
	tripped bool      // by the board: it need not be told
}

// of is the breaker of a provider.
func (b *Breakers) of(name string) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	one, ok := b.each[name]
	if ok {
		return one
	}
	one = &breaker{}
	one.gate = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: name, MaxRequests: uint32(b.settings.Probes), Timeout: b.settings.Open,
		ReadyToTrip: func(gobreaker.Counts) bool { return one.bad(b.settings) },
		IsExcluded:  func(err error) bool { return errors.Is(err, errNeither) },
		OnStateChange: func(name string, _, to gobreaker.State) {
			b.changed(one, name, to)
		},
	})
	b.each[name] = one
	return one
}

var (
	errNeither = errors.New("says nothing of the provider")
	errFailed  = errors.New("the provider failed")
)

// bad says whether enough of the last outcomes failed, or the board said so.
func (o *breaker) bad(s BreakerSettings) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	failed := 0
	for _, f := range o.last {
		if f {
			failed++
		}
	}
	return o.tripped || len(o.last) >= s.Least && float64(failed) >= s.Rate*float64(len(o.last))
}

// note keeps an outcome in the window. It must be kept before the gate is told.
func (o *breaker) note(s BreakerSettings, failed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.last) == s.Window {
		o.last = append(o.last[:0], o.last[1:]...)
	}
	o.last = append(o.last, failed)
}

// changed follows the gate: a new state begins with an empty window.
func (b *Breakers) changed(o *breaker, name string, to gobreaker.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = o.last[:0]
	switch to {
	case gobreaker.StateOpen:
		o.until = time.Now().Add(b.settings.Open)
		b.log.Warn("the provider fails and is left alone", "provider", name, "for", b.settings.Open)
		if b.board != nil && !o.tripped {
			select {
			case b.opened <- notice{name, o.until}:
			default: // the board is slow; the others will learn for themselves
			}
		}
		o.tripped = false
	case gobreaker.StateClosed:
		b.log.Info("the provider answers again", "provider", name)
	}
}

// Ask asks to send a request to a provider. Where it may be sent, report must be called once with what became of it;
// calls after the first do nothing. Where it may not, left is how long the provider is still left alone.
func (b *Breakers) Ask(name string) (report func(Outcome), left time.Duration, ok bool) {
	o := b.of(name)
	done, err := o.gate.Allow()
	if err != nil {
		return nil, o.left(), false
	}
	var once sync.Once
	return func(outcome Outcome) {
		once.Do(func() {
			switch outcome {
			case Served:
				o.note(b.settings, false)
				done(nil)
			case Failed:
				o.note(b.settings, true)
				done(errFailed)
			default:
				done(errNeither)
			}
		})
	}, 0, true
}

// Note tells of a request that was sent without being asked about: to a fallback.
func (b *Breakers) Note(name string, outcome Outcome) {
	if report, _, ok := b.Ask(name); ok {
		report(outcome)
	}
}

// Closed says whether a provider works as far as is known: one that is being tried may not be asked on the side.
func (b *Breakers) Closed(name string) (left time.Duration, closed bool) {
	o := b.of(name)
	return o.left(), o.gate.State() == gobreaker.StateClosed
}

// left is how long a provider is left alone; at least a second, since it is not free yet.
func (o *breaker) left() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return max(time.Until(o.until), time.Second)
}

// States are the states of all breakers that were ever asked, by provider: closed, open or half-open.
func (b *Breakers) States() map[string]string {
	b.mu.Lock()
	all := make(map[string]*breaker, len(b.each))
	for name, o := range b.each {
		all[name] = o
	}
	b.mu.Unlock()
	out := make(map[string]string, len(all))
	for name, o := range all {
		out[name] = o.gate.State().String()
	}
	return out
}

// Run tells the board what this replica learns, and learns what the others tell, until ctx ends. While the board fails
// each replica knows what it sees itself.
func (b *Breakers) Run(ctx context.Context) error {
	if b.board == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(boardEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-b.opened:
			b.tell(ctx, n)
		case <-tick.C:
			b.listen(ctx)
		}
	}
}

func (b *Breakers) tell(ctx context.Context, n notice) {
	ctx, cancel := context.WithTimeout(ctx, boardWait)
	defer cancel()
	if err := b.board.Tell(ctx, n.provider, n.until); err != nil {
		b.log.Warn("telling the other replicas that a provider fails", "provider", n.provider, "error", err)
	}
}

func (b *Breakers) listen(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, boardWait)
	defer cancel()
	told, err := b.board.Told(ctx)
	if err != nil {
		return // the store tells of its failures itself
	}
	for name, until := range told {
		if until.After(time.Now()) {
			b.trip(name, until)
		}
	}
}

// trip opens a closed breaker because another replica's opened. What was heard before is not heard again, and what this
// replica said itself finds the breaker open.
func (b *Breakers) trip(name string, until time.Time) {
	o := b.of(name)
	o.mu.Lock()
	news := until.After(o.heard)
	if news {
		o.heard = until
	}
	own := until.Equal(o.until)
	o.mu.Unlock()
	if !news || own || o.gate.State() != gobreaker.StateClosed {
		return
	}
	done, err := o.gate.Allow()
	if err != nil {
		return
	}
	o.mu.Lock()
	o.tripped = true
	o.mu.Unlock()
	done(errFailed)
}
