package detect

import "strings"

// Every part of a token that is a JSON object begins with these bytes: {" in base64url.
const jwtOpening = "eyJ"

const (
	jwtPart = 10       // bytes of the shortest part
	jwtMax  = MaxMatch // a longer token is found up to there
)

// jwt checks the token at i.
func jwt(text string, i int, into []Finding) []Finding {
	if !strings.HasPrefix(text[i:], jwtOpening) || !jwtStarts(text, i) {
		return into
	}
	if end, _ := readJWT(text, i); end > 0 {
		return append(into, Finding{
			Type: JWT, Category: Secret, Severity: High, Score: 0.95, Start: i, End: end, Rule: "secret.jwt",
		})
	}
	return into
}

// jwtStarts says whether a token can begin at i. A part does not begin inside another, or long ones would be read many
// times over.
func jwtStarts(text string, i int) bool {
	return i == 0 || !tokenByte(text[i-1]) || escape(text, i-1)
}

// readJWT is where a header, a claims set and a signature joined by dots end, 0 if they are not there, and whether
// more text could change that.
func readJWT(text string, i int) (end int, open bool) {
	limit := min(len(text), i+jwtMax)
	open = limit == len(text) && len(text) < i+jwtMax
	at := i
	for part := range 3 {
		if part < 2 && !strings.HasPrefix(text[at:limit], jwtOpening) {
			return 0, open && strings.HasPrefix(jwtOpening, text[at:limit])
		}
		from := at
		for at < limit && tokenByte(text[at]) {
			at++
		}
		if at == limit && part == 2 && at-from >= jwtPart {
			return at, open
		}
		if at == limit {
			return 0, open
		}
		if at-from < jwtPart {
			return 0, false
		}
		if part == 2 {
			return at, false
		}
		if text[at] != '.' {
			return 0, false
		}
		at++
	}
	return 0, false
}

// openJWT is where a token that is not over begins. What could stand between its start and the end of the text is
// one run of a token's bytes and dots.
func openJWT(_ *reader, text string, from int) int {
	at := len(text)
	for at > from && len(text)-at < jwtMax && (tokenByte(text[at-1]) || text[at-1] == '.') {
		at--
	}
	for i := at; i < len(text); i++ {
		if text[i] == jwtOpening[0] && jwtStarts(text, i) {
			if _, open := readJWT(text, i); open {
				return i
			}
		}
	}
	return len(text)
}
