package surface

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Chat is OpenAI's chat completions surface, POST /v1/chat/completions
// (platform.openai.com/docs/api-reference/chat). Many providers speak it.
type Chat struct{}

// Name implements Surface.
func (Chat) Name() string { return "openai.chat" }

// ReadRequest implements Surface. The parameters the API documents are checked for type and range; what is unknown is
// carried along, its strings as segments.
func (c Chat) ReadRequest(body []byte) (*Request, error) {
	t, refusal := scan(body)
	if refusal != nil {
		return nil, refusal
	}
	if t.nodes[0].kind != object {
		return nil, &Refusal{Code: "body_not_object", Detail: "the body must be a JSON object"}
	}
	r := &Request{Body: body, Choices: 1, Parameters: map[string]float64{}}
	for _, check := range []func(*tape, *Request) *Refusal{chatModel, chatMessages, chatSwitches, chatNumbers} {
		if refusal := check(t, r); refusal != nil {
			return nil, refusal
		}
	}
	c.segments(t, r)
	if refusal := c.media(t, r); refusal != nil {
		return nil, refusal
	}
	chatTools(t, r)
	return r, nil
}

func missing(field string) *Refusal {
	return &Refusal{Code: "parameter_missing", Field: field, Detail: "is required"}
}

func invalid(field, detail string) *Refusal {
	return &Refusal{Code: "parameter_invalid", Field: field, Detail: detail}
}

func chatModel(t *tape, r *Request) *Refusal {
	m, ok := t.member(0, "model")
	if !ok {
		return missing("model")
	}
	if t.nodes[m].kind != str || t.nodes[m].start == t.nodes[m].end {
		return invalid("model", "must be a non-empty string")
	}
	r.Model, r.ModelAt = t.text(m), t.span(m)
	if !labelled(r.Model) {
		return invalid("model", "must be at most 128 letters, digits, or any of _-.:/")
	}
	return nil
}

func chatMessages(t *tape, r *Request) *Refusal {
	m, ok := t.member(0, "messages")
	if !ok {
		return missing("messages")
	}
	if t.nodes[m].kind != array || t.nodes[m].next == m+1 {
		return invalid("messages", "must be a non-empty array")
	}
	var refusal *Refusal
	t.elements(m, func(i, v int) {
		r.Messages++
		if refusal != nil {
			return
		}
		if t.nodes[v].kind != object || t.strOf(v, "role") == "" {
			refusal = invalid("messages["+strconv.Itoa(i)+"]", "must be an object with a role")
		}
	})
	return refusal
}

func chatSwitches(t *tape, r *Request) *Refusal {
	if m, ok := t.member(0, "stream"); ok {
		if t.nodes[m].kind != boolean {
			return invalid("stream", "must be true or false")
		}
		r.Stream = t.nodes[m].isTrue
	}
	m, ok := t.member(0, "stream_options")
	if !ok {
		return nil
	}
	if t.nodes[m].kind != object {
		return invalid("stream_options", "must be an object")
	}
	r.StreamAt = t.span(m)
	if u, ok := t.member(m, "include_usage"); ok {
		if t.nodes[u].kind != boolean {
			return invalid("stream_options.include_usage", "must be true or false")
		}
		r.WantsUsage, r.UsageAt = t.nodes[u].isTrue, t.span(u)
	}
	return nil
}

// bound is the documented range of a numeric parameter.
type bound struct {
	field     string
	low, high float64
	whole     bool
	says      string
}

// chatBounds are the ranges of the API reference.
var chatBounds = []bound{
	{"temperature", 0, 2, false, "must be between 0 and 2"},
	{"top_p", 0, 1, false, "must be between 0 and 1"},
	{"presence_penalty", -2, 2, false, "must be between -2 and 2"},
	{"frequency_penalty", -2, 2, false, "must be between -2 and 2"},
	{"n", 1, 128, true, "must be a whole number between 1 and 128"},
	{"max_tokens", 1, 1 << 31, true, "must be a whole number of at least 1"},
	{"max_completion_tokens", 1, 1 << 31, true, "must be a whole number of at least 1"},
	{"top_logprobs", 0, 20, true, "must be a whole number between 0 and 20"},
	{"seed", -(1 << 63), 1 << 63, false, "must be a number"},
}

func chatNumbers(t *tape, r *Request) *Refusal {
	for _, b := range chatBounds {
		m, ok := t.member(0, b.field)
		if !ok {
			continue
		}
		v, isNumber := t.float(m)
		if !isNumber || v < b.low || v > b.high || b.whole && v != float64(int64(v)) {
			return invalid(b.field, b.says)
		}
		r.Parameters[b.field] = v
		if strings.HasPrefix(b.field, "max_") {
			if len(r.OutputAt) > 0 && r.OutputTokens < int64(v) {
				v = float64(r.OutputTokens)
			}
			r.OutputTokens = int64(v)
			r.OutputAt = append(r.OutputAt, t.span(m))
		}
	}
	if n := int64(r.Parameters["n"]); n > 1 {
		r.Choices = n
	}
	return nil
}

// segments collects every text of the request, role by where it stands.
func (Chat) segments(t *tape, r *Request) {
	w := walker{tape: t, nested: true, alone: true}
	t.members(0, func(k, v int) {
		name := t.text(k)
		switch name {
		case "messages":
			t.elements(v, func(i, m int) {
				w.role = chatRole(t.strOf(m, "role"))
				before := len(w.segs)
				w.under(m, "/messages/"+strconv.Itoa(i), "")
				r.LongestChars = max(r.LongestChars, characters(w.segs[before:]))
			})
			return
		case "tools", "functions", "response_format":
			w.role = Offer
		case "prediction":
			w.role = Assistant
		default:
			w.role = User
		}
		if !labelled(name) {
			w.add(k, "/~key")
			name = "~"
		}
		w.under(v, "/"+name, name)
	})
	r.Segments = w.segs
}

func chatRole(role string) Role {
	switch role {
	case "system", "developer":
		return System
	case "assistant":
		return Assistant
	case "tool", "function":
		return Tool
	default:
		return User
	}
}

func characters(segs []Segment) int {
	n := 0
	for i := range segs {
		n += utf8.RuneCountInString(segs[i].Text)
	}
	return n
}

// media notes parts that are no text. A data URL of text would be text unread, so it is refused.
func (Chat) media(t *tape, r *Request) *Refusal {
	kinds := map[string]bool{}
	var refusal *Refusal
	messages, _ := t.member(0, "messages")
	t.elements(messages, func(i, m int) {
		content, _ := t.member(m, "content")
		t.elements(content, func(j, part int) {
			kind := t.strOf(part, "type")
			if kind == "text" || kind == "refusal" || kind == "" {
				return
			}
			kinds[kind] = true
			if refusal == nil && hidesText(r.Segments, "/messages/"+strconv.Itoa(i)+"/content/"+strconv.Itoa(j)+"/") {
				refusal = invalid("messages["+strconv.Itoa(i)+"].content["+strconv.Itoa(j)+"]", "must not hold text in a data URL")
			}
		})
	})
	for k := range kinds {
		r.Media = append(r.Media, k)
	}
	sort.Strings(r.Media)
	return refusal
}

func hidesText(segs []Segment, place string) bool {
	for i := range segs {
		s := strings.ToLower(segs[i].Text[:min(len(segs[i].Text), 64)])
		if strings.HasPrefix(segs[i].Place, place) && strings.HasPrefix(s, "data:") && !strings.HasPrefix(s, "data:image/") &&
			!strings.HasPrefix(s, "data:audio/") {
			return true
		}
	}
	return false
}

// chatTools lists the tools offered and those already called in the history.
func chatTools(t *tape, r *Request) {
	tools, _ := t.member(0, "tools")
	t.elements(tools, func(_, v int) {
		if f, ok := t.member(v, "function"); ok {
			r.Tools = append(r.Tools, t.strOf(f, "name"))
		} else if name := t.strOf(v, "name"); name != "" {
			r.Tools = append(r.Tools, name)
		}
	})
	functions, _ := t.member(0, "functions")
	t.elements(functions, func(_, v int) { r.Tools = append(r.Tools, t.strOf(v, "name")) })
	messages, _ := t.member(0, "messages")
	t.elements(messages, func(_, m int) { r.ToolCalls = append(r.ToolCalls, called(t, m)...) })
}

// called lists the tools a message calls.
func called(t *tape, message int) []string {
	var out []string
	calls, _ := t.member(message, "tool_calls")
	t.elements(calls, func(_, v int) {
		if f, ok := t.member(v, "function"); ok {
			if name := t.strOf(f, "name"); name != "" {
				out = append(out, name)
			}
		}
	})
	if f, ok := t.member(message, "function_call"); ok {
		if name := t.strOf(f, "name"); name != "" {
			out = append(out, name)
		}
	}
	return out
}
