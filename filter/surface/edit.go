package surface

import (
	"fmt"
	"slices"
	"strconv"
)

// Encode is s as it stands between the quotes of a JSON string.
func Encode(s string) []byte { return encode(s) }

// HasError says whether an answer is an object with an error in it.
func HasError(body []byte) bool {
	t, refusal := scan(body)
	if refusal != nil || t.nodes[0].kind != object {
		return false
	}
	m, ok := t.member(0, "error")
	return ok && (t.nodes[m].kind == object || t.nodes[m].kind == str)
}

// RenameModel writes another model name into a request.
func RenameModel(r *Request, name string) []Splice {
	switch {
	case r.ModelAbsent:
		return []Splice{first(r, `"model":"`+string(encode(name))+`"`)}
	case r.ModelAt == (Span{}): // it stands in the path
		return nil
	}
	return []Splice{{At: r.ModelAt, With: encode(name)}}
}

// LimitOutput sets the most tokens an answer may have: in the members that say so, or in one put in front.
func LimitOutput(r *Request, tokens int64) []Splice {
	if r.OutputForm == "" {
		return nil
	}
	if len(r.OutputAt) == 0 {
		return []Splice{front(r.Body, r.OutputIn, fmt.Sprintf(r.OutputForm, tokens))}
	}
	out := make([]Splice, 0, len(r.OutputAt))
	for _, at := range r.OutputAt {
		out = append(out, Splice{At: at, With: strconv.AppendInt(nil, tokens, 10)})
	}
	return out
}

// AskUsage makes the provider report usage in a stream, where the surface has an option for it.
func AskUsage(r *Request) []Splice {
	if !r.UsageOption {
		return nil
	}
	if r.UsageAt != (Span{}) {
		return []Splice{{At: r.UsageAt, With: []byte("true")}}
	}
	if r.StreamAt == (Span{}) {
		return []Splice{first(r, `"stream_options":{"include_usage":true}`)}
	}
	if r.Body[r.StreamAt.Start] == 'n' { // null
		return []Splice{{At: r.StreamAt, With: []byte(`{"include_usage":true}`)}}
	}
	return []Splice{front(r.Body, r.StreamAt.Start, `"include_usage":true`)}
}

// Drop empties the log probabilities and annotations of edited choices. Edits inside of them are left out with them.
func Drop(body []byte, all []Logprobs, edited []int, segs []Segment, edits []Edit) ([]Edit, []Splice) {
	var out []Splice
	for _, l := range all {
		if !slices.Contains(edited, l.Choice) {
			continue
		}
		empty := "null"
		if body[l.At.Start] == '[' {
			empty = "[]"
		}
		out = append(out, Splice{At: l.At, With: []byte(empty)})
		edits = slices.DeleteFunc(edits, func(e Edit) bool {
			at := segs[e.Segment].Raw
			return at.Start >= l.At.Start && at.End <= l.At.End
		})
	}
	return edits, out
}

// first puts a member in front of the body's own. The body is an object with at least one member.
func first(r *Request, member string) Splice {
	at := 0
	for r.Body[at] != '{' {
		at++
	}
	return front(r.Body, at, member)
}

// front puts a member behind the brace at.
func front(body []byte, at int, member string) Splice {
	next := at + 1
	for body[next] == ' ' || body[next] == '\n' || body[next] == '\r' || body[next] == '\t' {
		next++
	}
	if body[next] != '}' {
		member += ","
	}
	return Splice{At: Span{at + 1, at + 1}, With: []byte(member)}
}
