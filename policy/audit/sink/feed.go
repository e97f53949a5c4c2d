package sink

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"weir/policy/audit"
)

// Target is where records go.
type Target interface {
	// Send hands over records in their order, and returns nil when all of them have arrived. Those of a batch that failed come
	// again. ctx bounds the wait.
	Send(ctx context.Context, batch []audit.Stored) error
}

// Trail is what a feed reads.
type Trail interface {
	After(ctx context.Context, n int64, limit, bytes int) ([]audit.Stored, error)
	Head(ctx context.Context) (int64, error)
	Position(ctx context.Context, sink string) (int64, error)
}

// Advance writes down how far a feed is. Where a target does that itself, in the transaction that takes the records, it is nil.
type Advance func(ctx context.Context, sink string, n int64) error

// The bounds of a feed.
const (
	// DefaultBacklog is how many records may wait for a sink.
	DefaultBacklog = 1_000_000
	batchRecords   = 500
	batchBytes     = 1 << 20
	sendWait       = 10 * time.Second
	finishWait     = time.Second            // how much longer a batch may take that is on its way at a stop
	idle           = 100 * time.Millisecond // between looks at a trail that had nothing new
	firstPause     = 200 * time.Millisecond
	longestPause   = 15 * time.Second
)

// Options say how a feed works.
type Options struct {
	Name    string // of the sink, which its place in the trail is kept under
	Backlog int64  // most records that may wait; 0: DefaultBacklog
	Advance Advance
	Log     *slog.Logger
}

// Feed takes the trail to one target.
type Feed struct {
	trail  Trail
	target Target
	o      Options

	at, head int64 // of the goroutine in Run or Flush
	placed   bool  // at is known

	mu     sync.Mutex
	status Status
}

// Status is how a feed is doing.
type Status struct {
	Name    string
	Behind  int64 // records that wait
	Sent    int64 // records that arrived, since the start
	Failed  int64 // batches that did not, since the start
	Skipped int64 // records that were left out since the start: expired ones, and those beyond the bound
	Over    int64 // of them, those beyond the bound since it was last up to date
	Err     error // why the last batch did not arrive; nil: it did
}

// New makes a feed; Run lets it work.
func New(trail Trail, target Target, o Options) *Feed {
	if o.Backlog <= 0 {
		o.Backlog = DefaultBacklog
	}
	return &Feed{trail: trail, target: target, o: o, status: Status{Name: o.Name}}
}

// Status says how the feed is doing.
func (f *Feed) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Check is nil while the sink takes what it is sent and, since it was last up to date, nothing had to be left out.
func (f *Feed) Check(context.Context) error {
	s := f.Status()
	switch {
	case s.Err != nil:
		return fmt.Errorf("%d records wait: %w", s.Behind, s.Err)
	case s.Over > 0:
		return fmt.Errorf("%d records were left out: more than %d waited", s.Over, f.o.Backlog)
	}
	return nil
}

// Place finds out where the sink is; one that is new begins behind what is on the trail now. Who wants all that comes must call it
// before anything comes; otherwise Run does.
func (f *Feed) Place(ctx context.Context) (err error) {
	if f.placed {
		return nil
	}
	if f.at, err = f.trail.Position(ctx, f.o.Name); err != nil {
		return err
	}
	f.placed = true
	return nil
}

// Run sends what the trail gets, until ctx ends. It returns nil.
func (f *Feed) Run(ctx context.Context) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = firstPause, longestPause
	for {
		more, err := f.once(ctx)
		wait := idle
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			f.failed(err)
			wait = pause.NextBackOff()
		default:
			pause.Reset()
			if more {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// Flush sends what is left, until there is nothing or ctx ends. What does not arrive is sent after the next start. It must not be
// called while Run runs.
func (f *Feed) Flush(ctx context.Context) error {
	for {
		more, err := f.once(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// once sends one batch, and says whether there may be more.
func (f *Feed) once(ctx context.Context) (more bool, err error) {
	if err := f.Place(ctx); err != nil {
		return false, err
	}
	if f.head, err = f.trail.Head(ctx); err != nil {
		return false, err
	}
	f.bound()
	batch, err := f.trail.After(ctx, f.at, batchRecords, batchBytes)
	if err != nil || len(batch) == 0 {
		if err == nil {
			f.done(0, 0)
		}
		return false, err
	}
	last := batch[len(batch)-1].N
	whole := make([]audit.Stored, 0, len(batch))
	for _, s := range batch {
		if len(s.Text) > 0 {
			whole = append(whole, s)
		}
	}
	bounded, cancel := finishing(ctx)
	defer cancel()
	if len(whole) > 0 {
		if err := f.target.Send(bounded, whole); err != nil {
			return false, err
		}
	}
	f.at = last // from here on it is not sent again by this process, whatever becomes of the note
	if f.o.Advance != nil {
		if err := f.o.Advance(bounded, f.o.Name, last); err != nil {
			return false, err
		}
	}
	f.done(int64(len(whole)), int64(len(batch)-len(whole)))
	return true, nil
}

// finishing is a time for one batch that a stop does not cut short at once: whether one that is cut off arrived nobody knows, so it
// would be sent a second time.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendWait)
	stopped := context.AfterFunc(ctx, func() {
		select {
		case <-out.Done():
		case <-time.After(finishWait):
			cancel()
		}
	})
	return out, func() {
		stopped()
		cancel()
	}
}

// bound leaves out the oldest of what waits beyond the bound, and says so.
func (f *Feed) bound() {
	over := f.head - f.at - f.o.Backlog
	if over <= 0 {
		return
	}
	f.at += over
	f.mu.Lock()
	first := f.status.Over == 0
	f.status.Skipped, f.status.Over = f.status.Skipped+over, f.status.Over+over
	f.mu.Unlock()
	if first {
		f.o.Log.Error("a sink of the trail is further behind than its bound: the oldest records are left out, and stay in the trail", "sink", f.o.Name, "bound", f.o.Backlog)
	}
}

func (f *Feed) done(sent, skipped int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status.Err != nil {
		f.o.Log.Info("a sink of the trail takes records again", "sink", f.o.Name)
	}
	f.status.Err = nil
	f.status.Sent, f.status.Skipped, f.status.Behind = f.status.Sent+sent, f.status.Skipped+skipped, f.head-f.at
	if f.status.Behind == 0 && f.status.Over > 0 {
		f.o.Log.Info("a sink of the trail is up to date again", "sink", f.o.Name, "left_out", f.status.Over)
		f.status.Over = 0
	}
}

func (f *Feed) failed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status.Err == nil {
		f.o.Log.Error("a sink of the trail does not take records; they wait in the trail", "sink", f.o.Name, "error", err)
	}
	f.status.Err = err
	f.status.Failed++
	f.status.Behind = f.head - f.at
}
