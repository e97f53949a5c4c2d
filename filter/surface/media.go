package surface

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// The rule for what is no plain text: text in base64 is read as text; pictures and sound may pass, and Request.Media
// says that they are there; any other document is refused, since it would be text unread.

// plainTypes are types of parts that are text, or hold text of their own.
var plainTypes = map[string]bool{
	"": true, "text": true, "refusal": true, "input_text": true, "output_text": true, "summary_text": true, "reasoning_text": true,
	"message": true, "tool_use": true, "tool_result": true, "thinking": true, "redacted_thinking": true, "reasoning": true,
	"function_call": true, "function_call_output": true, "custom_tool_call": true, "custom_tool_call_output": true,
	"ephemeral": true, "function": true, "custom": true, "base64": true, "url": true,
}

// notice notes what an object of a message carries beside text.
func (w *walker) notice(i int) {
	if w.media == nil || w.free {
		return
	}
	t := w.tape
	for k := i + 1; k < t.nodes[i].next; k = t.nodes[k+1].next {
		name, v := t.text(k), &t.nodes[k+1]
		switch {
		case name == "type" && v.kind == str:
			if kind := t.text(k + 1); !plainTypes[kind] {
				w.media[named(kind)] = true
			}
		case traitOf(name)&carrier != 0 && v.kind != array && v.kind != null:
			w.media[strings.Clone(name)] = true
		}
	}
}

// medium reads a string that may be a document in base64: a data URL, or data beside its media type. It says whether
// it took the string.
func (w *walker) medium(i int, key string, is trait) bool {
	if w.free || is&worded != 0 {
		return false
	}
	n := &w.tape.nodes[i]
	if kind, at, isURL := dataURL(clip(w.tape.text(i), urlHead)); isURL {
		if at < 0 || n.escaped {
			w.refuse("must be a data URL in base64 without escapes")
			return true
		}
		w.document(kind, Span{n.start + at, n.end})
		return true
	}
	if key == "data" || key == "file_data" {
		if kind := w.mediaType(); kind != "" && base64Only(w.tape.body[n.start:n.end]) {
			w.document(kind, Span{n.start, n.end})
			return true
		}
	}
	return false
}

// urlHead is how much of a URL says what it is.
const urlHead = 256

func clip(s string, n int) string { return s[:min(len(s), n)] }

// dataURL reads the start of a data URL (RFC 2397): its media type, and where its data begins; -1 where that is not
// base64. A URL's readers skip blanks and control characters and ignore case.
func dataURL(head string) (kind string, at int, isURL bool) {
	if first := strings.TrimLeftFunc(head, func(r rune) bool { return r <= ' ' }); first == "" || first[0]|0x20 != 'd' {
		return "", 0, false
	}
	clean := strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, head))
	rest, isURL := strings.CutPrefix(clean, "data:")
	if !isURL {
		return "", 0, false
	}
	kind, _, found := strings.Cut(rest, ",")
	kind, isBase64 := strings.CutSuffix(kind, ";base64")
	if !found || !isBase64 || strings.ContainsFunc(head[:strings.IndexByte(head, ',')], func(r rune) bool { return r <= ' ' }) {
		return kind, -1, true
	}
	return kind, strings.IndexByte(head, ',') + 1, true
}

// mediaType is what the object around a string says about it.
func (w *walker) mediaType() string {
	for _, name := range []string{"media_type", "mimeType", "mime_type"} {
		if kind := w.tape.strOf(w.parent, name); kind != "" {
			return strings.ToLower(kind)
		}
	}
	if format := w.tape.strOf(w.parent, "format"); format != "" { // input_audio
		return "audio/" + strings.ToLower(format)
	}
	if w.tape.strOf(w.parent, "filename") != "" {
		return "application/octet-stream"
	}
	return ""
}

// document takes data of a media type: text becomes a segment.
func (w *walker) document(kind string, at Span) {
	kind, parameters, _ := strings.Cut(kind, ";")
	switch {
	case !textual(kind) && (strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "audio/")):
		return
	case !textual(kind) || strings.Contains(parameters, "charset=") && !strings.Contains(parameters, "charset=utf-8") && !strings.Contains(parameters, "charset=us-ascii"):
		w.refuse("must be text, a picture or sound: other documents cannot be inspected")
		return
	}
	text, err := base64.StdEncoding.DecodeString(string(w.tape.body[at.Start:at.End]))
	if err != nil || !utf8.Valid(text) {
		w.refuse("must hold UTF-8 text in base64")
		return
	}
	w.segs = append(w.segs, Segment{
		Role: w.role, Place: w.place(), Raw: at, Depth: 1, Text: string(text), At: w.channel("data"), Alone: w.alone, Base64: true,
	})
}

// textual says whether a media type is of text. SVG is a picture that is text.
func textual(kind string) bool {
	switch {
	case kind == "", strings.HasPrefix(kind, "text/"), strings.HasPrefix(kind, "image/svg"):
		return true
	case strings.HasSuffix(kind, "+json"), strings.HasSuffix(kind, "+xml"):
		return true
	}
	return kind == "application/json" || kind == "application/xml" || kind == "application/x-ndjson" || kind == "application/yaml"
}

func base64Only(b []byte) bool {
	for _, c := range b {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '='
		if !ok {
			return false
		}
	}
	return true
}

// refuse keeps the first reason why the body cannot be governed. The place is told as the fields of an SDK are.
func (w *walker) refuse(detail string) {
	if w.refusal == nil {
		w.refusal = invalid(fieldOf(string(w.path)), detail)
	}
}

// fieldOf writes a JSON pointer as messages[2].content[0].
func fieldOf(place string) string {
	var b strings.Builder
	for i, s := range strings.Split(strings.TrimPrefix(place, "/"), "/") {
		switch {
		case s != "" && strings.Trim(s, "0123456789") == "":
			b.WriteString("[" + s + "]")
		case i > 0:
			b.WriteString("." + s)
		default:
			b.WriteString(s)
		}
	}
	return b.String()
}
