package e2e_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"weir/cmd/extproc/config"
	"weir/policy/audit"
	"weir/policy/audit/sink"
	"weir/test/redisd"
)

// secretWords are what clients say on this stage; nothing of it may be anywhere but in the request and its answer.
const secretWords = "the heron waits where the weir is low"

// observed raises a stage that tells an observer everything, with its trail in a Redis Stream, too.
func observed(t *testing.T) (*stage, *observer) {
	t.Helper()
	o, err := newObserver()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	server := redisd.Start(t, redisd.Volatile()...)
	c, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	c.alter = func(f *config.File) {
		o.join(f)
		f.Store.Redis = &config.Redis{Addresses: []string{server.Addr}}
		f.Trail.Stream = &config.Stream{}
	}
	s := &stage{logs: &captured{}, cast: c, reword: hurried(1)}
	if err := s.raise(true); err != nil {
		s.close()
		onEnvoy(t, fmt.Errorf("%w\n%s", err, s.logs))
	}
	s.closes(t)
	timed(t)
	return s, o
}

// Logs, metrics and traces arrive, and the spans hang together: the client's, Envoy's, Weir's, the model's.
func TestTelemetry(t *testing.T) {
	s, o := observed(t)
	allowed, traced, refused, streamed := newTrace(), newTrace(), newTrace(), newTrace()
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	s.do(t, call{key: of(plain, "dvara"), body: ask("echo", secretWords), trace: allowed})
	s.do(t, call{key: of(plain, "dvara"), body: ask("echo", secretWords), trace: traced, header: []string{"traceparent", "00-" + theirs + "-00f067aa0ba902b7-01"}})
	s.do(t, call{key: of(plain, "dvara"), body: ask("echo", secretWords, streaming), trace: streamed})
	no := s.do(t, call{key: of(blocking, "dvara"), body: ask("echo", secretWords+", says "+address), trace: refused})
	if no.status < 400 {
		t.Fatalf("%d %s", no.status, no.body)
	}
	for _, trace := range []string{allowed, theirs, streamed} {
		root := s.joined(t, o, trace)
		_, all := o.of(trace)
		found := false
		for _, sp := range all {
			a := sp.GetAttributes()
			if sp.service != "weir" || sp.GetName() != "chat echo" {
				continue
			}
			found = true
			if attributeOf(a, "gen_ai.operation.name") != "chat" || attributeOf(a, "gen_ai.provider.name") != "openai-compatible" || attributeOf(a, "gen_ai.request.model") != "echo" ||
				numberOf(a, "gen_ai.usage.output_tokens") < 0 || sp.GetKind() != tracev1.Span_SPAN_KIND_CLIENT {
				t.Errorf("the model's span: %v", sp.Span)
			}
		}
		if !found {
			t.Errorf("%s: no span of the request to the model among %d", trace, len(all))
		}
		if trace == theirs && (hex.EncodeToString(root.GetTraceId()) != theirs || hex.EncodeToString(root.GetParentSpanId()) != "00f067aa0ba902b7") {
			t.Errorf("Envoy's span is not below the client's: %v", root.Span)
		}
	}
	s.joined(t, o, refused)
	own, all := o.of(refused)
	if a := own.GetAttributes(); attributeOf(a, "weir.code") != "pii_detected" || attributeOf(a, "error.type") != "pii_detected" || attributeOf(a, "weir.policy.version") == "" {
		t.Errorf("a refusal's span: %v", own.Span)
	}
	for _, sp := range all {
		if strings.HasPrefix(sp.GetName(), "chat") {
			t.Errorf("a request that was refused went to a model: %v", sp.Span)
		}
	}
	for _, trace := range []string{allowed, theirs, refused, streamed} {
		s.logged(t, o, trace)
	}
	eventually(t, "the metrics", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.metrics["weir_exchanges_total"] && o.metrics["gen_ai_client_operation_duration_seconds"] && o.metrics["gen_ai_client_token_usage"] && o.metrics["go_goroutines"]
	})
	eventually(t, "the webhook", func() bool { return o.hasTold("block") })
	s.streamHas(t, 4)
	everything := o.text()
	for _, secret := range []string{secretWords, "heron", address} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q came out", secret)
		}
	}
	if !strings.Contains(everything, "weir.exchange") || !strings.Contains(everything, "weir.block") {
		t.Error("what is looked through holds nothing")
	}
}

// joined waits for the spans of an exchange, and follows them up from Weir's to Envoy's first, which it returns.
func (s *stage) joined(t *testing.T, o *observer, trace string) span {
	t.Helper()
	var root span
	defer func() {
		if t.Failed() {
			t.Log(o.listing())
		}
	}()
	eventually(t, "the spans of "+trace, func() bool {
		own, all := o.of(trace)
		if own == nil {
			return false
		}
		steps := 0
		for at := *own; ; steps++ {
			up, ok := all[hex.EncodeToString(at.GetParentSpanId())]
			if !ok {
				root = at
				break
			}
			at = up
		}
		return steps > 0 && root.service == "envoy"
	})
	rec := s.record(t, trace)
	if !strings.Contains(rec.Traceparent, hex.EncodeToString(root.GetTraceId())) {
		t.Errorf("the record of %s has the trace context %q, the spans are of %x", trace, rec.Traceparent, root.GetTraceId())
	}
	return root
}

// logged waits for the log record of an exchange: what the trail has, in the same trace.
func (s *stage) logged(t *testing.T, o *observer, trace string) {
	t.Helper()
	eventually(t, "the log of "+trace, func() bool { return o.log(trace) != nil })
	l := o.log(trace)
	var got audit.Record
	if err := json.Unmarshal([]byte(l.GetBody().GetStringValue()), &got); err != nil {
		t.Fatal(err)
	}
	want := s.record(t, trace)
	if got.Exchange != want.Exchange || got.Status != want.Status || !strings.Contains(want.Traceparent, hex.EncodeToString(l.GetTraceId())) || len(l.GetTraceId()) == 0 {
		t.Errorf("the log of %s is %v", trace, l)
	}
}

// streamHas waits until the Redis Stream has so many records, and looks for what clients said.
func (s *stage) streamHas(t *testing.T, n int) {
	t.Helper()
	r := s.weir.Redis
	eventually(t, "the stream", func() bool {
		var entries []redis.XMessage
		if err := r.Do(t.Context(), func(ctx context.Context, c redis.UniversalClient) (err error) {
			entries, err = c.XRange(ctx, sink.StreamKey(r), "-", "+").Result()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.Contains(fmt.Sprint(e.Values), "heron") {
				t.Errorf("content is in the stream: %v", e.Values)
			}
		}
		return len(entries) == n
	})
}

// A Prometheus scrapes Weir and evaluates the shipped rules without an error, native histograms among them.
func TestPrometheus(t *testing.T) {
	path := os.Getenv("PROMETHEUS")
	if path == "" {
		if path, _ = exec.LookPath("prometheus"); path == "" {
			path, _ = exec.LookPath(filepath.Join("..", "..", ".tools", "bin", "prometheus"))
		}
	}
	if path == "" {
		t.Skip("there is no prometheus: run tools/setup prometheus")
	}
	s := ownWeir(t)
	for range 3 {
		s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "hello there")})
	}
	rules, err := filepath.Abs("../../telemetry/rules/weir.yml")
	if err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf("global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}\nrule_files: [%q]\nscrape_configs: [{job_name: weir, static_configs: [{targets: [%q]}]}]\n", rules, s.weir.AdminAddr())
	file := filepath.Join(s.dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	listen := freePort(t)
	cmd := exec.Command(path, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(s.dir, "tsdb"), "--web.listen-address="+listen, "--enable-feature=native-histograms", "--log.level=warn")
	log := s.logs.from("prometheus")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ask := func(path string, into any) bool {
		r, err := http.Get("http://" + listen + path)
		if err != nil {
			return false
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		return err == nil && r.StatusCode == 200 && json.Unmarshal(b, into) == nil
	}
	eventually(t, "every rule to be evaluated", func() bool {
		var got struct {
			Data struct {
				Groups []struct {
					Rules []struct {
						Name, Health, LastError string
						LastEvaluation          time.Time
					}
				}
			}
		}
		n := 0
		if !ask("/api/v1/rules", &got) {
			return false
		}
		for _, g := range got.Data.Groups {
			for _, r := range g.Rules {
				if r.LastError != "" {
					t.Fatalf("%s: %s", r.Name, r.LastError)
				}
				if r.Health != "ok" {
					return false
				}
				n++
			}
		}
		return n > 15
	})
	for _, query := range []string{`sum(weir_exchanges_total{job="weir"}) >= 3`, `histogram_count(weir_exchange_own_seconds) >= 3`, `weir:exchanges:rate5m`, `up == 1`} {
		eventually(t, query, func() bool {
			var got struct{ Data struct{ Result []any } }
			return ask("/api/v1/query?query="+url.QueryEscape(query), &got) && len(got.Data.Result) > 0
		})
	}
	var alerts struct {
		Data struct {
			Alerts []struct{ Labels map[string]string }
		}
	}
	if !ask("/api/v1/alerts", &alerts) {
		t.Fatal("no list of alerts")
	}
	for _, a := range alerts.Data.Alerts {
		t.Errorf("a healthy Weir alerts: %v", a.Labels)
	}
}
