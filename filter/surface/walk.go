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
	path []byte // where the walk is, a JSON pointer (RFC 6901); of a request only

	places *strings.Builder // those of the segments
}

// trait is what a member's name says of its value.
type trait uint8

const (
	freeform  trait = 1 << iota // its content is the client's own, whatever its members are called
	label                       // a name, an id or an enumeration: a segment all the same unless it looks like one, see labelled
	opaque                      // only the provider can read it, and takes it back only as it was
	picture                     // in an answer, a picture or numbers in base64
	reference                   // names something the vendor keeps, so that its text never passes here
	worded                      // holds words, so that what looks like a data URL is no such thing
	carrier                     // says what kind of part it makes of an object
)

// spoken are the names of members that say something.
var spoken = map[trait]string{
	freeform: "metadata default const args enum example examples input",
	label: "model role type id object tool_call_id call_id service_tier reasoning_effort effort detail format verbosity voice tool_use_id " +
		"media_type mimeType mime_type stop_reason status phase item_id obfuscation truncation previous_response_id tool_choice finish_reason " +
		"system_fingerprint modalities prompt_cache_key safety_identifier logprobs prompt_cache_retention",
	opaque:    "signature encrypted_content encrypted_index thoughtSignature thought_signature",
	picture:   "partial_image_b64 b64_json result embedding",
	reference: "file_id file_url fileUri file_uri container",
	worded:    "text refusal content input output arguments",
	carrier:   "image_url input_audio file video_url inlineData inline_data fileData file_data",
}

// traitSlots is how many places the table of names has: a power of two, with few names to a place.
const traitSlots = 256

type traitName struct {
	name string
	is   trait
}

// traits are what names of members say, by slot.
var traits = func() (t [traitSlots][]traitName) {
	m := map[string]trait{}
	for is, names := range spoken {
		for _, name := range strings.Fields(names) {
			m[name] |= is
		}
	}
	for name, is := range m {
		t[traitSlot(name)] = append(t[traitSlot(name)], traitName{name, is})
	}
	return t
}()

func traitSlot(name string) int {
	n := len(name)
	return (int(name[0])*7 ^ int(name[n-1])*29 ^ int(name[n/2])*3 ^ n*41) & (traitSlots - 1)
}

// traitOf is what a member's name says of its value. It is asked for every member of every body.
func traitOf(name string) trait {
	if name == "" {
		return 0
	}
	for _, t := range traits[traitSlot(name)] {
		if t.name == name {
			return t.is
		}
	}
	return 0
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

// enter makes a member's name, or an element's index, the next step of the path and returns where it was. A name that may
// be somebody's words is "~"; one that is known is none.
func (w *walker) enter(name string, known bool) int {
	n := len(w.path)
	if w.media == nil {
		return n
	}
	w.path = append(w.path, '/')
	switch {
	case known:
		w.path = append(w.path, name...)
		return n
	case !plainKey(name):
		w.path = append(w.path, '~')
		return n
	}
	for i := range len(name) {
		if name[i] == '/' {
			w.path = append(w.path, "~1"...)
			continue
		}
		w.path = append(w.path, name[i])
	}
	return n
}

func (w *walker) enterAt(index int) int {
	n := len(w.path)
	if w.media != nil {
		w.path = strconv.AppendInt(append(w.path, '/'), int64(index), 10)
	}
	return n
}

// leave goes back to where enter was called.
func (w *walker) leave(n int) { w.path = w.path[:n] }

// under walks the node i as the value of key.
func (w *walker) under(i int, key string) {
	switch n := &w.tape.nodes[i]; n.kind {
	case object:
		free, parent := w.free, w.parent
		w.free = free || traitOf(key)&freeform != 0
		w.notice(i)
		for k := i + 1; k < n.next; k = w.tape.nodes[k+1].next {
			w.parent = i
			w.member(k, k+1)
		}
		w.free, w.parent = free, parent
	case array:
		for index, k := 0, i+1; k < n.next; index, k = index+1, w.tape.nodes[k].next {
			at := w.enterAt(index)
			w.under(k, key)
			w.leave(at)
		}
	case str:
		w.leaf(i, key, traitOf(key))
	case number:
		w.figure(i, key)
	}
}

// numberDigits is from how many digits on a number of the client's own may mean somebody.
const numberDigits = 7

// figure makes a long number of somebody's own a segment.
func (w *walker) figure(i int, key string) {
	if n := &w.tape.nodes[i]; w.free && n.end-n.start >= numberDigits {
		w.segment(i, w.tape.text(i), key)
		w.last().Number = true
	}
}

// segment makes the node i a segment.
func (w *walker) segment(i int, text, key string) {
	w.segs = append(w.segs, Segment{
		Role: w.role, Place: w.place(), Raw: w.tape.span(i), Depth: 1, Text: text, At: w.channel(key), Alone: w.alone,
	})
}

// place is where the walk is. All places of a walk stand in one piece of memory.
func (w *walker) place() string {
	if len(w.path) == 0 {
		return ""
	}
	if w.places == nil {
		w.places = new(strings.Builder)
		w.places.Grow(len(w.path) * cap(w.segs))
	}
	at := w.places.Len()
	w.places.Write(w.path)
	return w.places.String()[at:]
}

func (w *walker) last() *Segment { return &w.segs[len(w.segs)-1] }

// member walks one member of an object.
func (w *walker) member(k, v int) {
	name := w.tape.text(k)
	is := traitOf(name)
	if is == 0 && !plainKey(name) {
		at := len(w.path)
		if w.media != nil {
			w.path = append(w.path, "/~key"...)
		}
		w.segment(k, name, "key")
		w.leave(at)
	}
	if w.derived(v, name) {
		return
	}
	switch kind := w.tape.nodes[v].kind; kind {
	case boolean, null:
	case str:
		if is&label != 0 && !w.free && labelled(w.tape.text(v)) {
			return // whatever else a label could be is no label then
		}
		at := w.enter(name, is != 0)
		w.leaf(v, name, is)
		w.leave(at)
	default:
		at := w.enter(name, is != 0)
		w.under(v, name)
		w.leave(at)
	}
}

// derived notes members that repeat a text or point into it, and says whether there is nothing else to read in them.
func (w *walker) derived(v int, name string) bool {
	if w.dropped == nil || w.free || name != "logprobs" && name != "annotations" {
		return false
	}
	n := &w.tape.nodes[v]
	filled := n.kind == array && n.next > v+1
	if name == "annotations" && !filled {
		return false
	}
	if filled || n.kind == object {
		*w.dropped = append(*w.dropped, Logprobs{Choice: w.at.Choice, At: w.tape.span(v)})
	}
	return name == "logprobs"
}

// leaf takes a string under a name that says is.
func (w *walker) leaf(i int, key string, is trait) {
	n := &w.tape.nodes[i]
	if n.start == n.end && (w.alone || w.at.Field == "") {
		return
	}
	if w.media != nil && w.medium(i, key, is) {
		return
	}
	sealed := !w.free && w.sealed(key, is)
	if sealed && w.media == nil && key != "thinking" {
		return // in an answer it is the provider's word to itself
	}
	if w.media == nil && !w.free && is&picture != 0 && base64Only(w.tape.body[n.start:n.end]) {
		return
	}
	text := w.tape.text(i)
	if w.media != nil && !w.free && is&reference != 0 {
		w.state = append(w.state, fieldOf(string(w.path)))
	}
	if !w.free && is&label != 0 && labelled(text) {
		return
	}
	if key == "arguments" && w.nested && w.inside(i, text) {
		return
	}
	w.segment(i, text, key)
	w.last().Sealed = sealed
}

// sealed says whether a member of the object that is walked is signed, or opaque.
func (w *walker) sealed(key string, is trait) bool {
	switch {
	case is&opaque != 0:
		return true
	case key == "thinking":
		return w.tape.strOf(w.parent, "type") == "thinking" && w.tape.strOf(w.parent, "signature") != ""
	}
	return key == "data" && w.tape.strOf(w.parent, "type") == "redacted_thinking"
}

func (w *walker) channel(key string) Channel {
	c := w.at
	if c.Field == "" {
		c.Field = key
	}
	return c
}

// inside reads arguments that are a JSON document in a string: its strings are segments two levels deep. Arguments
// that are none are one plain segment.
func (w *walker) inside(i int, text string) bool {
	doc, refusal := scanAs([]byte(text), text)
	if refusal != nil {
		return false
	}
	inner := walker{tape: doc, role: w.role, at: w.channel("arguments"), alone: w.alone, free: true, path: w.path, media: w.media, places: w.places}
	inner.under(0, "")
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
	doc.free()
	return true
}

// roomTexts bounds the room that is made for texts before they are seen.
const roomTexts = 512

// roomFor makes room for the texts of a document: mostly there is one for four values and keys, or fewer.
func roomFor(t *tape) []Segment { return make([]Segment, 0, min(len(t.nodes)/4+1, roomTexts)) }

// into gives a request what was gathered.
func (w *walker) into(r *Request) *Refusal {
	r.Segments, r.State = w.segs, append(r.State, w.state...)
	r.Media = slices.Sorted(maps.Keys(w.media))
	return w.refusal
}
