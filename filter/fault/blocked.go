package fault

// Blocked implements Dialect. A dialect without a reply in the provider's shape refuses.
func (d *product) Blocked(f Fault, s Shape) Answer {
	trace := clean(f.Trace, maxTrace)
	if s.Model == "" {
		s.Model = f.Model
	}
	if d.Withheld != "" {
		if body := d.withheld(s, trace); body != nil {
			return Answer{Status: 200, Headers: append([]Header{{"content-type", mediaType(s)}}, d.identity(f.Trace)...), Body: body}
		}
	}
	return d.answer(f, s, 0, true)
}

func mediaType(s Shape) string {
	if s.Stream {
		return "text/event-stream"
	}
	return "application/json"
}

// withheld is the provider's shape around the dialect's own sentence; nil on a surface that carries no text.
func (d *product) withheld(s Shape, trace string) []byte {
	switch s.Surface {
	case surfaceChat, surfaceCompletions:
		if s.Stream {
			return withheldChunks(d.Withheld, s, trace)
		}
		return withheldCompletion(d.Withheld, s, trace).Bytes()
	case surfaceMessages:
		if s.Stream {
			return withheldEvents(d.Withheld, s, trace)
		}
		return withheldMessage(d.Withheld, s, trace).Bytes()
	case surfaceResponses:
		if s.Stream {
			return withheldResponseEvents(d.Withheld, s, trace)
		}
		return withheldResponse(d.Withheld, s, trace).Bytes()
	}
	return nil
}

// withheldCompletion is a chat or text completion whose every choice was filtered.
func withheldCompletion(text string, s Shape, trace string) Object {
	var list Array
	for _, i := range choices(s) {
		c := Object{{"index", i}, {"message", Object{{"role", "assistant"}, {"content", text}}}, {"finish_reason", finishFiltered}}
		if s.Surface == surfaceCompletions {
			c = Object{{"index", i}, {"text", text}, {"finish_reason", finishFiltered}}
		}
		list = append(list, c)
	}
	return append(head(s, trace, "chat.completion"), Member{"choices", list})
}

// withheldChunks is the same as a stream: the sentence, then the ending.
func withheldChunks(text string, s Shape, trace string) []byte {
	var b []byte
	for _, i := range choices(s) {
		c := Object{{"index", i}, {"delta", Object{{"role", "assistant"}, {"content", text}}}, {"finish_reason", nil}}
		if s.Surface == surfaceCompletions {
			c = Object{{"index", i}, {"text", text}, {"finish_reason", nil}}
		}
		b = append(b, record("", chunk(s, trace, c))...)
	}
	return append(b, contentFilter(s, trace)...)
}

// withheldMessage is an Anthropic message with the stop reason refusal. It reports no use: what is shown used none.
func withheldMessage(text string, s Shape, trace string) Object {
	return message(s, trace, Array{Object{{"type", "text"}, {"text", text}}}, stopRefused)
}

func message(s Shape, trace string, content Array, stop any) Object {
	return Object{
		{"id", idOf(s, "msg_", trace)}, {"type", "message"}, {"role", "assistant"}, {"model", clean(s.Model, maxName)},
		{"content", content}, {"stop_reason", stop}, {"stop_sequence", nil},
		{"usage", Object{{"input_tokens", 0}, {"output_tokens", 0}}},
	}
}

// withheldEvents is the same as a stream.
func withheldEvents(text string, s Shape, trace string) []byte {
	b := record("message_start", Object{{"type", "message_start"}, {"message", message(s, trace, Array{}, nil)}})
	b = append(b, record("content_block_start", Object{
		{"type", "content_block_start"}, {"index", 0}, {"content_block", Object{{"type", "text"}, {"text", ""}}},
	})...)
	b = append(b, record("content_block_delta", Object{
		{"type", "content_block_delta"}, {"index", 0}, {"delta", Object{{"type", "text_delta"}, {"text", text}}},
	})...)
	s.Blocks = []int{0}
	return append(b, refusal(s)...)
}

// withheldResponse is a response that is incomplete because its content was filtered.
func withheldResponse(text string, s Shape, trace string) Object {
	r := response(s, trace, "incomplete", Array{responseItem(trace, "incomplete", Array{responsePart(text)})})
	return append(r, Member{"error", nil}, Member{"incomplete_details", Object{{"reason", finishFiltered}}})
}

func responseItem(trace, status string, content Array) Object {
	return Object{
		{"type", "message"}, {"id", "msg_" + trace}, {"status", status}, {"role", "assistant"}, {"content", content},
	}
}

func responsePart(text string) Object {
	return Object{{"type", "output_text"}, {"text", text}, {"annotations", Array{}}}
}

// withheldResponseEvents is the same as a stream, with every record that clients build the response from.
func withheldResponseEvents(text string, s Shape, trace string) []byte {
	begun := append(response(s, trace, "in_progress", Array{}), Member{"error", nil}, Member{"incomplete_details", nil})
	b := responseEvent("created", 0, begun)
	sequence := 0
	add := func(name string, members ...Member) {
		sequence++
		o := Object{{"type", "response." + name}, {"sequence_number", sequence}}
		b = append(b, record("response."+name, append(o, members...))...)
	}
	output, part, item := Member{"output_index", 0}, Member{"content_index", 0}, Member{"item_id", "msg_" + trace}
	add("output_item.added", output, Member{"item", responseItem(trace, "in_progress", Array{})})
	add("content_part.added", item, output, part, Member{"part", responsePart("")})
	add("output_text.delta", item, output, part, Member{"delta", text})
	add("output_text.done", item, output, part, Member{"text", text})
	add("content_part.done", item, output, part, Member{"part", responsePart(text)})
	add("output_item.done", output, Member{"item", responseItem(trace, "incomplete", Array{responsePart(text)})})
	return append(b, responseEvent("incomplete", int64(sequence+1), withheldResponse(text, s, trace))...)
}
