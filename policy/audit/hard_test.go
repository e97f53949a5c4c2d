package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/policy/audit"
	"weir/policy/store"
)

// A clock that is moved is not trusted with removing what is old; one that goes on, or stood still for a night, is.
func TestAClockThatJumps(t *testing.T) {
	var s audit.Steady
	for _, c := range []struct {
		wall  time.Duration // since the newest record
		mono  time.Duration
		moved bool
	}{
		{12 * time.Hour, 0, false}, {13 * time.Hour, time.Hour, false},
		{10 * 365 * 24 * time.Hour, 2 * time.Hour, true}, {10*365*24*time.Hour + time.Hour, 3 * time.Hour, false}, // an hour later somebody has seen the warning
		{14 * time.Hour, 4 * time.Hour, true}, {15*time.Hour + 5*time.Minute, 5 * time.Hour, false},
	} {
		if moved := s.Look(when.Add(c.wall), c.mono, when); (moved != 0) != c.moved {
			t.Errorf("%+v: moved by %v", c, moved)
		}
	}
	var fresh audit.Steady
	if fresh.Look(when.AddDate(1, 0, 0), 0, when) == 0 || fresh.Look(when.AddDate(1, 0, 0).Add(time.Hour), time.Hour, when) != 0 {
		t.Error("a year since the last record")
	}
	var empty audit.Steady
	if empty.Look(when, 0, time.Time{}) != 0 {
		t.Error("no record at all")
	}
}

// Records keep their order and their chain when the clock goes back, and are found by the time that they have.
func TestRecordsOfAClockThatGoesBack(t *testing.T) {
	trail, s := fresh(t)
	for i, at := range []time.Duration{0, 5 * time.Hour, -3 * time.Hour, 2 * time.Hour} {
		if err := trail.Append(t.Context(), audit.Record{Trace: "t", Exchange: fmt.Sprint("x", i), Tenant: "a", Time: when.Add(at)}); err != nil {
			t.Fatal(err)
		}
	}
	if v := verified(t, s, keysOf(t, "a")); v.Broken != nil || v.Records != 4 {
		t.Errorf("%+v", v)
	}
	p, err := trail.Search(t.Context(), audit.Query{Tenant: "a"})
	if err != nil || ids(p.Records) != "x1 x3 x0 x2" {
		t.Errorf("%v: %s", err, ids(p.Records))
	}
	batch, err := trail.After(t.Context(), 0, 10, 1<<20)
	if err != nil || len(batch) != 4 || batch[2].N != 3 {
		t.Errorf("sinks go by another order: %v", batch)
	}
}

// A file that is cut in the middle is said to be broken, with the first record that is lost; nothing is taken for a shorter trail.
func TestAFileCutInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "weir.db")
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	trail, err := audit.Open(t.Context(), s, keysOf(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		r := whole()
		r.Exchange, r.Answer = fmt.Sprint("x", i), strings.Repeat("a", 3000)
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []int64{2, 3, 4} {
		cut := filepath.Join(dir, fmt.Sprint("cut", part, ".db"))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(cut, text[:info.Size()-info.Size()/part], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), cut)
		if err != nil {
			if !errors.Is(err, store.ErrNotDatabase) {
				t.Errorf("cut by 1/%d: %v", part, err)
			}
			continue
		}
		trail, err := audit.Open(t.Context(), s, nil)
		if err == nil {
			var v *audit.Verified
			if v, err = trail.Verify(t.Context(), keysOf(t, "a")); err == nil && (v.Broken == nil || v.Broken.Seq == 0) {
				t.Errorf("cut by 1/%d: %+v", part, v)
			}
		}
		if err != nil && !store.Damaged(err) {
			t.Errorf("cut by 1/%d: %v", part, err)
		}
		_ = s.Close()
	}
}

// On a full disk a record is refused with a clear error, what was written stays whole, and it goes on when there is room.
func TestAFullDisk(t *testing.T) {
	trail, s := fresh(t)
	add(t, trail, 0)
	pages := func(n int) {
		t.Helper()
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", n))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	pages(1) // as many as there are
	r := whole()
	r.Answer = strings.Repeat("a", 60_000)
	var err error
	for i := 0; err == nil && i < 50; i++ {
		r.Exchange = fmt.Sprint("full", i)
		err = trail.Append(t.Context(), r)
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("a full disk is %v", err)
	}
	pages(1 << 30)
	add(t, trail, 1)
	if v := verified(t, s, keysOf(t, "a")); v.Broken != nil || v.Records < 2 {
		t.Errorf("%+v", v)
	}
}
