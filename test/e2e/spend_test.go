package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A budget is spent to its end and not beyond: then it is 402, which no SDK tries again.
func TestBudget(t *testing.T) {
	s := open(t)
	who := of(spender, "dvara")
	const spent = `{"error":{"code":"budget_cap_hard","type":"budget_exceeded","message":"Tenant budget exceeded","trace_id":"{trace}"}}`
	// Where the request sets no limit, 4,096 tokens of output are held: at 2 USD a million more than there is.
	hasError(t, s.do(t, call{key: who, body: ask("echo", "x")}), 402, spent)
	for i := range int64(2) {
		trace := newTrace()
		s.upstream.script(t, trace, usageStream("data: [DONE]\n\n"))
		if got := s.do(t, call{key: who, body: ask("scripted", "x", streaming, `,"max_tokens":1000`), trace: trace}); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		s.record(t, trace)
		if settled, held := s.spent(t, who); settled != 2000*(i+1) || held != 0 {
			t.Fatalf("settled %d, held %d", settled, held)
		}
	}
	got := s.do(t, call{key: who, body: ask("echo", "x", `,"max_tokens":1000`)})
	hasError(t, got, 402, spent)
	s.upstream.none(t, got.trace)
	if got := s.do(t, call{key: who, body: ask("echo", "x", `,"max_tokens":100`)}); got.status != 200 {
		t.Errorf("what still fits: %d %s", got.status, got.body)
	}
}

// Whatever comes at once, the account ends within the cap.
func TestBudgetUnderConcurrency(t *testing.T) {
	s := open(t)
	var wg sync.WaitGroup
	statuses := make([]int, 24)
	for i := range statuses {
		wg.Go(func() {
			statuses[i] = s.do(t, call{key: of(spender, "rivaro"), body: ask("echo", strings.Repeat("w ", 400), `,"max_tokens":900`)}).status
		})
	}
	wg.Wait()
	passed, refused := 0, 0
	for _, st := range statuses {
		switch st {
		case 200:
			passed++
		case 402:
			refused++
		default:
			t.Errorf("status %d", st)
		}
	}
	if passed == 0 || refused == 0 {
		t.Errorf("%d passed, %d refused", passed, refused)
	}
	eventually(t, "no hold is left", func() bool {
		_, held := s.spent(t, of(spender, "rivaro"))
		return held == 0
	})
	if settled, _ := s.spent(t, of(spender, "rivaro")); settled > 5000 || settled != int64(passed)*1200 {
		t.Errorf("%d passed, settled %d", passed, settled)
	}
}

// Two requests an hour: the third is 429 with when to come back.
func TestRate(t *testing.T) {
	s := open(t)
	for i := range 2 {
		if got := s.do(t, call{key: of(hasty, "rivaro"), body: ask("echo", "x")}); got.status != 200 || got.header.Get("X-Ratelimit-Remaining") != strconv.Itoa(1-i) {
			t.Fatalf("%d %s %v", got.status, got.body, got.header)
		}
	}
	got := s.do(t, call{key: of(hasty, "rivaro"), body: ask("echo", "x")})
	hasError(t, got, 429, `{"error":"Rate limit exceeded"}`)
	if n, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || n < 1 || n > 3600 {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	s.upstream.none(t, got.trace)
}

// bill is what an exchange came to.
func (s *stage) bill(t *testing.T, trace string) (in, out, billed int64, estimated bool) {
	t.Helper()
	r := s.record(t, trace)
	return r.InputTokens, r.OutputTokens, r.BilledMicro, r.Estimated
}

// usageStream is a stream that reports usage, and may end without its mark.
func usageStream(end string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, `data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"hello"},"finish_reason":null}]}`+"\n\n"+
			`data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\n"+
			`data: {"id":"c","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}`+"\n\n"+end)
	}
}

// Use is settled from the provider's word wherever it stands, and once.
func TestSettled(t *testing.T) {
	s := open(t)
	who := of(measured, "openai")
	const done = "data: [DONE]\n\n"
	for _, c := range []struct {
		name, more string
		act        http.HandlerFunc
		sees       bool // the client sees the usage
	}{
		{"from JSON", "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}`)
		}, true},
		{"from a usage event the client asked for", streaming + `,"stream_options":{"include_usage":true}`, usageStream(done), true},
		{"from a usage event it did not ask for", streaming, usageStream(done), false},
		{"without an end mark", streaming, usageStream(""), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			timed(t)
			before, _ := s.spent(t, who)
			trace := newTrace()
			s.upstream.script(t, trace, c.act)
			got := s.do(t, call{key: who, body: ask("scripted", "x", c.more), trace: trace})
			if got.status != 200 || read(t, got.body).usage != c.sees {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if in, out, billed, estimated := s.bill(t, trace); in != 1000 || out != 500 || billed != 2000 || estimated {
				t.Errorf("%d in, %d out, billed %d, estimated %v", in, out, billed, estimated)
			}
			if after, held := s.spent(t, who); after-before != 2000 || held != 0 {
				t.Errorf("the account moved by %d, held %d", after-before, held)
			}
		})
	}
}

// Where the provider says nothing, an estimate is settled and marked as one; where it failed, nothing is.
func TestSettledWithoutUsage(t *testing.T) {
	s := open(t)
	who := of(measured, "dvara")
	for _, c := range []struct {
		model, more string
		used        bool
	}{
		{"usage-missing", "", true}, {"usage-missing", streaming, true}, {"no-done", streaming, true}, {"cut", streaming, true},
		{"error-500", "", false}, {"error-429", streaming, false}, {"nobody", "", false}, {"empty", "", true},
	} {
		t.Run(c.model+c.more, func(t *testing.T) {
			timed(t)
			before, _ := s.spent(t, who)
			got := s.do(t, call{key: who, body: ask(c.model, "one two three four", c.more)})
			rec := s.record(t, got.trace)
			if (rec.BilledMicro > 0) != c.used || c.used && c.model != "no-done" && !rec.Estimated {
				t.Errorf("record %+v", rec)
			}
			if after, held := s.spent(t, who); after-before != rec.BilledMicro || held != 0 {
				t.Errorf("the account moved by %d, held %d, billed %d", after-before, held, rec.BilledMicro)
			}
		})
	}
}

// A client that leaves at any moment has its hold settled or given back, and the provider is told.
func TestClientGone(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		for _, moment := range []string{"before the headers", "after the first event", "before a JSON answer"} {
			t.Run(moment, func(t *testing.T) {
				timed(t)
				trace, arrivedAt, left := newTrace(), make(chan struct{}), make(chan struct{})
				s.upstream.script(t, trace, func(w http.ResponseWriter, r *http.Request) {
					defer close(left)
					switch moment {
					case "after the first event":
						w.Header().Set("Content-Type", "text/event-stream")
						_, _ = io.WriteString(w, `data: {"id":"c","choices":[{"index":0,"delta":{"content":"hello there "},"finish_reason":null}]}`+"\n\n")
						_ = http.NewResponseController(w).Flush()
					case "before a JSON answer":
						w.Header().Set("Content-Type", "application/json")
						_, _ = io.WriteString(w, `{"id":"c",`)
						_ = http.NewResponseController(w).Flush()
					}
					close(arrivedAt)
					<-r.Context().Done()
				})
				more := streaming
				if moment == "before a JSON answer" {
					more = ""
				}
				ask := call{key: of(measured, "korad"), body: ask("scripted", "x", more), trace: trace, client: c}
				s.leave(t, ask, arrivedAt, moment == "after the first event")
				wait(t, "the provider is told", left)
				rec := s.record(t, trace)
				if rec.Ended != "client_gone" || !rec.Estimated || rec.BilledMicro == 0 {
					t.Errorf("record %+v", rec)
				}
				if _, held := s.spent(t, of(measured, "korad")); held != 0 {
					t.Errorf("held %d", held)
				}
			})
		}
	})
}

// B8, X3: a client that closes its socket as soon as it has read the end marker, as SDKs do, is charged once, by the
// provider's word, though the provider's stream has not ended.
func TestClientGoneAfterTheEndMarker(t *testing.T) {
	s := open(t)
	over(t, func(t *testing.T, c *http.Client) {
		timed(t)
		who := of(measured, "korad")
		before, _ := s.spent(t, who)
		trace, left := newTrace(), make(chan struct{})
		s.upstream.script(t, trace, func(w http.ResponseWriter, r *http.Request) {
			defer close(left)
			usageStream("data: [DONE]\n\n")(w, r)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		asked := call{key: who, body: ask("scripted", "x", streaming), trace: trace, client: c}
		resp, err := c.Do(s.request(ctx, t, &asked))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() && lines.Text() != "data: [DONE]" {
		}
		if lines.Err() != nil || lines.Text() != "data: [DONE]" {
			t.Fatalf("%d, %q, %v", resp.StatusCode, lines.Text(), lines.Err())
		}
		cancel()
		wait(t, "the provider is told", left)
		rec := s.record(t, trace)
		settled, held := s.spent(t, who)
		if rec.Ended != "complete" || rec.Estimated || rec.InputTokens != 1000 || rec.OutputTokens != 500 || settled-before != rec.BilledMicro || held != 0 {
			t.Errorf("%+v, settled %d, held %d", rec, settled-before, held)
		}
	})
}

// leave sends a call and goes away once the provider is at its moment and, if asked for, something has come back.
func (s *stage) leave(t *testing.T, c call, moment <-chan struct{}, reads bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := s.request(ctx, t, &c)
	done := make(chan error, 1)
	some := make(chan struct{})
	go func() {
		resp, err := c.client.Do(r)
		if err != nil {
			done <- err
			return
		}
		defer resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
			done <- fmt.Errorf("reading: %w", err)
			return
		}
		close(some)
		_, err = io.Copy(io.Discard, resp.Body)
		done <- err
	}()
	select {
	case <-moment:
	case err := <-done:
		t.Fatalf("it ended before its moment: %v", err)
	}
	if reads {
		wait(t, "something came back", some)
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("the answer came to an end")
	}
}
