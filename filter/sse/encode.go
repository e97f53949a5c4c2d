package sse

import "bytes"

// Replace returns the record of e with other data. Every byte outside the data stays as it was; data that stood on
// several lines is put on the first and the others go. data must hold no line break.
func Replace(e Event, data []byte) []byte {
	out := make([]byte, 0, len(e.Raw)+len(data)+len(": "))
	if e.DataAt != (Span{}) {
		out = appendData(append(out, e.Raw[:e.DataAt.Start]...), data)
		return append(out, e.Raw[e.DataAt.End:]...)
	}
	out = append(out, e.Raw[:e.mark]...)
	written := false
	b := breaks{buf: e.Raw, lf: -1, cr: -1}
	for at := e.mark; at < len(e.Raw); {
		end := lineEnd(&b, at)
		next := afterLine(&b, end)
		name, valueAt := field(e.Raw[at:end])
		switch {
		case string(name) != "data":
			out = append(out, e.Raw[at:next]...)
		case !written:
			out = appendData(append(out, e.Raw[at:at+valueAt]...), data)
			out = append(out, e.Raw[end:next]...)
			written = true
		}
		at = next
	}
	return out
}

// appendData puts data behind a line's field name. A name that stands without a colon gets one, and a blank that
// belongs to the data does not become the one that readers drop.
func appendData(out, data []byte) []byte {
	switch c := out[len(out)-1]; {
	case c != ':' && c != ' ':
		out = append(out, ':', ' ')
	case c == ':' && bytes.HasPrefix(data, []byte(" ")):
		out = append(out, ' ')
	}
	return append(out, data...)
}

// Record returns a whole record. name may be empty; neither name nor data may hold a line break.
func Record(name string, data []byte) []byte {
	out := make([]byte, 0, len("event: \ndata: \n\n")+len(name)+len(data))
	if name != "" {
		out = append(append(append(out, "event: "...), name...), '\n')
	}
	out = append(append(out, "data: "...), data...)
	return append(out, '\n', '\n')
}
