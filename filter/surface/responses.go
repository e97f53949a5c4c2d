package surface

import "strconv"

// Responses is OpenAI's Responses surface, POST /v1/responses (platform.openai.com/docs/api-reference/responses).
type Responses struct{}

// Name implements Surface.
func (Responses) Name() string { return "openai.responses" }

// responsesGoverning are members that decide what a request is and costs.
var responsesGoverning = []string{
	"model", "input", "instructions", "stream", "max_output_tokens", "tools", "previous_response_id", "conversation", "prompt", "background",
}

// responsesBounds are the ranges of the API reference.
var responsesBounds = []bound{
	{field: "temperature", low: 0, high: 2, says: "must be between 0 and 2"},
	{field: "top_p", low: 0, high: 1, says: "must be between 0 and 1"},
	{field: "top_logprobs", low: 0, high: 20, whole: true, says: "must be a whole number between 0 and 20"},
	{field: "max_output_tokens", low: 16, high: mostTokens, whole: true, says: "must be a whole number of at least 16", output: true},
	{field: "max_tool_calls", low: 1, high: mostTokens, whole: true, says: "must be a whole number of at least 1"},
}

// ReadRequest implements Surface.
func (Responses) ReadRequest(body []byte) (*Request, error) {
	t, r, refusal := open(body, responsesGoverning)
	if refusal != nil {
		return nil, refusal
	}
	defer t.free()
	r.limited("max_output_tokens")
	for _, check := range []func(*tape, *Request) *Refusal{
		readModel, responsesInput, readStream,
		func(t *tape, r *Request) *Refusal { return readBounds(t, 0, "", r, responsesBounds) },
		responsesState, responsesSegments,
	} {
		if refusal := check(t, r); refusal != nil {
			return nil, refusal
		}
	}
	r.WantsUsage = true // the last event of every stream carries it
	responsesTools(t, r)
	return r, nil
}

// responsesInput checks the input: a text, or items that are objects.
func responsesInput(t *tape, r *Request) *Refusal {
	m, ok := t.member(0, "input")
	if !ok {
		return missing("input")
	}
	if t.nodes[m].kind == str {
		r.Messages = 1
		return nil
	}
	if t.nodes[m].kind != array || t.nodes[m].next == m+1 {
		return invalid("input", "must be a string or a non-empty array")
	}
	var refusal *Refusal
	t.elements(m, func(i, item int) {
		if t.nodes[item].kind != object && refusal == nil {
			refusal = invalid("input["+strconv.Itoa(i)+"]", "must be an object")
		}
		if t.strOf(item, "role") != "" {
			r.Messages++
		}
	})
	return refusal
}

// responsesState notes what brings in text that the vendor keeps, or an answer that does not come back here.
func responsesState(t *tape, r *Request) *Refusal {
	for _, name := range []string{"previous_response_id", "conversation", "prompt"} {
		if _, ok := t.member(0, name); ok {
			r.State = append(r.State, name)
		}
	}
	if m, ok := t.member(0, "background"); ok {
		if t.nodes[m].kind != boolean {
			return invalid("background", "must be true or false")
		}
		if t.nodes[m].isTrue {
			r.State = append(r.State, "background")
		}
	}
	input, _ := t.member(0, "input")
	t.elements(input, func(i, item int) {
		if t.strOf(item, "type") == "item_reference" {
			r.State = append(r.State, "input["+strconv.Itoa(i)+"].id")
		}
	})
	return nil
}

// responsesSegments collects every text, role by where it stands.
func responsesSegments(t *tape, r *Request) *Refusal {
	w := walker{tape: t, nested: true, alone: true, media: map[string]bool{}, segs: roomFor(t)}
	t.members(0, func(k, v int) {
		switch t.text(k) {
		case "input":
			w.role = User
			if t.nodes[v].kind == array {
				defer w.leave(w.enter("input", true))
				t.elements(v, func(i, item int) {
					w.role = itemRole(t, item)
					before := len(w.segs)
					at := w.enterAt(i)
					w.under(item, "")
					w.leave(at)
					r.longest(w.segs[before:])
				})
				return
			}
			before := len(w.segs)
			w.member(k, v)
			r.longest(w.segs[before:])
			return
		case "instructions":
			w.role = System
		case "tools", "text":
			w.role = Offer
		default:
			w.role = User
		}
		w.member(k, v)
	})
	return w.into(r)
}

// itemRole is who an input item speaks for.
func itemRole(t *tape, item int) Role {
	if role := t.strOf(item, "role"); role != "" {
		return chatRole(role)
	}
	switch kind := t.strOf(item, "type"); kind {
	case "function_call", "custom_tool_call", "reasoning", "mcp_call", "web_search_call", "computer_call", "local_shell_call":
		return Assistant
	case "function_call_output", "custom_tool_call_output", "computer_call_output", "local_shell_call_output":
		return Tool
	}
	return User
}

// responsesTools lists the tools offered and those already called in the history.
func responsesTools(t *tape, r *Request) {
	tools, _ := t.member(0, "tools")
	t.elements(tools, func(_, v int) { r.Tools = append(r.Tools, toolName(t, v)) })
	input, _ := t.member(0, "input")
	t.elements(input, func(_, item int) { r.ToolCalls = append(r.ToolCalls, calledItem(t, item)...) })
}

// calledItem is the name of the tool that an item calls; a built-in tool goes by its type.
func calledItem(t *tape, item int) []string {
	switch kind := t.strOf(item, "type"); kind {
	case "function_call", "custom_tool_call", "mcp_call":
		return []string{named(t.strOf(item, "name"))}
	case "web_search_call", "file_search_call", "code_interpreter_call", "computer_call", "image_generation_call", "local_shell_call":
		return []string{kind}
	}
	return nil
}
