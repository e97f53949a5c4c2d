package provider

// chat is OpenAI's chat completions.
type chat struct{}

func (chat) failure() string { return "data: " + errorDoc + "\n\n" }

func (chat) whole(req request, a act) any {
	var choices []any
	for i := range max(req.N, 1) {
		msg := map[string]any{"role": "assistant", "content": a.text, "refusal": nil}
		finish := "stop"
		if a.tool {
			msg["content"], finish = nil, "tool_calls"
			msg["tool_calls"] = []any{map[string]any{
				"id": "call_demo", "type": "function", "function": map[string]any{"name": "send_mail", "arguments": arguments(a.text)},
			}}
		}
		choices = append(choices, map[string]any{"index": i, "message": msg, "logprobs": nil, "finish_reason": finish})
	}
	out := map[string]any{
		"id": answerID, "object": "chat.completion", "created": created, "model": req.Model, "choices": choices,
	}
	if !a.noUsage {
		out["usage"] = usageOf(req, a.text)
	}
	return out
}

func (chat) events(s *streaming) {
	for i := range max(s.req.N, 1) {
		s.chunk(i, map[string]any{"role": "assistant", "content": ""}, nil)
	}
	if s.a.tool {
		s.toolCall()
	} else {
		s.content()
	}
	if s.broken {
		return
	}
	finish := "stop"
	if s.a.tool {
		finish = "tool_calls"
	}
	for i := range max(s.req.N, 1) {
		s.chunk(i, map[string]any{}, finish)
	}
	if s.req.StreamOptions.IncludeUsage && !s.a.noUsage {
		s.event("", map[string]any{
			"id": answerID, "object": "chat.completion.chunk", "created": created, "model": s.req.Model,
			"choices": []any{}, "usage": usageOf(s.req, s.a.text),
		})
	}
	if !s.a.noDone {
		s.raw("data: [DONE]\n\n")
	}
}

func (s *streaming) content() {
	for _, piece := range pieces(s.a.text, s.a.piece) {
		for i := range max(s.req.N, 1) {
			s.chunk(i, map[string]any{"content": piece}, nil)
		}
		if s.broken {
			return
		}
	}
}

func (s *streaming) toolCall() {
	s.chunk(0, map[string]any{"tool_calls": []any{map[string]any{
		"index": 0, "id": "call_demo", "type": "function", "function": map[string]any{"name": "send_mail", "arguments": ""},
	}}}, nil)
	for _, piece := range pieces(arguments(s.a.text), s.a.piece) {
		s.chunk(0, map[string]any{"tool_calls": []any{map[string]any{
			"index": 0, "function": map[string]any{"arguments": piece},
		}}}, nil)
	}
}

func (s *streaming) chunk(index int, delta map[string]any, finish any) {
	s.event("", map[string]any{
		"id": answerID, "object": "chat.completion.chunk", "created": created, "model": s.req.Model,
		"choices": []any{map[string]any{"index": index, "delta": delta, "finish_reason": finish}},
	})
}
