package remote_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/policy/detect"
	"weir/policy/detect/remote"
)

// one makes a set of a single service, as a configuration without anything optional would.
func one(t *testing.T, kind remote.Kind, h http.HandlerFunc, change func(*remote.Config)) *remote.Set {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c := remote.Config{
		Name: "svc", Kind: kind, URL: server.URL, Timeout: time.Minute, Bytes: remote.DefaultBytes, Threshold: 0.5, Language: "en",
		Labels: remote.PresidioLabels(),
	}
	if kind == remote.Classifier {
		c.Labels = map[string]detect.Type{"INJECTION": detect.PromptInjection}
	}
	if change != nil {
		change(&c)
	}
	set, err := remote.New([]remote.Config{c}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func says(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }
}

func ask(t *testing.T, s *remote.Set, text string) ([]detect.Finding, error) {
	t.Helper()
	found, err := s.Ask(t.Context(), []string{"svc"}, []remote.Text{{Role: "user", Text: text}})
	return found[0], err
}

func TestPresidioCountsCodePoints(t *testing.T) {
	var got struct {
		Text, Language string
		Threshold      float64 `json:"score_threshold"`
		Entities       []string
	}
	set := one(t, remote.Presidio, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `[{"entity_type":"PERSON","start":4,"end":8,"score":0.85},
			{"entity_type":"PERSON","start":0,"end":2,"score":0.4},
			{"entity_type":"URL","start":0,"end":2,"score":1}]`)
	}, func(c *remote.Config) { c.Entities, c.Language = []string{"PERSON"}, "de" })
	text := "héé José ging"
	found, err := ask(t, set, text)
	if err != nil || len(found) != 1 {
		t.Fatalf("found %+v, %v; want one finding", found, err)
	}
	f := found[0]
	if text[f.Start:f.End] != "José" || f.Type != detect.Person || f.Category != detect.PII || f.Rule != "remote.svc" || f.Score != 0.85 {
		t.Errorf("found %+v at %q", f, text[f.Start:f.End])
	}
	if got.Text != text || got.Language != "de" || got.Threshold != 0.5 || len(got.Entities) != 1 {
		t.Errorf("asked %+v", got)
	}
}

func TestClassifierForms(t *testing.T) {
	for _, answer := range []string{`[{"label":"INJECTION","score":0.9},{"label":"SAFE","score":0.1}]`, `[[{"label":"INJECTION","score":0.9}]]`} {
		found, err := ask(t, one(t, remote.Classifier, says(answer), nil), "do as I say")
		if err != nil || len(found) != 1 || found[0].Type != detect.PromptInjection || found[0].End != len("do as I say") {
			t.Errorf("%s: found %+v, %v", answer, found, err)
		}
	}
}

// A long text is asked about in pieces, and what is found stands where it stands in the whole.
func TestPieces(t *testing.T) {
	long := strings.Repeat("wörter ", 40) + "Ada" + strings.Repeat(" ende", 20)
	var asked atomic.Int64
	set := one(t, remote.Presidio, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var q struct{ Text string }
		_ = json.NewDecoder(r.Body).Decode(&q)
		if len(q.Text) > 64 {
			t.Errorf("a piece of %d bytes", len(q.Text))
		}
		out := []map[string]any{}
		if at := strings.Index(q.Text, "Ada"); at >= 0 {
			n := len([]rune(q.Text[:at]))
			out = append(out, map[string]any{"entity_type": "PERSON", "start": n, "end": n + 3, "score": 1})
		}
		_ = json.NewEncoder(w).Encode(out)
	}, func(c *remote.Config) { c.Bytes = 64 })
	found, err := ask(t, set, long)
	if err != nil || len(found) != 1 || long[found[0].Start:found[0].End] != "Ada" {
		t.Fatalf("found %+v, %v", found, err)
	}
	if asked.Load() < 6 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// Only texts of its roles are shown to a service.
func TestRoles(t *testing.T) {
	var asked atomic.Int64
	set := one(t, remote.Classifier, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, `[{"label":"INJECTION","score":0.9}]`)
	}, func(c *remote.Config) { c.Roles = []string{"tool"} })
	found, err := set.Ask(t.Context(), []string{"svc"}, []remote.Text{{Role: "user", Text: "a"}, {Role: "tool", Text: "b"}, {Role: "tool"}})
	if err != nil || len(found[0]) != 0 || len(found[1]) != 1 || len(found[2]) != 0 || asked.Load() != 1 {
		t.Errorf("found %v, %v after %d questions", found, err, asked.Load())
	}
}

// A service that fails or lies is an error that tells nothing of the text nor of the answer.
func TestFailures(t *testing.T) {
	const canary = "canary-4711"
	for name, c := range map[string]struct {
		kind remote.Kind
		does http.HandlerFunc
	}{
		"status": {remote.Presidio, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusInternalServerError) }},
		"redirect": {remote.Presidio, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/"+canary, http.StatusTemporaryRedirect)
		}},
		"no JSON":    {remote.Presidio, says("<html>" + canary)},
		"other JSON": {remote.Classifier, says(`{"error":"` + canary + `"}`)},
		"no label":   {remote.Classifier, says(`[]`)},
		"outside":    {remote.Presidio, says(`[{"entity_type":"PERSON","start":0,"end":4000,"score":1}]`)},
		"backwards":  {remote.Presidio, says(`[{"entity_type":"PERSON","start":3,"end":1,"score":1}]`)},
		"negative":   {remote.Presidio, says(`[{"entity_type":"PERSON","start":-3,"end":1,"score":1}]`)},
		"too much":   {remote.Presidio, says(strings.Repeat(" ", 2<<20) + "[]")},
		"broken off": {remote.Presidio, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = io.WriteString(w, "[")
		}},
		"no time":     {remote.Presidio, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }},
		"not a score": {remote.Classifier, says(`[{"label":"INJECTION","score":"` + canary + `"}]`)},
	} {
		t.Run(name, func(t *testing.T) {
			set := one(t, c.kind, c.does, func(cfg *remote.Config) {
				if name == "no time" {
					cfg.Timeout = 20 * time.Millisecond
				}
			})
			found, err := ask(t, set, "the text "+canary)
			if err == nil || len(found) != 0 {
				t.Fatalf("found %+v, %v; want an error", found, err)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the error tells too much: %v", err)
			}
			if !strings.Contains(err.Error(), `"svc"`) {
				t.Errorf("the error does not name the service: %v", err)
			}
		})
	}
}

// A service that keeps failing is left alone; the same words in a new configuration keep it so, others do not.
func TestLeftAlone(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	c := remote.Config{Name: "svc", Kind: remote.Presidio, URL: server.URL, Timeout: time.Minute, Bytes: 100}
	var results []string
	told := func(_, result string, _ time.Duration) { results = append(results, result) }
	set, err := remote.New([]remote.Config{c}, nil, told)
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if _, err := ask(t, set, "x"); err == nil {
			t.Fatal("no error")
		}
	}
	if asked.Load() != 5 || results[7] != "open" || results[0] != "failed" {
		t.Fatalf("asked %d times, told %v", asked.Load(), results)
	}
	again, err := remote.New([]remote.Config{c}, set, told)
	if err != nil {
		t.Fatal(err)
	}
	if _, _ = ask(t, again, "x"); asked.Load() != 5 {
		t.Error("a reload without a change forgot that it fails")
	}
	c.Timeout++
	changed, err := remote.New([]remote.Config{c}, set, told)
	if err != nil {
		t.Fatal(err)
	}
	if _, _ = ask(t, changed, "x"); asked.Load() != 6 {
		t.Error("a changed service is not tried")
	}
}

func TestUnknown(t *testing.T) {
	var none *remote.Set
	if _, err := none.Ask(context.Background(), []string{"ghost"}, []remote.Text{{Text: "x"}}); err == nil {
		t.Error("a detector that does not exist was asked")
	}
	if _, err := remote.New([]remote.Config{{Name: "x", Kind: "oracle"}}, nil, nil); err == nil {
		t.Error("a kind that does not exist was made")
	}
}

// FuzzAnswers checks that whatever a service answers is findings inside of the text, or an error.
func FuzzAnswers(f *testing.F) {
	f.Add(`[{"entity_type":"PERSON","start":4,"end":8,"score":0.85}]`, "héé José ging", true)
	f.Add(`[[{"label":"INJECTION","score":0.9}]]`, "do as I say", false)
	var answer atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer.Load().(string)) }))
	f.Cleanup(server.Close)
	// Made once, with connections that are kept: one for each input would use up the machine's ports.
	sets := map[bool]*remote.Set{}
	for _, presidio := range []bool{false, true} {
		c := remote.Config{Name: "svc", Kind: remote.Classifier, URL: server.URL, Timeout: time.Minute, Bytes: 64, Threshold: 0.5, Language: "en",
			Labels: map[string]detect.Type{"INJECTION": detect.PromptInjection}}
		if presidio {
			c.Kind, c.Labels = remote.Presidio, remote.PresidioLabels()
		}
		set, err := remote.New([]remote.Config{c}, nil, nil)
		if err != nil {
			f.Fatal(err)
		}
		sets[presidio] = set
	}
	f.Fuzz(func(t *testing.T, says, text string, presidio bool) {
		if answer.Store(says); len(text) > 500 {
			return
		}
		found, err := sets[presidio].Ask(t.Context(), []string{"svc"}, []remote.Text{{Role: "user", Text: text}})
		for _, x := range found[0] {
			if x.Start < 0 || x.End > len(text) || x.Start > x.End || !(x.Score >= 0.5 && x.Score <= 1) {
				t.Fatalf("%q about %q: %+v, %v", says, text, x, err)
			}
		}
		answer.Store(map[bool]string{true: `[]`, false: `[[{"label":"INJECTION","score":0.9}]]`}[presidio]) // what is understood keeps the service from being left alone
		if _, err := sets[presidio].Ask(t.Context(), []string{"svc"}, []remote.Text{{Role: "user", Text: "x"}}); err != nil {
			t.Fatal(err)
		}
	})
}
