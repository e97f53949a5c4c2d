package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"weir/policy"
	"weir/policy/audit"
	"weir/test/figures"
)

// witnessed is what clients of the shared stage sent as content, and which refusals they got: at the end of all cases the trail is
// held to both, and so is all that is told elsewhere.
type witnessed struct {
	mu       sync.Mutex
	content  map[string]bool
	refusals map[string][]reply // by trace id
}

var witness = witnessed{content: map[string]bool{}, refusals: map[string][]reply{}}

// shortest is the least length of a content that is looked for: shorter ones occur by chance.
const shortest = 12

// sent notes the texts of a request's body.
func (w *witnessed) sent(body string) {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts(v, false)
}

// contents are the members of a body that hold what a client says, and not what it asks for.
var contents = map[string]bool{
	"content": true, "text": true, "input": true, "prompt": true, "system": true, "instructions": true, "arguments": true, "output": true, "refusal": true,
}

func (w *witnessed) texts(v any, said bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			w.texts(member, said || contents[name])
		}
	case []any:
		for _, member := range v {
			w.texts(member, said)
		}
	case string:
		if said && len(v) >= shortest && strings.Contains(v, " ") {
			w.content[v] = true
		}
	}
}

// got notes a refusal.
func (w *witnessed) got(r reply) {
	if r.err != nil || r.status < 400 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusals[r.trace] = append(w.refusals[r.trace], r)
}

// hold looks for every refusal in the trail of a stage: by its trace id, with the very body that the client got, and where a policy
// refused, with a rule and its line. It looks for everything that clients sent as content, in the trail, the log and the metrics,
// where none of it may be.
func (w *witnessed) hold(s *stage) (problems []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for trace, replies := range w.refusals {
		records, err := s.weir.Trail.Find(ctx, trace)
		if err != nil {
			bad("%s: %v", trace, err)
			continue
		}
		for _, r := range replies {
			if why := unrecorded(records, r); why != "" {
				bad("trace %s, %d %.200s: %s", trace, r.status, r.body, why)
			}
		}
	}
	metrics, err := s.metrics()
	if err != nil {
		bad("metrics: %v", err)
	}
	explained := w.explain(ctx, s, bad)
	places := map[string]string{"the log": s.logs.String(), "the metrics": metrics}
	var all strings.Builder
	if err := s.weir.Trail.Each(ctx, time.Time{}, func(record []byte) error { all.Write(record); return nil }); err != nil {
		bad("the trail: %v", err)
	}
	places["the trail"] = all.String()
	places["what OTLP and webhooks told"] = w.observed(ctx, s, bad)
	for content := range w.content {
		quoted, _ := json.Marshal(content)
		for place, text := range places {
			if strings.Contains(text, content) || strings.Contains(text, strings.Trim(string(quoted), `"`)) {
				bad("content %q is in %s", content, place)
			}
		}
	}
	if len(w.refusals) > 0 && len(w.content) == 0 {
		bad("no content was looked for")
	}
	if err := figures.Write("trail-e2e", []figures.Figure{
		figures.Stated("trace ids of refusals looked for in the trail", float64(len(w.refusals)), "trace ids"),
		figures.Stated("refusals by a policy whose story is told from their record", float64(explained), "refusals"),
		figures.Stated("texts of clients looked for in trail, log, metrics, OTLP and webhooks", float64(len(w.content)), "texts"),
		figures.AtMost("refusals that were not found, and texts that were", float64(len(problems)), "finds", 0),
	}); err != nil {
		bad("%v", err)
	}
	return problems
}

// explain has the story of every refusal by a policy told, as extproc explain --trace tells it: it names the rule that fired and its
// line. It says how many there were.
func (w *witnessed) explain(ctx context.Context, s *stage, bad func(string, ...any)) (n int) {
	program := s.weir.Engine.Current()
	for trace := range w.refusals {
		records, err := s.weir.Trail.Find(ctx, trace)
		if err != nil {
			bad("%s: %v", trace, err)
		}
		for i := range records {
			rec := &records[i]
			var d policy.Decision
			var f policy.Facts
			if len(rec.Decision) == 0 || json.Unmarshal(rec.Decision, &d) != nil || d.Allow || d.Version != program.Version() || json.Unmarshal(rec.Facts, &f) != nil {
				continue // nothing was decided, or the case had policies of its own
			}
			var story strings.Builder
			if err := program.Explain(ctx, &f).WriteText(&story); err != nil {
				bad("%s: %v", trace, err)
			}
			n++
			told := strings.Contains(story.String(), rec.Code)
			for _, rule := range d.Fired {
				told = told && strings.Contains(story.String(), fmt.Sprintf("%s:%d", rule.File, rule.Line))
			}
			if !told && rec.Code != "policy_failed" {
				bad("trace %s: its story does not tell of %s and the rules %v:\n%s", trace, rec.Code, d.Fired, story.String())
			}
		}
	}
	return n
}

// observed is all that the stage's observer was told, once it has every record of the trail.
func (w *witnessed) observed(ctx context.Context, s *stage, bad func(string, ...any)) string {
	o := s.observer
	n, err := s.weir.Trail.Count(ctx)
	if err != nil {
		bad("the trail: %v", err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for int64(o.records()) < n {
		select {
		case <-ctx.Done():
			bad("the trail has %d records, and by OTLP came %d", n, o.records())
			return o.text()
		case <-tick.C:
		}
	}
	return o.text()
}

// unrecorded says why no record tells of a refusal.
func unrecorded(records []audit.Record, r reply) string {
	if len(records) == 0 {
		return "there is no record"
	}
	for i := range records {
		rec := &records[i]
		if (rec.Status == 0 || rec.Ended == "client_gone") && rec.Code == "" && r.status >= 502 && r.status <= 504 {
			return "" // Envoy answered, of a failure that it did not show: with a body that Weir had left for it
		}
		if rec.Status != r.status || rec.Code == "" {
			continue
		}
		if rec.Answer != "" && rec.Answer != r.body {
			continue
		}
		var d struct {
			Allow bool
			Fired []struct {
				File string
				Line int
			}
		}
		if len(rec.Decision) > 0 {
			if err := json.Unmarshal(rec.Decision, &d); err != nil {
				return err.Error()
			}
			if !d.Allow && rec.Code != "policy_failed" && (len(d.Fired) == 0 || d.Fired[0].File == "" || d.Fired[0].Line == 0) {
				return "its record names no rule"
			}
		}
		return ""
	}
	return fmt.Sprintf("no record has its status and body: %d records, the first %d %s %.200s", len(records), records[0].Status, records[0].Code, records[0].Answer)
}

// metrics are what the operator's page tells.
func (s *stage) metrics() (string, error) {
	r, err := http.Get("http://" + s.weir.AdminAddr().String() + "/metrics")
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}
