package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"weir/policy/store"
)

// journal keeps what is on local leases in a file of this machine, so that a process that is killed while the shared store
// is away loses none of it, and one that starts anew has no second lease.
type journal struct {
	file  *store.Store
	clock func() time.Time
	owner string
}

// WithJournal keeps local leases in a file. A ledger whose store is that file itself has no use for it: when the file
// fails, so does the journal.
func WithJournal(file *store.Store) Option {
	return func(l *Ledger) { l.journal = &journal{file: file, owner: newOwner()} }
}

// page is a hold as the journal has it. A time zone is its name.
type page struct {
	Hold
	Zones []string `json:",omitempty"` // of the budgets
}

// written is an ending as the journal has it.
type written struct {
	Outcome outcome
	Use     Use
	Mark    string
}

func (j *journal) beat(ctx context.Context) error {
	return j.file.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO owners (id, beat) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET beat = ?2`,
			j.owner, j.clock().UnixMilli())
		return err
	})
}

// put writes a hold, durably, unless the tenant's lease has no room for it beside all that any process has written.
func (j *journal) put(ctx context.Context, h *Hold, bound LocalLease) error {
	p := page{Hold: *h}
	for _, b := range h.Budgets {
		zone := ""
		if b.Zone != nil {
			zone = b.Zone.String()
		}
		p.Zones = append(p.Zones, zone)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encoding a leased hold: %w", err)
	}
	return j.file.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var n, amount int64
		if err := tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(amount), 0) FROM leases WHERE tenant = ?`, h.Tenant).Scan(&n, &amount); err != nil {
			return fmt.Errorf("reading what is on the lease: %w", err)
		}
		if n >= bound.Requests || amount+h.Amount > bound.Amount {
			return ErrLease
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO leases (exchange, tenant, owner, amount, hold, ended) VALUES (?, ?, ?, ?, ?, '')`,
			h.Exchange, h.Tenant, j.owner, h.Amount, string(text))
		return err
	})
}

// finish writes how a leased exchange ended.
func (j *journal) finish(ctx context.Context, exchange string, e *ending, amount int64) error {
	text, err := json.Marshal(written{e.outcome, e.use, e.mark})
	if err != nil {
		return fmt.Errorf("encoding the end of a leased exchange: %w", err)
	}
	return j.file.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE leases SET ended = ?, amount = ? WHERE exchange = ?`, string(text), amount, exchange)
		return err
	})
}

// drop forgets what the store has.
func (j *journal) drop(ctx context.Context, exchange string) error {
	return j.file.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM leases WHERE exchange = ?`, exchange)
		return err
	})
}

// adopt takes over what processes have left that have not beaten for a Lease.
func (j *journal) adopt(ctx context.Context) ([]*leased, error) {
	var found []*leased // not looked at after an error: the change may still be running
	err := j.file.Write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if found, err = j.left(ctx, tx); err != nil {
			return err
		}
		for _, on := range found {
			if _, err := tx.ExecContext(ctx, `UPDATE leases SET owner = ? WHERE exchange = ?`, j.owner, on.asked.Exchange); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM owners WHERE abs(beat - ?) > ?`, j.clock().UnixMilli(), Lease.Milliseconds())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is left of local leases: %w", err)
	}
	return found, nil
}

func (j *journal) left(ctx context.Context, tx *sql.Tx) (found []*leased, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT hold, ended, amount FROM leases WHERE owner <> ?1
		AND owner NOT IN (SELECT id FROM owners WHERE abs(beat - ?2) <= ?3) LIMIT ?4`,
		j.owner, j.clock().UnixMilli(), Lease.Milliseconds(), sweepLimit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var hold, ended string
		var amount int64
		if err := rows.Scan(&hold, &ended, &amount); err != nil {
			return nil, err
		}
		on, err := leasedOf(hold, ended, amount)
		if err != nil {
			return nil, err
		}
		found = append(found, on)
	}
	return found, rows.Err()
}

// leasedOf reads a row. One that is still open died with its process: it is charged in full, as every hold of a dead owner.
func leasedOf(hold, ended string, amount int64) (*leased, error) {
	var p page
	if err := json.Unmarshal([]byte(hold), &p); err != nil {
		return nil, fmt.Errorf("reading a leased hold: %w", err)
	}
	for i := range p.Budgets {
		b := &p.Budgets[i]
		b.Zone = nil
		if i < len(p.Zones) && p.Zones[i] != "" {
			zone, err := time.LoadLocation(p.Zones[i])
			if err != nil {
				return nil, fmt.Errorf("reading a leased hold: %w", err)
			}
			b.Zone = zone
		}
	}
	id := p.Exchange + leasedID
	on := &leased{asked: &p.Hold, amount: amount, end: &ending{outcome: recovered, mark: id, crashed: true}}
	if ended != "" {
		var w written
		if err := json.Unmarshal([]byte(ended), &w); err != nil {
			return nil, fmt.Errorf("reading the end of a leased exchange: %w", err)
		}
		*on.end = ending{outcome: w.Outcome, use: w.Use, mark: w.Mark}
	}
	on.end.tenant = p.Tenant
	on.end.rename(id)
	return on, nil
}

// journalWait bounds one change of the journal.
const journalWait = 2 * time.Second

// keepHold writes a leased hold into the journal, where there is one. What it does not take is not leased.
func (l *Ledger) keepHold(ctx context.Context, on *leased, bound LocalLease) error {
	if l.journal == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, journalWait)
	defer cancel()
	err := l.journal.put(ctx, on.asked, bound)
	if err != nil && !errors.Is(err, ErrLease) {
		err = fmt.Errorf("%w: %w", ErrLease, err)
	}
	return err
}

// keepEnd writes the end of a leased exchange into the journal. Where that fails and the process dies too, the exchange is
// charged in full.
func (l *Ledger) keepEnd(ctx context.Context, exchange string, e *ending, amount int64) {
	if l.journal == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, journalWait)
	defer cancel()
	if err := l.journal.finish(ctx, exchange, e, amount); err != nil {
		l.log.Error("writing the journal of local leases", "error", err)
	}
}

// readJournal says that this process lives, and puts what others have left on its own leases.
func (l *Ledger) readJournal(ctx context.Context) error {
	if l.journal == nil {
		return nil
	}
	if err := l.journal.beat(ctx); err != nil {
		return fmt.Errorf("writing the journal of local leases: %w", err)
	}
	found, err := l.journal.adopt(ctx)
	if err != nil {
		return err
	}
	l.leases.take(found)
	return nil
}
