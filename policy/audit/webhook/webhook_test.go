package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"weir/policy/audit"
	"weir/policy/audit/sink"
	"weir/policy/audit/webhook"
	"weir/policy/store"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver keeps what it is sent, and answers with a status.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []string // ids
	bodies map[string]string
	wrong  []error
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: 204, bodies: map[string]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		hook, err := standard.NewWebhook(secret)
		if err == nil {
			err = hook.Verify(body, q.Header)
		}
		if err != nil {
			r.wrong = append(r.wrong, err)
		}
		id := q.Header.Get("webhook-id")
		r.got = append(r.got, id)
		r.bodies[id] = string(body)
		if r.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// place is a store with a trail, and an office that sends.
type place struct {
	store  *store.Store
	trail  *audit.Trail
	office *webhook.Office
	feed   *sink.Feed
}

func open(t *testing.T, path string, pause time.Duration, hooks ...webhook.Hook) *place {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := audit.NewKeys([]byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	trail, err := audit.Open(t.Context(), s, keys)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	office, err := webhook.Open(t.Context(), s, trail, pause, time.Now, log)
	if err != nil {
		t.Fatal(err)
	}
	office.Put(hooks)
	p := &place{s, trail, office, sink.New(trail, office, sink.Options{Name: webhook.Sink, Log: log})}
	p.flush(t)
	return p
}

func (p *place) flush(t *testing.T) {
	t.Helper()
	if err := p.feed.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// run lets the office send until the test is over, or stop is called.
func (p *place) run(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.office.Run(ctx)
	}()
	end := sync.OnceFunc(func() {
		cancel()
		<-done
		_ = p.store.Close()
	})
	t.Cleanup(end)
	return end
}

func (p *place) append(t *testing.T, records ...audit.Record) {
	t.Helper()
	for _, r := range records {
		if err := p.trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	p.flush(t)
}

func hookAt(url string) webhook.Hook {
	return webhook.Hook{Name: "ops", URL: url, Secret: secret, Events: webhook.Types(), Private: true, Timeout: 5 * time.Second, GiveUp: time.Hour}
}

func blocked(n int) audit.Record {
	return audit.Record{
		Trace: fmt.Sprint("t", n), Exchange: fmt.Sprint("x", n), Time: time.Now(), Tenant: "acme", Event: "PII_BLOCKED", Code: "pii_detected", Ended: "refused",
		Decision: json.RawMessage(`{"allow":false,"fired":[{"file":"pii.rego","line":12}]}`),
		Findings: []audit.Finding{{Direction: "request", Type: "US_SSN", Count: 1, Action: "block"}},
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-tick.C {
		if holds() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

func TestWhatARecordTellsOf(t *testing.T) {
	budget := func(id string, soft, over, refused bool) string {
		return fmt.Sprintf(`{"id":%q,"soft":%t,"over":%t,"refused":%t,"reset_unix_milli":1}`, id, soft, over, refused)
	}
	facts := func(list ...string) json.RawMessage {
		return json.RawMessage(`{"budgets":[` + strings.Join(list, ",") + `]}`)
	}
	denied := json.RawMessage(`{"allow":false}`)
	for name, c := range map[string]struct {
		r    audit.Record
		want string
	}{
		"an exchange":            {audit.Record{Ended: "complete", Decision: json.RawMessage(`{"allow":true}`)}, ""},
		"a block":                {blocked(1), "block"},
		"an answer not shown":    {audit.Record{Ended: "blocked", Code: "secret_detected", Decision: json.RawMessage(`{"allow":true}`)}, "block"},
		"a provider's failure":   {audit.Record{Ended: "refused", Code: "provider_error", Decision: json.RawMessage(`{"allow":true}`)}, ""},
		"no key":                 {audit.Record{Ended: "refused", Code: "key_unknown"}, ""},
		"a rate":                 {audit.Record{Ended: "refused", Code: "rate_exceeded", Decision: denied}, ""},
		"a hard budget":          {audit.Record{Ended: "refused", Code: "budget_exceeded", Decision: denied, Facts: facts(budget("b", false, true, true))}, "budget_hard"},
		"a soft one":             {audit.Record{Ended: "complete", Facts: facts(budget("s", true, true, false), budget("h", false, false, false))}, "budget_soft"},
		"both":                   {audit.Record{Ended: "refused", Code: "budget_exceeded", Decision: denied, Facts: facts(budget("s", true, true, false), budget("h", false, true, true))}, "budget_soft budget_hard"},
		"a quarantine":           {audit.Record{Ended: "complete", Closing: json.RawMessage(`{"obligations":{"quarantine":true}}`)}, "quarantine"},
		"a quarantine of nobody": {audit.Record{Ended: "complete", Closing: json.RawMessage(`{"obligations":{"quarantine":true}}`), Failures: []string{"quarantine:nobody"}}, ""},
	} {
		var got []string
		for _, e := range webhook.Of(&c.r) {
			got = append(got, e.Type)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
}

// A message is sent until it is taken, with a signature that the specification's library verifies, the same id each time, and
// is not sent again.
func TestAMessageIsSentUntilItIsTaken(t *testing.T) {
	r := newReceiver(t)
	p := open(t, filepath.Join(t.TempDir(), "weir.db"), 10*time.Millisecond, hookAt(r.URL))
	p.run(t)
	r.answer(503)
	p.append(t, blocked(1))
	until(t, "three tries", func() bool { return len(r.seen()) >= 3 })
	if p.office.Check(t.Context()) == nil || p.office.Waiting()["ops"] != 1 {
		t.Error("a hook that takes nothing is no matter")
	}
	r.answer(http.StatusFound) // is not followed
	n := len(r.seen())
	until(t, "another try", func() bool { return len(r.seen()) > n })
	r.answer(200)
	until(t, "delivery", func() bool { return p.office.Counts()[webhook.Count{Hook: "ops", Result: "delivered"}] == 1 })
	seen := r.seen()
	if slices.ContainsFunc(seen, func(id string) bool { return id != seen[0] }) || len(r.wrong) > 0 {
		t.Errorf("%v, %v", seen, r.wrong)
	}
	var m struct {
		Type string
		Data webhook.Data
		Text string
	}
	if err := json.Unmarshal([]byte(r.bodies[seen[0]]), &m); err != nil || m.Type != "weir.block" || m.Data.Trace != "t1" || m.Data.Rules[0] != "pii.rego:12" {
		t.Errorf("%v: %s", err, r.bodies[seen[0]])
	}
	if err := p.office.Check(t.Context()); err != nil || p.office.Waiting()["ops"] != 0 {
		t.Errorf("%v, %v", err, p.office.Waiting())
	}
}

// A budget is told of once in its period, each other event each time; a hook is told of what it wants and of its tenants alone.
func TestWhoIsToldWhat(t *testing.T) {
	r, other := newReceiver(t), newReceiver(t)
	narrow := hookAt(other.URL)
	narrow.Name, narrow.Events, narrow.Tenants = "narrow", []string{webhook.Block, webhook.Breaker}, []string{"globex"}
	p := open(t, filepath.Join(t.TempDir(), "weir.db"), time.Minute, hookAt(r.URL), narrow)
	p.run(t)
	over := func(n int, reset time.Time) audit.Record {
		return audit.Record{Trace: "t", Exchange: fmt.Sprint("o", n), Time: time.Now(), Tenant: "acme", Ended: "complete",
			Facts: json.RawMessage(fmt.Sprintf(`{"budgets":[{"id":"b","soft":true,"over":true,"reset_unix_milli":%d}]}`, reset.UnixMilli()))}
	}
	later := time.Now().Add(time.Hour)
	theirs := blocked(9)
	theirs.Tenant = "globex"
	p.append(t, over(1, later), over(2, later), blocked(1), blocked(2), theirs, over(3, later.Add(time.Hour)))
	if err := p.office.Tell(t.Context(), webhook.Event{Type: webhook.Breaker, At: time.Now(), Data: webhook.Data{Provider: "openai", State: "open"}}); err != nil {
		t.Fatal(err)
	}
	until(t, "all", func() bool { return len(r.seen()) == 6 && len(other.seen()) == 2 })
	if len(r.wrong)+len(other.wrong) > 0 {
		t.Error(r.wrong, other.wrong)
	}
}

// What was put in is sent after a stop, and what the trail got meanwhile is put in.
func TestNothingIsLostBetweenTwoStarts(t *testing.T) {
	r := newReceiver(t)
	path := filepath.Join(t.TempDir(), "weir.db")
	p := open(t, path, time.Hour, hookAt(r.URL))
	p.append(t, blocked(1)) // nobody sends
	if err := p.trail.Append(t.Context(), blocked(2)); err != nil {
		t.Fatal(err)
	}
	_ = p.store.Close()
	p = open(t, path, time.Hour, hookAt(r.URL))
	p.run(t)
	until(t, "both", func() bool { return len(r.seen()) == 2 })
}

// What is not taken in time is given up, listed, and sent again when somebody says so. A hook that is gone is not tried on.
func TestTheDeadAreKept(t *testing.T) {
	r := newReceiver(t)
	hook := hookAt(r.URL)
	hook.GiveUp = time.Millisecond
	p := open(t, filepath.Join(t.TempDir(), "weir.db"), time.Millisecond, hook)
	p.run(t)
	r.answer(500)
	p.append(t, blocked(1), blocked(2))
	until(t, "the end", func() bool { return p.office.Counts()[webhook.Count{Hook: "ops", Result: "dead"}] == 2 })
	dead, err := webhook.ListDead(t.Context(), p.store, "", 10)
	if err != nil || len(dead) != 2 || dead[0].Why != "the status 500" || dead[0].Tries == 0 || dead[0].Type != webhook.Block {
		t.Fatalf("%v, %+v", err, dead)
	}
	r.answer(200)
	if n, err := webhook.Retry(t.Context(), p.store, dead[0].ID, "", time.Now()); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	until(t, "one again", func() bool { return p.office.Counts()[webhook.Count{Hook: "ops", Result: "delivered"}] == 1 })
	r.answer(http.StatusGone)
	hook.GiveUp = time.Hour
	p.office.Put([]webhook.Hook{hook})
	p.append(t, blocked(3))
	until(t, "the end at once", func() bool { return p.office.Counts()[webhook.Count{Hook: "ops", Result: "dead"}] == 3 })
}

// A hook may not be where it could read what is nobody's business.
func TestWhereAHookMayBe(t *testing.T) {
	for address, c := range map[string]struct{ public, private bool }{
		"https://example.org/hook":           {true, true},
		"http://example.org/hook":            {false, true},
		"https://10.1.2.3/":                  {false, true},
		"https://127.0.0.1:8443/":            {false, true},
		"https://[::1]/":                     {false, true},
		"https://[::ffff:10.0.0.1]/":         {false, true},
		"https://100.64.0.1/":                {false, true},
		"https://169.254.169.254/latest":     {false, false},
		"https://[::ffff:169.254.169.254]/":  {false, false},
		"https://[fd00:ec2::254]/":           {false, false},
		"https://100.100.100.200/":           {false, false},
		"https://metadata.google.internal./": {false, false},
		"https://0.0.0.0/":                   {false, false},
		"https://[fe80::1]/":                 {false, false},
		"https://224.0.0.1/":                 {false, false},
		"https://user:pass@example.org/":     {false, false},
		"ftp://example.org/":                 {false, false},
		"https://":                           {false, false},
		"example.org":                        {false, false},
	} {
		if err := webhook.CheckURL(address, false); (err == nil) != c.public {
			t.Errorf("%s: %v", address, err)
		}
		if err := webhook.CheckURL(address, true); (err == nil) != c.private {
			t.Errorf("%s, private: %v", address, err)
		}
	}
	// A name that leads inwards is looked through when the connection is made, and no error shows the address.
	r := newReceiver(t)
	hook := hookAt(strings.Replace(r.URL, "127.0.0.1", "localhost", 1) + "/token-in-path")
	hook.Private = false
	err := webhook.Try(t.Context(), hook, time.Now())
	if err == nil || len(r.seen()) > 0 || strings.Contains(err.Error(), "token-in-path") {
		t.Errorf("%v, %v", err, r.seen())
	}
}

// Slack's form, with what a name could do to it made inert.
func TestSlack(t *testing.T) {
	r := newReceiver(t)
	hook := hookAt(r.URL)
	hook.Slack = true
	p := open(t, filepath.Join(t.TempDir(), "weir.db"), time.Minute, hook)
	p.run(t)
	bad := blocked(1)
	bad.Trace = "<!channel> *x* `y`\u202e\n<https://evil.example|click>"
	p.append(t, bad)
	until(t, "it", func() bool { return len(r.seen()) == 1 })
	var m map[string]string
	text := r.bodies[r.seen()[0]]
	if err := json.Unmarshal([]byte(text), &m); err != nil || len(m) != 1 || strings.ContainsAny(m["text"], "<>*`\n\u202e") || !strings.Contains(m["text"], "pii_detected") {
		t.Errorf("%v: %s", err, text)
	}
}
