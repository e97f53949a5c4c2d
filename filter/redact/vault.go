package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// MaxPlaceholders bounds how many values one exchange may have redacted.
const MaxPlaceholders = 10_000

// ErrTooMany says that an exchange holds more values than MaxPlaceholders.
var ErrTooMany = errors.New("redact: too many values in one exchange")

// secretBytes is the length of a tenant's secret.
const secretBytes = 32

// tagBytes is how much of the keyed digest a placeholder carries: 50 bits, lengthened where two values would meet.
const tagBytes = 10

// alphabet is lower-case base32 without letters that look alike, so that a model repeats it as it is.
var alphabet = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// Vault holds the placeholders of one exchange. It is not safe for concurrent use.
type Vault struct {
	secret  []byte
	byValue map[entry]string // -> tag
	byTag   map[string]entry // folded core, "email_address_k7f3q9x2mw" -> value
	sorted  []form           // of byTag, see forms
}

type entry struct{ typ, value string }

// NewVault returns an empty vault keyed by a tenant's secret of 32 bytes.
func NewVault(secret []byte) (*Vault, error) {
	if len(secret) != secretBytes {
		return nil, fmt.Errorf("redact: the tenant's secret has %d bytes, want %d", len(secret), secretBytes)
	}
	return &Vault{secret: secret}, nil
}

// Issued is how many placeholders there are.
func (v *Vault) Issued() int { return len(v.byValue) }

// Placeholder returns the placeholder of a value, for example [EMAIL_ADDRESS_k7f3q9x2mw]. The same value gets the
// same placeholder; two values never share one.
func (v *Vault) Placeholder(typ, value string) (string, error) {
	e := entry{typ, value}
	if core, ok := v.byValue[e]; ok {
		return "[" + core + "]", nil
	}
	if len(v.byValue) >= MaxPlaceholders {
		return "", fmt.Errorf("%w: %d", ErrTooMany, MaxPlaceholders)
	}
	digest := v.digest(e)
	for n := tagBytes; n <= len(digest); n += 2 {
		core := typ + "_" + digest[:n]
		folded := strings.ToLower(core)
		if _, taken := v.byTag[folded]; taken {
			continue
		}
		v.keep(e, core, folded)
		return "[" + core + "]", nil
	}
	return "", errors.New("redact: two values with one digest")
}

func (v *Vault) keep(e entry, core, folded string) {
	if v.byValue == nil {
		v.byValue, v.byTag = map[entry]string{}, map[string]entry{}
	}
	v.byValue[e], v.byTag[folded] = core, e
}

// digest is the keyed digest of a value, as text. The length of the type keeps (a, bc) apart from (ab, c).
func (v *Vault) digest(e entry) string {
	mac := hmac.New(sha256.New, v.secret)
	fmt.Fprintf(mac, "%d:%s:%s", len(e.typ), e.typ, e.value)
	return alphabet.EncodeToString(mac.Sum(nil))
}
