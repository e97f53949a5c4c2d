package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

const (
	// applicationID marks the file as Weir's in its header: "WEIR".
	applicationID = 0x57454952
	// prepareTries and prepareWait bound how long Open waits for another process that is making the same file. SQLite
	// itself does not wait there: switching to the write-ahead log answers "locked" at once.
	prepareTries = 200
	prepareWait  = 25 * time.Millisecond
)

// claim refuses a database that some other program made, and marks an empty one as Weir's.
func claim(ctx context.Context, db *sql.DB) error {
	var id, tables int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return fmt.Errorf("reading the file's header: %w", err)
	}
	if id == applicationID {
		return nil
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("reading the file's schema: %w", err)
	}
	if id != 0 || tables != 0 {
		// Another process may have claimed and filled the file between the two looks.
		if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err == nil && id == applicationID {
			return nil
		}
		return ErrForeign
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
		return fmt.Errorf("marking the file as ours: %w", err)
	}
	return nil
}

// prepare makes the file Weir's and brings its schema forward. Two processes may do so at once: the loser tries again
// and finds the work done.
func prepare(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return fmt.Errorf("reading embedded migrations: %w", err)
	}
	for try := 1; ; try++ {
		err := claim(ctx, db)
		if err == nil {
			err = forward(ctx, db, files)
		}
		if err == nil || try == prepareTries || !passing(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for another process: %w", ctx.Err())
		case <-time.After(prepareWait):
		}
	}
}

// passing says whether another process at the same work can be why something failed: it holds the lock, or has made a
// table that we were about to make.
func passing(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED ||
		code == sqlite3.SQLITE_ERROR || code == sqlite3.SQLITE_CONSTRAINT
}

func forward(ctx context.Context, db *sql.DB, files fs.FS) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("preparing migrations: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if have > want {
		return fmt.Errorf("%w: schema %d, this build knows up to %d", ErrNewer, have, want)
	}
	if have == want {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating from schema %d to %d: %w", have, want, err)
	}
	return nil
}
