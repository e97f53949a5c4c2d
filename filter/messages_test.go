package filter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const messagesPath = "/v1/messages"

// block is an event about a content block of an Anthropic stream.
func block(kind string, index int, members string) string {
	return fmt.Sprintf("event: content_block_%s\ndata: {\"type\":\"content_block_%s\",\"index\":%d%s}\n\n", kind, kind, index, members)
}

func textDelta(index int, text string) string {
	return block("delta", index, fmt.Sprintf(`,"delta":{"type":"text_delta","text":%q}`, text))
}

const (
	messageStart = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"echo\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":4,\"output_tokens\":1}}}\n\n" +
		"event: ping\ndata: {\"type\": \"ping\"}\n\n"
	messageStop = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":7}}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
	textStart = `,"content_block":{"type":"text","text":""}`
	toolStart = `,"content_block":{"type":"tool_use","id":"toolu_1","name":"send_mail","input":{}}`
)

// streamTo is a streamed exchange on a path up to its answer, the answer cut at the given offsets.
func (h *house) streamTo(path, request, answer string, cuts ...int) *told {
	messages := h.answerTo(request, answer, cuts...)
	messages[0] = h.ask(":path", path)
	return h.playNow(messages)
}

const messagesAsk = `{"model":"echo","max_tokens":50,"stream":%v,"messages":[{"role":"user","content":%q}]}`

func TestMessagesStream(t *testing.T) {
	h := build(t, "anthropic", nil)
	clean := messageStart + block("start", 0, textStart) + textDelta(0, "Hello ") + textDelta(0, "w\u00f6rld.") + block("stop", 0, "") + messageStop
	got := h.streamTo(messagesPath, fmt.Sprintf(messagesAsk, true, "hi"), clean)
	if string(got.body) != clean || got.forwarded != nil {
		t.Errorf("%q, want %q; forwarded %s", got.body, clean, got.forwarded)
	}
	if u := h.uses[h.trail[0].Exchange]; u.InputTokens != 14 || u.OutputTokens != 7 || u.Estimated {
		t.Errorf("use %+v", u)
	}
	h = build(t, "anthropic", redacting)
	dirty := messageStart + block("start", 0, textStart) + textDelta(0, "to bob@oth") + textDelta(0, "er.org") + block("stop", 0, "") +
		block("start", 1, toolStart) + block("delta", 1, `,"delta":{"type":"input_json_delta","partial_json":"{\"to\":\"bob@other"}`) +
		block("delta", 1, `,"delta":{"type":"input_json_delta","partial_json":".org\"}"}`) + block("stop", 1, "") + messageStop
	want := messageStart + block("start", 0, textStart) + textDelta(0, "to ") + textDelta(0, "[REDACTED_EMAIL_ADDRESS]") + block("stop", 0, "") +
		block("start", 1, toolStart) + block("delta", 1, `,"delta":{"type":"input_json_delta","partial_json":"{\"to\":\""}`) +
		block("delta", 1, `,"delta":{"type":"input_json_delta","partial_json":"[REDACTED_EMAIL_ADDRESS]\"}"}`) + block("stop", 1, "") + messageStop
	if got := h.streamTo(messagesPath, fmt.Sprintf(messagesAsk, true, "hi"), dirty); string(got.body) != want {
		t.Errorf("%q\nwant\n%q", got.body, want)
	}
}

func TestMessagesBlockedAndBroken(t *testing.T) {
	h := build(t, "anthropic", redacting)
	key := "sk-ant-api03-0123456789abcdef0123456789abcdef01234567"
	open := messageStart + block("start", 0, textStart) + textDelta(0, "the key is ")
	got := h.streamTo(messagesPath, fmt.Sprintf(messagesAsk, true, "hi"), open+textDelta(0, key[:10])+textDelta(0, key[10:])+textDelta(0, " ok")+block("stop", 0, "")+messageStop)
	body := string(got.body)
	if strings.Contains(body, "sk-a") || !strings.HasPrefix(body, open) || !strings.Contains(body, "event: error\n") && !strings.Contains(body, `"refusal"`) {
		t.Errorf("blocked: %q", body)
	}
	if h.trail[0].Ended != "blocked" {
		t.Errorf("trail %+v", h.trail[0])
	}
	got = h.streamTo(messagesPath, fmt.Sprintf(messagesAsk, true, "hi"), open+textDelta(0, "never"))
	if body := string(got.body); !strings.Contains(body, "event: error\n") || strings.Contains(body, "message_stop") {
		t.Errorf("broken: %q", body)
	}
}

// Signed reasoning leaves as it is, or from the finding on not at all, its signature neither.
func TestSignedReasoning(t *testing.T) {
	h := build(t, "anthropic", redacting)
	thinking := func(text string) string {
		return block("delta", 0, fmt.Sprintf(`,"delta":{"type":"thinking_delta","thinking":%q}`, text))
	}
	head := messageStart + block("start", 0, `,"content_block":{"type":"thinking","thinking":"","signature":""}`)
	sign := block("delta", 0, `,"delta":{"type":"signature_delta","signature":"c2lnbmVk"}`)
	clean := head + thinking("Let me ") + thinking("think ") + sign + block("stop", 0, "") + messageStop
	if got := h.streamTo(messagesPath, fmt.Sprintf(messagesAsk, true, "hi"), clean); string(got.body) != clean {
		t.Errorf("%q, want %q", got.body, clean)
	}
	dirty := head + thinking("Let me ask bob@other.org and ") + thinking("think.") + sign + block("stop", 0, "") + messageStop
	want := head + thinking("Let me ask ") + block("stop", 0, "") + messageStop
	if got := h.streamTo(messagesPath, fmt.Sprintf(messagesAsk, true, "hi"), dirty); string(got.body) != want {
		t.Errorf("%q\nwant\n%q", got.body, want)
	}
	whole := `{"id":"m","type":"message","role":"assistant","model":"echo","content":[{"type":"thinking","thinking":"ask bob@other.org now","signature":"c2ln"},{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}`
	got := h.jsonTo(messagesPath, fmt.Sprintf(messagesAsk, false, "hi"), whole)
	if want := strings.Replace(strings.Replace(whole, "bob@other.org now", "", 1), "c2ln", "", 1); string(got.body) != want {
		t.Errorf("%s\nwant\n%s", got.body, want)
	}
}

// jsonTo is an exchange on a path with a JSON answer.
func (h *house) jsonTo(path, request, answer string) *told {
	return h.playNow(append(h.forwards(path, request), responseHeaders("200", "application/json", "via_upstream"), responseBody(answer, true)))
}

func TestMessagesRestoreInToolInput(t *testing.T) {
	h := build(t, "anthropic", redacting)
	request := fmt.Sprintf(messagesAsk, false, "write to jane.doe@example.com")
	sent := h.playNow(h.forwards(messagesPath, request)).forwarded
	i := strings.Index(string(sent), "[EMAIL_ADDRESS_")
	if i < 0 {
		t.Fatalf("forwarded %s", sent)
	}
	placeholder := string(sent[i : i+strings.IndexByte(string(sent[i:]), ']')+1])
	answer := `{"id":"m","type":"message","role":"assistant","model":"echo","content":[{"type":"tool_use","id":"t","name":"mail","input":{"to":"` + placeholder + `"}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}}`
	got := h.jsonTo(messagesPath, request, answer)
	if want := strings.Replace(answer, placeholder, "jane.doe@example.com", 1); string(got.body) != want {
		t.Errorf("%s, want %s", got.body, want)
	}
	if !json.Valid(got.body) {
		t.Error("no JSON")
	}
}
