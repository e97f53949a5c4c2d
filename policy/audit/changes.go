package audit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"weir/policy/store"
)

// Change is something that an operator did, or tried to do. It holds no secret.
type Change struct {
	N         int64           `json:"n"` // rises with every change
	At        time.Time       `json:"at"`
	Who       string          `json:"who"`
	Role      string          `json:"role"`
	Client    string          `json:"client,omitempty"` // address
	Operation string          `json:"operation"`
	Path      string          `json:"path"`
	Tenant    string          `json:"tenant,omitempty"`
	Status    int             `json:"status"`           // of the answer; 0: what came of it is not known
	Before    json.RawMessage `json:"before,omitempty"` // what it is about, as it was; nothing where there was none
	After     json.RawMessage `json:"after,omitempty"`
}

// begun is a change as it is kept when it begins. Two that are the same in all else differ in their mark, and so in their macs, by
// which a book knows whose link it has.
type begun struct {
	Change
	Mark string `json:"mark"`
}

// outcome is what came of a change, as it is kept.
type outcome struct {
	N      int64           `json:"n"`
	Status int             `json:"status"`
	Tenant string          `json:"tenant,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// The bounds of the log of changes.
const (
	maxState    = 64 << 10 // bytes of what something was or became; a longer one is told by its size
	maxChanges  = 200_000  // that are kept; the oldest go
	pruneEvery  = 1_000    // changes
	appendTries = 50       // at a link, where others write at the same time
	changesPage = 500      // that are read at once
)

// What keeps a change from being written down.
var (
	ErrNoChange = errors.New("there is no such change, or what came of it is written down already")
	errBusyLog  = errors.New("too many others write at the same time")
)

// book is where a log of changes is kept. A link is added only where the chain still stands where its writer thinks, so that many
// may write.
type book interface {
	head(ctx context.Context) (logHead, error)
	// add puts in a link behind h; false: the chain stands elsewhere by now. A change that has ended or was never begun is ErrNoChange.
	add(ctx context.Context, h logHead, a addition) (bool, error)
	search(ctx context.Context, q ChangeQuery) (list []changeRow, more bool, err error)
	// rows are the changes from a number on, the oldest first.
	rows(ctx context.Context, from int64, limit int) ([]changeRow, error)
	// ended are the changes whose end is behind a link, in the order of their ends.
	ended(ctx context.Context, behind int64, limit int) ([]changeRow, error)
	// prune removes the changes before from, where the chain begins then; false as for add.
	prune(ctx context.Context, h logHead, from logStart) (bool, error)
	// told writes down the last link that somebody was told of.
	told(ctx context.Context, seq int64) error
	// lead says whether it is this process that tells; it is for a while.
	lead(ctx context.Context, who string, lasts time.Duration) (bool, error)
}

// changeLink is one link of the chain, and its text. Without a text there is none.
type changeLink struct {
	seq  int64 // 0: older than the chain
	mac  []byte
	key  string
	text string
}

// changeRow is a change as a book keeps it.
type changeRow struct {
	n            int64
	begun, ended changeLink
	found        *[3]string // tenant, who and operation, where the book finds it by copies of them
}

// addition is a link on its way into a book.
type addition struct {
	changeLink
	n      int64
	ends   bool
	change *Change // of a begin, or what of it an end changes
}

// logStart is where a chain begins whose oldest changes are gone: the last of them, and its last link. Its zero value is of one that
// is whole.
type logStart struct {
	n, seq    int64
	mac, seal []byte
}

// logHead is where a chain stands. Without a writer it has not begun.
type logHead struct {
	writer  string
	firstN  int64 // the first change that is chained
	n, seq  int64
	mac     []byte
	from    logStart
	told    int64
	telling bool // told is known
}

// Changes is the log of what operators changed, chained as the trail is: in the file of a store, or on the Redis that several
// Weirs share. It is safe for concurrent use.
type Changes struct {
	book book
	keys *Keys
	most int64 // changes that are kept

	empty atomic.Bool // Tell has seen the log before its first change
}

// NewChanges returns the log in the file of a store; keys may be nil for reading.
func NewChanges(s *store.Store, keys *Keys) *Changes {
	return &Changes{book: &fileBook{s}, keys: keys, most: maxChanges}
}

// SharedChanges returns the log on a Redis, of all Weirs that have the same keys; keys may be nil for reading.
func SharedChanges(r *store.Redis, keys *Keys) *Changes {
	return &Changes{book: newRedisBook(r), keys: keys, most: maxChanges}
}

// Begin writes down that a change is about to be made, and gives its number. What is not written down is not to be done.
func (c *Changes) Begin(ctx context.Context, x Change) (n int64, err error) {
	x.At, x.Status, x.After, x.Before = x.At.UTC().Truncate(time.Millisecond), 0, nil, stateKept(x.Before)
	err = c.append(ctx, func(h *logHead) (addition, error) {
		n = h.n + 1
		x.N = n
		text, err := json.Marshal(begun{x, rand.Text()})
		return addition{changeLink: changeLink{text: string(text)}, n: n, change: &x}, err
	})
	if err != nil {
		return 0, fmt.Errorf("writing down a change: %w", err)
	}
	if n%pruneEvery == 0 && n > c.most {
		if err := c.prune(ctx, n-c.most); err != nil {
			return n, fmt.Errorf("removing the oldest changes: %w", err)
		}
	}
	return n, nil
}

// End completes a change: the status of its answer, whom it was about, and what it left.
func (c *Changes) End(ctx context.Context, n int64, status int, tenant string, after json.RawMessage) error {
	text, err := json.Marshal(outcome{N: n, Status: status, Tenant: tenant, After: stateKept(after)})
	if err == nil {
		err = c.append(ctx, func(*logHead) (addition, error) {
			return addition{changeLink: changeLink{text: string(text)}, n: n, ends: true, change: &Change{Tenant: tenant}}, nil
		})
	}
	if err != nil {
		return fmt.Errorf("completing a change: %w", err)
	}
	return nil
}

// append adds the link that next gives for where the chain stands.
func (c *Changes) append(ctx context.Context, next func(h *logHead) (addition, error)) error {
	if c.keys == nil {
		return ErrReadOnly
	}
	for range appendTries {
		h, err := c.book.head(ctx)
		if err != nil {
			return err
		}
		if h.writer == "" {
			h.writer, h.mac = rand.Text(), beforeFirst()
			h.from.mac = h.mac
		}
		a, err := next(&h)
		if err != nil {
			return err
		}
		a.seq, a.key = h.seq+1, c.keys.id
		a.mac = c.keys.changeLink(h.writer, a.seq, h.mac, a.digest(a.ends))
		if added, err := c.book.add(ctx, h, a); err != nil || added {
			return err
		}
	}
	return errBusyLog
}

// beforeFirst is the mac before the first link.
func beforeFirst() []byte { return make([]byte, sha256.Size) }

// stateKept is a state as it is kept.
func stateKept(state json.RawMessage) json.RawMessage {
	switch {
	case len(state) == 0 || string(state) == "null":
		return nil
	case len(state) > maxState:
		return json.RawMessage(fmt.Sprintf(`{"bytes":%d}`, len(state)))
	}
	return state
}

// change reads a row.
func (r *changeRow) change() (Change, error) {
	var x Change
	if err := json.Unmarshal([]byte(r.begun.text), &x); err != nil {
		return x, fmt.Errorf("decoding a change: %w", err)
	}
	x.N, x.At, x.Before = r.n, x.At.UTC(), stateKept(x.Before)
	if r.ended.text == "" {
		return x, nil
	}
	var end outcome
	if err := json.Unmarshal([]byte(r.ended.text), &end); err != nil {
		return x, fmt.Errorf("decoding what came of a change: %w", err)
	}
	x.Status, x.Tenant, x.After = end.Status, end.Tenant, stateKept(end.After)
	return x, nil
}

// ChangeQuery says which changes are wanted.
type ChangeQuery struct {
	Tenant, Who, Operation string
	Before                 int64 // only those with a lower number; 0: from the newest
	Limit                  int   // at least 1, at most MaxRecent; 0 is DefaultPage
}

// fits says whether a change is one of those that are wanted, whatever its number.
func (q *ChangeQuery) fits(x *Change) bool {
	return (q.Tenant == "" || x.Tenant == q.Tenant) && (q.Who == "" || x.Who == q.Who) && (q.Operation == "" || x.Operation == q.Operation)
}

// Search returns changes, newest first, and whether there are more.
func (c *Changes) Search(ctx context.Context, q ChangeQuery) (list []Change, more bool, err error) {
	if q.Limit == 0 {
		q.Limit = DefaultPage
	}
	q.Limit = min(max(q.Limit, 1), MaxRecent)
	rows, more, err := c.book.search(ctx, q)
	if err != nil {
		return nil, false, fmt.Errorf("reading the changes: %w", err)
	}
	list = []Change{}
	for i := range rows {
		x, err := rows[i].change()
		if err != nil {
			return nil, false, err
		}
		list = append(list, x)
	}
	return list, more, nil
}

// prune removes the oldest changes, up to a number, as far as their links stand before all others. Where one of them ended late the
// rest waits for the next time.
func (c *Changes) prune(ctx context.Context, upTo int64) error {
	h, err := c.book.head(ctx)
	if err != nil {
		return err
	}
	from, err := c.cut(ctx, &h, upTo)
	if err != nil || from.n == h.from.n {
		return err
	}
	from.seal = c.keys.pruned(h.writer, &from)
	_, err = c.book.prune(ctx, h, from) // where others wrote meanwhile, the next time will do
	return err
}

// cut is where the chain begins once as many of the oldest changes as can are gone.
func (c *Changes) cut(ctx context.Context, h *logHead, upTo int64) (from logStart, err error) {
	from = h.from
	last := changeLink{seq: from.seq, mac: from.mac} // the latest link of the changes before
	for n := from.n; ; {
		rows, err := c.book.rows(ctx, n+1, changesPage)
		if err != nil {
			return from, err
		}
		for i := range rows {
			r := &rows[i]
			if n > from.n && (last.seq == 0 || r.begun.seq > last.seq) {
				from.n, from.seq, from.mac = n, last.seq, last.mac
			}
			if r.n > upTo {
				return from, nil
			}
			for _, l := range []changeLink{r.begun, r.ended} {
				if l.seq > last.seq {
					last = l
				}
			}
			n = r.n
		}
		if len(rows) < changesPage {
			return from, nil
		}
	}
}
