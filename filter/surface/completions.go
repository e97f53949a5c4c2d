package surface

import (
	"bytes"
	"fmt"
)

// Completions is OpenAI's text completions surface, POST /v1/completions
// (platform.openai.com/docs/api-reference/completions).
type Completions struct{ deployment }

// Name implements Surface.
func (Completions) Name() string { return "openai.completions" }

// completionsGoverning are members that decide what a request is and costs.
var completionsGoverning = []string{"model", "prompt", "stream", "stream_options", "max_tokens", "n", "best_of", "suffix"}

// completionsBounds are the ranges of the API reference.
var completionsBounds = []bound{
	{field: "temperature", low: 0, high: 2, says: "must be between 0 and 2"},
	{field: "top_p", low: 0, high: 1, says: "must be between 0 and 1"},
	{field: "presence_penalty", low: -2, high: 2, says: "must be between -2 and 2"},
	{field: "frequency_penalty", low: -2, high: 2, says: "must be between -2 and 2"},
	{field: "n", low: 1, high: 128, whole: true, says: "must be a whole number between 1 and 128"},
	{field: "best_of", low: 1, high: 20, whole: true, says: "must be a whole number between 1 and 20"},
	{field: "logprobs", low: 0, high: 5, whole: true, says: "must be a whole number between 0 and 5"},
	{field: "max_tokens", low: 0, high: mostTokens, whole: true, says: "must be a whole number of at least 0", output: true},
}

// ReadRequest implements Surface.
func (c Completions) ReadRequest(body []byte) (*Request, error) {
	t, r, refusal := open(body, completionsGoverning)
	if refusal != nil {
		return nil, refusal
	}
	defer t.free()
	r.limited("max_tokens")
	r.UsageOption = true
	for _, check := range []func(*tape, *Request) *Refusal{
		c.readModel, completionsPrompt, readStream, chatUsageOption,
		func(t *tape, r *Request) *Refusal { return readBounds(t, 0, "", r, completionsBounds) },
	} {
		if refusal := check(t, r); refusal != nil {
			return nil, refusal
		}
	}
	// What best_of generates is paid for, also what is not shown.
	prompts := int64(max(r.Messages, 1))
	r.Choices = prompts * max(1, int64(r.Parameters["n"]), int64(r.Parameters["best_of"]))
	return finish(t, r, nil)
}

// completionsPrompt checks the prompt. A missing one stands for the end of a text.
func completionsPrompt(t *tape, r *Request) *Refusal { return readTexts(t, r, "prompt", false) }

// ReadAnswer implements Surface.
func (Completions) ReadAnswer(body []byte) (*Answer, error) {
	return readChoices(body, chatReader{message: noMessage, nested: true})
}

// noMessage is a member that no choice has: a text completion has its text beside the index.
const noMessage = "\x00"

// ReadEvent implements Surface.
func (Completions) ReadEvent(name string, data []byte) (*Delta, error) {
	return readChunk(name, data, chatReader{message: noMessage, bare: true})
}

// TextEvent implements Surface.
func (Completions) TextEvent(like Template, c Channel, text string) ([]byte, error) {
	return copyChunk(like, "choices", func(b *bytes.Buffer) {
		fmt.Fprintf(b, `[{"index":%d,"text":"%s","logprobs":null,"finish_reason":null}]`, c.Choice, encode(text))
	})
}
