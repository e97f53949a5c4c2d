package normal

import "bytes"

// readWords is the second pass: words that are not what they look like. A stretch without any is copied as it is.
func (r *Reader) readWords() {
	raw, t := r.raw, &r.text
	copied, sign := 0, 0
	keep := func(to int) {
		if to > copied {
			t.words.add(len(t.Bytes), copied, 0)
			t.Bytes = append(t.Bytes, raw[copied:to]...)
		}
		copied = to
	}
	for i := 0; i < len(raw); {
		if len(r.signs) == 0 {
			if i = ordinary(raw, i); i == len(raw) {
				break
			}
		}
		w := wordAt(raw, i)
		for ; sign < len(r.signs) && r.signs[sign].At < i+w.size; sign++ {
			t.Signs = append(t.Signs, Sign{len(t.Bytes) + r.signs[sign].At - copied, r.signs[sign].Kind})
		}
		switch {
		case w.size == 0:
			i++
			continue
		case w.size >= minRun:
			if n := r.decode(i); n > 0 {
				keep(i)
				r.write(i, n)
				copied, i = i+n, i+n
				continue
			}
		case w.single:
			if n := spacedRun(raw, i); n > 0 {
				keep(i)
				t.Signs = append(t.Signs, Sign{len(t.Bytes), Spaced})
				r.join(raw[i:i+n], i)
				copied, i = i+n, i+n
				continue
			}
		case w.leet():
			keep(i)
			t.Signs = append(t.Signs, Sign{len(t.Bytes), Leet})
			t.words.add(len(t.Bytes), i, 0)
			t.Bytes = appendUnleet(t.Bytes, raw[i:i+w.size])
			copied = i + w.size
		case w.size >= 3 && w.digits == 0 && rotated(raw[i:i+w.size]):
			keep(i)
			t.Signs = append(t.Signs, Sign{len(t.Bytes), Decoded})
			t.words.add(len(t.Bytes), i, 0)
			t.Bytes = appendRot13(t.Bytes, raw[i:i+w.size])
			copied = i + w.size
		}
		i += w.size
	}
	keep(len(raw))
}

// ordinary is the first place from i on at which a word stands that may not be what it looks like.
func ordinary(raw []byte, i int) int {
	for i < len(raw) {
		if kinds[raw[i]] == isOther {
			i++
			continue
		}
		n := i
		for n < len(raw) && kinds[raw[n]] == isLetter {
			n++
		}
		size := n - i
		if size < 2 || size >= minRun || n < len(raw) && kinds[raw[n]] != isOther || size > 2 && rot13Maybe[rot13Key(raw[i:n])] {
			if size != 1 || spaced(raw, n) {
				return i
			}
		}
		i = n
	}
	return i
}

// spaced says whether the letter before n may begin a run of spaced ones: another single one follows it.
func spaced(raw []byte, n int) bool {
	return n+1 < len(raw) && (kinds[raw[n]] != isOther || kinds[raw[n+1]] == isOther || n+2 >= len(raw) || kinds[raw[n+2]] != isLetter)
}

// word is a run of letters, digits and the marks that stand for letters.
type word struct {
	size, letters, digits, marks int
	hard                         bool // has a digit that is no letter's twin
	single                       bool
}

// leet says whether digits or marks stand for letters in it.
func (w word) leet() bool {
	return w.letters >= 2 && w.digits+w.marks > 0 && !w.hard && w.size <= 48
}

func wordAt(raw []byte, i int) (w word) {
	n := i
	for n < len(raw) && kinds[raw[n]] == isLetter {
		n++
	}
	w.letters = n - i
	if n == len(raw) || kinds[raw[n]] == isOther {
		w.size, w.single = n-i, n-i == 1
		return w
	}
	for ; n < len(raw); n++ {
		c := raw[n]
		switch kinds[c] {
		case isLetter:
			w.letters++
		case isTwin:
			w.digits++
		case isDigit:
			w.digits++
			w.hard = true
		case isMark:
			if n == i || n+1 >= len(raw) || !inWord(raw[n-1]) || !inWord(raw[n+1]) {
				w.size = n - i
				w.single = w.size == 1
				return w
			}
			w.marks++
		default:
			w.size = n - i
			w.single = w.size == 1
			return w
		}
	}
	w.size = n - i
	w.single = w.size == 1
	return w
}

// The kinds of bytes in words.
const (
	isOther = iota
	isLetter
	isTwin
	isDigit
	isMark
)

var kinds = func() (t [256]byte) {
	for c := 'a'; c <= 'z'; c++ {
		t[c] = isLetter
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = isDigit
	}
	for _, c := range "0134579" {
		t[c] = isTwin
	}
	for _, c := range "@$!|+" {
		t[c] = isMark
	}
	return t
}()

func inWord(c byte) bool { return kinds[c] != isOther }

// twins are the letters that digits and marks stand for.
var twins = func() (t [256]byte) {
	for c := range t {
		t[c] = byte(c)
	}
	for i, c := range []byte("013457@$!|+9") {
		t[c] = "oieastasiitg"[i]
	}
	return t
}()

func appendUnleet(to, w []byte) []byte {
	for i, c := range w {
		if c == '1' && (i+1 < len(w) && w[i+1] == '1' || i > 0 && w[i-1] == '1') {
			to = append(to, 'l')
			continue
		}
		to = append(to, twins[c])
	}
	return to
}

// spaced letters: at least this many.
const minSpaced = 4

// spacedRun is how long a run of single letters with the same separator between them at i is, 0 if it is short. Three
// separators in place of one part words.
func spacedRun(raw []byte, i int) int {
	if i > 0 && inWord(raw[i-1]) || i+1 >= len(raw) {
		return 0
	}
	sep, n, at := raw[i+1], 1, i
	if sep != ' ' && sep != '.' && sep != '-' && sep != '_' && sep != '*' && sep != '/' && sep != '|' && sep != ',' {
		return 0
	}
	for at+2 < len(raw) && at-i < 512 {
		next := at + 1
		for next < len(raw) && raw[next] == sep && next-at <= 3 {
			next++
		}
		if next == at+1 || next >= len(raw) || !inWord(raw[next]) || next+1 < len(raw) && inWord(raw[next+1]) && kinds[raw[next+1]] != isMark {
			break
		}
		n, at = n+1, next
	}
	if n < minSpaced {
		return 0
	}
	return at + 1 - i
}

// join writes spaced letters as words, and maps each letter.
func (r *Reader) join(run []byte, at int) {
	t := &r.text
	for k := 0; k < len(run); {
		t.words.add(len(t.Bytes), at+k, 0)
		t.Bytes = append(t.Bytes, twins[run[k]])
		next := k + 1
		for next < len(run) && !inWord(run[next]) {
			next++
		}
		if next-k > 2 && next < len(run) {
			t.words.add(len(t.Bytes), at+k+1, 0)
			t.Bytes = append(t.Bytes, ' ')
		}
		k = next
	}
}

// rotated says whether a word is ROT13 of one that attacks are made of.
func rotated(w []byte) bool {
	if len(w) < 3 || len(w) > 12 || !rot13Maybe[rot13Key(w)] {
		return false
	}
	_, ok := rot13Words[string(w)]
	return ok
}

func rot13Key(w []byte) int {
	return (int(w[0])*31 + int(w[1])*17 + int(w[len(w)-1])*7 + len(w)*257) & 1023
}

var rot13Words = func() map[string]struct{} {
	m := map[string]struct{}{}
	for _, w := range bytes.Fields([]byte("ignore all previous prior instructions instruction system prompt reveal your rules forget everything " +
		"disregard override print show secret password output repeat above act pretend restrictions safety guidelines bypass you are now " +
		"message hidden tell the this and with without")) {
		m[string(appendRot13(nil, w))] = struct{}{}
	}
	return m
}()

// rot13Maybe keeps almost every other word away from the map.
var rot13Maybe = func() (t [1024]bool) {
	for w := range rot13Words {
		t[rot13Key([]byte(w))] = true
	}
	return t
}()

func appendRot13(to, w []byte) []byte {
	for _, c := range w {
		if letter(c) {
			c = 'a' + (c-'a'+13)%26
		}
		to = append(to, c)
	}
	return to
}
