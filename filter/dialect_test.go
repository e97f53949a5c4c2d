package filter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/policy/ledger"
	"weir/policy/provider"
	"weir/policy/tenant"
)

const asked = `{"model":%q,"messages":[{"role":"user","content":%q}]}`

const completion = `{"id":"c1","object":"chat.completion","created":1,"model":"echo","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},` +
	`"finish_reason":"stop"}],"usage":{"prompt_tokens":17,"completion_tokens":1,"total_tokens":18}}`

// whole is an exchange whose answer is JSON.
func (h *house) whole(request string, headers ...string) []*extprocv3.ProcessingRequest {
	answer := responseHeaders("200", "application/json", "via_upstream")
	list := answer.GetResponseHeaders().GetHeaders()
	list.Headers = append(list.Headers, headerMap(headers...).Headers...)
	return []*extprocv3.ProcessingRequest{h.ask(), requestBody(request), answer, responseBody(completion, true)}
}

// hourly gives every hold the same standing against one rate.
func hourly(remaining int64) func(ledger.Hold) ledger.Grant {
	return func(h ledger.Hold) ledger.Grant {
		return ledger.Grant{Granted: true, Rates: []ledger.RateState{{
			Rate: h.Rates[0], Remaining: remaining, ResetAt: h.At.Add(30 * time.Minute),
		}}}
	}
}

func withRate(a *tenant.Tenant) {
	a.Rates = []tenant.Rate{{Limit: 100, Window: time.Hour, Unit: "requests"}}
}

// Every answer tells the rate, also one that is given before the store is asked; a caller who is not known is told nothing.
func TestEveryAnswerTellsTheRate(t *testing.T) {
	h := build(t, "korad", withRate)
	h.grant = hourly(41)
	before := h.play(t, h.ask(), requestBody("{"))
	if got := before.headers; got["x-ratelimit-limit"] != "100" || got["x-ratelimit-remaining"] != "100" || got["x-ratelimit-reset"] != "1772604367" {
		t.Errorf("before the store was ever asked: %v", got)
	}
	served := h.play(t, h.whole(fmt.Sprintf(asked, "demo/echo", "hi"))...)
	if got := served.headers; got["x-ratelimit-remaining"] != "41" || got["x-korad-original-tokens"] != "17" || got["x-korad-optimized-tokens"] != "17" ||
		got["x-korad-savings-usd"] != "$0.000000" || got["x-korad-strategy"] != "Passthrough (no optimization needed)" {
		t.Errorf("an answer: %v", got)
	}
	after := h.play(t, h.ask(), requestBody("{"))
	if got := after.headers; got["x-ratelimit-remaining"] != "41" || got["x-ratelimit-reset"] != "1772602567" || got["x-korad-original-tokens"] != "" {
		t.Errorf("after: %v", got)
	}
	h.key = "sk-bf-nobody"
	unknown := h.play(t, h.ask())
	if got := unknown.headers; unknown.immediate.GetStatus().GetCode() != 401 || got["x-ratelimit-limit"] != "" {
		t.Errorf("a stranger: %v", got)
	}
}

// What the provider tells under the names of the dialect's own limits is taken away, and its request id moves.
func TestProviderHeadersDoNotMix(t *testing.T) {
	for _, name := range []string{"x-request-id", "request-id"} {
		h := build(t, "korad", nil)
		messages := h.whole(fmt.Sprintf(asked, "demo/echo", "hi"), name, "theirs-1", "x-ratelimit-remaining", "7")
		got := h.play(t, messages...)
		if got.headers["x-request-id"] != "trace-1" || got.headers["request-id"] != "trace-1" || got.headers["x-upstream-request-id"] != "theirs-1" {
			t.Errorf("%s: %v", name, got.headers)
		}
		if !strings.Contains(strings.Join(got.removed, " "), "X-RateLimit-Remaining") {
			t.Errorf("removed: %v", got.removed)
		}
	}
}

func TestKoradDemands(t *testing.T) {
	h := build(t, "korad", nil)
	for name, c := range map[string]struct {
		header []string
		model  string
		want   string
	}{
		"no provider":      {nil, "echo", `{"error":{"message":"Invalid model name","type":"invalid_request_error","param":"model","code":"invalid_model"}}`},
		"nothing before":   {nil, "/echo", `"code":"invalid_model"`},
		"nothing behind":   {nil, "demo/", `"code":"invalid_model"`},
		"another provider": {nil, "other/echo", `"code":"invalid_model"`},
		"level":            {[]string{"x-savings-level", "a bit"}, "demo/echo", `{"error":{"message":"Invalid value for X-Savings-Level: must be one of off, low, medium, high, maximum, extreme","type":"invalid_request_error","param":"X-Savings-Level","code":"invalid_value"}}`},
	} {
		got := h.play(t, h.ask(c.header...), requestBody(fmt.Sprintf(asked, c.model, "hi")))
		if got.immediate.GetStatus().GetCode() != 400 || !strings.Contains(string(got.body), c.want) {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	got := h.play(t, h.ask("x-savings-level", "Extreme"), requestBody(fmt.Sprintf(asked, "demo/echo", "hi")))
	if got.immediate != nil || !strings.Contains(string(got.forwarded), `"model":"echo"`) {
		t.Errorf("a good request: %s, forwarded %s", got.body, got.forwarded)
	}
	list := h.play(t, h.ask(":method", "GET", ":path", "/v1/models"))
	if !strings.Contains(string(list.body), `"demo/echo"`) {
		t.Errorf("models: %s", list.body)
	}
}

func TestBlockedRequestMayBeAReply(t *testing.T) {
	reply := func(a *tenant.Tenant) {
		a.Settings.PII.Request, a.Settings.BlockedRequest = tenant.Block, tenant.Reply
	}
	request := fmt.Sprintf(asked, "echo", "write to jane.doe@example.com")
	h := build(t, "rivaro", reply)
	got := h.play(t, h.ask(), requestBody(request))
	if got.immediate.GetStatus().GetCode() != 200 || !strings.Contains(string(got.body), `"finish_reason":"content_filter"`) {
		t.Errorf("%s", got.body)
	}
	if r := h.trail[0]; r.Code != "pii_detected" || r.Status != 200 || r.Ended != "refused" {
		t.Errorf("%+v", r)
	}
	for dialect, status := range map[string]int{"rivaro": 451, "dvara": 400} {
		h := build(t, dialect, func(a *tenant.Tenant) {
			reply(a)
			if dialect == "rivaro" {
				a.Settings.BlockedRequest = tenant.Refuse
			}
		})
		got := h.play(t, h.ask(), requestBody(request))
		if int(got.immediate.GetStatus().GetCode()) != status {
			t.Errorf("%s: %s", dialect, got.body)
		}
	}
}

func TestContextWindow(t *testing.T) {
	h := build(t, "dosai", nil)
	var err error
	h.snap.Catalogue, err = provider.NewCatalogue(
		[]provider.Provider{{Name: "demo", Kind: "openai-compatible", BaseURL: "http://127.0.0.1:1"}},
		[]provider.Model{{Name: "echo", Provider: "demo", ContextTokens: 100}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"model":"echo","max_tokens":101,"messages":[{"role":"user","content":"hi"}]}`:            "Invalid value for max_tokens: must be between 1 and 100, the model's context limit.",
		`{"model":"echo","max_completion_tokens":101,"messages":[{"role":"user","content":"hi"}]}`: "Invalid value for max_completion_tokens: must be between 1 and 100, the model's context limit.",
		fmt.Sprintf(asked, "echo", strings.Repeat("word ", 400)):                                   "Request exceeds the model's context window of 100 tokens.",
	} {
		got := h.play(t, h.ask(), requestBody(body))
		if got.immediate.GetStatus().GetCode() != 400 || !strings.Contains(string(got.body), want) {
			t.Errorf("%s\nwant %s", got.body, want)
		}
	}
	got := h.play(t, h.ask(), requestBody(`{"model":"echo","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}`))
	if got.immediate != nil {
		t.Errorf("at the limit: %s", got.body)
	}
}
