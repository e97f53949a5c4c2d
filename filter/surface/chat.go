package surface

import "strings"

// Chat is OpenAI's chat completions surface, POST /v1/chat/completions
// (platform.openai.com/docs/api-reference/chat). Many providers speak it.
type Chat struct{ deployment }

// Name implements Surface.
func (Chat) Name() string { return "openai.chat" }

// ReadRequest implements Surface. The parameters the API documents are checked for type and range; what is unknown is
// carried along, its strings as segments.
func (c Chat) ReadRequest(body []byte) (*Request, error) {
	t, r, refusal := open(body, governing)
	if refusal != nil {
		return nil, refusal
	}
	defer t.free()
	r.limited("max_completion_tokens")
	r.UsageOption = true
	for _, check := range []func(*tape, *Request) *Refusal{c.readModel, chatMessages, readStream, chatUsageOption, chatNumbers} {
		if refusal := check(t, r); refusal != nil {
			return nil, refusal
		}
	}
	if refusal := c.segments(t, r); refusal != nil {
		return nil, refusal
	}
	chatTools(t, r)
	return r, nil
}

// governing are members that decide what a request is and costs.
var governing = []string{"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "tools"}

func chatMessages(t *tape, r *Request) *Refusal { return readMessages(t, r, "messages", nil) }

// chatUsageOption reads whether a stream is to report its usage.
func chatUsageOption(t *tape, r *Request) *Refusal {
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

// chatBounds are the ranges of the API reference.
var chatBounds = []bound{
	{field: "temperature", low: 0, high: 2, whole: false, says: "must be between 0 and 2"},
	{field: "top_p", low: 0, high: 1, whole: false, says: "must be between 0 and 1"},
	{field: "presence_penalty", low: -2, high: 2, whole: false, says: "must be between -2 and 2"},
	{field: "frequency_penalty", low: -2, high: 2, whole: false, says: "must be between -2 and 2"},
	{field: "n", low: 1, high: 128, whole: true, says: "must be a whole number between 1 and 128"},
	outputBound("max_tokens"),
	outputBound("max_completion_tokens"),
	{field: "top_logprobs", low: 0, high: 20, whole: true, says: "must be a whole number between 0 and 20"},
	{field: "seed", low: -(1 << 63), high: 1 << 63, whole: false, says: "must be a number"},
}

func chatNumbers(t *tape, r *Request) *Refusal {
	if refusal := readBounds(t, 0, "", r, chatBounds); refusal != nil {
		return refusal
	}
	if n := int64(r.Parameters["n"]); n > 1 {
		r.Choices = n
	}
	return nil
}

// segments collects every text of the request, role by where it stands.
func (Chat) segments(t *tape, r *Request) *Refusal {
	w := walker{tape: t, nested: true, alone: true, media: map[string]bool{}, segs: roomFor(t)}
	t.members(0, func(k, v int) {
		name := t.text(k)
		switch name {
		case "messages":
			defer w.leave(w.enter("messages", true))
			t.elements(v, func(i, m int) {
				w.role = chatRole(t.strOf(m, "role"))
				before := len(w.segs)
				at := w.enterAt(i)
				w.under(m, "")
				w.leave(at)
				r.longest(w.segs[before:])
			})
			return
		case "tools", "functions", "response_format":
			w.role = Offer
		case "prediction":
			w.role = Assistant
		default:
			w.role = User
		}
		w.member(k, v)
	})
	return w.into(r)
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

// plainNodes is how many nodes a message of two plain members has: a call has more.
const plainNodes = 5

// called lists the tools a message calls. A stream names a tool in the first piece of its call only.
func called(t *tape, message int) []string {
	if t.nodes[message].next-message <= plainNodes {
		return nil
	}
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
	return strings.Clone(s)
}
