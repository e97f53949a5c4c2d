package filter_test

import (
	"fmt"
	"strings"
	"testing"
)

const (
	responsesPath = "/v1/responses"
	responsesAsk  = `{"model":"echo","stream":%v,"input":%q}`
)

// item is an event of a Responses stream.
func item(n int, kind, members string) string {
	return fmt.Sprintf("event: response.%s\ndata: {\"type\":\"response.%s\",\"sequence_number\":%d%s}\n\n", kind, kind, n, members)
}

func itemText(n int, text string) string {
	return item(n, "output_text.delta", fmt.Sprintf(`,"item_id":"msg_1","output_index":0,"content_index":0,"delta":%q,"logprobs":[]`, text))
}

// responseStream is a stream of one message, from its deltas.
func responseStream(whole string, deltas ...string) string {
	n := 0
	next := func() int { n++; return n - 1 }
	var b strings.Builder
	part := func(text string) string {
		return fmt.Sprintf(`{"type":"output_text","text":%q,"annotations":[],"logprobs":[]}`, text)
	}
	message := func(status, content string) string {
		return fmt.Sprintf(`{"type":"message","id":"msg_1","role":"assistant","status":%q,"content":[%s]}`, status, content)
	}
	at := `,"item_id":"msg_1","output_index":0,"content_index":0`
	b.WriteString(item(next(), "created", `,"response":{"id":"resp_1","object":"response","created_at":1,"model":"echo","status":"in_progress","output":[]}`))
	b.WriteString(item(next(), "output_item.added", `,"output_index":0,"item":`+message("in_progress", "")))
	b.WriteString(item(next(), "content_part.added", at+`,"part":`+part("")))
	for _, d := range deltas {
		b.WriteString(itemText(next(), d))
	}
	b.WriteString(item(next(), "output_text.done", at+fmt.Sprintf(`,"text":%q,"logprobs":[]`, whole)))
	b.WriteString(item(next(), "content_part.done", at+`,"part":`+part(whole)))
	b.WriteString(item(next(), "output_item.done", `,"output_index":0,"item":`+message("completed", part(whole))))
	b.WriteString(item(next(), "completed", `,"response":{"id":"resp_1","object":"response","created_at":1,"model":"echo","status":"completed","output":[`+
		message("completed", part(whole))+`],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":2},"output_tokens":4,"total_tokens":13}}`))
	return b.String()
}

func TestResponsesStream(t *testing.T) {
	h := build(t, "openai", nil)
	clean := responseStream("Hello world.", "Hello ", "world.")
	got := h.streamTo(responsesPath, fmt.Sprintf(responsesAsk, true, "hi"), clean)
	if string(got.body) != clean || got.forwarded != nil {
		t.Errorf("%q\nwant\n%q", got.body, clean)
	}
	if u := h.uses[h.trail[0].Exchange]; u.InputTokens != 9 || u.OutputTokens != 4 || u.Estimated {
		t.Errorf("use %+v", u)
	}
	h = build(t, "openai", redacting)
	got = h.streamTo(responsesPath, fmt.Sprintf(responsesAsk, true, "hi"), responseStream("to bob@other.org", "to ", "bob@oth", "er.org"))
	want := responseStream("to [REDACTED_EMAIL_ADDRESS]", "to ", "[REDACTED_EMAIL_ADDRESS]")
	if string(got.body) != want {
		t.Errorf("%q\nwant\n%q", got.body, want)
	}
	for _, f := range h.trail[0].Findings {
		if f.Count != 1 {
			t.Errorf("what done events repeat was counted again: %+v", f)
		}
	}
}

func TestResponsesBlockedAndBroken(t *testing.T) {
	h := build(t, "openai", redacting)
	key := "sk-ant-api03-0123456789abcdef0123456789abcdef01234567"
	got := h.streamTo(responsesPath, fmt.Sprintf(responsesAsk, true, "hi"), responseStream("the key is "+key+" ok", "the key is ", key[:10], key[10:], " ok"))
	body := string(got.body)
	if strings.Contains(body, "sk-a") || !strings.Contains(body, `"the key is "`) || !strings.Contains(body, "event: response.failed\ndata: ") || !strings.Contains(body, `"sequence_number":4,`) || strings.Contains(body, `"sequence_number":5,`) {
		t.Errorf("blocked: %q", body)
	}
	whole := responseStream("never mind", "never ", "mind")
	cut := whole[:strings.Index(whole, "event: response.output_text.done")]
	got = h.streamTo(responsesPath, fmt.Sprintf(responsesAsk, true, "hi"), cut)
	if body := string(got.body); !strings.Contains(body, "response.failed") && !strings.Contains(body, "event: error") || strings.Contains(body, "response.completed") {
		t.Errorf("broken: %q", body)
	}
}

// Log probabilities and annotations go with the text they speak of.
func TestResponsesDropWhatPointsIntoEditedText(t *testing.T) {
	h := build(t, "openai", redacting)
	answer := `{"id":"r","object":"response","created_at":1,"model":"echo","status":"completed","output":[{"type":"message","id":"m","role":"assistant","status":"completed","content":[{"type":"output_text","text":"%s","annotations":[{"type":"url_citation","start_index":0,"end_index":3,"title":"at bob@other.org","url":"http://x"}],"logprobs":[{"token":"bob@other.org","logprob":-1}]}]}],"usage":{"input_tokens":1,"output_tokens":1}}`
	got := h.jsonTo(responsesPath, fmt.Sprintf(responsesAsk, false, "hi"), fmt.Sprintf(answer, "ask bob@other.org"))
	if body := string(got.body); strings.Contains(body, "bob") || !strings.Contains(body, `"annotations":[],"logprobs":[]`) {
		t.Errorf("%s", body)
	}
}
