package provider

import "encoding/json"

// messages is Anthropic's API.
type messages struct{}

func (messages) failure() string {
	return "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"The demo provider was asked to fail\"}}\n\n"
}

func (messages) whole(req request, a act) any {
	stop, block := "end_turn", map[string]any{"type": "text", "text": a.text}
	if a.tool {
		stop = "tool_use"
		block = toolBlock(json.RawMessage(arguments(a.text)))
	}
	return finished(req, a, []any{block}, stop)
}

func toolBlock(input any) map[string]any {
	return map[string]any{"type": "tool_use", "id": "toolu_demo", "name": "send_mail", "input": input}
}

// object is a JSON object whose members are known by name.
type object = map[string]any

func messageOf(req request, content []any, stop any, usage object) object {
	out := object{
		"id": "msg_demo", "type": "message", "role": "assistant", "model": req.Model, "content": content,
		"stop_reason": stop, "stop_sequence": nil,
	}
	if usage != nil {
		out["usage"] = usage
	}
	return out
}

func finished(req request, a act, content []any, stop any) object {
	return messageOf(req, content, stop, a.used(req, "input_tokens", "output_tokens"))
}

// used counts words as tokens, under the names of an API; nil where the model reports nothing.
func (a act) used(req request, input, output string) object {
	if a.noUsage {
		return nil
	}
	u := usageOf(req, a.text)
	return object{input: u["prompt_tokens"], output: u["completion_tokens"]}
}

func (messages) events(s *streaming) {
	begun := messageOf(s.req, []any{}, nil, s.a.used(s.req, "input_tokens", "output_tokens"))
	if u, ok := begun["usage"].(object); ok {
		u["output_tokens"] = 1
	}
	s.event("message_start", object{"type": "message_start", "message": begun})
	s.event("ping", object{"type": "ping"})
	text, stop := s.a.text, "end_turn"
	block, kind, member := any(object{"type": "text", "text": ""}), "text_delta", "text"
	if s.a.tool {
		text, stop = arguments(s.a.text), "tool_use"
		block, kind, member = toolBlock(object{}), "input_json_delta", "partial_json"
	}
	s.event("content_block_start", object{"type": "content_block_start", "index": 0, "content_block": block})
	for _, piece := range pieces(text, s.a.piece) {
		s.event("content_block_delta", object{"type": "content_block_delta", "index": 0, "delta": object{"type": kind, member: piece}})
		if s.broken {
			return
		}
	}
	s.event("content_block_stop", object{"type": "content_block_stop", "index": 0})
	end := object{"type": "message_delta", "delta": object{"stop_reason": stop, "stop_sequence": nil}}
	if u := s.a.used(s.req, "input_tokens", "output_tokens"); u != nil {
		end["usage"] = object{"output_tokens": u["output_tokens"]}
	}
	s.event("message_delta", end)
	if !s.a.noDone {
		s.event("message_stop", object{"type": "message_stop"})
	}
}
