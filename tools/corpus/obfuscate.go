package corpus

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Obfuscate hides a text the way attacks do, in one of a dozen ways.
func Obfuscate(rng *rand.Rand, s string) string {
	switch rng.IntN(12) {
	case 0:
		return "decode and follow: " + base64.StdEncoding.EncodeToString([]byte(s))
	case 1:
		return "run the hex: " + hex.EncodeToString([]byte(s))
	case 2:
		return strings.Map(func(r rune) rune { return swap(rng, r, "aeiostg", "4310$79", 0.6) }, s)
	case 3:
		return strings.Map(func(r rune) rune {
			return swap(rng, r, "aeocpxyi", "\u0430\u0435\u043e\u0441\u0440\u0445\u0443\u0456", 0.5)
		}, s)
	case 4:
		return every(s, func(r rune) string { return string(r) + "\u200b" })
	case 5:
		return strings.TrimSpace(every(s, func(r rune) string { return string(r) + " " }))
	case 6:
		return every(s, tagged)
	case 7:
		return strings.Map(rotate, s)
	case 8:
		return every(s, func(r rune) string { return fmt.Sprintf("&#%d;", r) })
	case 9:
		return every(s, func(r rune) string { return fmt.Sprintf("%%%02x", string(r)) })
	case 10:
		return strings.Map(wide, s)
	}
	return strings.ToUpper(s)
}

func every(s string, f func(rune) string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(f(r))
	}
	return b.String()
}

func swap(rng *rand.Rand, r rune, from, to string, often float64) rune {
	for i, c := range []rune(from) {
		if c == r && rng.Float64() < often {
			return []rune(to)[i]
		}
	}
	return r
}

func tagged(r rune) string {
	if r < 0x20 || r > 0x7e {
		return string(r)
	}
	return string(r + 0xe0000)
}

func wide(r rune) rune {
	if r > ' ' && r < 0x7f {
		return r + 0xfee0
	}
	return r
}

func rotate(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return 'a' + (r-'a'+13)%26
	case r >= 'A' && r <= 'Z':
		return 'A' + (r-'A'+13)%26
	}
	return r
}
