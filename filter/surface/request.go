package surface

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// open scans a request body and refuses one that is no object, or that writes a member which decides what it is and
// costs in another case: some providers' readers take it for the member itself.
func open(body []byte, governing []string) (*tape, *Request, *Refusal) {
	t, refusal := scanKept(body)
	if refusal != nil {
		return nil, nil, refusal
	}
	if t.nodes[0].kind != object {
		return nil, nil, &Refusal{Code: "body_not_object", Detail: "the body must be a JSON object"}
	}
	t.members(0, func(k, _ int) {
		name := t.text(k)
		for _, g := range governing {
			if name != g && strings.EqualFold(name, g) {
				refusal = invalid(g, "must be written in lower case")
			}
		}
	})
	if refusal != nil {
		return nil, nil, refusal
	}
	return t, &Request{Body: body, Choices: 1, Parameters: map[string]float64{}}, nil
}

func missing(field string) *Refusal {
	return &Refusal{Code: "parameter_missing", Field: field, Detail: "is required"}
}

func invalid(field, detail string) *Refusal {
	return &Refusal{Code: "parameter_invalid", Field: field, Detail: detail}
}

func readModel(t *tape, r *Request) *Refusal {
	m, ok := t.member(0, "model")
	if !ok {
		return missing("model")
	}
	if t.nodes[m].kind != str || t.nodes[m].start == t.nodes[m].end {
		return invalid("model", "must be a non-empty string")
	}
	r.Model, r.ModelAt = strings.Clone(t.text(m)), t.span(m)
	return modelName(r.Model)
}

func modelName(name string) *Refusal {
	if !labelled(strings.ReplaceAll(name, "@", "_")) {
		return invalid("model", "must be at most 128 letters, digits, or any of _-.:/@")
	}
	return nil
}

func readStream(t *tape, r *Request) *Refusal {
	m, ok := t.member(0, "stream")
	if ok && t.nodes[m].kind != boolean {
		return invalid("stream", "must be true or false")
	}
	r.Stream = ok && t.nodes[m].isTrue
	return nil
}

// readMessages checks a list of messages. roles are those the page names; nil: any.
func readMessages(t *tape, r *Request, field string, roles []string) *Refusal {
	m, ok := t.member(0, field)
	if !ok {
		return missing(field)
	}
	if t.nodes[m].kind != array || t.nodes[m].next == m+1 {
		return invalid(field, "must be a non-empty array")
	}
	var refusal *Refusal
	t.elements(m, func(i, v int) {
		r.Messages++
		if refusal != nil {
			return
		}
		role := t.strOf(v, "role")
		switch {
		case t.nodes[v].kind != object || role == "":
			refusal = invalid(element(field, i), "must be an object with a role")
		case roles != nil && !oneOf(role, roles):
			refusal = invalid(element(field, i)+".role", "must be "+list(roles))
		}
	})
	return refusal
}

// element is how an element of a list is called in a message.
func element(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

func oneOf(s string, all []string) bool {
	for _, a := range all {
		if s == a {
			return true
		}
	}
	return false
}

// list writes alternatives as a sentence does.
func list(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// bound is the documented range of a numeric parameter.
type bound struct {
	field     string
	low, high float64
	whole     bool
	says      string
	output    bool // it limits the output's tokens
	required  bool
}

// mostTokens bounds every count of tokens: no vendor's page states a bound of its own, and no model comes near.
const mostTokens = 1 << 31

func outputBound(field string) bound {
	return bound{field: field, low: 1, high: mostTokens, whole: true, says: "must be a whole number of at least 1", output: true}
}

// readBounds checks the numbers among the members of the object i, which stands at place.
func readBounds(t *tape, i int, place string, r *Request, bounds []bound) *Refusal {
	for _, b := range bounds {
		m, ok := t.member(i, b.field)
		if !ok {
			if b.required {
				return missing(place + b.field)
			}
			continue
		}
		v, isNumber := t.float(m)
		if isNumber && v > b.high && b.high == mostTokens {
			return invalid(place+b.field, "must be a whole number of at most "+strconv.Itoa(mostTokens))
		}
		if !isNumber || v < b.low || v > b.high || b.whole && v != float64(int64(v)) {
			return invalid(place+b.field, b.says)
		}
		r.Parameters[b.field] = v
		if b.output {
			r.limit(int64(v), t.span(m))
		}
	}
	// A limit that is null counts as none, but its name stands in the body and must not be put there again.
	for j := len(bounds) - 1; j >= 0 && len(r.OutputAt) == 0; j-- {
		if m, _ := t.member(i, bounds[j].field); bounds[j].output && m >= 0 {
			r.OutputAt = append(r.OutputAt, t.span(m))
		}
	}
	return nil
}

// limited says that a member of the body itself limits the output.
func (r *Request) limited(name string) {
	r.limitedAt(`"`+name+`":%d`, 0)
}

// limitedAt says how a limit of the output is put into the object at or behind an offset.
func (r *Request) limitedAt(form string, at int) {
	r.OutputForm, r.OutputIn = form, at+bytes.IndexByte(r.Body[at:], '{')
}

// limit notes one of the places where the client limits the output; the least counts.
func (r *Request) limit(tokens int64, at Span) {
	if len(r.OutputAt) == 0 || tokens < r.OutputTokens {
		r.OutputTokens = tokens
	}
	r.OutputAt = append(r.OutputAt, at)
}

// longest notes how many characters the texts of one message have. They are counted only where they could be more.
func (r *Request) longest(segs []Segment) {
	bytes, n := 0, 0
	for i := range segs {
		bytes += len(segs[i].Text)
	}
	if bytes <= r.LongestChars {
		return
	}
	for i := range segs {
		n += utf8.RuneCountInString(segs[i].Text)
	}
	r.LongestChars = max(r.LongestChars, n)
}
