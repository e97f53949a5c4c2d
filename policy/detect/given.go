package detect

// given says whether a value stands for another, or says that there is none.
func given(s string) bool {
	if len(s) < 6 || placeholder(s) || called(s) {
		return true
	}
	for _, w := range [...]string{"your", "example", "changeme", "placeholder", "process.env", "os.environ", "redacted", "null", "undefined", "required", "http:", "https:"} {
		if hasPrefixFold(s, w) {
			return true
		}
	}
	return false
}

// placeholder says whether a value is written as what another is to be put in: <here>, {{it}}, ${IT}, $IT, %IT%, ****, xxxx.
func placeholder(s string) bool {
	plain := true // a name and nothing else behind the first byte
	covered := 0
	for i := range len(s) {
		plain = plain && (i == 0 || alnum(s[i]) || s[i] == '_')
		if s[i] == '*' || lower(s[i]) == 'x' || s[i] == '.' {
			covered++
		}
		if s[i] == '{' && i > 0 && s[i-1] == '$' {
			return true
		}
	}
	switch s[0] {
	case '<', '{', '[', '(':
		return true
	case '$':
		return plain || s[1] == '(' || s[1] == '{' || hasPrefixFold(s, "$env:")
	case '%':
		return s[len(s)-1] == '%' || s[1] == '(' || s[1] == '{'
	}
	return 2*covered > len(s)
}

// called says whether a value is the call of a function: a name, and brackets with nothing behind them. One that is cut off
// inside of its brackets is one, too.
func called(s string) bool {
	open, upper, digits := 0, false, false
	for open < len(s) && (alnum(s[open]) || s[open] == '_' || s[open] == '.') {
		upper, digits = upper || s[open] >= 'A' && s[open] <= 'Z', digits || digit(s[open])
		open++
	}
	if open == len(s) || s[open] != '(' || open == 0 || upper && digits {
		return false
	}
	for i := open; i < len(s); i++ {
		if s[i] == ')' {
			return i == len(s)-1
		}
	}
	return true
}

// passwordLike says whether a value is no word of a sentence: it has a digit or a sign, or stands in quotes.
func passwordLike(s string, quoted bool) bool {
	digits, signs, blanks := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case digit(c):
			digits++
		case c == ' ':
			blanks++
		case !letter(c) && c < 0x80 && i < len(s)-1 && c != '-' && c != '\'' && c != '.':
			signs++
		}
	}
	if blanks > 0 {
		return quoted && blanks < 8 && passphrase(s)
	}
	return digits > 0 || signs > 0 || quoted && len(s) >= 8
}

// passphrase says whether words in quotes are no sentence about passwords: three or more, none of which such sentences are made
// of.
func passphrase(s string) bool {
	words, at := 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != ' ' {
			continue
		}
		word := s[at:i]
		for _, w := range sentenceWords {
			if hasPrefixFold(word, w) && (len(word) == len(w) || !letter(word[len(w)])) {
				return false
			}
		}
		if at = i + 1; len(word) > 0 {
			words++
		}
	}
	return words >= 3
}

// sentenceWords are in what forms and messages say of passwords.
var sentenceWords = [...]string{
	"a", "an", "the", "your", "you", "must", "is", "are", "be", "has", "have", "of", "to", "in", "at", "for", "with", "and", "or", "not", "no", "was", "it", "its",
	"please", "enter", "new", "old", "reset", "forgot", "confirm", "change", "invalid", "incorrect", "wrong", "required", "password", "passwords", "field",
	"characters", "least", "this", "that", "i", "my", "we", "ihr", "das", "die", "der", "ein", "bitte", "muss", "passwort", "le", "la", "mot", "de", "votre",
}

// lettered says whether a value has a letter.
func lettered(s string) bool {
	for i := range len(s) {
		if letter(s[i]) {
			return true
		}
	}
	return false
}

// keyLike says whether a value is one of a machine: letters and digits in disorder.
func keyLike(s string) bool {
	digits, letters := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case digit(c):
			digits++
		case letter(c):
			letters++
		case !contains("+/=_-.~:@!#$^*", c):
			return false
		}
	}
	return digits >= 2 && letters >= 2 && random(s) && entropy(s) >= 3
}
