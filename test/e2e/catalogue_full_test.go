package e2e_test

import (
	"net/http"
	"testing"

	"weir/cmd/extproc/config"
)

// Where as many exchanges are under way as limits.concurrent says, the next is refused in the tenant's words.
func TestCatalogueTooManyAtOnce(t *testing.T) {
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	cast.alter = func(f *config.File) { f.Limits.Concurrent = 1 }
	s, err := raiseFor(cast, true)
	onEnvoy(t, err)
	t.Cleanup(s.close)
	timed(t)
	trace, arrivedAt, leave := newTrace(), make(chan struct{}), make(chan struct{})
	s.upstream.script(t, trace, func(w http.ResponseWriter, r *http.Request) {
		close(arrivedAt)
		<-leave
		answers(200, completionOf("at last", 9))(w, r)
	})
	first := make(chan reply, 1)
	go func() { first <- s.do(t, call{key: of(plain, "olava"), body: ask("scripted", "x"), trace: trace}) }()
	wait(t, "the first is under way", arrivedAt)
	over(t, func(t *testing.T, client *http.Client) {
		for dialect, line := range map[string]string{"korad": "L115", "olava": "L54"} {
			c := pageCase{line: line, status: 503, adds: []string{"reason"}, header: map[string]string{"Retry-After": "+"}, call: with(plain, dialect, ask("echo", "x"))}
			got := s.bring(t, c, client)
			c.compare(t, got, goldens(t, dialect)[line])
			s.upstream.none(t, got.trace)
		}
	})
	close(leave)
	if got := <-first; got.status != 200 {
		t.Errorf("the first: %d %s", got.status, got.body)
	}
}
