package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"weir/cmd/extproc/config"
)

// fleet are three providers with paths, credentials and model names of their own. What each does with a request the
// request's text says: "alpha=503 beta=reset" and nothing about those that answer.
type fleet struct {
	ships [3]*ship
	fails []config.Model // further models
}

// ship is one of a fleet.
type ship struct {
	*httptest.Server
	name, path, credential, model string
	price                         int64 // micro-USD for an answer

	mu     sync.Mutex
	wrong  []string            // what it was sent that is not its own
	served map[string][]string // what it did, by trace id
	gone   chan struct{}
	take   func(authorization string) bool // takes other credentials, too
	last   string                          // the credential it was sent last
	no     func(authorization string) bool // what it refuses where it is asked to
}

// tokensOut is how many tokens each answer of a ship reports.
const tokensOut = 1000

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{}
	for i, name := range []string{"alpha", "beta", "gamma"} {
		s := &ship{
			name: name, path: "/of-" + name + "/v1/chat/completions", credential: "sk-" + name + "-0123456789", model: strings.Repeat(name, i+1),
			price: int64(1000 * (i + 1)), served: map[string][]string{}, gone: make(chan struct{}),
		}
		s.Server = httptest.NewServer(s)
		t.Cleanup(func() {
			close(s.gone)
			s.Close()
		})
		f.ships[i] = s
	}
	return f
}

// ServeHTTP checks that everything is meant for this ship, and does what it is asked to.
func (s *ship) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var asked struct {
		Model    string
		Messages []struct{ Content string }
		Stream   bool
	}
	if err := json.Unmarshal(body, &asked); err != nil || len(asked.Messages) == 0 {
		s.note(r, "unreadable", fmt.Sprintf("%v: %.200s", err, body))
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	does := ""
	for _, word := range strings.Fields(asked.Messages[0].Content) {
		if what, ok := strings.CutPrefix(word, s.name+"="); ok {
			does = what
		}
	}
	s.note(r, does, s.strange(r, asked.Model))
	s.act(w, r, does, asked.Stream)
}

// strange says what of a request is not this ship's.
func (s *ship) strange(r *http.Request, model string) string {
	s.mu.Lock()
	take, own := s.take, s.credential
	s.mu.Unlock()
	if take == nil {
		take = func(a string) bool { return a == "Bearer "+own }
	}
	if r.URL.Path != s.path || "http://"+r.Host != s.URL || model != s.model || !take(r.Header.Get("Authorization")) {
		return fmt.Sprintf("%s %s %s %q", r.Host, r.URL.Path, model, r.Header.Get("Authorization"))
	}
	for name, values := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-weir-") || low != "authorization" && strings.Contains(strings.Join(values, " "), "sk-") {
			return name + ": " + strings.Join(values, " ")
		}
	}
	return ""
}

func (s *ship) note(r *http.Request, does, wrong string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	trace := r.Header.Get("X-Request-Id")
	s.last = r.Header.Get("Authorization")
	s.served[trace] = append(s.served[trace], does)
	if wrong != "" {
		s.wrong = append(s.wrong, wrong)
	}
}

func (s *ship) act(w http.ResponseWriter, r *http.Request, does string, stream bool) {
	switch does {
	case "reset":
		panic(http.ErrAbortHandler)
	case "hang":
		select {
		case <-r.Context().Done():
		case <-s.gone:
		}
	case "spent": // it serves, and tells that it will serve no more for a while
		w.Header().Set("X-Ratelimit-Limit-Requests", "100")
		w.Header().Set("X-Ratelimit-Remaining-Requests", "0")
		w.Header().Set("X-Ratelimit-Reset-Requests", "1m0s")
		s.act(w, r, "", stream)
	case "only-the-first":
		s.mu.Lock()
		no := s.no(r.Header.Get("Authorization"))
		s.mu.Unlock()
		if no {
			answers(401, theirError)(w, r)
			return
		}
		s.act(w, r, "", stream)
	case "busy": // it refuses, and tells for how long
		answers(429, theirError, "Retry-After", "60")(w, r)
	case "":
		if stream {
			streams(chunkOf("from ", ""), chunkOf(s.name, "stop"),
				fmt.Sprintf("data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":%d}}\n\n", tokensOut), "data: [DONE]\n\n")(w, r)
			return
		}
		text := strings.Replace(completionOf("from "+s.name, tokensOut), `"prompt_tokens":9`, `"prompt_tokens":0`, 1)
		answers(200, strings.Replace(text, `"model":"m1"`, `"model":"`+s.model+`"`, 1))(w, r)
	default:
		var status int
		_, _ = fmt.Sscan(does, &status)
		answers(status, theirError, "Retry-After", "0.001")(w, r) // so that a 429 is over before the next request
	}
}

// did is what a ship did for a trace id.
func (s *ship) did(trace string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served[trace]
}

// join has a stage's configuration know the fleet: the model fleet is alpha's, with beta and gamma behind it.
func (f *fleet) join(c *config.File) error {
	for i, s := range f.ships {
		file := filepath.Join(filepath.Dir(c.Store.Path), s.name)
		if err := os.WriteFile(file, []byte(s.credential), 0o600); err != nil {
			return err
		}
		c.Providers = append(c.Providers, config.Provider{
			Name: s.name, Kind: "openai-compatible", BaseURL: s.URL + "/of-" + s.name, Credential: config.Reference{File: file},
		})
		m := config.Model{
			Name: "model-" + s.name, Provider: s.name, Upstream: s.model,
			Price: config.Price{Input: "0", Output: fmt.Sprintf("%d.00", i+1)}, // of 1,000 tokens: price micro-USD
		}
		if i == 0 {
			m.Aliases, m.Fallbacks = []string{"fleet"}, []string{"model-beta", "model-gamma"}
		}
		c.Models = append(c.Models, m)
	}
	c.Limits.Attempt = "1s"
	c.Breaker = config.Breaker{Window: 1000, Least: 1000, Percent: 100}
	c.Models = append(c.Models, f.fails...)
	return nil
}

// sail raises a stage that has a fleet.
func sail(t *testing.T, alter func(*config.File), more ...config.Model) (*stage, *fleet) {
	t.Helper()
	return sailOn(t, &stage{logs: &captured{}}, alter, more...)
}

// sailOn is sail on a stage that is told apart before it is raised.
func sailOn(t *testing.T, s *stage, alter func(*config.File), more ...config.Model) (*stage, *fleet) {
	t.Helper()
	c, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	f := newFleet(t)
	f.fails = more
	c.alter = func(file *config.File) {
		if err := f.join(file); err != nil {
			t.Error(err)
		}
		if alter != nil {
			alter(file)
		}
	}
	s.cast = c
	if err := s.raise(true); err != nil {
		s.close()
		onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
	}
	s.closes(t)
	timed(t)
	return s, f
}

// unharmed makes sure that no ship was sent what is another's.
func (f *fleet) unharmed(t *testing.T) {
	t.Helper()
	for _, s := range f.ships {
		s.mu.Lock()
		for _, wrong := range s.wrong {
			t.Errorf("%s was sent what is not its own: %s", s.name, wrong)
		}
		s.mu.Unlock()
	}
}
