package sse

import "bytes"

// Replace returns the record of e with other data. Every byte outside the data stays as it was; data that stood on
// several lines is put on the first and the others go. data must hold no line break.
func Replace(e Event, data []byte) []byte {
	if e.DataAt != (Span{}) {
		out := make([]byte, 0, len(e.Raw)+len(data)-(e.DataAt.End-e.DataAt.Start))
		out = append(out, e.Raw[:e.DataAt.Start]...)
		out = append(out, data...)
		return append(out, e.Raw[e.DataAt.End:]...)
	}
	var out []byte
	written := false
	for at := 0; at < len(e.Raw); {
		end, next := lineEnd(e.Raw, at)
		name, valueAt := field(e.Raw[at:end])
		switch {
		case name != "data":
			out = append(out, e.Raw[at:next]...)
		case !written:
			out = append(out, e.Raw[at:at+valueAt]...)
			out = append(out, data...)
			out = append(out, e.Raw[end:next]...)
			written = true
		}
		at = next
	}
	return out
}

// Record returns a whole record. name may be empty; data must hold no line break.
func Record(name string, data []byte) []byte {
	var b bytes.Buffer
	if name != "" {
		b.WriteString("event: ")
		b.WriteString(name)
		b.WriteByte('\n')
	}
	b.WriteString("data: ")
	b.Write(data)
	b.WriteString("\n\n")
	return b.Bytes()
}
