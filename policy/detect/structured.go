package detect

func structuredRules() []Rule {
	return append(structured(), keyRules()...)
}

// pass runs every rule that a byte can begin.
func pass(text string, into []Finding) []Finding {
	for i := 0; i < len(text); i++ {
		if does := duties[text[i]]; does != 0 {
			into = inspect(text, i, does, into)
		}
	}
	return into
}

// inspect runs the rules that can begin with the byte at i.
func inspect(text string, i int, does duty, into []Finding) []Finding {
	if does&seeksKey != 0 && tokenStarts(text, i) {
		into = key(text, i, into)
	}
	if does&seeksToken != 0 {
		into = jwt(text, i, into)
	}
	if does&seeksNumber != 0 {
		into = number(text, i, into)
	}
	if does&seeksEmail != 0 {
		into = email(text, i, into)
	}
	if does&seeksBlock != 0 {
		into = pem(text, i, into)
	}
	return into
}

// duty says which rules a byte can begin.
type duty uint8

const (
	seeksKey duty = 1 << iota
	seeksToken
	seeksNumber
	seeksEmail
	seeksBlock
)

var duties = func() (t [256]duty) {
	for c := range t {
		if len(keysBy[c]) > 0 {
			t[c] |= seeksKey
		}
		if digit(byte(c)) {
			t[c] |= seeksNumber
		}
	}
	t[jwtOpening[0]] |= seeksToken
	t['+'] |= seeksNumber
	t['('] |= seeksNumber
	t['@'] |= seeksEmail
	t['-'] |= seeksBlock
	return t
}()

var structuredWatches = []watch{
	{[]Type{EmailAddress}, openEmail},
	{[]Type{CreditCard, USSSN, PhoneNumber}, openNumber},
	{[]Type{APIKey}, openKey},
	{[]Type{JWT}, openJWT},
	{[]Type{PrivateKey}, openPEM},
}
