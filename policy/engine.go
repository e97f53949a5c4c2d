package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Engine holds the program in force and replaces it. A new program is built off the path and takes over at once and
// whole; one that is bad is refused whole, and the old one stays.
type Engine struct {
	base fs.FS
	dir  string

	bundles map[string][]source // by name; guarded by turn

	current atomic.Pointer[Program]
	status  atomic.Pointer[Status]
	turn    sync.Mutex // one reload at a time
	clock   func() time.Time
}

// Status says how the last loads went.
type Status struct {
	Version  string    // of the program in force
	Loaded   time.Time // when it came into force
	Tried    time.Time // when a load was last tried
	Err      error     // why that one was refused, a *LoadError or what reading the directory gave; nil: it is in force
	Refused  int       // loads refused since the start
	Replaced int       // programs that came into force after the first
}

// NewEngine loads base with the files of dir beside it (see Beside), and fails where they are bad. dir may be empty:
// then base alone is the program, and there is nothing to watch.
func NewEngine(ctx context.Context, base fs.FS, dir string, clock func() time.Time) (*Engine, error) {
	e := &Engine{base: base, dir: dir, clock: clock}
	p, err := e.load(ctx)
	if err != nil {
		return nil, err
	}
	now := clock()
	e.current.Store(p)
	e.status.Store(&Status{Version: p.version, Loaded: now, Tried: now})
	return e, nil
}

// Current returns the program in force. An exchange asks once and keeps what it got.
func (e *Engine) Current() *Program { return e.current.Load() }

// Status returns how things stand.
func (e *Engine) Status() Status { return *e.status.Load() }

// Reload reads the sources again. It returns why they were refused, if they were; the old program is then still in
// force. Sources that have not changed change nothing.
func (e *Engine) Reload(ctx context.Context) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	return e.swap(ctx)
}

// swap loads everything and puts it in force, or keeps what is.
func (e *Engine) swap(ctx context.Context) error {
	p, err := e.load(ctx)
	version := ""
	if err == nil {
		version = p.version
	}
	s, changed := e.status.Load().after(version, err, e.clock())
	if changed {
		e.current.Store(p)
	}
	e.status.Store(&s)
	return err
}

// after is the status once a load gave a version or was refused, and whether what it gave is to take over.
func (s Status) after(version string, err error, now time.Time) (next Status, changed bool) {
	s.Tried, s.Err = now, err
	switch {
	case err != nil:
		s.Refused++
	case version != s.Version:
		s.Version, s.Loaded = version, now
		s.Replaced++
		return s, true
	}
	return s, false
}

// install puts the policies of a bundle in force beside everything else, or refuses them whole.
func (e *Engine) install(ctx context.Context, name string, sources []source) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	old, had := e.bundles[name]
	if e.bundles == nil {
		e.bundles = map[string][]source{}
	}
	e.bundles[name] = sources
	err := e.swap(ctx)
	if err != nil {
		if e.bundles[name] = old; !had {
			delete(e.bundles, name)
		}
	}
	return err
}

// reject notes that something was refused before it could be loaded.
func (e *Engine) reject(err error) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	s, _ := e.status.Load().after("", err, e.clock())
	e.status.Store(&s)
	return err
}

func (e *Engine) load(ctx context.Context) (*Program, error) {
	files := e.base
	if e.dir != "" {
		if err := directory(e.dir); err != nil {
			return nil, err
		}
		files = Beside(e.base, os.DirFS(e.dir))
	}
	var more []source
	for _, sources := range e.bundles {
		more = append(more, sources...)
	}
	return loadWith(ctx, files, more)
}

// directory refuses what is none, as a *LoadError.
func directory(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse([]Problem{{Message: fmt.Sprintf("found no %s, want a directory of policies", dir)}})
	case err != nil:
		return fmt.Errorf("opening the directory of policies: %w", err)
	case !info.IsDir():
		return refuse([]Problem{{Message: fmt.Sprintf("found the file %s, want a directory of policies", dir)}})
	}
	return nil
}
