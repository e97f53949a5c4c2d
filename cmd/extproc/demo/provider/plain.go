package provider

import (
	"encoding/json"
	"strings"
)

// completions is OpenAI's text completions.
type completions struct{ chat }

func (completions) whole(req request, a act) any {
	var choices []any
	for i := range max(req.N, 1) {
		choices = append(choices, textChoice(i, a.text, "stop"))
	}
	out := object{"id": "cmpl-demo", "object": "text_completion", "created": created, "model": req.Model, "choices": choices}
	if !a.noUsage {
		out["usage"] = usageOf(req, a.text)
	}
	return out
}

func textChoice(index int, text string, finish any) object {
	return object{"index": index, "text": text, "logprobs": nil, "finish_reason": finish}
}

func (completions) events(s *streaming) {
	send := func(choices ...any) {
		s.event("", object{"id": "cmpl-demo", "object": "text_completion", "created": created, "model": s.req.Model, "choices": choices})
	}
	for _, piece := range pieces(s.a.text, s.a.piece) {
		for i := range max(s.req.N, 1) {
			send(textChoice(i, piece, nil))
		}
		if s.broken {
			return
		}
	}
	for i := range max(s.req.N, 1) {
		send(textChoice(i, "", "stop"))
	}
	if s.req.StreamOptions.IncludeUsage && !s.a.noUsage {
		s.event("", object{"id": "cmpl-demo", "object": "text_completion", "created": created, "model": s.req.Model, "choices": []any{}, "usage": usageOf(s.req, s.a.text)})
	}
	if !s.a.noDone {
		s.raw("data: [DONE]\n\n")
	}
}

// unstreamed is a form without streams: it answers as a whole.
type unstreamed struct{}

func (unstreamed) failure() string   { return chat{}.failure() }
func (unstreamed) events(*streaming) {}

// embeddings is OpenAI's embeddings: a text's vector is made of its length.
type embeddings struct{ unstreamed }

func (embeddings) whole(req request, _ act) any {
	var data []any
	words := 0
	for i, m := range req.Messages {
		words += len(strings.Fields(m.text()))
		data = append(data, object{"object": "embedding", "index": i, "embedding": []float64{float64(len(m.text())), 0.5, -0.25}})
	}
	return object{"object": "list", "data": data, "model": req.Model, "usage": object{"prompt_tokens": words, "total_tokens": words}}
}

// moderations is OpenAI's moderations: nothing is ever flagged.
type moderations struct{ unstreamed }

func (moderations) whole(req request, _ act) any {
	var results []any
	for range req.Messages {
		results = append(results, object{"flagged": false, "categories": object{"hate": false}, "category_scores": object{"hate": 0.0}})
	}
	return object{"id": "modr-demo", "model": req.Model, "results": results}
}

// countTokens is Anthropic's count of tokens: words.
type countTokens struct{ unstreamed }

func (countTokens) whole(req request, a act) any {
	return object{"input_tokens": usageOf(req, "")["prompt_tokens"]}
}

// gemini is Google's generateContent.
type gemini struct{}

func (gemini) failure() string {
	return "data: {\"error\":{\"code\":500,\"message\":\"The demo provider was asked to fail\",\"status\":\"INTERNAL\"}}\n\n"
}

func (gemini) candidate(req request, part object, finish any, usage object) object {
	c := object{"content": object{"parts": []any{part}, "role": "model"}, "index": 0}
	if finish != nil {
		c["finishReason"] = finish
	}
	out := object{"candidates": []any{c}, "modelVersion": req.Model, "responseId": "gemini-demo"}
	if usage != nil {
		out["usageMetadata"] = usage
	}
	return out
}

func (g gemini) part(a act) object {
	if a.tool {
		return object{"functionCall": object{"name": "send_mail", "args": json.RawMessage(arguments(a.text))}}
	}
	return object{"text": a.text}
}

func (g gemini) whole(req request, a act) any {
	return g.candidate(req, g.part(a), "STOP", a.used(req, "promptTokenCount", "candidatesTokenCount"))
}

func (g gemini) events(s *streaming) {
	if s.a.tool {
		s.event("", g.whole(s.req, s.a))
		return
	}
	for _, piece := range pieces(s.a.text, s.a.piece) {
		s.event("", g.candidate(s.req, object{"text": piece}, nil, nil))
		if s.broken {
			return
		}
	}
	s.event("", g.candidate(s.req, object{"text": ""}, "STOP", s.a.used(s.req, "promptTokenCount", "candidatesTokenCount")))
}
