package sse

import "bytes"

// parse reads the fields of one whole record.
func (d *Decoder) parse(raw []byte) Event {
	e := Event{Raw: raw}
	if !d.started && bytes.HasPrefix(raw, bom) {
		e.mark = len(bom)
	}
	lines := 0
	b := breaks{buf: raw, lf: -1, cr: -1}
	for at := e.mark; at < len(raw); {
		end := lineEnd(&b, at)
		name, valueAt := field(raw[at:end])
		switch value := raw[at+valueAt : end]; string(name) {
		case "event":
			e.Name = d.named(value)
		case "data":
			lines++
			d.data(&e, lines, value)
			e.DataAt = Span{at + valueAt, end}
		}
		at = afterLine(&b, end)
	}
	if lines > 1 {
		e.DataAt = Span{}
	}
	return e
}

// data adds the value of a record's data line. Only the second one makes a copy.
func (d *Decoder) data(e *Event, line int, value []byte) {
	switch line {
	case 1:
		e.Data = value
		return
	case 2:
		d.joined = append(d.joined[:0], e.Data...)
	}
	d.joined = append(append(d.joined, '\n'), value...)
	e.Data = d.joined
}

// named is a name as a string, the last one's where it is the same.
func (d *Decoder) named(name []byte) string {
	if string(name) != d.name {
		d.name = string(name)
	}
	return d.name
}

// lineEnd is where the line at starts its break.
func lineEnd(b *breaks, at int) int {
	if i := b.next(at); i >= 0 {
		return i
	}
	return len(b.buf)
}

// afterLine is where the next line begins.
func afterLine(b *breaks, end int) int {
	if end == len(b.buf) {
		return end
	}
	return b.after(end)
}

// field splits a line into its name and where its value begins. A comment has an empty name.
func field(line []byte) (name []byte, valueAt int) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return line, len(line)
	}
	valueAt = i + 1
	if valueAt < len(line) && line[valueAt] == ' ' {
		valueAt++
	}
	return line[:i], valueAt
}
