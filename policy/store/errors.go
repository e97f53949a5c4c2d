package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What can be wrong. Every error of this package that has one of these causes wraps it.
var (
	ErrBusy         = errors.New("the write queue is full")
	ErrClosed       = errors.New("the store is closed")
	ErrUncertain    = errors.New("the deadline passed while the change was being made: it may or may not be there")
	ErrDown         = errors.New("the store failed several times just now and is not asked for a moment")
	ErrEvicts       = errors.New("the server drops keys when its memory is full")
	ErrNotDirectory = errors.New("the file's folder is missing or is no directory")
	ErrIsDirectory  = errors.New("the path is a directory, not a file")
	ErrReadOnly     = errors.New("the file or its folder cannot be written to")
	ErrNotDatabase  = errors.New("the file is not a SQLite database")
	ErrForeign      = errors.New("the file is another program's database")
	ErrNewer        = errors.New("the file was written by a newer version")
	ErrFull         = errors.New("the disk is full")
	ErrLocked       = errors.New("another process holds the file locked")
)

// sentinels maps SQLite's primary result codes to what they mean for whoever runs Weir.
var sentinels = map[int]error{
	sqlite3.SQLITE_READONLY: ErrReadOnly,
	sqlite3.SQLITE_CANTOPEN: ErrReadOnly,
	sqlite3.SQLITE_PERM:     ErrReadOnly,
	sqlite3.SQLITE_NOTADB:   ErrNotDatabase,
	sqlite3.SQLITE_CORRUPT:  ErrNotDatabase,
	sqlite3.SQLITE_FULL:     ErrFull,
	sqlite3.SQLITE_BUSY:     ErrLocked,
	sqlite3.SQLITE_LOCKED:   ErrLocked,
}

// Damaged says whether an error of a query means that the file is damaged: cut off, or overwritten.
func Damaged(err error) bool { return errors.Is(explain(err), ErrNotDatabase) }

// explain adds what an error of SQLite's means, and keeps the error itself.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	if meaning, ok := sentinels[e.Code()&0xff]; ok {
		return fmt.Errorf("%w: %w", meaning, err)
	}
	return err
}

// explainFile does the same for what the operating system says about the path.
func explainFile(err error) error {
	var meaning error
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrNotExist):
		meaning = ErrNotDirectory
	case errors.Is(err, syscall.EISDIR):
		meaning = ErrIsDirectory
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		meaning = ErrReadOnly
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		meaning = ErrFull
	default:
		return err
	}
	return fmt.Errorf("%w: %w", meaning, err)
}
