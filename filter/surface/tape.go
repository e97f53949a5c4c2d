package surface

import "strconv"

// text is the decoded value of the string node i.
func (t *tape) text(i int) string {
	n := &t.nodes[i]
	if !n.escaped {
		return t.src[n.start:n.end]
	}
	return decode(t.body[n.start:n.end])
}

// span is where node i stands: between the quotes for a string.
func (t *tape) span(i int) Span { return Span{t.nodes[i].start, t.nodes[i].end} }

// member finds a key of the object i. null counts as absent.
func (t *tape) member(i int, name string) (int, bool) {
	if i < 0 || t.nodes[i].kind != object {
		return -1, false
	}
	for k := i + 1; k < t.nodes[i].next; k = t.nodes[k+1].next {
		if t.is(k, name) {
			return k + 1, t.nodes[k+1].kind != null
		}
	}
	return -1, false
}

// is compares the string node i without decoding it where it can.
func (t *tape) is(i int, s string) bool {
	n := &t.nodes[i]
	if n.escaped {
		return t.text(i) == s
	}
	return t.src[n.start:n.end] == s
}

// members calls f for each key and value of the object i.
func (t *tape) members(i int, f func(key, val int)) {
	if i < 0 || t.nodes[i].kind != object {
		return
	}
	for k := i + 1; k < t.nodes[i].next; k = t.nodes[k+1].next {
		f(k, k+1)
	}
}

// elements calls f for each element of the array i.
func (t *tape) elements(i int, f func(index, val int)) {
	if i < 0 || t.nodes[i].kind != array {
		return
	}
	index := 0
	for k := i + 1; k < t.nodes[i].next; k = t.nodes[k].next {
		f(index, k)
		index++
	}
}

// strOf is the text of a member that is a string, or "".
func (t *tape) strOf(i int, name string) string {
	if m, ok := t.member(i, name); ok && t.nodes[m].kind == str {
		return t.text(m)
	}
	return ""
}

// intOf is a member that is a whole number, or 0.
func (t *tape) intOf(i int, name string) int64 {
	m, ok := t.member(i, name)
	if !ok {
		return 0
	}
	n, _ := t.whole(m)
	return n
}

// whole reads a number node as a whole number; 1.0 and 1e2 are whole.
func (t *tape) whole(i int) (int64, bool) {
	f, ok := t.float(i)
	if !ok || f != float64(int64(f)) || f > 1<<53 || f < -(1<<53) {
		return 0, false
	}
	return int64(f), true
}

func (t *tape) float(i int) (float64, bool) {
	if t.nodes[i].kind != number {
		return 0, false
	}
	f, err := strconv.ParseFloat(t.src[t.nodes[i].start:t.nodes[i].end], 64)
	return f, err == nil
}
