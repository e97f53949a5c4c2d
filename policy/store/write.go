package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
)

// The states of a change. A caller who gives up and the writer who begins race for it; exactly one wins.
const (
	waiting int32 = iota
	taken
	abandoned
)

// change is one function on its way through the writer.
type change struct {
	ctx    context.Context
	do     func(context.Context, *Group) error
	state  atomic.Int32
	answer chan error // takes one value without blocking
	err    error      // of the function itself; the writer's own
}

// Write runs do in a transaction with whatever else is waiting, commits, and returns. Nil means durable. An error of
// do's own undoes what do did and nothing else, and is returned as it is. ErrBusy and ErrClosed mean that do never ran.
//
// do may run twice, where another change of the same batch failed; only the last run counts. It must work on tx alone, must not commit it or roll it back, and should be quick: everybody waits for it. Its context
// carries the caller's values and is never cancelled, since SQLite would undo everybody's changes with it.
//
// When ctx ends while do is still waiting, do never runs and the error is ctx's. When it ends later, the error is
// ErrUncertain and ctx's: do may still be running, so the caller must not touch what do writes to.
//
// A store that fails several times in a row is left alone for a moment: ErrDown, and do never ran.
func (s *Store) Write(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	return s.Join(ctx, func(ctx context.Context, g *Group) error { return do(ctx, g.Tx) })
}

// Join is Write for changes that share what they know of the file while a group of them is made.
func (s *Store) Join(ctx context.Context, do func(ctx context.Context, g *Group) error) error {
	return s.guard.do(func() error { return s.join(ctx, do) })
}

func (s *Store) join(ctx context.Context, do func(ctx context.Context, g *Group) error) error {
	c := &change{ctx: ctx, do: do, answer: make(chan error, 1)}
	if err := s.enqueue(c); err != nil {
		return err
	}
	select {
	case err := <-c.answer:
		return err
	case <-ctx.Done():
	}
	if c.state.CompareAndSwap(waiting, abandoned) {
		return outage(fmt.Errorf("waiting to write: %w", ctx.Err()))
	}
	select {
	case err := <-c.answer:
		return err
	default:
		return outage(fmt.Errorf("%w: %w", ErrUncertain, ctx.Err()))
	}
}

func (s *Store) enqueue(c *change) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return ErrClosed
	}
	if err := c.ctx.Err(); err != nil {
		return fmt.Errorf("waiting to write: %w", err)
	}
	select {
	case s.queue <- c:
		return nil
	default:
		return outage(ErrBusy)
	}
}

// run is the writer. It ends when the queue is closed and empty.
func (s *Store) run() {
	defer close(s.done)
	for first := range s.queue {
		s.commit(s.gather(first))
	}
}

// gather takes what is waiting now, at most BatchLimit changes, leaving out those that were given up.
func (s *Store) gather(first *change) []*change {
	var batch []*change
	take := func(c *change) {
		if c.state.CompareAndSwap(waiting, taken) {
			batch = append(batch, c)
		}
	}
	take(first)
	for len(batch) < BatchLimit {
		select {
		case c, open := <-s.queue:
			if !open {
				return batch
			}
			take(c)
		default:
			return batch
		}
	}
	return batch
}

// commit makes a batch of changes and answers each.
func (s *Store) commit(batch []*change) {
	if len(batch) == 0 {
		return
	}
	err := s.transact(batch)
	for _, c := range batch {
		if err != nil {
			c.answer <- outage(fmt.Errorf("committing to the store: %w", explain(err)))
		} else {
			c.answer <- c.err
		}
	}
}

// transact returns an error that is everybody's. What is one change's alone is left in it. Nearly always all changes of
// a batch succeed, so the first try does without savepoints, which cost as much as two statements each.
func (s *Store) transact(batch []*change) error {
	ctx := context.Background()
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	g, err := s.group(ctx, tx)
	if err != nil {
		_ = tx.Rollback()
		return err
	}
	for _, c := range batch {
		if c.err = c.call(g); c.err != nil {
			_ = tx.Rollback() // the first error is the one that tells
			return s.separate(ctx, batch)
		}
	}
	if err := sparing(func() error { return g.flush(ctx) }); err != nil {
		_ = tx.Rollback() // each change's own flush tells whose error it is
		return s.separate(ctx, batch)
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.kept = g.kept
	return nil
}

// separate is transact with a savepoint, and a group of its own, around each change.
func (s *Store) separate(ctx context.Context, batch []*change) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, c := range batch {
		if err := c.run(ctx, tx); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}

// run makes one change under a savepoint. It returns an error only where the transaction itself is lost.
func (c *change) run(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT change"); err != nil {
		return err
	}
	g := &Group{Tx: tx, kept: map[any]*keeping{}}
	if c.err = c.call(g); c.err == nil {
		c.err = sparing(func() error { return g.flush(ctx) })
	}
	end := "RELEASE change"
	if c.err != nil {
		end = "ROLLBACK TO change; RELEASE change"
		c.err = explain(c.err)
	}
	if _, err := tx.ExecContext(ctx, end); err != nil {
		if c.err != nil {
			return c.err // such as a full disk, which ends the whole transaction
		}
		return err
	}
	return nil
}

// call runs the function.
func (c *change) call(g *Group) error {
	return sparing(func() error { return c.do(context.WithoutCancel(c.ctx), g) })
}

// sparing makes a panic an error: what panics has failed, and the writer goes on for the others.
func sparing(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a change panicked (%T)", p)
		}
	}()
	return do()
}
