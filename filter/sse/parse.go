package sse

import "bytes"

// parse reads the fields of one whole record.
func parse(raw []byte, first bool) Event {
	e := Event{Raw: raw}
	at := 0
	if first && bytes.HasPrefix(raw, bom) {
		at = len(bom)
	}
	lines := 0
	for at < len(raw) {
		end, next := lineEnd(raw, at)
		name, valueAt := field(raw[at:end])
		switch name {
		case "event":
			e.Name = string(raw[at+valueAt : end])
		case "data":
			lines++
			span := Span{at + valueAt, end}
			if lines == 1 {
				e.DataAt, e.Data = span, raw[span.Start:span.End]
			} else {
				e.Data = append(append(bytes.Clone(e.Data), '\n'), raw[span.Start:span.End]...)
				e.DataAt = Span{}
			}
		}
		at = next
	}
	return e
}

// lineEnd is where the line at starts a break and where the next line begins.
func lineEnd(raw []byte, at int) (end, next int) {
	i := bytes.IndexAny(raw[at:], "\r\n")
	if i < 0 {
		return len(raw), len(raw)
	}
	end = at + i
	next = end + 1
	if raw[end] == '\r' && next < len(raw) && raw[next] == '\n' {
		next++
	}
	return end, next
}

// field splits a line into its name and where its value begins. A comment has the name "".
func field(line []byte) (name string, valueAt int) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return string(line), len(line)
	}
	valueAt = i + 1
	if valueAt < len(line) && line[valueAt] == ' ' {
		valueAt++
	}
	return string(line[:i]), valueAt
}
