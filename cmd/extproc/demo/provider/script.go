package provider

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// request is what the provider reads of a request, whatever its form.
type request struct {
	Model         string          `json:"model"`
	Messages      []message       `json:"messages"`
	Input         json.RawMessage `json:"input"`  // of responses: a text, or a list of messages; of embeddings: texts
	Prompt        json.RawMessage `json:"prompt"` // of completions: a text, or a list of texts
	Contents      []content       `json:"contents"`
	Stream        bool            `json:"stream"`
	N             int             `json:"n"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

type message struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

// content is a message in Gemini's form.
type content struct {
	Role  string          `json:"role"`
	Parts json.RawMessage `json:"parts"`
}

// take brings what other forms call otherwise into the form of messages.
func (r *request) take() {
	for _, c := range r.Contents {
		if c.Role == "" {
			c.Role = "user"
		}
		r.Messages = append(r.Messages, message{Role: c.Role, Content: c.Parts})
	}
	for _, in := range []json.RawMessage{r.Input, r.Prompt} {
		var list []message
		var texts []json.RawMessage
		switch {
		case len(in) == 0:
		case json.Unmarshal(in, &list) == nil:
			r.Messages = append(r.Messages, list...)
		case json.Unmarshal(in, &texts) == nil:
			for _, t := range texts {
				r.Messages = append(r.Messages, message{Role: "user", Content: t})
			}
		default:
			r.Messages = append(r.Messages, message{Role: "user", Content: in})
		}
	}
}

// text is a message's text, its parts joined.
func (m message) text() string {
	var s string
	if json.Unmarshal(m.Content, &s) == nil {
		return s
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(m.Content, &parts) != nil {
		return ""
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// act is how a model behaves.
type act struct {
	text      string        // what it answers
	piece     int           // runes in an event; 0: a word
	delay     time.Duration // between events
	first     time.Duration // before the first
	tool      bool          // answers with a tool call whose arguments carry the text
	noUsage   bool
	noDone    bool
	cutAfter  int // events after which the connection breaks; 0: never
	endAfter  int // events after which the stream ends in order; 0: with the answer
	status    int // answers with this status
	body      string
	mediaType string
	fails     string // an error record in the stream: at the start, or later
}

// The texts of models that answer by themselves.
const (
	piiText  = "Reach Maria at maria.rossi@example.org; her card is 4111 1111 1111 1111 and her number 123-45-6789."
	leakText = "Here you are: the deployment key is sk-ant-api03-0123456789abcdef0123456789abcdef01234567 and nothing else."
	errorDoc = `{"error":{"message":"The demo provider was asked to fail","type":"server_error","param":null,"code":"demo"}}`
)

// Models lists the scripted models with what each does.
func Models() [][2]string {
	return [][2]string{
		{"echo", "answers with the last user message, a word an event"},
		{"echo-1", "the same, one character an event"},
		{"slow", "echo with 50 ms between events"},
		{"slow-first", "echo after 300 ms"},
		{"tools", "a tool call whose arguments carry the last user message"},
		{"pii", "an answer with an e-mail address, a card and a social security number"},
		{"leak", "an answer that gives away a secret key"},
		{"long", "ten thousand words"},
		{"big", "one answer of 2 MB"},
		{"usage-missing", "echo that reports no usage"},
		{"no-done", "a stream that ends without [DONE]"},
		{"unfinished", "a stream that ends in order, in the middle of the answer"},
		{"cut", "a connection that breaks after three events"},
		{"first-error", "an error record as the first event, status 200"},
		{"late-error", "an error record after three events"},
		{"error-400", "status 400"}, {"error-401", "status 401"}, {"error-429", "status 429, Retry-After 7"},
		{"error-500", "status 500"}, {"error-503", "status 503"},
		{"html", "an HTML page, status 200"},
		{"empty", "status 200 and no body"},
		{"json-stream", "JSON to a request for a stream"},
		{"hang", "nothing, until the client leaves"},
	}
}

// script says how a model behaves for a request.
func script(r request) act {
	a := act{}
	for _, m := range r.Messages {
		if m.Role == "user" {
			a.text = m.text()
		}
	}
	switch name := r.Model; name {
	case "echo-1":
		a.piece = 1
	case "slow":
		a.delay = 50 * time.Millisecond
	case "slow-first":
		a.first = 300 * time.Millisecond
	case "tools":
		a.tool, a.piece = true, 3
	case "pii":
		a.text, a.piece = piiText, 4
	case "leak":
		a.text, a.piece = leakText, 5
	case "long":
		a.text = strings.Repeat("word ", 10_000)
	case "big":
		a.text, a.piece = strings.Repeat("plenty of text ", 140_000), 10_000
	case "usage-missing":
		a.noUsage = true
	case "no-done":
		a.noDone = true
	case "unfinished":
		a.endAfter = 3
	case "cut":
		a.cutAfter = 3
	case "first-error":
		a.fails = "start"
	case "late-error":
		a.fails = "later"
	case "html":
		a.status, a.body, a.mediaType = http.StatusOK, "<html><body>hello</body></html>", "text/html"
	case "empty":
		a.status, a.mediaType = http.StatusOK, "application/json"
	case "json-stream":
		a.status, a.body, a.mediaType = http.StatusOK, `{"error":{"message":"no stream today"}}`, "application/json"
	case "hang":
		a.first = time.Hour
	default:
		if s, ok := strings.CutPrefix(name, "error-"); ok {
			a.status, a.body, a.mediaType = statusOf(s), errorDoc, "application/json"
		}
	}
	return a
}

func statusOf(s string) int {
	for _, n := range []int{400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529} {
		if http.StatusText(n) != "" && s == itoa(n) {
			return n
		}
	}
	return http.StatusInternalServerError
}

// faulty answers for models that answer with no completion.
func (a act) faulty(w http.ResponseWriter, p *Provider, r *http.Request) bool {
	if a.first > 0 {
		p.pause(a.first, r.Context().Done())
		if r.Context().Err() != nil {
			p.left()
			return true
		}
	}
	if a.status == 0 {
		return false
	}
	if a.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "7")
	}
	w.Header().Set("Content-Type", a.mediaType)
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
	return true
}
