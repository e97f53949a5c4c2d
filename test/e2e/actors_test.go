package e2e_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The actor is who a valid token says, and nobody else's word counts. S1: a header that Weir or an operator would
// believe is stripped, also doubled, in odd case, and with underscores.
func TestWhoIsBelieved(t *testing.T) {
	l := lodge(t, 1, nil)[0]
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	hour := time.Now().Add(time.Hour).Unix()
	good := map[string]any{"iss": issuer, "sub": "ann", "exp": hour}
	for name, c := range map[string]struct {
		key    string
		header []string
		status int
		actor  string
	}{
		"a valid token":            {host, []string{tokenName, token(t, l.signer, good)}, 200, "ann"},
		"a wrong signature":        {host, []string{tokenName, token(t, stranger, good)}, 401, ""},
		"another issuer":           {host, []string{tokenName, token(t, l.signer, map[string]any{"iss": "https://other.test", "sub": "ann", "exp": hour})}, 401, ""},
		"an expired token":         {host, []string{tokenName, token(t, l.signer, map[string]any{"iss": issuer, "sub": "ann", "exp": time.Now().Add(-time.Hour).Unix()})}, 401, ""},
		"no token at all":          {host, []string{tokenName, "ann"}, 401, ""},
		"without one":              {host, nil, 200, ""},
		"without one, required":    {"strict", nil, 401, ""},
		"with one, required":       {"strict", []string{tokenName, token(t, l.signer, good)}, 200, "ann"},
		"a header of Weir's":       {host, []string{"X-Weir-Actor", "root", "X-Weir-Tenant", "other"}, 200, ""},
		"a trusted header":         {host, []string{userName, "root"}, 200, ""}, // from a peer that is not believed
		"its case does not matter": {host, []string{"x-AUTHENTICATED-user", "root"}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			timed(t)
			got := l.do(t, call{key: c.key, body: ask("echo", "hello", `,"user":"root"`), header: c.header})
			rec := l.record(t, got.trace)
			if got.status != c.status || rec.Actor != c.actor {
				t.Fatalf("%d %s, actor %q; want %d, %q", got.status, got.body, rec.Actor, c.status, c.actor)
			}
			if c.status != 200 {
				l.upstream.none(t, got.trace)
				return
			}
			at := l.upstream.one(t, got.trace)
			for header, values := range at.header {
				low := strings.ToLower(header)
				if strings.HasPrefix(low, "x-weir-") || low == strings.ToLower(tokenName) || low == strings.ToLower(userName) {
					t.Errorf("the provider got %s: %s", header, values)
				}
			}
		})
	}
	// Envoy refuses underscores, so that nothing can be smuggled past by them; and a header doubled is stripped twice.
	if got := l.raw(t, fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx_weir_actor: root\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", l.key(t, host))); got.status != 400 {
		t.Errorf("underscores: %d %s", got.status, got.body)
	}
	trace, body := newTrace(), ask("echo", "hello")
	got := l.raw(t, fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Weir-Actor: root\r\nx-WEIR-actor: root\r\nX-Weir-Route: order-dead\r\nX-Weir-Route: order-no-key\r\n"+
		"X-Request-Id: %s\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", trace, l.key(t, host), len(body), body))
	if got.status != 200 || strings.Contains(strings.ToLower(fmt.Sprint(l.upstream.one(t, trace).header)), "x-weir") {
		t.Errorf("doubled: %d %s", got.status, got.body)
	}
}

// B7: an actor's own rate holds from the first request, on success and refusal with the dialect's headers, and
// Retry-After is right to the second.
func TestARateOfAnActor(t *testing.T) {
	l := lodge(t, 1, nil)[0]
	first := l.do(t, bearing(l.key(t, host), l.actor(t, "slow")...))
	second := l.do(t, bearing(l.key(t, host), l.actor(t, "slow")...))
	if first.status != 200 || first.header.Get("X-Ratelimit-Remaining") != "0" {
		t.Errorf("the first: %d %v", first.status, first.header)
	}
	wait := second.header.Get("Retry-After")
	if second.status != 429 || second.header.Get("X-Ratelimit-Remaining") != "0" || wait < "3590" || wait > "3636" || len(wait) != 4 {
		t.Errorf("the second: %d %v", second.status, second.header)
	}
	if got := l.do(t, bearing(l.key(t, host), l.actor(t, "quick")...)); got.status != 200 {
		t.Errorf("another actor: %d %s", got.status, got.body)
	}
}

// What a policy decides about an actor is in force on its next request here, and within a second on the other replica.
func TestAPolicyPutsAnActorInQuarantine(t *testing.T) {
	both := lodge(t, 2, nil)
	here, there := both[0], both[1]
	as := func(l *lodging, who, text string) call {
		return call{key: "watched", body: ask("echo", text), header: l.actor(t, who)}
	}
	first := here.do(t, as(here, "mallory", "my key is AKIAIOSFODNN7EXAMPLE"))
	here.record(t, first.trace)
	if got := here.do(t, as(here, "mallory", "hello")); first.status != 200 || got.status != 403 {
		t.Errorf("first %d %s, then %d %s", first.status, first.body, got.status, got.body)
	}
	there.within(t, "there", func() call { return as(there, "mallory", "hello") }, 403)
	if got := here.do(t, as(here, "ann", "hello")); got.status != 200 {
		t.Errorf("another actor: %d %s", got.status, got.body)
	}
	list := here.operate(t, "GET", "/v1/tenants/watched/quarantine", "", 200)
	if by := fmt.Sprint(list); !strings.Contains(by, "mallory") || strings.Contains(by, "AKIA") {
		t.Errorf("%s", by)
	}
	here.operate(t, "DELETE", "/v1/tenants/watched/quarantine/mallory", "", 204)
	if got := here.do(t, as(here, "mallory", "hello")); got.status != 200 {
		t.Errorf("released: %d %s", got.status, got.body)
	}
}
