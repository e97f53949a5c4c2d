package surface

import "cmp"

// Surface is one vendor API's wire format at a path. An implementation knows where things stand in a body and
// nothing of what is to be done about them. All spans are offsets into the untouched body.
type Surface interface {
	// Name is stable and used in facts, metrics and the trail, for example "openai.chat".
	Name() string
	// ReadRequest reads a request body. A body that cannot be governed is a *Refusal. Texts of the view are parts of the
	// body, so it must not be written over while the view is in use; ReadAnswer's neither.
	ReadRequest(body []byte) (*Request, error)
	// ReadAnswer reads a complete JSON answer with a 2xx status.
	ReadAnswer(body []byte) (*Answer, error)
	// ReadEvent reads the data of one event of a streamed answer. The data may be written over afterwards.
	ReadEvent(name string, data []byte) (*Delta, error)
	// TextEvent renders a whole stream record (with its closing blank line) that carries text on channel c and is
	// otherwise a copy of an event that carried text on that channel before.
	TextEvent(like Template, c Channel, text string) ([]byte, error)
}

// Template is what an event of our own is made like.
type Template struct {
	Data     []byte // data of an event that carried text on the same channel
	Sequence int64  // the number of the new event, on surfaces that number them
}

// Role is who a segment speaks for.
type Role string

// The roles.
const (
	System    Role = "system" // system and developer instructions
	User      Role = "user"
	Assistant Role = "assistant"
	Tool      Role = "tool"  // tool results
	Offer     Role = "offer" // tool definitions, response schemas
)

// Span is a half-open range of bytes.
type Span struct{ Start, End int }

// Segment is one piece of text in a body. Raw is where its encoded form stands, between the quotes.
// Depth counts the levels of JSON string encoding around Text: 1 for a plain string, 2 for a string inside a JSON
// document that is itself a string (tool-call arguments).
type Segment struct {
	Role  Role
	Place string // JSON pointer, for example /messages/0/content
	Raw   Span
	Depth int
	Text  string // decoded
	At    Channel
	// Alone says that the text stands for itself: it neither goes on from nor into another event's text.
	Alone bool
	// Repeat says that the text was in earlier events already: it is judged as they were, and counted once.
	Repeat bool
	// Sealed says that the text is signed, or opaque to everyone but the provider: it is looked at and never rewritten.
	Sealed bool
	// Number says that the text is a number, so that it gives way to a string as a whole.
	Number bool
	// Base64 says that Raw is the text in base64 (RFC 4648), as in a data URL.
	Base64 bool
}

// Channel names one continuous text of an answer: a choice, a field in it, a tool call.
type Channel struct {
	Choice int
	Block  int    // content block or output item, on surfaces that have them
	Field  string // content, reasoning, refusal, arguments, ...
	Tool   int    // index of the tool call for arguments, or of the part within an output item
}

// Request is the view of a request body.
type Request struct {
	Body         []byte
	Model        string
	ModelAt      Span // the encoded name, between the quotes
	Stream       bool
	WantsUsage   bool   // the client asked for a usage record in the stream
	UsageAt      Span   // the value of include_usage, null too; empty if it is not there
	OutputTokens int64  // the limit the client set; 0: none
	OutputAt     []Span // the numbers' bytes, max_tokens and max_completion_tokens, or one that is null; empty if none
	OutputForm   string // how a member that limits the output is put into the body; empty on a surface that has none
	OutputIn     int    // the object it is put into: where its brace stands
	ModelAbsent  bool   // the body names no model and takes one
	UsageOption  bool   // a stream reports usage only where stream_options asks for it
	Choices      int64  // how many answers it asks for; at least 1
	Messages     int
	LongestChars int // characters in the longest message
	Tools        []string
	ToolCalls    []string
	Media        []string // kinds of parts that are no text: image_url, input_audio, file
	StreamAt     Span     // the stream_options object or null; empty if none
	State        []string // fields that name what the vendor keeps: text of it never passes here
	Parameters   map[string]float64
	Segments     []Segment
}

// Answer is the view of a complete JSON answer.
type Answer struct {
	Body     []byte
	ID       string
	Model    string
	Segments []Segment
	Finishes []Finish
	Usage    *Usage
	Tools    []string // tools called
	Logprobs []Logprobs
	Seals    []Seal
}

// Seal is the signature of a text: worth nothing once the text is another. At is between the quotes.
type Seal struct {
	Channel Channel
	At      Span
}

// Logprobs is where a choice's log probabilities stand, the same text once more token by token, or its annotations,
// which point into the text by offset. Neither is true of a text that was edited.
type Logprobs struct {
	Choice int
	At     Span
}

// Finish is where a choice ends and why. Reason's span is between the quotes.
type Finish struct {
	Choice int
	Reason string
	At     Span
}

// Usage is what the provider says was used, in tokens.
type Usage struct {
	Input   int64
	Cached  int64 // part of Input that the provider had kept
	Written int64 // part of Input that it keeps from now on
	Output  int64 // reasoning included

	Reasoning int64  // part of Output that was thought and not shown
	Tier      string // what it was served as: batch, priority, or standard, which is empty
	// Partial says that a stream has more to say: what is known of its input, before its output is over.
	Partial bool
}

// Join adds what an earlier record of the same stream said.
func (u *Usage) Join(earlier *Usage) {
	u.Input, u.Output = max(u.Input, earlier.Input), max(u.Output, earlier.Output)
	u.Cached, u.Written = max(u.Cached, earlier.Cached), max(u.Written, earlier.Written)
	u.Reasoning, u.Tier = max(u.Reasoning, earlier.Reasoning), cmp.Or(u.Tier, earlier.Tier)
}

// Delta is the view of one event of a streamed answer.
type Delta struct {
	ID       string
	Model    string
	Created  int64
	Segments []Segment // each with its Channel in At
	Finishes []Finish
	Opened   []int     // every choice the event speaks of
	Starts   []int     // content blocks or output items that begin here
	Ends     []Channel // channels that end here; without Field all those of the block, and the block itself
	Seals    []Channel // channels whose text this event signs
	Notes    []Channel // channels whose text this event points into by offset
	Logprobs []Logprobs
	Usage    *Usage
	Tools    []string // tools that start here
	Done     bool     // the surface's own end marker, for example [DONE]
	Failed   bool     // the event is the provider's error record
	// SequenceAt is where the event's number stands, on surfaces that number their events; else empty.
	Sequence   int64
	SequenceAt Span
	// Bare says that nothing is lost if the event is dropped once its segments' text is withheld.
	Bare bool
	// OnlyUsage says that the event exists to carry usage, so it is dropped when the client did not ask for it.
	OnlyUsage bool
}

// Refusal is why a body cannot be governed. Code is a canonical fault code. Field and Detail never hold
// text from the body, only names the surface knows, positions and limits.
type Refusal struct {
	Code   string
	Field  string
	Detail string
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return r.Code + ": " + r.Detail
	}
	return r.Code + ": " + r.Field + ": " + r.Detail
}

// Edit replaces Text[Start:End] of one segment; offsets count bytes of the decoded text, on rune borders.
type Edit struct {
	Segment    int
	Start, End int
	With       string // decoded; encoding for every level of JSON around it is Apply's work
}

// Splice replaces bytes of the body as they are; With is already encoded.
type Splice struct {
	At   Span
	With []byte
}
