package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The times of owners and of what is kept.
const (
	// BeatInterval is how often an owner says that it is alive, and looks for those that are not.
	BeatInterval = 3 * time.Second
	// Lease is how long after its last beat an owner counts as dead: five beats missed.
	Lease = 15 * time.Second
	// KeepEnded is how long an ended hold is remembered, so that a second end is known as one.
	KeepEnded = time.Hour
	// KeepRates is how long a rate is remembered after all of it is free again: longer than any exchange takes.
	KeepRates = 24 * time.Hour
	// KeepAccounts is how long an account is kept after its period.
	KeepAccounts = 400 * 24 * time.Hour
	// sweepLimit is how many holds one change recovers or forgets, so that others need not wait for long.
	sweepLimit = 500
	// OwedLimit bounds how many ends wait for a store that does not take them. Beyond it their holds stay until the
	// process ends, and are then settled in full.
	OwedLimit = 10_000
)

// Run beats, recovers, writes owed ends and local leases, and forgets old ones at every interval, until ctx ends. It returns nil then.
// A failure is logged when it begins and when it is over, not at every beat.
func (l *Ledger) Run(ctx context.Context) error {
	t := time.NewTicker(BeatInterval)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		bounded, cancel := context.WithTimeout(ctx, Lease)
		err := l.Tick(bounded)
		cancel()
		if ctx.Err() != nil {
			return nil // what was cut off by the end is no failure
		}
		if err != nil && !failing {
			l.log.Error("the ledger's housekeeping fails", "error", err)
		}
		if err == nil && failing {
			l.log.Info("the ledger's housekeeping works again", "owed", l.Owed())
		}
		failing = err != nil
	}
}

// Tick is one round of Run. It looks for dead owners only after its own beats have gone through for a Lease: after a
// store that was away for all, everybody else's last beat is old too.
func (l *Ledger) Tick(ctx context.Context) error {
	read := l.readJournal(ctx)
	if err := l.beat(ctx); err != nil {
		return errors.Join(err, read)
	}
	if err := errors.Join(read, l.pay(ctx), l.giveBack(ctx)); err != nil {
		return err
	}
	l.mu.Lock()
	steady := l.beatAt.Sub(l.steady) >= Lease
	l.mu.Unlock()
	if steady {
		if _, err := l.Recover(ctx); err != nil {
			return err
		}
	}
	return l.book.forget(ctx)
}

// beat says that this process lives. One that had been given up for dead goes on under a new id.
func (l *Ledger) beat(ctx context.Context) error {
	known, err := l.book.beat(ctx, l.Owner())
	if err == nil && !known {
		l.mu.Lock()
		l.owner = newOwner()
		l.mu.Unlock()
		_, err = l.book.beat(ctx, l.Owner())
	}
	if err != nil {
		return fmt.Errorf("writing the heartbeat: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	if now.Sub(l.beatAt).Abs() > Lease {
		l.steady = now
	}
	l.beatAt = now
	return nil
}

func (l *Ledger) owe(e ending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.owed) < OwedLimit {
		l.owed = append(l.owed, e)
	}
}

// Owed is how many ends wait for the store.
func (l *Ledger) Owed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.owed)
}

// pay writes what is owed. What the store does not take stays owed.
func (l *Ledger) pay(ctx context.Context) error {
	l.mu.Lock()
	owed := l.owed
	l.owed = nil
	l.mu.Unlock()
	for i, e := range owed {
		if _, err := l.book.end(ctx, l.Owner(), e); err != nil && !errors.Is(err, ErrNoHold) {
			l.mu.Lock()
			l.owed = append(owed[i:len(owed):len(owed)], l.owed...)
			l.mu.Unlock()
			return fmt.Errorf("writing owed ends: %w", err)
		}
	}
	return nil
}

// Recover settles the open holds of dead owners: in full, marked as estimated. It returns how many. The caller's own
// holds are never touched.
func (l *Ledger) Recover(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := l.book.recover(ctx, l.Owner(), l.died)
		total += n
		if err != nil {
			return total, fmt.Errorf("settling the holds of dead owners: %w", err)
		}
		if n < sweepLimit {
			return total, nil
		}
	}
}

// Close writes what is owed and what is on local leases, and gives up the ownership, so that what is still held is recovered by the next owner at
// once. It does not close the store.
func (l *Ledger) Close(ctx context.Context) error {
	if err := errors.Join(l.pay(ctx), l.giveBack(ctx), l.book.leave(ctx, l.Owner())); err != nil {
		return fmt.Errorf("closing the ledger: %w", err)
	}
	return nil
}
