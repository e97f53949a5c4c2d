package fault

import "slices"

const doneRecord = "data: [DONE]\n\n"

// record is one event of a stream, its blank line included: without it SDKs drop the last event.
func record(name string, data Object) []byte {
	var b []byte
	if name != "" {
		b = append(b, "event: "+name+"\n"...)
	}
	b = append(b, "data: "...)
	b = data.append(b)
	return append(b, "\n\n"...)
}

// Ending implements Dialect. An error record is not followed by an end marker unless the product's page says so: a
// stream that was cut never looks whole.
func (d *product) Ending(f Fault, s Shape) []byte {
	p, _ := d.phrase(f, 0, true)
	filtered := slices.Contains(d.Filtered, f.Code)
	switch {
	case s.Surface == surfaceMessages && filtered:
		return refusal(s)
	case s.Surface == surfaceMessages:
		return record("error", d.body(p, s))
	case s.Surface == surfaceResponses && (filtered || !d.Everywhere):
		return d.responseFailed(p, s, filtered)
	case filtered:
		return contentFilter(s, p.Trace)
	case d.Record != nil:
		return d.Record(p)
	}
	return record("error", d.Envelope(p))
}

// contentFilter ends every open choice with the finish reason content_filter, one chunk each, and then the stream.
func contentFilter(s Shape, trace string) []byte {
	var b []byte
	for _, i := range choices(s) {
		c := Object{{"index", i}, {"delta", Object{}}, {"finish_reason", finishFiltered}}
		if s.Surface == surfaceCompletions {
			c = Object{{"index", i}, {"text", ""}, {"finish_reason", finishFiltered}}
		}
		b = append(b, record("", chunk(s, trace, c))...)
	}
	return append(b, doneRecord...)
}

// finishFiltered is OpenAI's finish reason for content that was withheld.
const finishFiltered = "content_filter"

// chunk is one record of an OpenAI stream with one choice.
func chunk(s Shape, trace string, choice Object) Object {
	return append(head(s, trace, "chat.completion.chunk"), Member{"choices", Array{choice}})
}

// head are the members that every OpenAI completion starts with. object is what it is called in chat; a text completion
// has one name for whole and piece.
func head(s Shape, trace, object string) Object {
	prefix := "chatcmpl-"
	if s.Surface == surfaceCompletions {
		prefix, object = "cmpl-", "text_completion"
	}
	return Object{
		{"id", idOf(s, prefix, trace)}, {"object", object}, {"created", s.Created}, {"model", clean(s.Model, maxName)},
	}
}

// choices are the indices to answer for; the first where nothing says which are open.
func choices(s Shape) []int {
	if len(s.Choices) == 0 {
		return []int{0}
	}
	return s.Choices
}

// idOf is the id of the provider's answer, or one made of the trace.
func idOf(s Shape, prefix, trace string) string {
	if s.ID != "" {
		return clean(s.ID, maxName)
	}
	return prefix + trace
}

// refusal ends a stream of anthropic.messages the way the vendor does when content is withheld: every open block
// stopped, stop reason refusal.
func refusal(s Shape) []byte {
	var b []byte
	for _, i := range s.Blocks {
		b = append(b, record("content_block_stop", Object{{"type", "content_block_stop"}, {"index", i}})...)
	}
	b = append(b, record("message_delta", Object{
		{"type", "message_delta"},
		{"delta", Object{{"stop_reason", stopRefused}, {"stop_sequence", nil}}},
		{"usage", Object{{"output_tokens", 0}}},
	})...)
	return append(b, record("message_stop", Object{{"type", "message_stop"}})...)
}

// stopRefused is Anthropic's stop reason for content that was withheld.
const stopRefused = "refusal"

// responseFailed ends a stream of openai.responses.
func (d *product) responseFailed(p Phrase, s Shape, filtered bool) []byte {
	code, message := p.Code, p.Message
	switch {
	case filtered && d.Withheld != "":
		code, message = finishFiltered, d.Withheld
	case code == "" && p.Type != "":
		code = p.Type
	case code == "":
		code = string(p.Canonical)
	}
	r := response(s, p.Trace, "failed", Array{})
	r = append(r, Member{"error", Object{{"code", code}, {"message", message}}}, Member{"incomplete_details", nil})
	return responseEvent("failed", s.Sequence, r)
}

// response are the members that every response starts with.
func response(s Shape, trace, status string, output Array) Object {
	return Object{
		{"id", idOf(s, "resp_", trace)}, {"object", "response"}, {"created_at", s.Created},
		{"model", clean(s.Model, maxName)}, {"status", status}, {"output", output},
	}
}

// responseEvent is a record about a whole response.
func responseEvent(name string, sequence int64, r Object) []byte {
	name = "response." + name
	return record(name, Object{{"type", name}, {"sequence_number", sequence}, {"response", r}})
}
