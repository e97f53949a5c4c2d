package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"time"

	"weir/policy"
)

// Source gives records one after the other, as the trail keeps them.
type Source func(ctx context.Context, record func([]byte) error) error

// record is what a replay reads of an exchange.
type record struct {
	Trace    string           `json:"trace"`
	Time     time.Time        `json:"time"`
	Tenant   string           `json:"tenant"`
	Model    string           `json:"model_asked"`
	Facts    *policy.Facts    `json:"facts"`
	Decision *policy.Decision `json:"decision"`
}

// batch is how many records a worker takes at once.
const batch = 64

// decisionTime bounds one decision, as it is bounded in service.
const decisionTime = 50 * time.Millisecond

// Run decides every record of a source that holds facts with the program, on every core, and reports what changes.
// Records before since are left out. Two runs over the same records give the same report.
func Run(ctx context.Context, from Source, program *policy.Program, since time.Time) (*Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := make(chan [][]byte, 2*runtime.GOMAXPROCS(0))
	parts := make([]*Report, runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for i := range parts {
		parts[i] = newReport(program.Version())
		workers.Go(func() {
			for list := range work {
				for _, text := range list {
					parts[i].take(ctx, text, program, since)
				}
			}
		})
	}
	err := feed(ctx, from, work)
	close(work)
	workers.Wait()
	if err != nil {
		return nil, fmt.Errorf("reading recorded decisions: %w", err)
	}
	total := newReport(program.Version())
	for _, p := range parts {
		total.add(p)
	}
	total.settle()
	return total, nil
}

// feed hands records out in batches.
func feed(ctx context.Context, from Source, work chan<- [][]byte) error {
	var list [][]byte
	send := func() error {
		select {
		case work <- list:
			list = nil
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := from(ctx, func(text []byte) error {
		if list = append(list, text); len(list) < batch {
			return nil
		}
		return send()
	})
	if err == nil && len(list) > 0 {
		err = send()
	}
	return err
}

// take decides one record.
func (r *Report) take(ctx context.Context, text []byte, program *policy.Program, since time.Time) {
	var rec record
	if err := json.Unmarshal(text, &rec); err != nil {
		r.Unreadable++
		return
	}
	if rec.Time.Before(since) {
		return
	}
	if rec.Facts == nil || rec.Decision == nil {
		r.Undecided++ // refused before any policy was asked
		return
	}
	if program.ReadsText() && !rec.Facts.Text.Kept() {
		r.Unrepeatable++
		return
	}
	within, cancel := context.WithTimeout(ctx, decisionTime)
	after := program.Decide(within, rec.Facts)
	cancel()
	if after.Outcome == policy.TimedOut { // a busy machine: once more, without haste
		after = program.Decide(ctx, rec.Facts)
	}
	r.note(&rec, &after)
}
