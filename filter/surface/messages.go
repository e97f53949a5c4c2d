package surface

// Messages is Anthropic's messages surface, POST /v1/messages (docs.anthropic.com/en/api/messages).
type Messages struct{}

// Name implements Surface.
func (Messages) Name() string { return "anthropic.messages" }

// messagesGoverning are members that decide what a request is and costs.
var messagesGoverning = []string{"model", "messages", "system", "stream", "max_tokens", "tools", "thinking"}

// messagesBounds are the ranges of the API reference.
var messagesBounds = []bound{
	{field: "max_tokens", low: 1, high: mostTokens, whole: true, says: "must be a whole number of at least 1", output: true, required: true},
	{field: "temperature", low: 0, high: 1, says: "must be between 0 and 1"},
	{field: "top_p", low: 0, high: 1, says: "must be between 0 and 1"},
	{field: "top_k", low: 0, high: mostTokens, whole: true, says: "must be a whole number of at least 0"},
}

var messagesRoles = []string{"user", "assistant"}

// ReadRequest implements Surface.
func (Messages) ReadRequest(body []byte) (*Request, error) {
	return readMessagesRequest(body, messagesBounds)
}

func readMessagesRequest(body []byte, bounds []bound) (*Request, error) {
	t, r, refusal := open(body, messagesGoverning)
	if refusal != nil {
		return nil, refusal
	}
	defer t.free()
	if bounds != nil {
		r.limited("max_tokens")
	}
	for _, check := range []func(*tape, *Request) *Refusal{
		readModel,
		func(t *tape, r *Request) *Refusal { return readBounds(t, 0, "", r, bounds) },
		func(t *tape, r *Request) *Refusal { return readMessages(t, r, "messages", messagesRoles) },
		readStream, messagesThinking, messagesState, messagesSegments,
	} {
		if refusal := check(t, r); refusal != nil {
			return nil, refusal
		}
	}
	r.WantsUsage = true // every stream carries it
	messagesTools(t, r)
	return r, nil
}

// leastThinking is the smallest budget the API takes.
const leastThinking = 1024

// messagesThinking checks the budget of extended thinking: it is part of max_tokens.
func messagesThinking(t *tape, r *Request) *Refusal {
	thinking, ok := t.member(0, "thinking")
	if !ok {
		return nil
	}
	if t.nodes[thinking].kind != object {
		return invalid("thinking", "must be an object")
	}
	bounds := []bound{{field: "budget_tokens", low: leastThinking, high: mostTokens, whole: true, says: "must be a whole number of at least 1024"}}
	return readBounds(t, thinking, "thinking.", r, bounds)
}

// messagesState notes members that bring in what the vendor keeps or fetches by itself.
func messagesState(t *tape, r *Request) *Refusal {
	for _, name := range []string{"container", "mcp_servers"} {
		if m, ok := t.member(0, name); ok && t.nodes[m].kind != str { // a string is noted where it is read
			r.State = append(r.State, name)
		}
	}
	return nil
}

// messagesSegments collects every text, role by where it stands.
func messagesSegments(t *tape, r *Request) *Refusal {
	w := walker{tape: t, alone: true, media: map[string]bool{}, segs: roomFor(t)}
	t.members(0, func(k, v int) {
		switch t.text(k) {
		case "messages":
			defer w.leave(w.enter("messages", true))
			t.elements(v, func(i, m int) {
				before, at := len(w.segs), w.enterAt(i)
				w.message(m)
				w.leave(at)
				r.longest(w.segs[before:])
			})
			return
		case "system":
			w.role = System
		case "tools", "output_format", "output_config":
			w.role = Offer
		default:
			w.role = User
		}
		w.member(k, v)
	})
	return w.into(r)
}

// message walks one message. A tool's result stands in a message of the user's.
func (w *walker) message(m int) {
	t := w.tape
	own := chatRole(t.strOf(m, "role"))
	t.members(m, func(k, v int) {
		w.parent, w.role = m, own
		if !t.is(k, "content") || t.nodes[v].kind != array {
			w.member(k, v)
			return
		}
		defer w.leave(w.enter("content", true))
		t.elements(v, func(j, part int) {
			w.role = own
			if kind := t.strOf(part, "type"); kind == "tool_result" || kind == "mcp_tool_result" {
				w.role = Tool
			}
			at := w.enterAt(j)
			w.under(part, "content")
			w.leave(at)
		})
	})
}

// messagesTools lists the tools offered and those already called in the history.
func messagesTools(t *tape, r *Request) {
	tools, _ := t.member(0, "tools")
	t.elements(tools, func(_, v int) { r.Tools = append(r.Tools, toolName(t, v)) })
	messages, _ := t.member(0, "messages")
	t.elements(messages, func(_, m int) {
		content, _ := t.member(m, "content")
		t.elements(content, func(_, part int) { r.ToolCalls = append(r.ToolCalls, usedTool(t, part)...) })
	})
}

// usedTool is the name of the tool that a content block calls.
func usedTool(t *tape, block int) []string {
	switch t.strOf(block, "type") {
	case "tool_use", "server_tool_use", "mcp_tool_use":
		return []string{named(t.strOf(block, "name"))}
	}
	return nil
}

// CountTokens is Anthropic's POST /v1/messages/count_tokens: the same text, no answer but a number.
type CountTokens struct{ Messages }

// Name implements Surface.
func (CountTokens) Name() string { return "anthropic.count_tokens" }

// ReadRequest implements Surface.
func (CountTokens) ReadRequest(body []byte) (*Request, error) {
	r, err := readMessagesRequest(body, nil) // it produces nothing
	if err == nil {
		r.Stream = false
	}
	return r, err
}

// ReadAnswer implements Surface.
func (CountTokens) ReadAnswer(body []byte) (*Answer, error) {
	return readPlainAnswer(body, "input_tokens", &Usage{}) // counting is free
}
