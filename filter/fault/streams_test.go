package fault_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"weir/filter/fault"
)

// streamRow is a row of a page about a stream that has begun, or about a reply in the provider's shape.
type streamRow struct {
	dialect, line string
	got           func(d fault.Dialect) string
	want          string
}

func ending(c fault.Code, s fault.Shape) func(fault.Dialect) string {
	return func(d fault.Dialect) string { return string(d.Ending(fault.Fault{Code: c, Trace: trace}, s)) }
}

func blocked(s fault.Shape) func(fault.Dialect) string {
	return func(d fault.Dialect) string {
		a := d.Blocked(fault.Fault{Code: fault.AnswerBlocked, Trace: trace}, s)
		return fmt.Sprintf("%d %s %s", a.Status, a.Headers[0].Value, a.Body)
	}
}

// filteredChunk is the last chunk of a choice that a guardrail ended.
func filteredChunk(index int) string {
	return fmt.Sprintf(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o",`+
		`"choices":[{"index":%d,"delta":{},"finish_reason":"content_filter"}]}`+"\n\n", index)
}

const spendCut = "The monthly spend cap was reached while the response was streamed."

var streamRows = []streamRow{
	{"dvara", streamLines["dvara"][0], ending(fault.GuardrailBlocked, streaming(chat)),
		filteredChunk(0) + filteredChunk(2) + "data: [DONE]\n\n"},
	{"dvara", streamLines["dvara"][0], ending(fault.PIIDetected, streaming(chat)),
		filteredChunk(0) + filteredChunk(2) + "data: [DONE]\n\n"},
	{"rivaro", streamLines["rivaro"][0], ending(fault.AnswerBlocked, streaming(chat)),
		filteredChunk(0) + filteredChunk(2) + "data: [DONE]\n\n"},
	// The page prints a fragment; id, object, created, model, index and role make it the provider's shape.
	{"rivaro", streamLines["rivaro"][0], blocked(fault.Shape{Surface: chat, ID: "chatcmpl-1", Model: "gpt-4o", Created: 1700000000}),
		`200 application/json {"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o","choices":[{"index":0,` +
			`"message":{"role":"assistant","content":"Content blocked due to policy violations"},"finish_reason":"content_filter"}]}`},
	{"rivaro", streamLines["rivaro"][0], blocked(fault.Shape{Surface: messages, ID: "msg_1", Model: "claude"}),
		`200 application/json {"id":"msg_1","type":"message","role":"assistant","model":"claude",` +
			`"content":[{"type":"text","text":"Content blocked due to policy violations"}],"stop_reason":"refusal","stop_sequence":null,` +
			`"usage":{"input_tokens":0,"output_tokens":0}}`},
	// The nested error is the one addition: without it SDKs take the record for a chunk.
	{"olava", streamLines["olava"][0], ending(fault.SpendCut, streaming(chat)),
		`event: error` + "\n" + `data: {"code":"spend_cap_exceeded","message":"` + spendCut + `","docs_url":"https://docs.olava.dev/billing/spend_cap_exceeded",` +
			`"error":{"message":"` + spendCut + `","type":"billing_error","code":"spend_cap_exceeded"}}` + "\n\n"},
	{"olava", streamLines["olava"][1], ending(fault.Internal, streaming(chat)),
		`data: {"error":"service_unavailable","status":500}` + "\n\n" + "data: [DONE]\n\n"},
}

func TestStreamPages(t *testing.T) {
	proven := map[string]bool{}
	for i, r := range streamRows {
		proven[r.dialect+": "+r.line] = true
		t.Run(fmt.Sprintf("%02d %s", i, r.dialect), func(t *testing.T) {
			if got := r.got(dialect(t, r.dialect)); got != r.want {
				t.Errorf("%s\ngot  %q\nwant %q", r.line, got, r.want)
			}
		})
	}
	for d, ls := range streamLines {
		for _, l := range ls {
			if !proven[d+": "+l] {
				t.Errorf("no case for %s: %s", d, l)
			}
		}
	}
}

// TestEndingNeverLooksWhole reads every ending as SDKs do: they raise on a record with a truthy error, on one named
// error at a messages endpoint, on a failed response; or they see that content was withheld.
func TestEndingNeverLooksWhole(t *testing.T) {
	for _, name := range fault.Default().Names() {
		for _, c := range fault.Codes() {
			for _, surface := range []string{chat, "openai.completions", messages, responses, ""} {
				got := string(dialect(t, name).Ending(sample(c), streaming(surface)))
				if !strings.HasSuffix(got, "\n\n") {
					t.Errorf("%s %s %s: the last record is not closed: %q", name, c, surface, got)
				}
				if !noticed(t, surface, got) {
					t.Errorf("%s %s %s: clients take this for a whole answer:\n%s", name, c, surface, got)
				}
			}
		}
	}
}

func noticed(t *testing.T, surface, stream string) bool {
	t.Helper()
	for _, rec := range strings.Split(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		name, data := "", rec
		if event, rest, ok := strings.Cut(rec, "\n"); ok {
			name, data = strings.TrimPrefix(event, "event: "), rest
		}
		data = strings.TrimPrefix(data, "data: ")
		if data == "[DONE]" {
			continue
		}
		var v struct {
			Error   any `json:"error"`
			Choices []struct {
				Finish string `json:"finish_reason"`
			} `json:"choices"`
			Delta struct {
				Stop string `json:"stop_reason"`
			} `json:"delta"`
			Response struct {
				Status string         `json:"status"`
				Error  map[string]any `json:"error"`
			} `json:"response"`
		}
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			t.Fatalf("%v in %q", err, data)
		}
		switch {
		case surface == messages && name == "error" && v.Error != nil,
			surface == messages && v.Delta.Stop == "refusal",
			surface == responses && name == "response.failed" && v.Response.Status == "failed" && v.Response.Error["code"] != "",
			surface != messages && v.Error != nil && v.Error != "",
			len(v.Choices) == 1 && v.Choices[0].Finish == "content_filter":
			return true
		}
	}
	return false
}

// TestNoOpenChoice: a stream that is ended before any choice is known still says that content was withheld.
func TestNoOpenChoice(t *testing.T) {
	got := string(dialect(t, "dvara").Ending(sample(fault.GuardrailBlocked), fault.Shape{Surface: chat, Stream: true}))
	want := `data: {"id":"chatcmpl-` + trace + `","object":"chat.completion.chunk","created":0,"model":"",` +
		`"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}` + "\n\ndata: [DONE]\n\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestBlocked: only Rivaro stands in for an answer; the others refuse, in words about the answer.
func TestBlocked(t *testing.T) {
	for _, name := range fault.Default().Names() {
		for _, stream := range []bool{false, true} {
			a := dialect(t, name).Blocked(sample(fault.PIIDetected), fault.Shape{Surface: chat, Stream: stream})
			text := string(a.Body)
			switch {
			case name != "rivaro":
				if a.Status != 400 || header(a, "content-type") != "application/json" || !strings.Contains(text, "Response") {
					t.Errorf("%s: %d %s", name, a.Status, text)
				}
			case stream:
				if a.Status != 200 || header(a, "content-type") != "text/event-stream" || !strings.HasSuffix(text, "data: [DONE]\n\n") {
					t.Errorf("%s: %d %s", name, a.Status, text)
				}
			case a.Status != 200 || header(a, "content-type") != "application/json":
				t.Errorf("%s: %d %s", name, a.Status, text)
			}
		}
	}
	a := dialect(t, "rivaro").Blocked(sample(fault.PIIDetected), fault.Shape{Surface: "openai.embeddings"})
	if a.Status != 451 || string(a.Body) != rivaroBlock2 {
		t.Errorf("a surface without text: %d %s", a.Status, a.Body)
	}
}

const rivaroBlock2 = `{"error":"Request blocked by enforcement policy"}`
