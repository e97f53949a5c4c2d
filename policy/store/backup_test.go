package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"weir/policy/store"
)

// A backup that is made while others write holds what was committed before it began, and opens as a store.
func TestBackupAndRestore(t *testing.T) {
	s := fresh(t)
	for i := range 50 {
		if err := s.Write(t.Context(), note(fmt.Sprint("before", i))); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 50 {
				if err := s.Write(t.Context(), note(fmt.Sprint("during", i, "-", n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	info, err := os.Stat(to)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	var before int
	copied := reopen(t, to)
	if err := copied.Read().QueryRow("SELECT count(*) FROM owners WHERE id LIKE 'before%'").Scan(&before); err != nil || before != 50 {
		t.Fatalf("%d rows, %v", before, err)
	}
	if err := copied.Write(t.Context(), note("after")); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), to); !errors.Is(err, store.ErrExists) {
		t.Fatalf("over a file that is there: %v", err)
	}
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "none", "copy.db")); !errors.Is(err, store.ErrNotDirectory) {
		t.Fatalf("into no directory: %v", err)
	}
}
