package surface

import (
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
	for _, check := range []func(*tape, *Request) *Refusal{chatNames, chatModel, chatMessages, chatSwitches, chatNumbers} {
		if refusal := check(t, r); refusal != nil {
			return nil, refusal
		}
	}
	c.segments(t, r)
	if refusal := chatMedia(t, r); refusal != nil {
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

// governing are members that decide what a request is and costs.
var governing = []string{"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "tools"}

// chatNames refuses a governing member in another case: some providers' readers take it for the member itself.
func chatNames(t *tape, _ *Request) *Refusal {
	var refusal *Refusal
	t.members(0, func(k, _ int) {
		name := t.text(k)
		for _, g := range governing {
			if name != g && strings.EqualFold(name, g) {
				refusal = invalid(g, "must be written in lower case")
			}
		}
	})
	return refusal
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
	if !labelled(strings.ReplaceAll(r.Model, "@", "_")) {
		return invalid("model", "must be at most 128 letters, digits, or any of _-.:/@")
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
	if m >= 0 {
		r.StreamAt = t.span(m)
	}
	if !ok {
		return nil
	}
	if t.nodes[m].kind != object {
		return invalid("stream_options", "must be an object")
	}
	u, ok := t.member(m, "include_usage")
	if u >= 0 {
		r.UsageAt = t.span(u)
	}
	if ok && t.nodes[u].kind != boolean {
		return invalid("stream_options.include_usage", "must be true or false")
	}
	r.WantsUsage = ok && t.nodes[u].isTrue
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
	// A limit that is null counts as none, but its name stands in the body and must not be put there again.
	for _, name := range []string{"max_completion_tokens", "max_tokens"} {
		if m, _ := t.member(0, name); m >= 0 && len(r.OutputAt) == 0 {
			r.OutputAt = append(r.OutputAt, t.span(m))
		}
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
		w.member(k, v, "")
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

// chatTools lists the tools offered and those already called in the history.
func chatTools(t *tape, r *Request) {
	tools, _ := t.member(0, "tools")
	t.elements(tools, func(_, v int) {
		r.Tools = append(r.Tools, toolName(t, v))
	})
	functions, _ := t.member(0, "functions")
	t.elements(functions, func(_, v int) { r.Tools = append(r.Tools, named(t.strOf(v, "name"))) })
	messages, _ := t.member(0, "messages")
	t.elements(messages, func(_, m int) { r.ToolCalls = append(r.ToolCalls, called(t, m)...) })
}

// called lists the tools a message calls. A stream names a tool in the first piece of its call only.
func called(t *tape, message int) []string {
	var out []string
	calls, _ := t.member(message, "tool_calls")
	t.elements(calls, func(_, v int) {
		if n, ok := toolNode(t, v); ok && t.strOf(n, "name") != "" {
			out = append(out, toolName(t, v))
		}
	})
	if f, ok := t.member(message, "function_call"); ok {
		if name := t.strOf(f, "name"); name != "" {
			out = append(out, named(name))
		}
	}
	return out
}

// toolNode is where a tool's name stands: in its function, its custom tool, or beside its type.
func toolNode(t *tape, tool int) (int, bool) {
	for _, kind := range []string{"function", "custom"} {
		if n, ok := t.member(tool, kind); ok {
			return n, true
		}
	}
	return tool, t.nodes[tool].kind == object
}

// toolName is the name of a tool offered or called; a built-in tool goes by its type.
func toolName(t *tape, tool int) string {
	n, _ := toolNode(t, tool)
	if name := t.strOf(n, "name"); name != "" {
		return named(name)
	}
	return named(t.strOf(tool, "type"))
}

// Unnamed stands for a tool whose name is missing or no name, so that nobody's words become a fact.
const Unnamed = "(unnamed)"

func named(s string) string {
	if s == "" || !labelled(s) {
		return Unnamed
	}
	return s
}
