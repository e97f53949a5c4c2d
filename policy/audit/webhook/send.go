package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The pace of an office.
const (
	look        = 250 * time.Millisecond // between looks at what is due
	recount     = 20                     // looks between two counts of what waits
	sendAtOnce  = 32
	longestWait = time.Hour
)

// Run sends what is due to every hook, until ctx ends. It returns nil.
func (o *Office) Run(ctx context.Context) error {
	for {
		hooks, changed := o.Hooks()
		run, stop := context.WithCancel(ctx)
		var all sync.WaitGroup
		for i := range hooks {
			all.Go(func() { o.serve(run, &hooks[i]) })
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
		stop()
		all.Wait()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// serve sends one hook what is due.
func (o *Office) serve(ctx context.Context, h *Hook) {
	c := client(h.Private)
	defer c.CloseIdleConnections()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for n := 0; ; n++ {
		if n%recount == 0 {
			o.recount(ctx, h.Name) // others may have put dead ones in again
		}
		if err := o.round(ctx, c, h); err != nil && ctx.Err() == nil {
			o.log.Error("sending webhooks", "hook", h.Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// recount counts what waits for a hook.
func (o *Office) recount(ctx context.Context, hook string) {
	var n int64
	if err := o.store.Read().QueryRowContext(ctx, `SELECT count(*) FROM webhook_messages WHERE hook = ? AND dead = 0`, hook).Scan(&n); err != nil {
		return // the round says what is wrong
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[hook] = n
}

// due is one message that is to be sent.
type due struct {
	id, body string
	at       int64
	tries    int
}

// round sends what is due now, until one is not taken: a hook that is away is not asked for each message. The error is the
// store's.
func (o *Office) round(ctx context.Context, c *http.Client, h *Hook) error {
	list, err := o.due(ctx, h.Name)
	if err != nil {
		return err
	}
	for _, m := range list {
		gone, err := o.post(ctx, c, h, &m)
		if ctx.Err() != nil {
			return nil
		}
		o.mu.Lock()
		o.errs[h.Name] = err
		o.mu.Unlock()
		if err == nil {
			if err := o.ended(ctx, h.Name, "delivered", `DELETE FROM webhook_messages WHERE id = ?`, m.id); err != nil {
				return err
			}
			continue
		}
		return o.later(ctx, h, &m, gone, err)
	}
	return nil
}

func (o *Office) due(ctx context.Context, hook string) ([]due, error) {
	rows, err := o.store.Read().QueryContext(ctx, `SELECT id, body, at, tries FROM webhook_messages WHERE hook = ? AND dead = 0 AND due <= ? ORDER BY due, at LIMIT ?`,
		hook, o.clock().UnixMilli(), sendAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []due
	for rows.Next() {
		var m due
		if err := rows.Scan(&m.id, &m.body, &m.at, &m.tries); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// post sends one message. gone says that the hook wants none any more.
func (o *Office) post(ctx context.Context, c *http.Client, h *Hook, m *due) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader([]byte(m.body)))
	if err != nil {
		return false, errors.New("the address cannot be asked")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Weir")
	if err := sign(r.Header, h.Secret, m, o.clock()); err != nil {
		return false, err
	}
	answer, err := c.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address may be a secret itself
		}
		return false, fmt.Errorf("asking: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection can be used again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return answer.StatusCode == http.StatusGone, fmt.Errorf("the status %d", answer.StatusCode)
	}
	return false, nil
}

// sign adds the headers of the Standard Webhooks specification. The time is that of this try, so that what is sent again is not old.
func sign(to http.Header, secret string, m *due, now time.Time) error {
	to.Set(standard.HeaderWebhookID, m.id)
	to.Set(standard.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	if secret == "" {
		return nil
	}
	open := standard.NewWebhook
	if !strings.HasPrefix(secret, "whsec_") {
		open = func(s string) (*standard.Webhook, error) { return standard.NewWebhookRaw([]byte(s)) }
	}
	hook, err := open(secret)
	if err != nil {
		return errors.New("the secret is no base64 behind whsec_")
	}
	signature, err := hook.Sign(m.id, now, []byte(m.body))
	if err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	to.Set(standard.HeaderWebhookSignature, signature)
	return nil
}

// CheckSecret says what is wrong with a secret that messages are to be signed with.
func CheckSecret(secret string) error {
	return sign(http.Header{}, secret, &due{}, time.Unix(0, 0))
}

// later puts a message off, or gives it up.
func (o *Office) later(ctx context.Context, h *Hook, m *due, gone bool, why error) error {
	now := o.clock()
	if gone || now.Sub(time.UnixMilli(m.at)) >= h.GiveUp {
		o.log.Error("a webhook's message is given up", "hook", h.Name, "message", m.id, "tries", m.tries+1, "error", why)
		if err := o.ended(ctx, h.Name, "dead", `UPDATE webhook_messages SET dead = ?, tries = tries + 1, why = ? WHERE id = ?`, now.UnixMilli(), why.Error(), m.id); err != nil {
			return err
		}
		return o.bury(ctx, h.Name)
	}
	o.counted(h.Name, "failed", 1)
	next := now.Add(o.pause(m.tries))
	return o.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE webhook_messages SET due = ?, tries = tries + 1, why = ? WHERE id = ?`, next.UnixMilli(), why.Error(), m.id)
		return err
	})
}

// pause is how long to wait after so many tries before the one that failed.
func (o *Office) pause(tries int) time.Duration {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = o.first, longestWait, 2
	for range min(tries, 20) {
		b.NextBackOff()
	}
	return b.NextBackOff()
}

// ended writes that a message waits no more.
func (o *Office) ended(ctx context.Context, hook, result, statement string, args ...any) error {
	if err := o.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, args...)
		return err
	}); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[hook]--
	o.counts[Count{hook, result}]++
	return nil
}

// bury drops the oldest of the dead beyond their bound.
func (o *Office) bury(ctx context.Context, hook string) error {
	var n int64
	err := o.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `DELETE FROM webhook_messages WHERE id IN (SELECT id FROM webhook_messages WHERE hook = ? AND dead != 0 ORDER BY dead DESC LIMIT -1 OFFSET ?)`, hook, maxWaiting)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	if err == nil && n > 0 {
		o.counted(hook, "dropped", n)
	}
	return err
}

// Try sends a hook one message of the type weir.test, at once and once.
func Try(ctx context.Context, h Hook, now time.Time) error {
	e := Event{Type: "test", At: now, Text: "this is a test"}
	body, err := e.body(h.Slack)
	if err != nil {
		return fmt.Errorf("writing a webhook's message: %w", err)
	}
	o := &Office{clock: func() time.Time { return now }}
	c := client(h.Private)
	defer c.CloseIdleConnections()
	_, err = o.post(ctx, c, &h, &due{id: "msg_" + rand.Text(), body: string(body)})
	return err
}
