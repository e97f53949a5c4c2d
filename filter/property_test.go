package filter_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"weir/policy/tenant"
)

// cuts are ascending offsets into n bytes.
func cuts(r *rand.Rand, n int) []int {
	var out []int
	step := 1 + r.IntN(64)
	for at := r.IntN(step + 1); at < n; at += 1 + r.IntN(step) {
		out = append(out, at)
	}
	return out
}

// one is a surface: each run takes one, since an exchange costs much more than it shows.
func one(seed uint64) []wire {
	all := wires()
	i := seed % uint64(len(all))
	return all[i : i+1]
}

// pieces cuts a text between characters.
func pieces(r *rand.Rand, text string) []string {
	var out []string
	most := 1 + r.IntN(12)
	for len(text) > 0 {
		n := 0
		for range 1 + r.IntN(most) {
			_, size := utf8.DecodeRuneInString(text[n:])
			n += size
		}
		out, text = append(out, text[:n]), text[n:]
	}
	return out
}

// escapedDocument is a JSON document with some characters written as escapes.
func escapedDocument(r *rand.Rand, value string) string {
	var b strings.Builder
	b.WriteString(`{"n":1.5e3,"to":["`)
	for _, c := range value {
		if c < 0x10000 && (r.IntN(4) == 0 || c < ' ') {
			const hex = "0123456789abcdef"
			b.WriteString(`\u` + string([]byte{hex[c>>12&15], hex[c>>8&15], hex[c>>4&15], hex[c&15]}))
			continue
		}
		q := quote(string(c))
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String() + `"],"ok":true}`
}

func logging(a *tenant.Tenant) {
	all := tenant.DirectionActions{Request: tenant.Log, Response: tenant.Log}
	a.Settings.PII.DirectionActions, a.Settings.Secrets, a.Settings.Guardrails.DirectionActions = all, all, all
}

func seeds(f *testing.F) {
	for i, text := range []string{
		"to bob@other.org, card 4111 1111 1111 1111; caf\u00e9 \U0001F600 done.", "", "bob@", "[EMAIL_ADDRESS_", "a\\u0040b \"x\"\n\t\u2028",
		"key sk-ant-api03-0123456789abcdef0123456789abcdef01234567 rest", "+49 30 1234567 and 123-45-6789", "\xff\xfe{}",
	} {
		for w := range wires() {
			f.Add(uint64(i*len(wires())+w), text)
		}
	}
}

// FuzzChunking: however a body was cut, the same bytes come out.
func FuzzChunking(f *testing.F) {
	seeds(f)
	h := build(f, "openai", redacting)
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		text = strings.ToValidUTF8(text, "?")
		r := rand.New(rand.NewPCG(seed, 1))
		for _, w := range one(seed) {
			s := w.stream(pieces(r, text), pieces(r, escapedDocument(r, text)))
			if r.IntN(3) == 0 {
				s = s[:r.IntN(len(s)+1)]
			}
			if r.IntN(2) == 0 {
				s = strings.ReplaceAll(s, "\n", "\r\n")
			}
			whole := h.streamTo(w.path, w.ask("hi"), s)
			at := cuts(r, len(s))
			got := h.streamTo(w.path, w.ask("hi"), s, at...)
			if string(got.body) != string(whole.body) || got.ended != whole.ended || got.status != whole.status {
				t.Fatalf("%s cut at %v:\n%q\nwant\n%q", w.name, at, got.body, whole.body)
			}
		}
		h.trail = nil
	})
}

// FuzzIdentity: without obligations what goes in comes out, to the byte.
func FuzzIdentity(f *testing.F) {
	seeds(f)
	h := build(f, "openai", logging)
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		text = strings.ToValidUTF8(text, "?")
		r := rand.New(rand.NewPCG(seed, 2))
		for _, w := range one(seed) {
			s := w.stream(pieces(r, text), pieces(r, escapedDocument(r, text)))
			got := h.streamTo(w.path, w.ask(text), s, cuts(r, len(s))...)
			if got.forwarded != nil {
				t.Fatalf("%s: the request was edited: %s", w.name, got.forwarded)
			}
			if string(got.body) != s {
				t.Fatalf("%s:\n%q\nwant\n%q", w.name, got.body, s)
			}
		}
		h.trail = nil
	})
}

// FuzzNoLeak: no prefix of a redacted value appears before or instead of what stands for it, at any cut.
func FuzzNoLeak(f *testing.F) {
	seeds(f)
	h := build(f, "openai", redacting)
	values := []string{"zq.bobby@other.org", "4111 1111 1111 1111", "4111-1111-1111-1111"}
	f.Fuzz(func(t *testing.T, seed uint64, around string) {
		r := rand.New(rand.NewPCG(seed, 3))
		value := values[r.IntN(len(values))]
		around = strings.Map(func(c rune) rune { // nothing that could belong to a value
			if c >= '0' && c <= '9' || strings.ContainsRune("@.+-_%", c) || c >= utf8.RuneSelf && c != 'é' {
				return ' '
			}
			return c
		}, strings.ToValidUTF8(around, " "))
		text := around + " (" + value + ") " + around
		for _, w := range one(seed) {
			s := w.stream(pieces(r, text), pieces(r, escapedDocument(r, text)))
			got := h.streamTo(w.path, w.ask("hi"), s, cuts(r, len(s))...)
			body := string(got.body)
			said, args := w.read(t, body)
			if h.trail[len(h.trail)-1].Ended == "blocked" {
				continue
			}
			for _, leaked := range []string{said, args} {
				if strings.Contains(leaked, value[:4]) || leaked != "" && !strings.Contains(leaked, "[REDACTED_") {
					t.Fatalf("%s: %q in\n%q", w.name, leaked, body)
				}
			}
			if args != "" && !json.Valid([]byte(args)) {
				t.Fatalf("%s: arguments %q", w.name, args)
			}
		}
		h.trail = nil
	})
}

// FuzzRestore: placeholders come back exact at any cut, in text and in arguments with escapes.
func FuzzRestore(f *testing.F) {
	seeds(f)
	h := build(f, "openai", func(a *tenant.Tenant) {
		redacting(a)
		a.Settings.PII.Response = tenant.Log
		a.Settings.Guardrails.DirectionActions = tenant.DirectionActions{Request: tenant.Log, Response: tenant.Log}
		a.Settings.Secrets = tenant.DirectionActions{Request: tenant.Log, Response: tenant.Log}
	})
	const value = "jane.doe@example.com"
	f.Fuzz(func(t *testing.T, seed uint64, around string) {
		around = strings.ToValidUTF8(around, " ")
		if strings.Contains(around, "_") || strings.Contains(around, "[") {
			return
		}
		r := rand.New(rand.NewPCG(seed, 4))
		for _, w := range one(seed) {
			ask := w.ask("mail " + value + " now")
			sent := string(h.playNow(h.forwards(w.path, ask)).forwarded)
			at := strings.Index(sent, "[EMAIL_ADDRESS_")
			if at < 0 {
				t.Fatalf("%s: forwarded %s", w.name, sent)
			}
			placeholder := sent[at : at+strings.IndexByte(sent[at:], ']')+1]
			text, want := around+" "+placeholder+" "+around, around+" "+value+" "+around
			s := w.stream(pieces(r, text), pieces(r, escapedDocument(r, text)))
			got := h.streamTo(w.path, ask, s, cuts(r, len(s))...)
			said, args := w.read(t, string(got.body))
			var document struct{ To []string }
			if said != want || args != "" && (json.Unmarshal([]byte(args), &document) != nil || document.To[0] != want) {
				t.Fatalf("%s: said %q, arguments %q, want %q", w.name, said, args, want)
			}
		}
		h.trail = nil
	})
}
