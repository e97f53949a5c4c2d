package surface

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"sync"
	"unicode/utf8"
	"unsafe"
)

// The bounds of a JSON document that is read.
const (
	maxDepth       = 64
	maxNumberBytes = 64
	maxNodes       = 2 << 20 // values and keys; 32 bytes of memory each
)

// kind is what a node of a document is.
type kind uint8

const (
	object kind = iota
	array
	str
	number
	boolean
	null
)

// node is one value or one object key. A container is followed by its content; next is the index behind it.
type node struct {
	kind       kind
	escaped    bool // a string with escapes
	isTrue     bool
	start, end int // for strings between the quotes, else the whole value
	next       int
}

// tape is a document read once: nodes in the order they stand, offsets into the body.
type tape struct {
	body  []byte
	src   string // the body once more, so that a text in it is no copy of its own
	nodes []node
	room  *scanner // what it was read with
}

// keptNodes is the largest tape whose room is kept for the next document.
const keptNodes = 1 << 12

// rooms are scanners whose tapes are done with.
var rooms = sync.Pool{New: func() any { return new(scanner) }}

// free gives a tape's room back. Nothing may be read from it any more; its texts stay.
func (t *tape) free() {
	if s := t.room; cap(t.nodes) <= keptNodes {
		s.tape = tape{nodes: t.nodes[:0]}
		rooms.Put(s)
	}
}

// scanner reads one JSON document (RFC 8259) and refuses what two readers could understand differently: duplicate
// keys, trailing data, a byte order mark, invalid UTF-8, lone surrogates, numbers beyond a float64.
type scanner struct {
	tape
	at    int
	quote int // the next quote at or behind at, as far as one was looked for; below at: none was
}

// scan reads a whole body that may be written over once it has been read: texts of it are copies.
func scan(body []byte) (*tape, *Refusal) { return scanAs(body, string(body)) }

// scanKept reads a whole body that stays as it is for as long as any text of it is in use: texts of it are no copies.
func scanKept(body []byte) (*tape, *Refusal) {
	return scanAs(body, unsafe.String(unsafe.SliceData(body), len(body)))
}

// scanAs reads a body that is src.
func scanAs(body []byte, src string) (*tape, *Refusal) {
	s := rooms.Get().(*scanner)
	s.tape, s.at, s.quote = tape{body: body, src: src, nodes: s.nodes[:0], room: s}, 0, -1
	s.space()
	if r := s.value(0); r != nil {
		return nil, r
	}
	s.space()
	if s.at != len(body) {
		return nil, s.bad("data after the end of the document")
	}
	return &s.tape, nil
}

// bad is a refusal that names where, never what.
func (s *scanner) bad(why string) *Refusal {
	return &Refusal{Code: "json_invalid", Detail: why + " at byte " + strconv.Itoa(s.at)}
}

func (s *scanner) space() {
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) peek() byte {
	if s.at < len(s.body) {
		return s.body[s.at]
	}
	return 0
}

func (s *scanner) value(depth int) *Refusal {
	if depth > maxDepth {
		return s.bad("nesting deeper than " + strconv.Itoa(maxDepth))
	}
	if len(s.nodes) >= maxNodes {
		return s.bad("more than " + strconv.Itoa(maxNodes) + " values")
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.word("true", boolean)
	case c == 'f':
		return s.word("false", boolean)
	case c == 'n':
		return s.word("null", null)
	default:
		return s.bad("no JSON value")
	}
}

func (s *scanner) word(w string, k kind) *Refusal {
	if len(s.body)-s.at < len(w) || string(s.body[s.at:s.at+len(w)]) != w {
		return s.bad("no JSON value")
	}
	s.leaf(node{kind: k, isTrue: w == "true", start: s.at, end: s.at + len(w)})
	s.at += len(w)
	return nil
}

func (s *scanner) leaf(n node) {
	n.next = len(s.nodes) + 1
	s.nodes = append(s.nodes, n)
}

func (s *scanner) open(k kind) int {
	s.nodes = append(s.nodes, node{kind: k, start: s.at})
	s.at++
	s.space()
	return len(s.nodes) - 1
}

func (s *scanner) shut(i int) {
	s.at++
	s.nodes[i].end, s.nodes[i].next = s.at, len(s.nodes)
}

func (s *scanner) object(depth int) *Refusal {
	i := s.open(object)
	if s.peek() == '}' {
		s.shut(i)
		return nil
	}
	for {
		if s.peek() != '"' {
			return s.bad("no object key")
		}
		if r := s.str(); r != nil {
			return r
		}
		s.space()
		if s.peek() != ':' {
			return s.bad("no colon after a key")
		}
		s.at++
		s.space()
		if r := s.value(depth + 1); r != nil {
			return r
		}
		s.space()
		switch s.peek() {
		case ',':
			s.at++
			s.space()
		case '}':
			s.shut(i)
			return s.unique(i)
		default:
			return s.bad("no comma or end of an object")
		}
	}
}

func (s *scanner) array(depth int) *Refusal {
	i := s.open(array)
	if s.peek() == ']' {
		s.shut(i)
		return nil
	}
	for {
		if r := s.value(depth + 1); r != nil {
			return r
		}
		s.space()
		switch s.peek() {
		case ',':
			s.at++
			s.space()
		case ']':
			s.shut(i)
			return nil
		default:
			return s.bad("no comma or end of an array")
		}
	}
}

// fewKeys is up to how many keys are compared pair by pair.
const fewKeys = 12

// unique refuses an object that names a key twice, however it is escaped.
func (s *scanner) unique(obj int) *Refusal {
	var few [fewKeys]int
	n := 0
	for k := obj + 1; k < s.nodes[obj].next; k = s.nodes[k+1].next {
		if n == fewKeys {
			return s.uniqueMany(obj)
		}
		size := s.nodes[k].end - s.nodes[k].start
		for _, seen := range few[:n] {
			if other := &s.nodes[seen]; (size == other.end-other.start || other.escaped || s.nodes[k].escaped) && s.sameKey(seen, k) {
				return s.bad("a key that stands twice in an object")
			}
		}
		few[n] = k
		n++
	}
	return nil
}

// sameKey compares two keys without decoding them where it can.
func (s *scanner) sameKey(i, j int) bool {
	a, b := &s.nodes[i], &s.nodes[j]
	if a.escaped || b.escaped {
		return s.text(i) == s.text(j)
	}
	return bytes.Equal(s.body[a.start:a.end], s.body[b.start:b.end])
}

func (s *scanner) uniqueMany(obj int) *Refusal {
	seen := make(map[string]bool, 4*fewKeys)
	for k := obj + 1; k < s.nodes[obj].next; k = s.nodes[k+1].next {
		key := s.text(k)
		if seen[key] {
			return s.bad("a key that stands twice in an object")
		}
		seen[key] = true
	}
	return nil
}

// str reads a string. Bytes beyond ASCII stand in strings only, so that is where UTF-8 is checked.
func (s *scanner) str() *Refusal {
	from := s.at + 1
	s.at = from
	escaped, beyond := false, uint64(0)
	for {
		c, seen := s.plain()
		beyond |= seen
		switch {
		case c == '"':
			if beyond&highs != 0 && !utf8.Valid(s.body[from:s.at]) {
				return s.bad("invalid UTF-8")
			}
			s.nodes = append(s.nodes, node{kind: str, escaped: escaped, start: from, end: s.at, next: len(s.nodes) + 1})
			s.at++
			return nil
		case s.at == len(s.body):
			return s.bad("a string without its end")
		case c == '\\':
			escaped = true
			if r := s.escape(); r != nil {
				return r
			}
		default:
			return s.bad("a control character in a string")
		}
	}
}

const ones, highs = 0x0101010101010101, 0x8080808080808080

// special has the high bit of each byte that is a quote, a backslash or a control character, exact up to the first.
func special(w uint64) uint64 {
	quote, slash := w^(ones*'"'), w^(ones*'\\')
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
}

// shortRun is after how many bytes of a string the next quote is looked for: what is shorter is read before a search begins.
const shortRun = 32

// plain skips what needs no look in a string, and returns the byte that does; 0 at the end of the body. seen has the high bit
// of some byte set where what was skipped is not all ASCII, and perhaps where what follows is not.
func (s *scanner) plain() (c byte, seen uint64) {
	b, at := s.body, s.at
	for long := at + shortRun; at+16 <= len(b); {
		if at >= long {
			var beyond uint64
			at, beyond = s.stretch(at)
			seen |= beyond
			long = len(b)
			continue
		}
		w, x := binary.LittleEndian.Uint64(b[at:]), binary.LittleEndian.Uint64(b[at+8:])
		hit := special(w)
		if hit|special(x) != 0 {
			if hit == 0 {
				seen |= w
				w, at, hit = x, at+8, special(x)
			}
			s.at = at + bits.TrailingZeros64(hit)/8
			return b[s.at], seen | w
		}
		seen |= w | x
		at += 16
	}
	for ; at < len(b); at++ {
		if c := b[at]; c == '"' || c == '\\' || c < 0x20 {
			s.at = at
			return c, seen
		}
		seen |= uint64(b[at])
	}
	s.at = at
	return 0, seen
}

// stretch skips a long run up to the next quote or backslash, or to where a control character may be. Where the next quote is
// stays known, so that a string of many escapes is not searched again for each.
func (s *scanner) stretch(at int) (end int, seen uint64) {
	if s.quote < at {
		if s.quote = len(s.body); at < s.quote {
			if i := bytes.IndexByte(s.body[at:], '"'); i >= 0 {
				s.quote = at + i
			}
		}
	}
	run := s.body[at:s.quote]
	if i := bytes.IndexByte(run, '\\'); i >= 0 {
		run = run[:i]
	}
	for len(run) >= 32 {
		w, x := binary.LittleEndian.Uint64(run), binary.LittleEndian.Uint64(run[8:])
		y, z := binary.LittleEndian.Uint64(run[16:]), binary.LittleEndian.Uint64(run[24:])
		if ((w-ones*0x20)&^w|(x-ones*0x20)&^x|(y-ones*0x20)&^y|(z-ones*0x20)&^z)&highs != 0 {
			return at, seen
		}
		seen |= w | x | y | z
		run, at = run[32:], at+32
	}
	return at, seen
}

func (s *scanner) escape() *Refusal {
	_, size := unescape(s.body[s.at:])
	if size == 0 {
		return s.bad("an invalid escape in a string")
	}
	s.at += size
	return nil
}

func (s *scanner) digits() int {
	from := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at - from
}

func (s *scanner) number() *Refusal {
	from, plain := s.at, true
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if s.digits() == 0 {
		return s.bad("an invalid number")
	}
	if s.peek() == '.' {
		plain = false
		s.at++
		if s.digits() == 0 {
			return s.bad("an invalid number")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		plain = false
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if s.digits() == 0 {
			return s.bad("an invalid number")
		}
	}
	if s.at-from > maxNumberBytes {
		return s.bad("a number that is too long")
	}
	if !plain || s.at-from > 15 {
		if f, err := strconv.ParseFloat(s.src[from:s.at], 64); err != nil || math.IsInf(f, 0) {
			return s.bad("a number that is too large")
		}
	}
	s.leaf(node{kind: number, start: from, end: s.at})
	return nil
}
