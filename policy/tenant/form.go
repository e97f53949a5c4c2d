package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// DefaultPrefix starts the keys of tenants whose dialect has no form of its own.
const DefaultPrefix = "weir_"

// The parts of a key after its prefix, in lower-case hex characters.
const (
	randomBytes   = 16
	randomChars   = 2 * randomBytes
	checksumChars = 8
	visibleChars  = 8
)

// dialectPrefixes are the forms that the products' own pages show.
var dialectPrefixes = [...]struct{ dialect, prefix string }{
	{"dvara", "gw_"},
	{"rivaro", "detect_live_"},
	{"korad", "sk-bf-"},
	{"dosai", "dos_sk_"},
	{"olava", "olv_sk_"},
	{"", DefaultPrefix},
}

// PrefixFor is how keys of a dialect begin; DefaultPrefix for one that has no form of its own.
func PrefixFor(dialect string) string {
	for _, d := range dialectPrefixes {
		if d.dialect == dialect {
			return d.prefix
		}
	}
	return DefaultPrefix
}

// prefixOf is the Weir prefix that s begins with, or "".
func prefixOf(s string) string {
	for _, d := range dialectPrefixes {
		if strings.HasPrefix(s, d.prefix) {
			return d.prefix
		}
	}
	return ""
}

// LooksLikeKey says whether s begins as one of Weir's keys does, however it goes on.
func LooksLikeKey(s string) bool { return prefixOf(s) != "" }

// Mint makes a key: the prefix, 32 hex characters of random, 8 of CRC-32 (IEEE) over all before them. The checksum
// tells a typing error from an unknown key without a look-up; it protects nothing. The prefix must be one that
// PrefixFor returns. The plaintext is to be shown once and kept nowhere.
func Mint(prefix string, random io.Reader) (plaintext string, err error) {
	if prefix == "" || prefixOf(prefix) != prefix {
		return "", fmt.Errorf("minting a key: %q is no prefix of a dialect", prefix)
	}
	var raw [randomBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("minting a key: reading random: %w", err)
	}
	body := prefix + hex.EncodeToString(raw[:])
	return body + checksum(body), nil
}

func checksum(body string) string {
	return fmt.Sprintf("%0*x", checksumChars, crc32.ChecksumIEEE([]byte(body)))
}

// Why a key is malformed. None quotes anything of it.
var (
	errPrefix   = errors.New("unknown prefix")
	errLength   = errors.New("wrong length")
	errAlphabet = errors.New("not lower-case hex after the prefix")
	errChecksum = errors.New("checksum does not fit: mistyped or cut")
)

// CheckForm returns nil for a string of a key's form with a right checksum, else an error that is ErrMalformed.
func CheckForm(s string) error {
	prefix := prefixOf(s)
	rest := s[len(prefix):]
	switch {
	case prefix == "":
		return fmt.Errorf("%w: %w", ErrMalformed, errPrefix)
	case len(rest) != randomChars+checksumChars:
		return fmt.Errorf("%w: %w", ErrMalformed, errLength)
	case strings.Trim(rest, "0123456789abcdef") != "":
		return fmt.Errorf("%w: %w", ErrMalformed, errAlphabet)
	case checksum(s[:len(s)-checksumChars]) != s[len(s)-checksumChars:]:
		return fmt.Errorf("%w: %w", ErrMalformed, errChecksum)
	}
	return nil
}

// HashOf is what is kept of a key: SHA-256 of its plaintext. A key holds 128 random bits, so it needs no salt.
func HashOf(plaintext string) [32]byte { return sha256.Sum256([]byte(plaintext)) }

// VisiblePrefix is the part of a key that may be shown and logged: its prefix and 8 of its 32 random characters. It
// is "" for what is no key.
func VisiblePrefix(plaintext string) string {
	prefix := prefixOf(plaintext)
	if prefix == "" || len(plaintext) < len(prefix)+randomChars {
		return ""
	}
	return plaintext[:len(prefix)+visibleChars]
}
