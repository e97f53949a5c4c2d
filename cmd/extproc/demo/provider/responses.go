package provider

// responses is OpenAI's Responses API.
type responses struct{}

func (responses) failure() string {
	return "event: error\ndata: {\"type\":\"error\",\"code\":\"demo\",\"message\":\"The demo provider was asked to fail\",\"param\":null,\"sequence_number\":4}\n\n"
}

func (responses) whole(req request, a act) any {
	return response(req, a, "completed", []any{item(a, "completed", a.text)})
}

func response(req request, a act, status string, output []any) object {
	out := object{
		"id": "resp_demo", "object": "response", "created_at": created, "model": req.Model, "status": status, "output": output,
		"error": nil, "incomplete_details": nil, "instructions": nil, "metadata": object{}, "parallel_tool_calls": true,
		"temperature": 1.0, "tool_choice": "auto", "tools": []any{}, "top_p": 1.0,
	}
	if u := a.used(req, "input_tokens", "output_tokens"); u != nil && status == "completed" {
		u["total_tokens"] = u["input_tokens"].(int) + u["output_tokens"].(int)
		u["input_tokens_details"] = object{"cached_tokens": 0}
		u["output_tokens_details"] = object{"reasoning_tokens": 0}
		out["usage"] = u
	}
	return out
}

// item is the output: a message, or the call of a tool.
func item(a act, status, text string) object {
	if a.tool {
		call := object{"type": "function_call", "id": "fc_demo", "call_id": "call_demo", "name": "send_mail", "arguments": "", "status": status}
		if text != "" {
			call["arguments"] = arguments(text)
		}
		return call
	}
	m := object{"type": "message", "id": "msg_demo", "role": "assistant", "status": status, "content": []any{}}
	if status == "completed" {
		m["content"] = []any{part(text)}
	}
	return m
}

func part(text string) object {
	return object{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}
}

// numbered writes the events of a response, each with its number.
type numbered struct {
	*streaming
	next int
}

func (n *numbered) send(name string, members object) {
	members["type"], members["sequence_number"] = "response."+name, n.next
	n.next++
	n.event("response."+name, members)
}

func (responses) events(s *streaming) {
	n := numbered{streaming: s}
	n.send("created", object{"response": response(s.req, s.a, "in_progress", []any{})})
	n.send("in_progress", object{"response": response(s.req, s.a, "in_progress", []any{})})
	n.send("output_item.added", object{"output_index": 0, "item": item(s.a, "in_progress", "")})
	if s.a.tool {
		n.call()
	} else {
		n.message()
	}
	n.send("output_item.done", object{"output_index": 0, "item": item(s.a, "completed", s.a.text)})
	if !s.a.noDone {
		n.send("completed", object{"response": response(s.req, s.a, "completed", []any{item(s.a, "completed", s.a.text)})})
	}
}

func (n *numbered) message() {
	at := func(o object) object {
		o["item_id"], o["output_index"], o["content_index"] = "msg_demo", 0, 0
		return o
	}
	n.send("content_part.added", at(object{"part": part("")}))
	for _, piece := range pieces(n.a.text, n.a.piece) {
		n.send("output_text.delta", at(object{"delta": piece, "logprobs": []any{}}))
		if n.broken {
			return
		}
	}
	n.send("output_text.done", at(object{"text": n.a.text, "logprobs": []any{}}))
	n.send("content_part.done", at(object{"part": part(n.a.text)}))
}

func (n *numbered) call() {
	for _, piece := range pieces(arguments(n.a.text), n.a.piece) {
		n.send("function_call_arguments.delta", object{"item_id": "fc_demo", "output_index": 0, "delta": piece})
	}
	n.send("function_call_arguments.done", object{
		"item_id": "fc_demo", "output_index": 0, "name": "send_mail", "arguments": arguments(n.a.text),
	})
}
