// Package canary is how somebody who shares a secret with Weir learns that Weir governs a route: a header that only a
// holder of the secret can make, and an answer that only Weir can.
//
// A canary never reaches a provider, so it lets nothing pass. It never tells who has no secret anything: a header that is
// wrong is answered as if it were not there.
package canary

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers of a canary and of its answer.
const (
	Header = "weir-canary"
	Proof  = "weir-canary-proof"
)

// fresh is how far the clocks of both sides may be apart. A canary that is heard again within it gets the same answer, to
// a question that means nothing else.
const fresh = time.Minute

// nonceBytes make two canaries differ.
const nonceBytes = 16

// Key is the secret of both sides; nil takes no canary.
type Key []byte

// NewKey derives the key from the secret that everything of one Weir is derived from.
func NewKey(master []byte) (Key, error) {
	k, err := hkdf.Key(sha256.New, master, nil, "weir canary", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	return k, nil
}

// Ask is the header of a canary. nonce must be of 16 bytes nobody could foresee.
func (k Key) Ask(now time.Time, nonce []byte) string {
	said := strconv.FormatInt(now.Unix(), 10) + "." + hex.EncodeToString(nonce)
	return said + "." + k.sign("ask", said)
}

// Valid says whether a header is a canary of now.
func (k Key) Valid(header string, now time.Time) bool {
	when, rest, ok := strings.Cut(header, ".")
	nonce, sign, more := strings.Cut(rest, ".")
	if !ok || !more || len(k) == 0 || len(nonce) != 2*nonceBytes {
		return false
	}
	if !hmac.Equal([]byte(sign), []byte(k.sign("ask", when+"."+nonce))) {
		return false
	}
	seconds, err := strconv.ParseInt(when, 10, 64)
	return err == nil && now.Sub(time.Unix(seconds, 0)).Abs() <= fresh
}

// Prove is the proof of an answer to a canary.
func (k Key) Prove(header string, body []byte) string {
	return k.sign("answer", header+"\n"+string(body))
}

// Proven says whether an answer is Weir's.
func (k Key) Proven(header string, body []byte, proof string) bool {
	return hmac.Equal([]byte(proof), []byte(k.Prove(header, body)))
}

func (k Key) sign(what, said string) string {
	m := hmac.New(sha256.New, k)
	_, _ = m.Write([]byte(what + "\n" + said)) // never fails: hash.Hash
	return hex.EncodeToString(m.Sum(nil))
}
