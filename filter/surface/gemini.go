package surface

import "strconv"

// Gemini is Google's surface, POST /v1beta/models/{model}:generateContent and :streamGenerateContent
// (ai.google.dev/api/generate-content). Model and stream stand in the path; members may be written in camel or snake case.
type Gemini struct {
	deployment
	stream bool
}

// Name implements Surface.
func (Gemini) Name() string { return "gemini.generate_content" }

// geminiGoverning are members that decide what a request is and costs, in the case of their page.
var geminiGoverning = []string{"contents", "systemInstruction", "generationConfig", "tools", "cachedContent"}

// geminiNames are the two ways to write a member.
var geminiNames = map[string]string{
	"systemInstruction": "system_instruction", "generationConfig": "generation_config", "cachedContent": "cached_content",
	"maxOutputTokens": "max_output_tokens", "candidateCount": "candidate_count", "topP": "top_p", "topK": "top_k",
	"functionDeclarations": "function_declarations", "functionCall": "function_call", "functionResponse": "function_response",
}

// geminiBounds are the ranges of the API reference, within generationConfig.
var geminiBounds = []bound{
	{field: "temperature", low: 0, high: 2, says: "must be between 0 and 2"},
	{field: "topP", low: 0, high: 1, says: "must be between 0 and 1"},
	{field: "topK", low: 1, high: mostTokens, whole: true, says: "must be a whole number of at least 1"},
	{field: "candidateCount", low: 1, high: 8, whole: true, says: "must be a whole number between 1 and 8"},
	outputBound("maxOutputTokens"),
}

// either finds a member in one of its two ways to be written. Both at once are read differently by different readers.
func either(t *tape, i int, name string) (int, bool, *Refusal) {
	m, ok := t.member(i, name)
	other, also := t.member(i, geminiNames[name])
	switch {
	case m >= 0 && other >= 0:
		return -1, false, invalid(name, "must not be written in two ways at once")
	case other >= 0:
		return other, also, nil
	}
	return m, ok, nil
}

// ReadRequest implements Surface.
func (g Gemini) ReadRequest(body []byte) (*Request, error) {
	t, r, refusal := open(body, geminiGoverning)
	if refusal != nil {
		return nil, refusal
	}
	defer t.free()
	r.Stream, r.WantsUsage = g.stream, true
	for _, check := range []func(*tape, *Request) *Refusal{g.readModel, geminiContents, geminiConfig, geminiState, geminiSegments} {
		if refusal := check(t, r); refusal != nil {
			return nil, refusal
		}
	}
	return r, nil
}

func geminiContents(t *tape, r *Request) *Refusal {
	m, ok := t.member(0, "contents")
	if !ok {
		return missing("contents")
	}
	if t.nodes[m].kind != array || t.nodes[m].next == m+1 {
		return invalid("contents", "must be a non-empty array")
	}
	var refusal *Refusal
	t.elements(m, func(i, v int) {
		r.Messages++
		at := "contents[" + strconv.Itoa(i) + "]"
		role := t.strOf(v, "role")
		switch {
		case refusal != nil:
		case t.nodes[v].kind != object:
			refusal = invalid(at, "must be an object")
		case !oneOf(role, []string{"", "user", "model", "function"}):
			refusal = invalid(at+".role", "must be user or model")
		}
	})
	return refusal
}

// geminiConfig reads the numbers of generationConfig, and notes where a limit of the output belongs.
func geminiConfig(t *tape, r *Request) *Refusal {
	r.limitedAt(`"generationConfig":{"maxOutputTokens":%d}`, 0)
	config, ok, refusal := either(t, 0, "generationConfig")
	if refusal != nil || !ok {
		return refusal
	}
	if t.nodes[config].kind != object {
		return invalid("generationConfig", "must be an object")
	}
	r.limitedAt(`"maxOutputTokens":%d`, t.nodes[config].start)
	bounds := make([]bound, len(geminiBounds))
	for i, b := range geminiBounds {
		m, _, refusal := either(t, config, b.field)
		if refusal != nil {
			return refusal
		}
		if named, _ := t.member(config, b.field); m >= 0 && named < 0 {
			b.field = geminiNames[b.field]
		}
		bounds[i] = b
	}
	if refusal := readBounds(t, config, "generationConfig.", r, bounds); refusal != nil {
		return refusal
	}
	r.Choices = int64(max(1, r.Parameters["candidateCount"], r.Parameters["candidate_count"]))
	return nil
}

func geminiState(t *tape, r *Request) *Refusal {
	_, ok, refusal := either(t, 0, "cachedContent")
	if ok {
		r.State = append(r.State, "cachedContent")
	}
	return refusal
}

// geminiSegments collects every text, role by where it stands, and the tools.
func geminiSegments(t *tape, r *Request) *Refusal {
	w := walker{tape: t, alone: true, media: map[string]bool{}, segs: roomFor(t)}
	t.members(0, func(k, v int) {
		switch t.text(k) {
		case "contents":
			defer w.leave(w.enter("contents", true))
			t.elements(v, func(i, m int) {
				before := len(w.segs)
				w.role = geminiRole(t, m)
				at := w.enterAt(i)
				w.under(m, "")
				w.leave(at)
				r.longest(w.segs[before:])
				parts, _ := t.member(m, "parts")
				t.elements(parts, func(_, part int) { r.ToolCalls = append(r.ToolCalls, geminiCall(t, part)...) })
			})
			return
		case "systemInstruction", "system_instruction":
			w.role = System
		case "tools":
			w.role = Offer
			geminiTools(t, r, v)
		default:
			w.role = User
		}
		w.member(k, v)
	})
	return w.into(r)
}

func geminiRole(t *tape, content int) Role {
	role := User
	switch t.strOf(content, "role") {
	case "model":
		return Assistant
	case "function":
		return Tool
	}
	parts, _ := t.member(content, "parts")
	t.elements(parts, func(_, part int) {
		if _, ok, _ := either(t, part, "functionResponse"); ok {
			role = Tool
		}
	})
	return role
}

// geminiTools lists the functions offered; a built-in tool goes by its member.
func geminiTools(t *tape, r *Request, tools int) {
	t.elements(tools, func(_, tool int) {
		t.members(tool, func(k, v int) {
			if t.is(k, "functionDeclarations") || t.is(k, geminiNames["functionDeclarations"]) {
				t.elements(v, func(_, f int) { r.Tools = append(r.Tools, named(t.strOf(f, "name"))) })
				return
			}
			r.Tools = append(r.Tools, named(t.text(k)))
		})
	})
}

// geminiCall is the name of the function that a part calls.
func geminiCall(t *tape, part int) []string {
	if call, ok, _ := either(t, part, "functionCall"); ok {
		return []string{named(t.strOf(call, "name"))}
	}
	return nil
}
