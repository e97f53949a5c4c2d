package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// The bounds of a Store.
const (
	// QueueLimit is how many changes may wait for the writer. At five thousand a second that is most of a second; more
	// waiting helps nobody, and the caller is told ErrBusy.
	QueueLimit = 4096
	// BatchLimit is how many changes one commit takes: it bounds how long the first of them waits for the last.
	BatchLimit = 256
	// ReadLimit is how many reads run at once.
	ReadLimit = 4
	// LockWait is how long a commit waits for another process's.
	LockWait = 5 * time.Second
	// walPages is how much the write-ahead log grows before it is moved into the file: 4 MiB of 4 KiB pages.
	walPages = 1000
)

// Store is one open file. It is safe for concurrent use. Open makes one.
type Store struct {
	path   string
	writer *sql.DB // one connection
	reader *sql.DB
	queue  chan *change
	done   chan struct{} // closed when the writer has ended
	guard  *guard

	version *sql.Stmt        // of the writer: whether somebody else has committed
	seen    int64            // the version of the last group; the writer's own, as is the next
	kept    map[any]*keeping // what the last group kept

	gate   sync.RWMutex // held for reading while putting on the queue, for writing while closing it
	closed bool

	watch   sync.Mutex
	watcher *sql.Conn // sees data_version change; it must be the same connection for ever
}

// Open opens or creates the file, whose folder must exist, and brings its schema forward. The file is readable by its
// owner only. Beside it SQLite keeps path-wal and path-shm while it is open; a copy of the file alone is no backup.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, explain(err))
	}
	go s.run()
	return s, nil
}

// OpenExisting is Open for a file that must be there: what only reads makes none.
func OpenExisting(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening the store (a running Weir makes it where store.path says): %w", err)
	}
	return Open(ctx, path)
}

func open(ctx context.Context, path string) (_ *Store, err error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the file: %w", err)
	}
	if err := touch(full); err != nil {
		return nil, explainFile(err)
	}
	s := &Store{path: full, queue: make(chan *change, QueueLimit), done: make(chan struct{}), guard: newGuard("sqlite", slog.New(slog.DiscardHandler))}
	defer func() {
		if err != nil {
			s.shut()
		}
	}()
	if s.writer, err = connect(full, "_txlock=immediate", 1); err != nil {
		return nil, err
	}
	if err := prepare(ctx, s.writer); err != nil {
		return nil, err
	}
	if s.version, err = s.Prepare(ctx, "PRAGMA data_version"); err != nil {
		return nil, err
	}
	if s.reader, err = connect(full, "_pragma=query_only(1)", ReadLimit+1); err != nil {
		return nil, err
	}
	if s.watcher, err = s.reader.Conn(ctx); err != nil {
		return nil, fmt.Errorf("opening the watching connection: %w", err)
	}
	return s, nil
}

// touch creates the file where it is missing, with an owner's rights only, and finds out early what forbids to.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("creating or opening the file: %w", err)
	}
	return f.Close()
}

// connect names the file by a URI, so that any character may stand in its path.
func connect(path, extra string, connections int) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	dsn := u.String() + "?_pragma=busy_timeout(" + strconv.FormatInt(LockWait.Milliseconds(), 10) + ")" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)" +
		"&_pragma=wal_autocheckpoint(" + strconv.Itoa(walPages) + ")&" + extra
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// Path is where the file is.
func (s *Store) Path() string { return s.path }

// Read is for queries. Its connections refuse to write. What was committed before a query began is seen by it.
func (s *Store) Read() *sql.DB { return s.reader }

// Prepare makes a statement for use in Write, by tx.StmtContext. It must not be called from within a change.
func (s *Store) Prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	stmt, err := s.writer.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("preparing a statement: %w", explain(err))
	}
	return stmt, nil
}

// Breaker is the state of the file's breaker, one of BreakerStates.
func (s *Store) Breaker() string { return s.guard.state() }

// Ping says whether the file can be read and the writer is running. It does not write.
func (s *Store) Ping(ctx context.Context) error {
	select {
	case <-s.done:
		return ErrClosed
	default:
	}
	var one int
	if err := s.reader.QueryRowContext(ctx, "SELECT 1 FROM sqlite_schema LIMIT 1").Scan(&one); err != nil {
		return fmt.Errorf("reading the store: %w", explain(err))
	}
	return nil
}

// DataVersion is a number that changes when anybody but the caller's own watching connection commits: this process's
// writer or another process. It says that something changed, not what.
func (s *Store) DataVersion(ctx context.Context) (int64, error) {
	s.watch.Lock()
	defer s.watch.Unlock()
	var v int64
	if err := s.watcher.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v); err != nil {
		return 0, fmt.Errorf("asking for changes: %w", explain(err))
	}
	return v, nil
}

// Close takes no more changes, makes those that are waiting, and closes the file. A second call returns ErrClosed.
func (s *Store) Close() error {
	s.gate.Lock()
	if s.closed {
		s.gate.Unlock()
		return ErrClosed
	}
	s.closed = true
	close(s.queue)
	s.gate.Unlock()
	<-s.done
	return s.shut()
}

// shut closes whatever is open.
func (s *Store) shut() error {
	var errs []error
	if s.watcher != nil {
		errs = append(errs, s.watcher.Close())
	}
	for _, db := range []*sql.DB{s.reader, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}
