package policy

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// AuthorizerEngine holds the Authorizer in force and replaces it, as Engine does with a Program: at once and whole, and one
// that is bad is refused whole.
type AuthorizerEngine struct {
	dir, path string

	current atomic.Pointer[Authorizer]
	status  atomic.Pointer[Status]
	turn    sync.Mutex // one reload at a time
	clock   func() time.Time
}

// NewAuthorizerEngine loads the policies of a directory for the document at path, and fails where they are bad.
func NewAuthorizerEngine(ctx context.Context, dir, path string, clock func() time.Time) (*AuthorizerEngine, error) {
	e := &AuthorizerEngine{dir: dir, path: path, clock: clock}
	a, err := e.load(ctx)
	if err != nil {
		return nil, err
	}
	now := clock()
	e.current.Store(a)
	e.status.Store(&Status{Version: a.version, Loaded: now, Tried: now})
	return e, nil
}

// Current returns the policies in force. A request asks once and keeps what it got.
func (e *AuthorizerEngine) Current() *Authorizer { return e.current.Load() }

// Status returns how things stand.
func (e *AuthorizerEngine) Status() Status { return *e.status.Load() }

// Reload reads the directory again. It returns why it was refused, if it was; the old policies are then still in force.
func (e *AuthorizerEngine) Reload(ctx context.Context) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	a, err := e.load(ctx)
	version := ""
	if err == nil {
		version = a.version
	}
	s, changed := e.status.Load().after(version, err, e.clock())
	if changed {
		e.current.Store(a)
	}
	e.status.Store(&s)
	return err
}

// Watch reloads whenever something changes below the directory, until ctx ends, and tells each time what came of it: nil for
// policies that are in force.
func (e *AuthorizerEngine) Watch(ctx context.Context, report func(error)) error {
	return watchTree(ctx, e.dir, e.Reload, report)
}

func (e *AuthorizerEngine) load(ctx context.Context) (*Authorizer, error) {
	if err := directory(e.dir); err != nil {
		return nil, err
	}
	return LoadAuthorizer(ctx, os.DirFS(e.dir), e.path)
}
