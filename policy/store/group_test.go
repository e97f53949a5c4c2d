package store_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	"weir/policy/store"
)

// tally writes how often it was counted when its group is made.
type tally struct {
	tx      *sql.Tx
	n       int
	flushes int
	drop    bool
	fail    error
}

func (k *tally) Begin(tx *sql.Tx) { k.tx = tx }

func (k *tally) Flush(ctx context.Context) (bool, error) {
	k.flushes++
	_, err := k.tx.ExecContext(ctx, "INSERT INTO owners VALUES ('tally', ?) ON CONFLICT DO UPDATE SET beat = excluded.beat", k.n)
	return !k.drop, errors.Join(err, k.fail)
}

type tallyKey struct{}

// counting adds one to what is kept, which begins with what the file has, and says which one it was.
func counting(into **tally) func(context.Context, *store.Group) error {
	return func(ctx context.Context, g *store.Group) error {
		k := g.Keep(tallyKey{}, func() store.Kept {
			k := &tally{}
			_ = g.Tx.QueryRowContext(ctx, "SELECT beat FROM owners WHERE id = 'tally'").Scan(&k.n)
			return k
		}).(*tally)
		k.n++
		if into != nil {
			*into = k
		}
		return nil
	}
}

func counted(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	if err := s.Read().QueryRow("SELECT beat FROM owners WHERE id = 'tally'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatAGroupKeepsIsWrittenOnceAndLastsUntilSomebodyElseCommits(t *testing.T) {
	s := fresh(t)
	var first, later *tally
	release := stall(t, s)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.Join(context.Background(), counting(nil)); err != nil {
				t.Error(err)
			}
		})
	}
	release()
	wg.Wait()
	join := func(into **tally) {
		t.Helper()
		if err := s.Join(t.Context(), counting(into)); err != nil {
			t.Fatal(err)
		}
	}
	join(&first)
	if err := s.Write(t.Context(), note("own")); err != nil {
		t.Fatal(err)
	}
	if join(&later); later != first || counted(t, s) != 22 {
		t.Fatalf("kept %v, %d counted; want the same one and 22", later == first, counted(t, s))
	}
	if other := reopen(t, s.Path()); other.Join(t.Context(), counting(nil)) != nil || counted(t, s) != 23 {
		t.Fatalf("%d counted by another opener, want 23", counted(t, s))
	}
	if join(&later); later == first || counted(t, s) != 24 {
		t.Fatalf("kept %v, %d counted; want another one and 24", later == first, counted(t, s))
	}
	first = later
	first.drop = true
	join(nil)
	if join(&later); later == first || counted(t, s) != 26 {
		t.Fatalf("kept %v, %d counted; want another one and 26", later == first, counted(t, s))
	}
}

func TestWhatAFailedChangeHasCountedIsForgotten(t *testing.T) {
	s, refused := fresh(t), errors.New("refused")
	release := stall(t, s)
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			err := s.Join(context.Background(), func(ctx context.Context, g *store.Group) error {
				if err := counting(nil)(ctx, g); err != nil || i%3 == 0 {
					return errors.Join(err, refused)
				}
				return nil
			})
			if errors.Is(err, refused) != (i%3 == 0) || err != nil && i%3 != 0 {
				t.Errorf("change %d: %v", i, err)
			}
		})
	}
	release()
	wg.Wait()
	if n := counted(t, s); n != 20 {
		t.Fatalf("%d counted, want 20", n)
	}
}

// A flush that fails is the error of the change whose group it was, and of nobody else's.
func TestAFlushThatFailsUndoesItsChange(t *testing.T) {
	s, refused := fresh(t), errors.New("refused")
	release := stall(t, s)
	var wg sync.WaitGroup
	for i := range 9 {
		wg.Go(func() {
			err := s.Join(context.Background(), func(ctx context.Context, g *store.Group) error {
				var k *tally
				if err := counting(&k)(ctx, g); err != nil {
					return err
				}
				if i == 4 {
					k.fail = refused
				}
				return nil
			})
			if errors.Is(err, refused) != (i == 4) {
				t.Errorf("change %d: %v", i, err)
			}
		})
	}
	release()
	wg.Wait()
	if n := counted(t, s); n != 8 {
		t.Fatalf("%d counted, want 8", n)
	}
}

func TestForgettingWritesFirst(t *testing.T) {
	s := fresh(t)
	var before, after *tally
	err := s.Join(t.Context(), func(ctx context.Context, g *store.Group) error {
		if err := counting(&before)(ctx, g); err != nil {
			return err
		}
		if err := g.Forget(ctx, tallyKey{}); err != nil {
			return err
		}
		if _, err := g.Tx.ExecContext(ctx, "UPDATE owners SET beat = beat + 10 WHERE id = 'tally'"); err != nil {
			return err
		}
		return counting(&after)(ctx, g)
	})
	if err != nil || before == after || counted(t, s) != 12 {
		t.Fatalf("%v, %d counted, want 12", err, counted(t, s))
	}
	if err := s.Join(t.Context(), func(ctx context.Context, g *store.Group) error { return g.Forget(ctx, "unknown") }); err != nil {
		t.Fatal(err)
	}
}
