package tenant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// refreshEvery is how often the store is asked whether anything has changed. A change that another process makes is in
// force after at most this long and the time of one read.
const refreshEvery = 250 * time.Millisecond

// Declared is what the configuration file says.
type Declared struct {
	Tenants []Tenant
	Keys    []Key
	// Parse reads the document of a tenant that is kept in the store: the same form as the file's. It is asked again
	// whenever the file changes, since defaults and ceilings stand there. Optional: nil refuses such tenants.
	Parse func(id string, document []byte) (Tenant, error)
}

// Directory is every tenant and key in force: those a file declares, and what the store adds to them. The same id in
// both is an error. It is safe for concurrent use.
type Directory struct {
	source  Source
	patient bool
	current atomic.Pointer[Snapshot]

	change   sync.Mutex // one change of what follows at a time
	declared Declared
	stored   stored
	revision string
	clash    error        // why some of what is stored is not in force
	unread   error        // why the last refresh could not look
	owed     []Quarantine // in force here, and still to be written
}

// Option changes how a directory begins.
type Option func(*Directory)

// Patient begins without a store that cannot be read now. Until it can, what the file declares is in force alone, and a
// key that is not among it is ErrUnsure, not unknown.
func Patient() Option { return func(d *Directory) { d.patient = true } }

// NewDirectory reads what the source holds and puts it beside what a file declares.
func NewDirectory(ctx context.Context, s Source, declared Declared, options ...Option) (*Directory, error) {
	d := &Directory{source: s, declared: declared, stored: newStored()}
	for _, o := range options {
		o(d)
	}
	unread, clash := d.look(ctx)
	if unread != nil && clash == nil && d.patient {
		return d, d.begin()
	}
	if err := errors.Join(unread, clash); err != nil {
		return nil, err
	}
	return d, nil
}

// begin puts in force what is declared, for as long as nothing else is known.
func (d *Directory) begin() error {
	s, err := d.stored.assemble(d.declared, false)
	if err != nil {
		return err
	}
	s.unread = true
	d.current.Store(s)
	return nil
}

// Current is the snapshot in force. An exchange asks once and keeps what it got.
func (d *Directory) Current() *Snapshot { return d.current.Load() }

// Declare replaces what the file says. A bad one is refused whole, and the old one stays.
func (d *Directory) Declare(declared Declared) error {
	d.change.Lock()
	defer d.change.Unlock()
	s, err := d.stored.assemble(declared, false)
	if err != nil {
		return err
	}
	d.declared, d.clash = declared, nil
	s.unread = d.Current().unread
	d.current.Store(s.with(d.quarantines()))
	return nil
}

// quarantines are those of the store and those that are not written yet.
func (d *Directory) quarantines() []Quarantine {
	return append(append([]Quarantine(nil), d.stored.quarantines...), d.owed...)
}

// Refresh reads the store again if it has changed. Once there is a snapshot, a stored row that cannot stand beside what
// is declared is left out and named by the error, and all others are in force: a revocation must not wait until
// somebody has mended another key.
func (d *Directory) Refresh(ctx context.Context) error {
	unread, clash := d.look(ctx)
	return errors.Join(unread, clash)
}

// look refreshes, and tells what could not be read from what cannot be in force.
func (d *Directory) look(ctx context.Context) (unread, clash error) {
	d.change.Lock()
	defer d.change.Unlock()
	d.unread = errors.Join(d.payOff(ctx), d.read(ctx))
	return d.unread, d.clash
}

func (d *Directory) read(ctx context.Context) error {
	revision, err := d.source.Revision(ctx)
	if s := d.Current(); err != nil || s != nil && !s.unread && revision == d.revision {
		return err
	}
	rows, revision, err := d.source.Rows(ctx)
	if err != nil {
		return err
	}
	next, terms, err := d.stored.read(rows)
	if err != nil {
		return err
	}
	s, clash := d.Current(), d.clash
	if s == nil || s.unread || terms {
		if s, clash, err = d.assemble(next); err != nil {
			return err
		}
	}
	d.stored, d.revision, d.clash = next, revision, clash
	d.current.Store(s.with(d.quarantines()))
	return nil
}

// assemble makes a snapshot of what is declared and what is stored. Where both cannot stand together, and there is a
// snapshot already, what cannot stand is left out and named by clash.
func (d *Directory) assemble(next stored) (s *Snapshot, clash, err error) {
	if s, clash = next.assemble(d.declared, false); clash == nil {
		return s, nil, nil
	}
	if d.Current() == nil {
		return nil, nil, clash
	}
	s, err = next.assemble(d.declared, true)
	return s, clash, err
}

// Check says why what is in force may not be what the store holds. It is for readiness.
func (d *Directory) Check(context.Context) error {
	d.change.Lock()
	defer d.change.Unlock()
	return errors.Join(d.unread, d.clash)
}

// Run refreshes until ctx ends. A store that cannot be read leaves what is in force as it is; Check tells.
func (d *Directory) Run(ctx context.Context) error {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	return d.Follow(ctx, tick.C)
}

// Follow is Run with a clock of the caller's: at every tick it refreshes. What cannot be read now is read at the next.
func (d *Directory) Follow(ctx context.Context, tick <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		}
		bounded, done := context.WithTimeout(ctx, lookBound)
		_, _ = d.look(bounded)
		done()
	}
}

// lookBound is how long one look at the store may take: one that accepts and never answers is asked again, so that a
// change is in force soon after it answers.
const lookBound = 2 * time.Second

// missing says what somebody asked to change and is not there.
func missing(what, id string, err error) error { return fmt.Errorf("%s %q: %w", what, id, err) }
