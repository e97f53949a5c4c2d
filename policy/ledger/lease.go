package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// ErrLease means that a hold may not be taken locally: the lease has no room for it, or one of its limits can only be
// kept by the store.
var ErrLease = errors.New("the local lease does not admit it")

// LeasedLimit bounds how many exchanges of all tenants are on local leases at once.
const LeasedLimit = 10_000

// leasedID makes the id that a leased exchange has in the store. It is not the exchange's own, under which a hold whose
// answer was lost may have been written and will be released.
const leasedID = "/lease"

// LocalLease is what a tenant may use on this process alone while the store does not answer.
type LocalLease struct {
	Amount   int64 // micro-USD
	Requests int64
}

// leases are the exchanges that were admitted without the store, until the store has them.
type leases struct {
	mu      sync.Mutex
	local   map[string]map[string]*leased // by tenant and exchange: what the store does not know
	n       int                           // in local
	written map[string]bool               // open exchanges whose hold the store has by now
}

// leased is one exchange on a lease.
type leased struct {
	asked   *Hold
	amount  int64   // micro-USD: the hold, or what was billed once it is over
	end     *ending // nil while it is open
	pending bool    // not in the journal yet
}

// HoldLocally takes a hold from the tenant's local lease, after Hold has failed because the store does not answer. What
// is used counts against the lease until it is in the store, so no outage lets more than the lease through, however many
// ask at once. Tick writes it there, once. Budgets in the grant say nothing of what is left, since nobody knows.
//
// A hold with a hard cap, credits or a quota is ErrLease: what other processes hold and have used of those only the store
// knows, and they are never passed. Rates and concurrency count what is on the lease; a hold that one of them does not fit is
// ErrLease, too.
func (l *Ledger) HoldLocally(ctx context.Context, h Hold, bound LocalLease) (Grant, error) {
	if err := h.check(); err != nil {
		return Grant{}, fmt.Errorf("holding on a lease: %w", err)
	}
	on, first, err := l.leases.reserve(h, bound)
	if err == nil && first {
		if err = l.keepHold(ctx, on, bound); err != nil {
			l.leases.handOver(on)
		} else {
			l.leases.ready(on)
		}
	}
	if err != nil {
		return Grant{}, fmt.Errorf("holding on a lease: %w", err)
	}
	return Grant{Granted: true, Amount: on.asked.Amount}, nil
}

// reserve puts a hold on the tenant's lease. It answers whether it was not there before.
func (s *leases) reserve(h Hold, bound LocalLease) (on *leased, first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.local[h.Tenant]
	if e := mine[h.Exchange]; e != nil {
		if e.end != nil {
			return nil, false, ErrEnded
		}
		return e, false, nil
	}
	if s.n >= LeasedLimit || !bound.fits(&h, mine) || !h.localLimits(mine) {
		return nil, false, ErrLease
	}
	h.Budgets, h.Rates = slices.Clone(h.Budgets), slices.Clone(h.Rates)
	on = &leased{asked: &h, amount: h.Amount, pending: true}
	s.add(on)
	return on, true, nil
}

// add puts an exchange on its tenant's lease.
func (s *leases) add(on *leased) {
	if s.local == nil {
		s.local, s.written = map[string]map[string]*leased{}, map[string]bool{}
	}
	mine := s.local[on.asked.Tenant]
	if mine == nil {
		mine = map[string]*leased{}
		s.local[on.asked.Tenant] = mine
	}
	mine[on.asked.Exchange] = on
	s.n++
}

// ready says that an exchange is in the journal, so that the store may have it.
func (s *leases) ready(on *leased) {
	s.mu.Lock()
	defer s.mu.Unlock()
	on.pending = false
}

// take puts what another process has left on its tenants' leases.
func (s *leases) take(found []*leased) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, on := range found {
		if s.local[on.asked.Tenant][on.asked.Exchange] == nil {
			s.add(on)
		}
	}
}

// fits says whether a lease has room for a hold beside what is on it.
func (b LocalLease) fits(h *Hold, mine map[string]*leased) bool {
	amount := h.Amount
	for _, e := range mine {
		amount += e.amount
	}
	return int64(len(mine)) < b.Requests && amount <= b.Amount
}

// localLimits says whether every limit of a hold can be kept without the store.
func (h *Hold) localLimits(mine map[string]*leased) bool {
	for i := range h.Budgets {
		b := &h.Budgets[i]
		switch {
		case b.Soft || b.Kind == Free:
		case b.Kind == Call:
			if h.Amount > b.Limit {
				return false
			}
		case b.Kind == Concurrency:
			if openOn(mine, b.ID) >= b.Limit {
				return false
			}
		default:
			return false
		}
	}
	for _, r := range h.Rates {
		units := r.units(h)
		for _, e := range mine {
			if slices.ContainsFunc(e.asked.Rates, func(o Rate) bool { return o.ID == r.ID }) {
				units += r.units(e.asked)
			}
		}
		if units > r.Limit {
			return false
		}
	}
	return true
}

// openOn counts the open exchanges on a lease that a concurrency limit covers.
func openOn(mine map[string]*leased, id string) (n int64) {
	for _, e := range mine {
		if e.end == nil && slices.ContainsFunc(e.asked.Budgets, func(b Budget) bool { return b.ID == id }) {
			n++
		}
	}
	return n
}

// units are what a hold asks of a rate.
func (r Rate) units(h *Hold) int64 {
	if r.Unit == Requests {
		return 1
	}
	return h.Tokens
}

// endLocally takes the end of an exchange that is on a lease, and returns what it comes to. It answers false where the store has
// to be asked, and by then e names the exchange as the store does.
func (s *leases) endLocally(e *ending, now int64) (done Settled, amount int64, local bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := e.exchange
	if on := s.local[e.tenant][id]; on != nil {
		if on.end != nil {
			return Settled{}, on.amount, true
		}
		e.rename(id + leasedID)
		c := e.charge(on.asked.Amount, on.asked.Tokens, now)
		on.end, on.amount = e, c.within+c.overrun
		return Settled{First: true, Overrun: c.overrun}, on.amount, true
	}
	if s.written[id] {
		delete(s.written, id)
		e.rename(id + leasedID)
	}
	return Settled{}, 0, false
}

func (e *ending) rename(id string) { e.exchange, e.use.Exchange = id, id }

// stored is a leased hold as the store takes it. Nothing may refuse it any more: it has happened.
func (h *Hold) stored() *Hold {
	out := *h
	out.Exchange, out.Rates, out.Budgets, out.late = h.Exchange+leasedID, nil, nil, true
	for _, b := range h.Budgets {
		if b.Kind != Call {
			b.Soft = b.Kind != Free
			out.Budgets = append(out.Budgets, b)
		}
	}
	for _, r := range h.Rates {
		r.Limit, r.Tries = MaxUnits, false
		out.Rates = append(out.Rates, r)
	}
	return &out
}

// waiting lists what the store does not have yet.
func (s *leases) waiting() []*leased {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*leased, 0, s.n)
	for _, mine := range s.local {
		for _, on := range mine {
			if !on.pending {
				out = append(out, on)
			}
		}
	}
	return out
}

// handOver takes an exchange whose hold the store has by now off its lease, and returns its end, nil while it is open.
// The second time it answers false.
func (s *leases) handOver(on *leased) (*ending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine, id := s.local[on.asked.Tenant], on.asked.Exchange
	if mine[id] != on {
		return nil, false
	}
	delete(mine, id)
	s.n--
	if len(mine) == 0 {
		delete(s.local, on.asked.Tenant)
	}
	if on.end == nil {
		s.written[id] = true
	}
	return on.end, true
}

// giveBack writes what is on leases into the store: first the hold, under an id that can be written once, then the end
// where it is over. One that is still open is from then on held and settled as any other, also if this process dies.
func (l *Ledger) giveBack(ctx context.Context) error {
	var failed []error
	for _, on := range l.leases.waiting() {
		if ctx.Err() != nil {
			return fmt.Errorf("writing local leases: %w", ctx.Err())
		}
		// A hold that ended before was written by a try whose answer was lost.
		g, err := l.book.hold(ctx, l.Owner(), on.asked.stored())
		if err == nil && !g.Granted {
			err = errors.New("the store refuses what has happened")
		}
		if err != nil && !errors.Is(err, ErrEnded) {
			failed = append(failed, err)
			continue
		}
		if err := l.giveOver(ctx, on); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("writing local leases, %d exchanges: %w", len(failed), failed[0])
	}
	return nil
}

// giveOver ends in the store what is over of a leased exchange, whose hold it has.
func (l *Ledger) giveOver(ctx context.Context, on *leased) error {
	e, first := l.leases.handOver(on)
	if !first {
		return nil
	}
	if e != nil {
		e.crashed = e.crashed && l.died != nil
		done, err := l.book.end(ctx, l.Owner(), *e)
		if err != nil && !errors.Is(err, ErrNoHold) {
			l.owe(*e)
			return err
		}
		if e.crashed && done.First && on.asked.Note != "" {
			l.tellOf(ctx, on)
		}
	}
	if l.journal == nil {
		return nil
	}
	return l.journal.drop(ctx, on.asked.Exchange)
}

// tellOf tells of a leased exchange that died with its process. What is not taken is told by who looks after this process, once it is
// gone, too.
func (l *Ledger) tellOf(ctx context.Context, on *leased) {
	x := Died{Exchange: on.asked.Exchange + leasedID, Tenant: on.asked.Tenant, At: on.asked.At, Amount: on.asked.Amount, Note: on.asked.Note}
	err := l.died(ctx, []Died{x})
	if err == nil {
		err = l.book.told(ctx, []Died{x})
	}
	if err != nil {
		l.log.Error("telling of an exchange that died on a local lease", "exchange", x.Exchange, "error", err)
	}
}

// Leased is what all tenants use of their local leases now: micro-USD and exchanges that the store does not have yet.
func (l *Ledger) Leased() LocalLease {
	s := &l.leases
	s.mu.Lock()
	defer s.mu.Unlock()
	u := LocalLease{Requests: int64(s.n)}
	for _, mine := range s.local {
		for _, e := range mine {
			u.Amount += e.amount
		}
	}
	return u
}
