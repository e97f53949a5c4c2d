package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists says that a backup would replace a file.
var ErrExists = errors.New("there is a file of that name")

// Backup writes a copy of everything that was committed before it began to a new file, which only its owner may read.
// Others go on writing meanwhile, also in other processes. The copy is a store like any other: whoever opens it settles
// what was held when it was made.
func (s *Store) Backup(ctx context.Context, to string) error {
	full, err := filepath.Abs(to)
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	if _, err := os.Lstat(full); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("backing up to %s: %w", to, ErrExists)
	}
	// The file is made first, so that it is never readable by others, not even while it is written.
	if err := touch(full); err != nil {
		return fmt.Errorf("backing up to %s: %w", to, explainFile(err))
	}
	db, err := connect(s.path, "_pragma=query_only(0)", 1)
	if err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", full)
		err = errors.Join(err, db.Close())
	}
	if err == nil {
		err = syncFile(full)
	}
	if err != nil {
		_ = os.Remove(full)
		return fmt.Errorf("backing up to %s: %w", to, explain(err))
	}
	return nil
}

// syncFile puts a file on the disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
