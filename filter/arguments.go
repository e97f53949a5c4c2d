package filter

import (
	"strings"

	"weir/filter/surface"
	"weir/policy/detect"
)

// arguments follows the arguments of a tool call as they arrive: a JSON document in pieces. Each of its strings is a
// text of its own, read without its escapes and let go with them; what stands between strings is one too, since a
// number may be somebody's. Arguments that are no JSON are one plain text.
type arguments struct {
	part   channel // the string that is open, or what stands between strings
	carry  string  // an escape that is not complete
	begun  bool
	plain  bool
	inside bool // of a string
}

// push takes a piece and returns what may leave now; see channel.push.
func (a *arguments) push(j *judge, c *channel, piece string, final bool) (out string, blocked *detect.Finding) {
	out, blocked = a.take(j, c, piece, final)
	if j.idle() { // nothing can become of it, so not even half an escape has to wait
		return piece, nil
	}
	return out, blocked
}

func (a *arguments) take(j *judge, c *channel, piece string, final bool) (out string, blocked *detect.Finding) {
	piece = a.carry + piece
	a.carry = ""
	if a.begin(c, piece, final); !a.begun {
		a.carry = piece
		return "", nil
	}
	var b strings.Builder
	for len(piece) > 0 && blocked == nil {
		n, ends := a.run(piece, final)
		if n == 0 && !ends {
			a.carry = piece
			break
		}
		out, blocked = a.part.push(j, piece[:n], ends)
		b.WriteString(out)
		piece = piece[n:]
		if !ends || blocked != nil {
			continue
		}
		b.WriteByte('"')
		piece = piece[1:]
		a.inside = !a.inside
		a.open(c)
	}
	if final && blocked == nil {
		out, blocked = a.part.push(j, "", true)
		b.WriteString(out)
	}
	return b.String(), blocked
}

// begin looks at the first byte that is no blank: a JSON document has few to begin with.
func (a *arguments) begin(c *channel, piece string, final bool) {
	if a.begun {
		return
	}
	first := strings.TrimLeft(piece, " \t\r\n")
	if first == "" && !final {
		return
	}
	a.begun, a.plain = true, first == "" || strings.IndexByte(`{["-0123456789tfn`, first[0]) < 0
	a.open(c)
}

// open begins a text of its own.
func (a *arguments) open(c *channel) {
	a.part = channel{at: c.at, part: true, repeat: c.repeat, escaped: a.inside, outside: !a.inside && !a.plain}
}

// run is how many bytes belong to the text that is open, and whether a quote ends it there.
func (a *arguments) run(piece string, final bool) (n int, ends bool) {
	if a.plain {
		return len(piece), false
	}
	if !a.inside {
		if i := strings.IndexByte(piece, '"'); i >= 0 {
			return i, true
		}
		return len(piece), false
	}
	for n < len(piece) {
		switch piece[n] {
		case '"':
			return n, true
		case '\\':
			size, open := surface.Escape(piece[n:])
			if open && !final {
				return n, false
			}
			n += max(size, 1)
		default:
			n++
		}
	}
	return n, false
}

// pending is how many bytes wait.
func (a *arguments) pending() int { return a.part.pending() + len(a.carry) }
