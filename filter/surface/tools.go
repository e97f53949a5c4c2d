package surface

import "slices"

// StripTools leaves the named tools out of a request: from the list of tools and that of functions, and the choice of a
// tool where it names one of them. Where no tool is left, the list itself goes, since an empty one is refused by vendors.
// It returns the bytes that go; segments inside of them must not be edited (see Inside).
func StripTools(body []byte, names []string) ([]Splice, error) {
	t, refusal := scan(body)
	if refusal != nil {
		return nil, refusal
	}
	var out []Splice
	gone := map[string]bool{}
	for _, list := range [...]string{"tools", "functions"} {
		at, ok := t.member(0, list)
		if !ok {
			continue
		}
		all, spans := t.strip(at, names)
		if all {
			gone[list] = true
		}
		out = append(out, spans...)
	}
	t.choices(gone, names)
	if len(gone) == 0 {
		return out, nil
	}
	var items []item
	t.members(0, func(k, v int) {
		items = append(items, item{Span{t.nodes[k].start - 1, t.end(v)}, gone[t.text(k)]})
	})
	whole := remove(items)
	return append(slices.DeleteFunc(out, func(s Splice) bool { return Inside(s.At, whole) }), whole...), nil
}

// Inside says whether a span lies in bytes that are taken out.
func Inside(at Span, gone []Splice) bool {
	return slices.ContainsFunc(gone, func(s Splice) bool { return at.Start >= s.At.Start && at.End <= s.At.End && len(s.With) == 0 })
}

// strip takes the named tools out of a list. all says that none would be left.
func (t *tape) strip(list int, names []string) (all bool, out []Splice) {
	var items []item
	left := 0
	t.elements(list, func(_, v int) {
		named := slices.Contains(names, toolName(t, v))
		items = append(items, item{Span{t.nodes[v].start, t.end(v)}, named})
		if !named {
			left++
		}
	})
	return left == 0 && len(items) > 0, remove(items)
}

// choices marks the members that speak of tools which are gone.
func (t *tape) choices(gone map[string]bool, names []string) {
	for member, list := range map[string]string{"tool_choice": "tools", "parallel_tool_calls": "tools", "function_call": "functions"} {
		at, ok := t.member(0, member)
		if !ok {
			continue
		}
		names := t.nodes[at].kind == object && slices.Contains(names, toolName(t, at))
		if gone[list] || names {
			gone[member] = true
		}
	}
}

// end is the byte behind node i, a string's quote included.
func (t *tape) end(i int) int {
	if t.nodes[i].kind == str {
		return t.nodes[i].end + 1
	}
	return t.nodes[i].end
}

// item is one of the values between commas.
type item struct {
	at   Span
	gone bool
}

// remove takes items out, each with the comma that parted it from its neighbour.
func remove(items []item) []Splice {
	var out []Splice
	kept := -1 // the last item that stays
	for i, it := range items {
		switch {
		case !it.gone:
			kept = i
		case i+1 < len(items):
			out = append(out, Splice{At: Span{it.at.Start, items[i+1].at.Start}})
		}
	}
	last := len(items) - 1
	if last < 0 || !items[last].gone {
		return out
	}
	if kept < 0 {
		return []Splice{{At: Span{items[0].at.Start, items[last].at.End}}}
	}
	// The items behind the last that stays go in one piece, from its end.
	out = slices.DeleteFunc(out, func(s Splice) bool { return s.At.Start > items[kept].at.Start })
	return append(out, Splice{At: Span{items[kept].at.End, items[last].at.End}})
}
