package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/test/redisd"
)

// The money of these cases: a call holds a hundred tokens of output at ten micro-USD each, and its input is free.
const (
	callTokens = 100
	callHold   = 1000
	tenCalls   = 10 * callHold
	flat       = "flat" // the model
)

// rich are tenants whose budgets are of ten calls, one for each way an answer is charged, and of more for one whose Weirs are killed.
func rich(alter func(*config.File)) (*cast, error) {
	c := &cast{keys: map[string]string{}}
	for id, limit := range map[string]int64{"whole": tenCalls, "half": tenCalls, "unknown": tenCalls, killed: killedLimit()} {
		budget := config.Budget{Limit: fmt.Sprintf("0.%06d", limit), Period: "total"}
		if err := c.add(config.Tenant{ID: id, Dialect: "dvara", Settings: kinds()[plain].Settings, Budgets: []config.Budget{budget}}); err != nil {
			return nil, err
		}
	}
	c.alter = func(f *config.File) {
		f.Limits.Decision, f.Limits.Store, f.Limits.Close = "1m", "1m", "1m" // a thousand at once wait for two cores
		f.Models = append(f.Models, config.Model{Name: flat, Provider: "demo", Price: config.Price{Input: "0", Output: "10.00"}})
		if alter != nil {
			alter(f)
		}
	}
	return c, nil
}

// troupe raises so many stages of one cast, each with a Weir and an Envoy of its own.
func troupe(t *testing.T, n int, inside bool, alter func(*config.File)) []*stage {
	t.Helper()
	c, err := rich(alter)
	if err != nil {
		t.Fatal(err)
	}
	var out []*stage
	for range n {
		s, err := raiseFor(c, inside)
		onEnvoy(t, err)
		s.closes(t)
		s.upstream.always(charging)
		out = append(out, s)
	}
	timed(t)
	return out
}

// charging answers with the use that the tenant of the request's text is there for.
func charging(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	usage := fmt.Sprintf(`,"usage":{"prompt_tokens":1,"completion_tokens":%d,"total_tokens":%d}`, callTokens, callTokens+1)
	switch text := string(body); {
	case strings.Contains(text, "half"):
		usage = fmt.Sprintf(`,"usage":{"prompt_tokens":1,"completion_tokens":%d,"total_tokens":%d}`, callTokens/2, callTokens/2+1)
	case strings.Contains(text, "unknown"):
		usage = ""
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"id":"c","object":"chat.completion","model":"flat","choices":[{"index":0,"message":{"role":"assistant","content":"some words of an answer"},"finish_reason":"stop"}]%s}`, usage)
}

// crowd is how many calls come at once.
const crowd = 1000

// crowded is a client that lets all of them be under way at once, over few connections.
var crowded = &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{Protocols: priorKnowledge(), DisableCompression: true}}

// B1, B2: a thousand calls at once against a budget of exactly ten, on either store, with two Weirs on Redis.
func TestTenCallsOfAThousand(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { tenOfAThousand(t, troupe(t, 1, true, nil)) })
	t.Run("redis", func(t *testing.T) {
		r := redisd.Start(t, redisd.Volatile()...)
		tenOfAThousand(t, troupe(t, 2, true, func(f *config.File) { f.Store.Redis = &config.Redis{Addresses: []string{r.Addr}, Timeout: "10s"} }))
	})
}

func tenOfAThousand(t *testing.T, stages []*stage) {
	passed, refused := rush(t, stages, "whole")
	if passed != 10 || refused != crowd-10 {
		t.Fatalf("%d passed, %d refused, want 10 and %d", passed, refused, crowd-10)
	}
	if settled := settles(t, stages[0], "whole"); settled != tenCalls {
		t.Fatalf("settled %d micro-USD, want %d", settled, tenCalls)
	}
	// Calls that use half of their hold: as many pass as the money allows. The twentieth would not fit while it is held.
	passed, _ = rush(t, stages, "half")
	for range 20 {
		if stages[0].do(t, moneyCall("half")).status == 200 {
			passed++
		}
		settles(t, stages[0], "half")
	}
	if settled := settles(t, stages[0], "half"); passed != 19 || settled != 19*callHold/2 {
		t.Fatalf("%d passed, settled %d; want 19 of %d", passed, settled, callHold/2)
	}
	passed, _ = rush(t, stages, "unknown")
	if settled := settles(t, stages[0], "unknown"); passed < 10 || settled > tenCalls || settled == 0 {
		t.Fatalf("unknown use: %d passed, settled %d", passed, settled)
	}
}

func moneyCall(who string) call {
	return call{key: who, client: crowded, body: ask(flat, who, fmt.Sprintf(`,"max_tokens":%d`, callTokens))}
}

// rush makes a crowd of calls at once, over all stages, and counts what came of them. Whoever is refused is refused in the
// dialect's words.
func rush(t *testing.T, stages []*stage, who string) (passed, refused int64) {
	t.Helper()
	var p, r atomic.Int64
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			got := stages[i%len(stages)].do(t, moneyCall(who))
			switch {
			case got.status == 200:
				p.Add(1)
			case got.status == 402 && strings.Contains(got.body, `"code":"budget_cap_hard","type":"budget_exceeded","message":"Tenant budget exceeded"`):
				r.Add(1)
			default:
				t.Errorf("%d %s %v", got.status, got.body, got.err)
			}
		})
	}
	wg.Wait()
	return p.Load(), r.Load()
}

// settles waits until nothing is held, and returns what is settled.
func settles(t *testing.T, s *stage, who string) (settled int64) {
	t.Helper()
	eventually(t, "no hold is left", func() bool {
		var held int64
		settled, held = s.spent(t, who)
		return held == 0
	})
	return settled
}
