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
	}
	return nil
}

// withheldCompletion is a chat or text completion whose every choice was filtered.
func withheldCompletion(text string, s Shape, trace string) Object {
	object := "chat.completion"
	if s.Surface == surfaceCompletions {
		object = "text_completion"
	}
	var list Array
	for _, i := range choices(s) {
		c := Object{{"index", i}, {"message", Object{{"role", "assistant"}, {"content", text}}}, {"finish_reason", finishFiltered}}
		if s.Surface == surfaceCompletions {
			c = Object{{"index", i}, {"text", text}, {"finish_reason", finishFiltered}}
		}
		list = append(list, c)
	}
	return append(head(s, "chatcmpl-", trace, object), Member{"choices", list})
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
