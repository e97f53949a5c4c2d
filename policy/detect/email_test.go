package detect_test

import (
	"testing"

	"weir/policy/detect"
)

// An address has all of its letters, whatever the alphabet, and nothing of what stands around it.
func TestMailBeyondASCII(t *testing.T) {
	s := detect.New()
	for text, want := range map[string]string{
		"an müller@example.de schreiben":         "müller@example.de",
		"jane@müller.de.":                        "jane@müller.de",
		"пишите jane@пример.рф сегодня":          "jane@пример.рф",
		"“jane@example.com”":                     "jane@example.com",
		"邮箱jane@example.com。":                    "jane@example.com",
		"»é.dupont@example.fr« et @é.example.fr": "é.dupont@example.fr",
	} {
		found := s.Scan(text, nil)
		if len(found) != 1 || text[found[0].Start:found[0].End] != want {
			t.Errorf("%q: %+v, want %q", text, found, want)
		}
	}
}
