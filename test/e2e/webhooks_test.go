package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
	"weir/policy/audit/webhook"
)

// listener is a webhook of a case's own.
type listener struct {
	*httptest.Server
	heard chan heardOf
}

// heardOf is a message.
type heardOf struct {
	Type string
	Data webhook.Data
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{heard: make(chan heardOf, 100)}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m heardOf
		body, _ := io.ReadAll(r.Body)
		if json.Unmarshal(body, &m) == nil {
			l.heard <- m
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// next is the next message.
func (l *listener) next(t *testing.T) (m heardOf) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		m = <-l.heard
		close(done)
	}()
	wait(t, "a message to the webhook", done)
	return m
}

func (l *listener) hook(name string, events ...string) config.Webhook {
	return config.Webhook{Name: name, URL: l.URL, Secret: config.Reference{Env: "PATH"}, Private: true, Events: events}
}

// hookedStage is one with webhooks, whose admin API is open to adminToken.
func hookedStage(t *testing.T, hooks ...config.Webhook) *stage {
	t.Helper()
	t.Setenv("WEIR_TEST_ADMIN", adminToken)
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	cast.alter = func(f *config.File) {
		f.Webhooks = hooks
		f.Admin.Token = config.Reference{Env: "WEIR_TEST_ADMIN"}
	}
	s, err := raiseFor(cast, true)
	onEnvoy(t, err)
	t.Cleanup(s.close)
	timed(t)
	return s
}

// Webhooks that change in the file are in force at once: the new one is told of what happens from then on, the old one of nothing any
// more. A file with a wrong one changes nothing.
func TestWebhooksAreReadAgain(t *testing.T) {
	first, second := newListener(t), newListener(t)
	s := hookedStage(t, first.hook("first", webhook.Block))
	refused := func() string {
		trace := newTrace()
		if got := s.do(t, call{key: of(blocking, "dvara"), body: ask("echo", "mail "+address), trace: trace}); got.status < 400 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		return trace
	}
	if trace := refused(); first.next(t).Data.Trace != trace {
		t.Error("another exchange was told of")
	}
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, s.config, strings.Replace(string(text), "- block\n", "- blok\n", 1))
	eventually(t, "the operator is told of the file", func() bool {
		code, why := s.readiness(t)
		return code == 503 && strings.Contains(why, "blok")
	})
	if trace := refused(); first.next(t).Data.Trace != trace {
		t.Error("a file that is refused has changed the webhooks")
	}
	changed := strings.NewReplacer(first.URL, second.URL, "name: first", "name: second").Replace(string(text))
	writeFile(t, s.config, changed)
	eventually(t, "the new webhook is in force", func() bool {
		text, err := s.metrics()
		return err == nil && strings.Contains(text, `weir_webhook_waiting_rows{hook="second"}`)
	})
	trace := refused()
	if m := second.next(t); m.Data.Trace != trace || m.Type != "weir.block" {
		t.Errorf("%+v", m)
	}
	inForce := func() int { return strings.Count(s.logs.String(), "configuration in force") }
	before := inForce()
	writeFile(t, s.config, strings.Replace(changed, "- block\n", "- quarantine\n", 1))
	eventually(t, "it wants to know something else", func() bool { return inForce() > before })
	refused()
	s.admins(t, "PUT", "/v1/tenants/"+of(plain, "dvara")+"/quarantine/bob", `{"reason":"odd"}`, 204)
	if m := second.next(t); m.Type != "weir.quarantine" {
		t.Errorf("%+v", m)
	}
	select {
	case m := <-first.heard:
		t.Errorf("a webhook that is gone was told of %+v", m)
	default:
	}
}

// admins asks the admin API.
func (s *stage) admins(t *testing.T, method, path, body string, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.weir.AdminAddr().String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != status {
		t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
}

// What operators do to actors and tenants is told, over the API and on the command line, with who and why; it is in the log of
// changes, which verifies.
func TestWebhooksAreToldWhatOperatorsDo(t *testing.T) {
	l := newListener(t)
	s := hookedStage(t, l.hook("ops", webhook.Quarantine, webhook.Suspension))
	tenant := of(plain, "dvara")
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(binary(t), append(args, "--config", s.config)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
		return string(out)
	}
	for _, c := range []struct {
		do   func()
		want string
	}{
		{func() { s.admins(t, "PUT", "/v1/tenants/"+tenant+"/quarantine/bob", `{"reason":"odd"}`, 204) }, "weir.quarantine bob quarantined admin odd"},
		{func() { s.admins(t, "DELETE", "/v1/tenants/"+tenant+"/quarantine/bob", ``, 204) }, "weir.quarantine bob released admin "},
		{func() { s.admins(t, "PUT", "/v1/tenants/"+tenant+"/suspension", `{"reason":"abuse"}`, 204) }, "weir.suspension  suspended admin abuse"},
		{func() { s.admins(t, "DELETE", "/v1/tenants/"+tenant+"/suspension", ``, 204) }, "weir.suspension  active admin "},
		{func() { run("actors", "quarantine", tenant, "eve", "--reason", "loops") }, "weir.quarantine eve quarantined os: loops"},
		{func() { run("actors", "release", tenant, "eve") }, "weir.quarantine eve released os: "},
		{func() { run("tenants", "suspend", tenant) }, "weir.suspension  suspended os: manual"},
		{func() { run("tenants", "resume", tenant) }, "weir.suspension  active os: "},
	} {
		c.do()
		m := l.next(t)
		by, _, local := strings.Cut(m.Data.By, ":")
		if local {
			by += ":"
		}
		if got := fmt.Sprint(m.Type, " ", m.Data.Actor, " ", m.Data.State, " ", by, " ", m.Data.Reason); got != c.want || m.Data.Tenant != tenant {
			t.Errorf("%s of %s, want %s", got, m.Data.Tenant, c.want)
		}
	}
	if out := run("audit", "verify"); !strings.Contains(out, "whole: 8 changes by operators verified") {
		t.Errorf("%s", out)
	}
}
