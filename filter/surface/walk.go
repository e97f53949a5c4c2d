package surface

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// walker collects every string below a node as a segment, other than names, ids and enumerations. It is how nothing
// goes unread: a member it does not know is text.
type walker struct {
	tape  *tape
	segs  []Segment
	role  Role
	at    Channel
	alone bool
	// nested reads the strings inside arguments that are a JSON document of their own. A stream's arguments arrive in
	// pieces, so there they are plain text.
	nested bool
	// media gathers the kinds of parts that are no text; nil: nobody asks.
	media   map[string]bool
	state   []string // fields that name what the vendor keeps
	refusal *Refusal
	// dropped gathers what is only true of a text that nobody edited; nil: nobody asks.
	dropped *[]Logprobs
	parent  int // the object around what is walked
	// free says that the members' names are not the surface's but somebody's own, so that none of them is a label.
	free bool
}

// freeform are members whose content is the client's own, whatever its members are called.
var freeform = map[string]bool{
	"metadata": true, "default": true, "const": true, "args": true, "enum": true, "example": true, "examples": true, "input": true,
}

// labels are members whose values are names, ids or enumerations. Their values are segments all the same unless they
// look like one: see labelled.
var labels = map[string]bool{
	"model": true, "role": true, "type": true, "id": true, "object": true, "tool_call_id": true, "call_id": true,
	"service_tier": true, "reasoning_effort": true, "effort": true, "detail": true, "format": true, "verbosity": true,
	"voice": true, "tool_use_id": true, "media_type": true, "mimeType": true, "mime_type": true, "stop_reason": true,
	"status": true, "phase": true, "item_id": true, "obfuscation": true, "truncation": true, "previous_response_id": true, "tool_choice": true, "finish_reason": true, "system_fingerprint": true, "modalities": true,
	"prompt_cache_key": true, "safety_identifier": true, "logprobs": true, "prompt_cache_retention": true,
}

// A label is at most this long and made of these characters; anything else under a label's name is text.
const labelBytes = 128

func labelled(s string) bool {
	if len(s) > labelBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '_' || c == '-' || c == '.' || c == ':' || c == '/'
		if !ok {
			return false
		}
	}
	return true
}

// A key is at most this long, with fewer digits than a number that means somebody; anything else is text.
const (
	keyBytes  = 64
	keyDigits = 6
)

// plainKey says whether a member's name is no more than a name.
func plainKey(s string) bool {
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	return len(s) <= keyBytes && digits < keyDigits && labelled(s)
}

// step is a member's name as one step of a JSON pointer (RFC 6901). A name that may be somebody's words is "~".
func step(name string) string {
	if !plainKey(name) {
		return "~"
	}
	return strings.ReplaceAll(name, "/", "~1")
}

// under walks the node i, which stands at place as the value of key.
func (w *walker) under(i int, place, key string) {
	n := &w.tape.nodes[i]
	switch n.kind {
	case object:
		free := w.free
		w.free = free || freeform[key]
		w.notice(i)
		parent := w.parent
		w.tape.members(i, func(k, v int) {
			w.parent = i
			w.member(k, v, place)
		})
		w.free, w.parent = free, parent
	case array:
		w.tape.elements(i, func(index, v int) { w.under(v, place+"/"+strconv.Itoa(index), key) })
	case str:
		w.leaf(i, place, key)
	case number:
		w.figure(i, place, key)
	}
}

// numberDigits is from how many digits on a number of the client's own may mean somebody.
const numberDigits = 7

// figure makes a long number of somebody's own a segment.
func (w *walker) figure(i int, place, key string) {
	if n := &w.tape.nodes[i]; w.free && n.end-n.start >= numberDigits {
		w.segs = append(w.segs, Segment{
			Role: w.role, Place: place, Raw: w.tape.span(i), Depth: 1, Text: string(w.tape.body[n.start:n.end]),
			At: w.channel(key), Alone: w.alone, Number: true,
		})
	}
}

// member walks one member of an object that stands at place.
func (w *walker) member(k, v int, place string) {
	name := w.tape.text(k)
	if !plainKey(name) {
		w.add(k, place+"/~key")
	}
	if w.derived(v, name) {
		return
	}
	if kind := w.tape.nodes[v].kind; kind != boolean && kind != null {
		w.under(v, place+"/"+step(name), name)
	}
}

// derived notes members that repeat a text or point into it, and says whether there is nothing else to read in them.
func (w *walker) derived(v int, name string) bool {
	n := &w.tape.nodes[v]
	filled := n.kind == array && n.next > v+1
	if w.dropped == nil || w.free || name != "logprobs" && (name != "annotations" || !filled) {
		return false
	}
	if filled || n.kind == object {
		*w.dropped = append(*w.dropped, Logprobs{Choice: w.at.Choice, At: w.tape.span(v)})
	}
	return name == "logprobs"
}

// pictures are members of answers that hold pictures or numbers in base64.
var pictures = map[string]bool{"partial_image_b64": true, "b64_json": true, "result": true, "embedding": true}

func (w *walker) leaf(i int, place, key string) {
	if n := &w.tape.nodes[i]; n.start == n.end {
		if w.alone || w.at.Field == "" {
			return
		}
	}
	if w.media != nil && w.medium(i, place, key) {
		return
	}
	sealed := !w.free && w.sealed(key)
	if sealed && w.media == nil && key != "thinking" {
		return // in an answer it is the provider's word to itself
	}
	if n := &w.tape.nodes[i]; w.media == nil && pictures[key] && base64Only(w.tape.body[n.start:n.end]) {
		return
	}
	text := w.tape.text(i)
	if w.media != nil && !w.free && references[key] {
		w.state = append(w.state, fieldOf(place))
	}
	if !w.free && labels[key] && labelled(text) {
		return
	}
	if key == "arguments" && w.nested && w.inside(i, place, text) {
		return
	}
	w.segs = append(w.segs, Segment{
		Role: w.role, Place: place, Raw: w.tape.span(i), Depth: 1, Text: text, At: w.channel(key), Alone: w.alone,
		Sealed: sealed,
	})
}

// opaque are members that only the provider can read, and takes back only as they were.
var opaque = map[string]bool{"signature": true, "encrypted_content": true, "encrypted_index": true, "thoughtSignature": true, "thought_signature": true}

// sealed says whether a member of the object that is walked is signed, or opaque.
func (w *walker) sealed(key string) bool {
	if opaque[key] {
		return true
	}
	kind := w.tape.strOf(w.parent, "type")
	return key == "thinking" && kind == "thinking" && w.tape.strOf(w.parent, "signature") != "" || key == "data" && kind == "redacted_thinking"
}

func (w *walker) channel(key string) Channel {
	c := w.at
	if c.Field == "" {
		c.Field = key
	}
	return c
}

// add makes the string node i a segment whatever it is called.
func (w *walker) add(i int, place string) {
	w.segs = append(w.segs, Segment{
		Role: w.role, Place: place, Raw: w.tape.span(i), Depth: 1, Text: w.tape.text(i), At: w.channel("key"), Alone: w.alone,
	})
}

// inside reads arguments that are a JSON document in a string: its strings are segments two levels deep. Arguments
// that are none are one plain segment.
func (w *walker) inside(i int, place, text string) bool {
	doc, refusal := scan([]byte(text))
	if refusal != nil {
		return false
	}
	inner := walker{tape: doc, role: w.role, at: w.channel("arguments"), alone: w.alone, free: true}
	inner.under(0, place, "")
	base := w.tape.span(i)
	at := make([]int, 0, 2*len(inner.segs))
	for _, s := range inner.segs { // in the order they stand, so ascending
		at = append(at, s.Raw.Start, s.Raw.End)
	}
	at = rawOffsets(w.tape.body[base.Start:base.End], at)
	for j, s := range inner.segs {
		s.Raw, s.Depth = Span{base.Start + at[2*j], base.Start + at[2*j+1]}, 2
		w.segs = append(w.segs, s)
	}
	return true
}

// into gives a request what was gathered.
func (w *walker) into(r *Request) *Refusal {
	r.Segments, r.State = w.segs, append(r.State, w.state...)
	r.Media = slices.Sorted(maps.Keys(w.media))
	return w.refusal
}
