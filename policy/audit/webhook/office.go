package webhook

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"weir/policy/audit"
	"weir/policy/store"
)

// Hook is somebody who wants to be told.
type Hook struct {
	Name    string
	URL     string
	Secret  string   // messages are signed with it; whsec_ and base64, or as it is; empty: they are not signed
	Events  []string // of Types
	Tenants []string // only of these, and of nobody's; empty: all
	Slack   bool     // Slack's form
	Private bool     // it may be at a private address
	Timeout time.Duration
	GiveUp  time.Duration // how long a message is tried
}

// wants says whether a hook is to be told of an event.
func (h *Hook) wants(e *Event) bool {
	return slices.Contains(h.Events, e.Type) && (len(h.Tenants) == 0 || e.Tenant == "" || slices.Contains(h.Tenants, e.Tenant))
}

// The defaults of a Hook, and the bounds of an Office.
const (
	DefaultTimeout = 10 * time.Second
	DefaultGiveUp  = 24 * time.Hour
	// maxWaiting is how many messages may wait for one hook, and how many of the dead are kept: beyond it the newest that are to
	// wait and the oldest of the dead are dropped, and counted.
	maxWaiting = 10_000
)

// Sink is the name that the office's place in the trail is kept under.
const Sink = "webhooks"

// Trail is where an office is written down as a sink.
type Trail interface {
	Advance(ctx context.Context, sink string, n int64, more func(ctx context.Context, tx *sql.Tx) error) error
}

// Office keeps messages and sends them. It is safe for concurrent use.
type Office struct {
	store *store.Store
	trail Trail
	log   *slog.Logger
	clock func() time.Time
	first time.Duration // the pause after the first try

	mu      sync.Mutex
	hooks   []Hook
	changed chan struct{} // closed when the hooks change
	waiting map[string]int64
	counts  map[Count]int64
	errs    map[string]error
}

// Count is what is counted: what became of a message of a hook. Result is queued, delivered, failed (and to be tried again), dead
// or dropped.
type Count struct{ Hook, Result string }

// Open returns the office of a store. firstPause is how long it waits after the first try that failed; 0 is five seconds.
func Open(ctx context.Context, s *store.Store, trail Trail, firstPause time.Duration, clock func() time.Time, log *slog.Logger) (*Office, error) {
	o := &Office{
		store: s, trail: trail, log: log, clock: clock, first: firstPause, changed: make(chan struct{}),
		waiting: map[string]int64{}, counts: map[Count]int64{}, errs: map[string]error{},
	}
	if o.first <= 0 {
		o.first = 5 * time.Second
	}
	rows, err := s.Read().QueryContext(ctx, `SELECT hook, count(*) FROM webhook_messages WHERE dead = 0 GROUP BY hook`)
	if err != nil {
		return nil, fmt.Errorf("opening the webhooks: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var hook string
		var n int64
		if err := rows.Scan(&hook, &n); err != nil {
			return nil, fmt.Errorf("opening the webhooks: %w", err)
		}
		o.waiting[hook] = n
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("opening the webhooks: %w", err)
	}
	return o, nil
}

// Put says who is told from now on. Messages of hooks that are gone wait until they are back.
func (o *Office) Put(hooks []Hook) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hooks = hooks
	close(o.changed)
	o.changed = make(chan struct{})
}

// Hooks are who is told, and a channel that is closed when that changes.
func (o *Office) Hooks() ([]Hook, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hooks, o.changed
}

// Counts are what was counted since the start.
func (o *Office) Counts() map[Count]int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make(map[Count]int64, len(o.counts))
	for k, v := range o.counts {
		out[k] = v
	}
	return out
}

// Waiting are how many messages wait, by hook.
func (o *Office) Waiting() map[string]int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string]int64{}
	for _, h := range o.hooks {
		out[h.Name] = o.waiting[h.Name]
	}
	return out
}

// Check is nil while every hook takes what it is sent.
func (o *Office) Check(context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range o.hooks {
		if err := o.errs[h.Name]; err != nil {
			return fmt.Errorf("%s: %d messages wait: %w", h.Name, o.waiting[h.Name], err)
		}
	}
	return nil
}

func (o *Office) counted(hook, result string, n int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts[Count{hook, result}] += n
}

// message is one on its way into the store.
type message struct {
	id, hook, kind string
	body           []byte
}

// Tell puts in an event that is not read from the trail.
func (o *Office) Tell(ctx context.Context, e Event) error {
	e.id = rand.Text()
	list, err := o.messages([]Event{e})
	if err != nil || len(list) == 0 {
		return err
	}
	return o.put(ctx, list)
}

// Send implements sink.Target: it puts in what the records tell of, with their place in the trail.
func (o *Office) Send(ctx context.Context, batch []audit.Stored) error {
	var events []Event
	for i := range batch {
		r, err := batch[i].Record()
		if err != nil {
			continue // it was changed after it was written, which is for verify to say
		}
		events = append(events, Of(r)...)
	}
	list, err := o.messages(events)
	if err != nil {
		return err
	}
	var in []message
	err = o.trail.Advance(ctx, Sink, batch[len(batch)-1].N, func(ctx context.Context, tx *sql.Tx) (err error) {
		in, err = o.enter(ctx, tx, events, list)
		return err
	})
	if err != nil {
		return err
	}
	o.entered(in)
	return nil
}

// messages are what hooks are to be told of events.
func (o *Office) messages(events []Event) ([]message, error) {
	hooks, _ := o.Hooks()
	var out []message
	for i := range events {
		e := &events[i]
		for k := range hooks {
			h := &hooks[k]
			if !h.wants(e) {
				continue
			}
			body, err := e.body(h.Slack)
			if err != nil {
				return nil, fmt.Errorf("writing a webhook's message: %w", err)
			}
			sum := sha256.Sum256([]byte(h.Name + "\x00" + e.id))
			out = append(out, message{id: "msg_" + hex.EncodeToString(sum[:16]), hook: h.Name, kind: e.Type, body: body})
		}
	}
	return out, nil
}

// enter writes messages that are not there yet, in the order of their events. It may run twice.
func (o *Office) enter(ctx context.Context, tx *sql.Tx, events []Event, list []message) ([]message, error) {
	now := o.clock().UnixMilli()
	told := map[string]bool{} // ids of events that were told before
	for i := range events {
		e := &events[i]
		if e.once == "" {
			continue
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO webhook_told (what, until) VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until WHERE webhook_told.until <= ?`,
			e.once, e.until.UnixMilli(), now)
		if err != nil {
			return nil, err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			told[e.id] = true
		}
	}
	if len(told) > 0 {
		hooks, _ := o.Hooks()
		gone := map[string]bool{}
		for id := range told {
			for k := range hooks {
				sum := sha256.Sum256([]byte(hooks[k].Name + "\x00" + id))
				gone["msg_"+hex.EncodeToString(sum[:16])] = true
			}
		}
		list = slices.DeleteFunc(slices.Clone(list), func(m message) bool { return gone[m.id] })
	}
	var in []message
	more := map[string]int64{}
	for _, m := range list {
		if o.room(m.hook) <= more[m.hook] {
			o.counted(m.hook, "dropped", 1)
			continue
		}
		done, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO webhook_messages (id, hook, type, at, body, due) VALUES (?, ?, ?, ?, ?, ?)`, m.id, m.hook, m.kind, now, m.body, now)
		if err != nil {
			return nil, err
		}
		if n, err := done.RowsAffected(); err == nil && n == 1 {
			in = append(in, m)
			more[m.hook]++
		}
	}
	return in, nil
}

// room is how many messages a hook's queue still takes.
func (o *Office) room(hook string) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maxWaiting - o.waiting[hook]
}

func (o *Office) entered(in []message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range in {
		o.waiting[m.hook]++
		o.counts[Count{m.hook, "queued"}]++
	}
}
