package check

import (
	"crypto/sha256"
	"hash/crc32"
	"strings"
)

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// Base58Check says whether s holds 25 bytes in base58 whose last four check the others, of one of the versions
// (Bitcoin, base58check).
func Base58Check(s string, versions ...byte) bool {
	var b [25]byte
	for i := range len(s) {
		carry := strings.IndexByte(base58, s[i])
		if carry < 0 {
			return false
		}
		for k := len(b) - 1; k >= 0; k-- {
			carry += int(b[k]) * 58
			b[k] = byte(carry)
			carry >>= 8
		}
		if carry > 0 {
			return false
		}
	}
	known := false
	for _, v := range versions {
		known = known || b[0] == v
	}
	if !known {
		return false
	}
	first := sha256.Sum256(b[:21])
	second := sha256.Sum256(first[:])
	return string(second[:4]) == string(b[21:])
}

const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// Bech32 says whether s, in one case, is an address with a checksum behind its last 1 (BIP 173, BIP 350).
func Bech32(s string) bool {
	s = strings.ToLower(s)
	one := strings.LastIndexByte(s, '1')
	if one < 1 || len(s)-one < 7 {
		return false
	}
	c := uint32(1)
	step := func(v byte) {
		top := c >> 25
		c = (c&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				c ^= g
			}
		}
	}
	for i := range one {
		step(s[i] >> 5)
	}
	step(0)
	for i := range one {
		step(s[i] & 31)
	}
	for i := one + 1; i < len(s); i++ {
		v := strings.IndexByte(bech32, s[i])
		if v < 0 {
			return false
		}
		step(byte(v))
	}
	return c == 1 || c == 0x2bc830a3
}

// GitHubToken says whether the 36 characters behind the prefix of a token end with the CRC-32 of the others, in base 62
// (GitHub, "Behind GitHub's new authentication token formats").
func GitHubToken(s string) bool {
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(s[:30]))
	for i := 35; i >= 30; i-- {
		if s[i] != base62[sum%62] {
			return false
		}
		sum /= 62
	}
	return sum == 0
}
