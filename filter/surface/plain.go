package surface

import (
	"fmt"
	"strconv"
)

// errNoStream says that a surface has no streams.
var errNoStream = fmt.Errorf("%w: no streams here", errForm)

// Embeddings is OpenAI's embeddings surface, POST /v1/embeddings (platform.openai.com/docs/api-reference/embeddings).
type Embeddings struct {
	deployment
	unstreamed
}

// Name implements Surface.
func (Embeddings) Name() string { return "openai.embeddings" }

// ReadRequest implements Surface.
func (e Embeddings) ReadRequest(body []byte) (*Request, error) {
	t, r, refusal := open(body, []string{"model", "input", "dimensions", "encoding_format"})
	if refusal != nil {
		return nil, refusal
	}
	defer t.free()
	if refusal = e.readModel(t, r); refusal == nil {
		refusal = readTexts(t, r, "input", true)
	}
	if refusal == nil {
		refusal = readBounds(t, 0, "", r, []bound{{field: "dimensions", low: 1, high: 1 << 16, whole: true, says: "must be a whole number of at least 1"}})
	}
	return finish(t, r, refusal)
}

// ReadAnswer implements Surface.
func (Embeddings) ReadAnswer(body []byte) (*Answer, error) { return readPlainAnswer(body, "data", nil) }

// Moderations is OpenAI's moderations surface, POST /v1/moderations (platform.openai.com/docs/api-reference/moderations).
type Moderations struct{ unstreamed }

// defaultModeration is the model that the API reference names for requests that name none.
const defaultModeration = "omni-moderation-latest"

// Name implements Surface.
func (Moderations) Name() string { return "openai.moderations" }

// ReadRequest implements Surface.
func (Moderations) ReadRequest(body []byte) (*Request, error) {
	t, r, refusal := open(body, []string{"model", "input"})
	if refusal != nil {
		return nil, refusal
	}
	defer t.free()
	if m, _ := t.member(0, "model"); m < 0 {
		r.Model, r.ModelAbsent = defaultModeration, true
	} else if refusal = readModel(t, r); refusal != nil {
		return nil, refusal
	}
	return finish(t, r, readTexts(t, r, "input", true))
}

// ReadAnswer implements Surface. Moderating is free (platform.openai.com/docs/guides/moderation).
func (Moderations) ReadAnswer(body []byte) (*Answer, error) {
	return readPlainAnswer(body, "results", &Usage{})
}

// unstreamed is a surface without streams.
type unstreamed struct{}

// ReadEvent implements Surface.
func (unstreamed) ReadEvent(string, []byte) (*Delta, error) { return nil, errNoStream }

// TextEvent implements Surface.
func (unstreamed) TextEvent(Template, Channel, string) ([]byte, error) { return nil, errNoStream }

// readTexts checks a member that is a text or a list of texts. Token ids are refused: nobody can tell what they say.
func readTexts(t *tape, r *Request, field string, required bool) *Refusal {
	m, ok := t.member(0, field)
	if !ok {
		if required {
			return missing(field)
		}
		return nil
	}
	switch t.nodes[m].kind {
	case str:
		r.Messages = 1
		return nil
	case array:
	default:
		return invalid(field, "must be a string or an array")
	}
	var refusal *Refusal
	t.elements(m, func(i, v int) {
		r.Messages++
		at := field + "[" + strconv.Itoa(i) + "]"
		switch kind := t.nodes[v].kind; {
		case refusal != nil || kind == str || kind == object:
		case kind == number || kind == array:
			refusal = invalid(at, "must be text: token ids cannot be inspected")
		default:
			refusal = invalid(at, "must be a string")
		}
	})
	if refusal == nil && r.Messages == 0 {
		return invalid(field, "must not be empty")
	}
	return refusal
}

// finish gathers the segments of a request without roles, unless there is a reason not to.
func finish(t *tape, r *Request, refusal *Refusal) (*Request, error) {
	if refusal != nil {
		return nil, refusal
	}
	w := walker{tape: t, role: User, alone: true, media: map[string]bool{}, segs: roomFor(t)}
	t.members(0, func(k, v int) { w.member(k, v) })
	for i := range w.segs {
		r.longest(w.segs[i : i+1])
	}
	if refusal := w.into(r); refusal != nil {
		return nil, refusal
	}
	return r, nil
}

// readPlainAnswer reads an answer that carries numbers where others carry text: any string in it is text all the same.
// member is what tells that it is of its surface, usage what counts where the answer reports none.
func readPlainAnswer(body []byte, member string, usage *Usage) (*Answer, error) {
	t, err := openAnswer(body, "answer")
	if err != nil {
		return nil, err
	}
	if _, ok := t.member(0, member); !ok {
		return nil, fmt.Errorf("answer: %w: no %s", errForm, member)
	}
	w := walker{tape: t, role: Assistant}
	w.beside(0)
	if u := chatUsage(t); u != nil {
		usage = u
	}
	a := newAnswer(t, "id", "model", usage)
	a.Segments = w.segs
	t.free()
	return a, nil
}
