package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"weir/policy/store"
)

// fresh opens a new file in a folder whose name would break a careless connection string.
func fresh(t testing.TB) *store.Store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a ?#%41&;b")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return reopen(t, filepath.Join(dir, "weir.db"))
}

func reopen(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// note writes one owner, the smallest row there is.
func note(id string) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO owners VALUES (?, 1)", id)
		return err
	}
}

func count(t testing.TB, s *store.Store) (n int) {
	t.Helper()
	if err := s.Read().QueryRow("SELECT count(*) FROM owners").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatWriteReturnsNilForIsThereAfterReopening(t *testing.T) {
	s := fresh(t)
	if err := s.Write(t.Context(), note("a")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s); n != 1 {
		t.Fatalf("%d rows before closing, want 1", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, reopen(t, s.Path())); n != 1 {
		t.Fatalf("%d rows after reopening, want 1", n)
	}
}

func TestTheFileIsItsOwnersOnlyAndDurable(t *testing.T) {
	s := fresh(t)
	info, err := os.Stat(s.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, error %v, want 0600", info.Mode(), err)
	}
	err = s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		var mode string
		var sync int
		if err := tx.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&sync); err != nil {
			return err
		}
		if mode != "wal" || sync != 2 {
			return fmt.Errorf("journal_mode %s, synchronous %d, want wal and 2 (FULL)", mode, sync)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFailedChangeUndoesItselfOnly(t *testing.T) {
	s := fresh(t)
	release := stall(t, s)
	refused := errors.New("refused")
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			err := s.Write(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
				if err := note(fmt.Sprint(i))(ctx, tx); err != nil {
					return err
				}
				switch i % 3 {
				case 1:
					return refused
				case 2:
					panic("secret")
				}
				return nil
			})
			switch {
			case i%3 == 0 && err != nil:
				t.Errorf("change %d: %v", i, err)
			case i%3 == 1 && !errors.Is(err, refused):
				t.Errorf("change %d: %v, want its own error", i, err)
			case i%3 == 2 && (err == nil || strings.Contains(err.Error(), "secret")):
				t.Errorf("change %d: %v, want an error without the panic's value", i, err)
			}
		})
	}
	release()
	wg.Wait()
	if n := count(t, s); n != 10 {
		t.Fatalf("%d rows, want 10", n)
	}
}

// stall occupies the writer until the returned function is called, and waits until it is occupied.
func stall(t testing.TB, s *store.Store) (release func()) {
	t.Helper()
	begun, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Write(context.Background(), func(context.Context, *sql.Tx) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	return sync.OnceFunc(func() { close(end); <-done })
}

func TestAFullQueueIsToldAtOnceAndAnAbandonedChangeNeverRuns(t *testing.T) {
	s := fresh(t)
	release := stall(t, s)
	defer release()
	gone, cancel := context.WithCancel(context.Background())
	results := make(chan error, store.QueueLimit+1)
	for i := range store.QueueLimit + 1 {
		go func() { results <- s.Write(gone, note(fmt.Sprint(i))) }()
	}
	if err := <-results; !errors.Is(err, store.ErrBusy) {
		t.Fatalf("one over the queue's limit: %v, want ErrBusy", err)
	}
	cancel()
	for range store.QueueLimit {
		if err := <-results; !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUncertain) {
			t.Fatalf("given up while waiting: %v, want Canceled alone", err)
		}
	}
	release()
	// What was given up still stands in the queue until the writer has passed it, as it has when the store is closed.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s.Path())
	if err := s.Write(t.Context(), note("last")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s); n != 1 {
		t.Fatalf("%d rows, want the last one only", n)
	}
}

func TestACallerWhoLeavesDuringItsChangeIsToldThatItIsUncertain(t *testing.T) {
	s := fresh(t)
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan struct{})
	err := s.Write(ctx, func(inner context.Context, tx *sql.Tx) error {
		cancel()
		<-end
		return errors.Join(inner.Err(), note("kept")(inner, tx))
	})
	if !errors.Is(err, store.ErrUncertain) || !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want ErrUncertain and Canceled", err)
	}
	close(end)
	if err := s.Write(t.Context(), note("next")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s); n != 2 {
		t.Fatalf("%d rows, want both: a cancelled caller must not undo what was begun", n)
	}
}

func TestCloseDrains(t *testing.T) {
	s := fresh(t)
	release := stall(t, s)
	results := make(chan error, 100)
	var queued sync.WaitGroup
	for i := range 100 {
		queued.Add(1)
		go func() {
			queued.Done()
			results <- s.Write(context.Background(), note(fmt.Sprint(i)))
		}()
	}
	queued.Wait()
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	release()
	made := 0
	for range 100 {
		switch err := <-results; {
		case err == nil:
			made++
		case !errors.Is(err, store.ErrClosed):
			t.Errorf("%v, want nil or ErrClosed", err)
		}
	}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), note("late")); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("after Close: %v, want ErrClosed", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("Ping after Close: %v, want ErrClosed", err)
	}
	if err := s.Close(); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("second Close: %v, want ErrClosed", err)
	}
	if n := count(t, reopen(t, s.Path())); n != made {
		t.Fatalf("%d rows, but %d changes were reported as made", n, made)
	}
}

func TestReadRefusesToWrite(t *testing.T) {
	s := fresh(t)
	if _, err := s.Read().Exec("DELETE FROM owners"); err == nil {
		t.Fatal("the reading side wrote")
	}
}

func TestASecondOpenerWritesAndIsNoticed(t *testing.T) {
	one := fresh(t)
	two := reopen(t, one.Path())
	before, err := one.DataVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := one.DataVersion(t.Context()); err != nil || again != before {
		t.Fatalf("version went from %d to %d with nothing written, error %v", before, again, err)
	}
	if err := two.Write(t.Context(), note("two")); err != nil {
		t.Fatal(err)
	}
	after, err := one.DataVersion(t.Context())
	if err != nil || after == before {
		t.Fatalf("version is %d before and %d after another's commit, error %v", before, after, err)
	}
	if n := count(t, one); n != 1 {
		t.Fatalf("%d rows seen by the first, want 1", n)
	}
	if err := one.Write(t.Context(), note("one")); err != nil {
		t.Fatal(err)
	}
}

func TestManyMayOpenANewFileAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			s, err := store.Open(context.Background(), path)
			if err != nil {
				t.Errorf("opener %d: %v", i, err)
				return
			}
			if err := s.Write(context.Background(), note(fmt.Sprint(i))); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("closing %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, reopen(t, path)); n != 6 {
		t.Fatalf("%d rows, want 6", n)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "text")
	if err := os.WriteFile(file, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	other, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec("CREATE TABLE recipes (cake TEXT)"); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	n := reopen(t, newer)
	err = n.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	sealed := filepath.Join(dir, "sealed")
	if err := os.Mkdir(sealed, 0o500); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"a directory":           {dir, store.ErrIsDirectory},
		"below a file":          {filepath.Join(file, "weir.db"), store.ErrNotDirectory},
		"below nothing":         {filepath.Join(dir, "none", "weir.db"), store.ErrNotDirectory},
		"a text":                {file, store.ErrNotDatabase},
		"another's database":    {foreign, store.ErrForeign},
		"a later build's":       {newer, store.ErrNewer},
		"a folder one may read": {filepath.Join(sealed, "weir.db"), store.ErrReadOnly},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == store.ErrReadOnly && os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			s, err := store.Open(t.Context(), c.path)
			if err == nil {
				_ = s.Close()
			}
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.path) {
				t.Fatalf("%v, want %q with the path", err, c.want)
			}
		})
	}
}

func TestAFullDiskFailsTheChangeAndTheStoreRecovers(t *testing.T) {
	s := fresh(t)
	limit := func(pages int) error {
		return s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			var got int
			return tx.QueryRowContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&got)
		})
	}
	if err := limit(1); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; err == nil && i < 100; i++ {
		err = s.Write(t.Context(), note(strings.Repeat("x", 4000)+fmt.Sprint(i)))
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("%v, want ErrFull", err)
	}
	before := count(t, s)
	if err := limit(1 << 30); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), note("again")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s); n != before+1 {
		t.Fatalf("%d rows, want %d", n, before+1)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, clients := range []int{1, 32} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := fresh(b)
			stmt, err := s.Prepare(b.Context(), "INSERT INTO owners VALUES ('x', 1) ON CONFLICT DO UPDATE SET beat = beat + 1")
			if err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(max(clients/2, 1))
			one := func() {
				if err := s.Write(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.StmtContext(ctx, stmt).ExecContext(ctx)
					return err
				}); err != nil {
					b.Error(err)
				}
			}
			b.ReportAllocs()
			if clients == 1 {
				for b.Loop() {
					one()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					one()
				}
			})
		})
	}
}
