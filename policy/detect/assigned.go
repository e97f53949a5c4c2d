package detect

// The bounds of a name and the value given to it.
const (
	nameBytes     = 48
	valueBytes    = 256
	assignedReach = valueBytes + 8 + nameBytes
	// valueReach is how far behind its sign a value can begin: blanks, an arrow, a scheme's name, a quote.
	valueReach = max(3+len("bearer basic token ")+2+1, toldReach+3)
)

// secretName is what names of secrets hold, in lower case without separators. A loud one is a password, whose value may be
// short.
type secretName struct {
	part string
	loud bool
}

var secretNames = []secretName{
	{"password", true}, {"passwd", true}, {"passwort", true}, {"kennwort", true}, {"motdepasse", true}, {"contrase", true}, {"senha", true},
	{"passphrase", true}, {"wachtwoord", true}, {"pwd", true}, {"hasło", true}, {"mậtkhẩu", true}, {"パスワード", true}, {"密码", true},
	{"apikey", false}, {"secret", false}, {"token", false}, {"accesskey", false}, {"privatekey", false}, {"accountkey", false}, {"authkey", false},
	{"encryptionkey", false}, {"signingkey", false}, {"credential", false}, {"sharedaccesskey", false}, {"masterkey", false}, {"clientkey", false},
	{"authorization", false}, {"bearer", false}, {"licensekey", false}, {"cookie", false}, {"sessionid", false},
}

// toldReach is how far behind the third letter of a word for a password the password can begin, where a sentence says it.
const toldReach = 72

// told checks for a password that a sentence says: "the password for the router is". i is the w of the word for it.
func (r *reader) told(i int) {
	at := i + 1
	switch {
	case i >= 4 && hasPrefixFold(r.text[i-4:], "pass"), i >= 1 && lower(r.text[i-1]) == 'p' && lower(r.at(i+1)) == 'd':
	case r.hasFold(i, "wifi pass "), r.hasFold(i, "wlan pass "):
		at = i + len("wifi pass")
	case r.hasFold(i, "wi-fi pass "):
		at = i + len("wi-fi pass")
	default:
		return
	}
	for words := 0; words < 8 && at-i < toldReach-8; {
		switch c := r.at(at); {
		case alnum(c) || c >= 0x80 || c == '-' || c == '\'':
			at++
			continue
		case c != ' ':
			return
		}
		at++
		words++
		for _, verb := range [...]string{"is ", "ist ", "lautet ", "est ", "es ", "was ", "\u00e8 ", "\u00e9 "} {
			if r.hasFold(at, verb) {
				r.value(at+len(verb)-1, true)
				return
			}
		}
	}
}

// assigned checks for a secret given to a name before the sign at i, and for credentials in an address behind it.
func (r *reader) assigned(i int) {
	if c := r.text[i]; c == 'w' || c == 'W' {
		r.told(i)
		return
	}
	if r.text[i] == ':' && r.at(i+1) == '/' {
		r.credentials(i)
		return
	}
	if named, loud := r.secretName(i); named {
		r.value(i+1, loud)
		return
	}
	if n := len(r.into); r.passed(i) {
		if r.value(i+1, true); len(r.into) > n && !lettered(r.text[r.into[n].Start:r.into[n].End]) {
			r.into = r.into[:n] // of so many tests
		}
		return
	}
	r.bicNamed(i)
}

// secretName says whether the name that ends before i is one of a secret's, and whether it is a password's.
func (r *reader) secretName(i int) (named, loud bool) {
	end := i
	for end > 0 && i-end < 3 && contains(" \"'`]", r.text[end-1]) {
		end--
	}
	if end > 0 && r.text[end-1] == '\\' {
		end--
	}
	var low [nameBytes]byte
	n, at := len(low), end
	for at > 0 && end-at < nameBytes {
		c := r.text[at-1]
		if alnum(c) || c >= 0x80 {
			n--
			low[n] = lower(c)
		} else if c != '_' && c != '-' && c != '.' && !(c == ' ' && at > 1 && letter(r.text[at-2])) {
			break
		}
		at--
	}
	name := low[n:]
	if len(name) < 3 {
		return false, false
	}
	for at := max(0, len(name)-longestSecret-behindName); at < len(name); at++ {
		for _, s := range secretsFrom[name[at]] {
			if behind := len(name) - at - len(s.part); behind >= 0 && behind <= behindName && string(name[at:at+len(s.part)]) == s.part &&
				!ofNoSecret(name[len(name)-behind:]) {
				named, loud = true, loud || s.loud
			}
		}
	}
	return named, loud
}

// passed says whether the name that ends before i is pass, by itself or behind a sign: DB_PASS, and not compass.
func (r *reader) passed(i int) bool {
	end := i
	for end > 0 && i-end < 2 && contains("\"'", r.text[end-1]) {
		end--
	}
	at := end - len("pass")
	return at >= 0 && hasPrefixFold(r.text[at:end], "pass") && (at == 0 || contains("_-.\"'{,\n;&?\t", r.text[at-1]))
}

// behindName is how many bytes may follow on a word for a secret in a name: they say only what the value is.
const behindName = 6

// ofNoSecret says whether what follows on a word for a secret makes of it the name of something else: secretName, token_type,
// tokenizer.
func ofNoSecret(behind []byte) bool {
	switch string(behind) {
	case "name", "names", "type", "types", "izer", "izers", "url", "uri", "ref", "path", "file", "dir", "count", "limit", "class", "policy", "length", "ttl":
		return true
	}
	return false
}

// secretsFrom lists the words for secrets by the byte they begin with, and longestSecret is the length of the longest.
var secretsFrom, longestSecret = func() (t [256][]secretName, longest int) {
	for _, s := range secretNames {
		t[s.part[0]] = append(t[s.part[0]], s)
		longest = max(longest, len(s.part))
	}
	return t, longest
}()

// value checks what is given at i.
func (r *reader) value(i int, loud bool) {
	at := i
	for at-i < 3 && contains(" =>:", r.at(at)) && r.at(at) != 0 {
		at++
	}
	for _, scheme := range [...]string{"bearer ", "basic ", "token "} {
		if r.hasFold(at, scheme) {
			at += len(scheme)
		}
	}
	quote := r.at(at)
	if quote == '\\' {
		at++
		quote = r.at(at)
	}
	if quote != '"' && quote != '\'' && quote != '`' {
		quote = 0
	} else {
		at++
	}
	r.valueAt = at
	end := at
	for end-at <= valueBytes && r.valueByte(end, quote) {
		end++
	}
	if end-at > valueBytes || end == at {
		return
	}
	for quote == 0 && end > at && contains(".,", r.text[end-1]) {
		end--
	}
	body := r.text[at:end]
	if given(body) {
		return
	}
	switch {
	case loud && passwordLike(body, quote != 0):
		r.found("secret.password", Password, Critical, 0.85, at, end)
	case !loud && len(body) >= 12 && keyLike(body):
		r.found("secret.assigned", APIKey, Critical, 0.75, at, end)
	}
}

// valueByte says whether the byte at i belongs to a value that stands in quotes, or to one that does not.
func (r *reader) valueByte(i int, quote byte) bool {
	c := r.at(i)
	if c < ' ' || c == quote || c == '\\' && contains("\"'nrt", r.at(i+1)) {
		return false
	}
	if quote != 0 {
		return true
	}
	if contains(",;)]}&|", c) {
		return r.goesOn(i + 1)
	}
	return !contains(" \"'`<>", c)
}

// goesOn says whether a value goes on at i, behind a sign that may end one: with a letter, a digit or a sign of passwords, and
// not with the name of the next value.
func (r *reader) goesOn(i int) bool {
	c := r.at(i)
	if !alnum(c) && !contains("!@#$%^*+", c) || c == 0 {
		return false
	}
	for k := i; k-i < nameBytes; k++ {
		c := r.at(k)
		if c == '=' || c == ':' {
			return k == i
		}
		if !alnum(c) && c != '_' && c != '-' && c != '.' && c != ' ' {
			break
		}
	}
	return true
}

// credentials checks for a name and a password before the host of an address whose colon stands at i.
func (r *reader) credentials(i int) {
	if r.at(i+2) != '/' || i == 0 || !alnum(r.text[i-1]) {
		return
	}
	start := i + 3
	r.valueAt = start
	colon, at := 0, start
	for ; at-start <= valueBytes; at++ {
		c := r.at(at)
		if c == '@' && colon > 0 && at > colon+1 && alnum(r.at(at+1)) {
			break
		}
		if c == ':' && colon == 0 {
			colon = at
		}
		if c <= ' ' || c >= 0x80 || contains("/?#\"'<>\\`", c) {
			return
		}
	}
	if at-start > valueBytes {
		return
	}
	if body := r.text[colon+1 : at]; contains("$<{*[%", body[0]) {
		return
	}
	end := at + 1
	for end-at <= valueBytes && (alnum(r.at(end)) || contains(".-:_", r.at(end)) && alnum(r.at(end+1))) {
		end++
	}
	r.found("secret.url", ConnectionString, Critical, 0.95, start, end)
}

// openAssigned is where a value begins that is not over.
func (r *reader) openAssigned(text string, from int) int {
	r.look(text)
	for i := max(0, from-valueReach, len(text)-2*assignedReach); i < len(text); i++ {
		c := text[i]
		if c != '=' && c != ':' && c != 'w' && c != 'W' {
			continue
		}
		r.past, r.into, r.valueAt = false, r.into[:0], len(text)
		if r.assigned(i); r.past && r.valueAt < len(text) {
			return r.valueAt
		}
	}
	return len(text)
}

func assignedRules() []Rule {
	return []Rule{
		{
			ID: "secret.password", Type: Password, Severity: Critical, Score: 0.85,
			Description: "A password given to a name that says so, in ten languages: it has a digit or a sign, or stands in quotes.",
			Source:      "names as configuration files, forms and sentences have them", Check: "no placeholder", Behind: toldReach + 8, Ahead: assignedReach, Cost: Candidate,
			Match: []string{"password=hunter2!", `"db_password": "s3cr3t-Pa55"`, "Passwort: Winter2024!", "pwd: 'correcthorse'", "the password for the guest wifi is Sommer2023!", "my password: c0rrect-h0rse",
				"Password: S3cure(Pass)99", "password: $ecret2024!", "DB_PASSWORD=x7K,pQ9!mZ2@", "DB_PASSWORD=aB3$kL9;mN2pQ", `"passphrase": "correct horse battery staple"`, "(password: hunter2!).", "DB_PASS=s3cr3t-Pa55", `{"pass": "hunter_42!"}`, "the wifi pass for guests is Winter!2024"},
			NoMatch: []string{"password: please reset it", "password=${DB_PASSWORD}", "password: ********", "password=os.getenv(\"X\")", "passwords: three of them", "the password is stored in a vault", "a password is 12 characters long",
				"password=$DB_PASSWORD", "password: %PASSWORD%", `"password": "Must be at least 8 characters"`, `"password": "Enter a new password"`, "password = decrypt(value)", "password: xxxxxxxx",
				"boarding pass: A1234567", "pass=1200/1300", "compass=N45E12", "wifi pass costs 12.50 a day"},
		},
		{
			ID: "secret.assigned", Type: APIKey, Severity: Critical, Score: 0.75,
			Description: "A key or token given to a name that says so: letters and digits without order.",
			Source:      "names as configuration files have them", Check: "entropy of at least 3 bits a character", Behind: nameBytes + 8, Ahead: assignedReach, Cost: Candidate,
			Match:   []string{"API_KEY=9f86d081884c7d659a2f", `"client_secret": "a7Bk2Lm9Qz4Xc6Vn8Rt1"`, "Authorization: Bearer a7Bk2Lm9Qz4Xc6Vn8Rt1", "AccountKey=a7Bk2Lm9Qz4Xc6Vn8Rt1Yp3Ws5Dg0Hj=="},
			NoMatch: []string{"token: the next one", "secretName: web-tls-2026-q4-a1", "tokenizer: cl100k_base_v2_2024", `"token_type": "bearer_2024_v2x9"`, "api_key=YOUR_API_KEY_HERE_12", "secret = get_secret(\"name12345\")", "max_tokens=4096"},
		},
		{
			ID: "secret.url", Type: ConnectionString, Severity: Critical, Score: 0.95,
			Description: "A user's name and password in an address, with its host.", Source: "RFC 3986 3.2.1", Check: "no placeholder",
			Behind: 4, Ahead: 2*valueBytes + 8, Cost: Candidate,
			Match:   []string{"postgres://app:s3cr3t@db.internal:5432/x", "https://user:pass123@example.com/", "mongodb+srv://u:p%40ss@cluster0.mongodb.net"},
			NoMatch: []string{"https://example.com:8080/a@b", "https://user@example.com", "postgres://app:${PASSWORD}@db/x"},
		},
	}
}
