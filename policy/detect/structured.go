package detect

import "slices"

// structured is the family of rules for data with a grammar: personal data and secrets.
func structured() family {
	return family{
		rules: structuredRules,
		scan: func(r *reader, text string, from int, into []Finding) []Finding {
			r.begin(text, into)
			r.pass(from)
			return r.into
		},
		watches: []watch{
			{[]Type{EmailAddress}, openEmail},
			{candidateTypes(), (*reader).openCandidate},
			{[]Type{APIKey}, (*reader).openKey},
			{[]Type{Password, ConnectionString, APIKey}, (*reader).openAssigned},
			{[]Type{JWT}, openJWT},
			{[]Type{SWIFT}, (*reader).openBIC},
			{[]Type{Exfiltrating}, (*reader).openImage},
			{[]Type{ScriptInjection, SQLInjection, ShellInjection}, (*reader).openCode},
			{[]Type{PrivateKey}, openPEM},
		},
	}
}

// candidateRules are those that begin with a number, a code or a word before one.
func candidateRules() []Rule {
	var out []Rule
	for i := range numericRules {
		out = append(out, numericRules[i].Rule)
	}
	for i := range codedRules {
		out = append(out, codedRules[i].Rule)
	}
	for _, more := range [][]Rule{phoneRules(), internetRules(), bankRules(), dateRules(), placeRules()} {
		out = append(out, more...)
	}
	return out
}

func candidateTypes() []Type {
	var out []Type
	seen := map[Type]bool{}
	for _, r := range candidateRules() {
		if !seen[r.Type] {
			seen[r.Type] = true
			out = append(out, r.Type)
		}
	}
	return out
}

func structuredRules() []Rule {
	return slices.Concat(wholeRules(), candidateRules(), assignedRules(), keyRules(), linkRules(), codeRules())
}

// pass runs every rule that a byte can begin, once over the text from from on, and those of signs whose value may stand
// there.
func (r *reader) pass(from int) {
	text := r.text
	for i := max(0, from-valueReach); i < from; i++ {
		if duties[text[i]]&seeksValue != 0 {
			r.assigned(i)
		}
	}
	for i := from; i < len(text); i++ {
		does := duties[text[i]]
		if does == 0 {
			continue
		}
		if does&seeksNumber != 0 {
			i = r.run(i)
			continue
		}
		r.inspect(i, does)
	}
}

// run checks the run of letters and digits whose first digit stands at i, and returns its last byte.
func (r *reader) run(i int) int {
	start := i
	for start > 0 && i-start <= maxToken && alnum(r.text[start-1]) {
		start--
	}
	end := i + 1
	for end < len(r.text) && alnum(r.text[end]) {
		end++
	}
	if i-start <= maxToken && end-start <= maxToken {
		if start < i && escape(r.text, start) {
			start++
		}
		r.candidate(start, end-start)
		r.before(start)
	}
	return end - 1
}

// candidate checks what can begin with the run of n letters and digits at i.
func (r *reader) candidate(i, n int) {
	if i > 0 && r.text[i-1] >= 0x80 || !digit(r.text[i]) {
		r.coded(i, n)
		r.iban(i)
	} else if n > 4 || n == 2 && r.at(i+n) == '.' {
		r.coded(i, n)
	}
	r.wallet(i, n)
	if n == 4 && r.at(i+4) == '.' {
		r.dotted(i)
	}
	if digit(r.text[i]) && n == 42 {
		r.key(i)
	}
	if !digit(r.text[i]) || !r.starts(i) {
		return
	}
	r.num.read(r, i)
	if r.num.groups == 0 {
		return
	}
	r.numeric()
	r.phone(i)
	r.ipv4()
	r.birthDigits()
	r.birthEast()
	r.birthDay()
	r.coordinates()
	r.houseFirst()
}

// before checks what begins with a word before the run at i: a month, a street, two letters of a code.
func (r *reader) before(i int) {
	if i < 2 || !digit(r.text[i]) {
		return
	}
	if n := r.lettersBefore(i); n > 0 {
		r.coded(i-1-n, n)
	}
	if i < 3 || r.text[i-1] != ' ' {
		return
	}
	at := i - 1
	for at > 0 && i-at < longestMonth+2 && !contains(wordBreaks, r.text[at-1]) {
		at--
	}
	if escape(r.text, at) {
		at++
	}
	if c := r.text[at]; c >= 'a' && c <= 'z' {
		return // no month, and no street's last word, though the name of one may
	}
	if r.num.start == i && r.num.size[0] <= 2 {
		r.birthMonth(at)
	}
	if r.num.start == i && r.num.size[0] <= 4 {
		r.streetBefore(i)
	}
}

// lettersBefore is how many letters, at most three, stand by themselves before the separator before i.
func (r *reader) lettersBefore(i int) int {
	if c := r.text[i-1]; c != ' ' && c != '-' && c != '.' {
		return 0
	}
	n := 0
	for n < 4 && i-2-n >= 0 && letter(r.text[i-2-n]) {
		n++
	}
	if n > 3 || i-2-n >= 0 && (alnum(r.text[i-2-n]) || r.text[i-2-n] >= 0x80) {
		return 0
	}
	return n
}

// inspect runs the rules that the byte at i asks for.
func (r *reader) inspect(i int, does duty) {
	if does&seeksKey != 0 {
		r.key(i)
	}
	if does&seeksToken != 0 && i >= 2 && r.text[i-1] == jwtOpening[1] {
		r.into = jwt(r.text, i-2, r.into)
	}
	if does&seeksPhone != 0 && r.starts(i) {
		r.phone(i)
	}
	if does&seeksEmail != 0 {
		r.into = email(r.text, i, r.into)
	}
	if does&seeksBlock != 0 {
		r.into = pem(r.text, i, r.into)
	}
	if does&seeksPair != 0 {
		r.colon(i)
	}
	if does&seeksImage != 0 {
		switch r.text[i] {
		case '[':
			r.link(i)
		case '<':
			r.element(i)
		default:
			r.image(i)
		}
	}
	if does&seeksCode != 0 {
		r.executes(i)
	}
	if does&seeksValue != 0 {
		r.assigned(i)
	}
}

// duty says which rules a byte can begin.
type duty uint16

const (
	seeksKey duty = 1 << iota
	seeksToken
	seeksNumber
	seeksPhone
	seeksEmail
	seeksBlock
	seeksPair
	seeksValue
	seeksImage
	seeksCode
)

var duties = func() (t [256]duty) {
	for c := range t {
		if keysBy[c] != nil {
			t[c] |= seeksKey
		}
		if digit(byte(c)) {
			t[c] |= seeksNumber
		}
	}
	t[jwtOpening[2]] |= seeksToken // its rarest letter
	t['+'] |= seeksPhone
	t['('] |= seeksPhone
	t['@'] |= seeksEmail
	t['-'] |= seeksBlock | seeksPair
	t[':'] |= seeksPair | seeksValue
	t['='] |= seeksValue
	t['!'] |= seeksImage
	t['['] |= seeksImage
	t['<'] |= seeksImage
	t['w'] |= seeksValue
	t['W'] |= seeksValue
	t['C'] |= seeksCode
	t['T'] |= seeksCode
	for _, c := range []byte("<(='\";|&`$/") {
		t[c] |= seeksCode
	}
	return t
}()

// openReach is how far from the end of a text a candidate can begin that is not decided: the longest address, and what is
// read behind it.
const openReach = addressBytes + 120

// openCandidate is where a candidate begins that more text could change: one for which a byte behind the end was asked.
func (r *reader) openCandidate(text string, from int) int {
	r.look(text)
	for i := max(from, len(text)-openReach); i < len(text); i++ {
		c := text[i]
		if alnum(c) || c >= 0x80 {
			if r.opens(i) {
				return i
			}
			continue
		}
		if c == '+' || c == '(' {
			r.past = false
			if r.starts(i) {
				r.phone(i)
			}
			if r.past {
				return i
			}
		}
		if c == ':' && r.opensAddress(i) {
			return i
		}
	}
	return len(text)
}

// opens says whether something that is not decided begins with the word or number at i.
func (r *reader) opens(i int) bool {
	if i > 0 && (alnum(r.text[i-1]) && !escape(r.text, i-1) || r.text[i-1] >= 0x80 && r.text[i] >= 0x80) {
		return false
	}
	r.into, r.past, r.asked = r.into[:0], false, -1
	n, digits := 0, 0
	for n <= maxToken && alnum(r.at(i+n)) {
		if digit(r.text[i+n]) {
			digits++
		}
		n++
	}
	if n > maxToken {
		return false
	}
	if r.past {
		return true
	}
	if digits > 0 || n > 0 && n <= 3 && len(r.text)-i < 64 {
		r.candidate(i, n)
	}
	if near := len(r.text)-i < 64; near {
		r.birthMonth(i)
		r.addressAt(i)
	}
	if !digit(r.text[i]) {
		r.streetFirst(i)
	}
	return r.past
}

func (r *reader) opensAddress(i int) bool {
	if i > 0 && (alnum(r.text[i-1]) || r.text[i-1] == ':') {
		return false
	}
	r.past = false
	r.addressAt(i)
	return r.past
}
