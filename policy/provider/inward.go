package provider

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// metadataNames are what clouds call their metadata services, and metadataAddresses where those are that are not link-local.
var (
	metadataNames     = []string{"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
	metadataAddresses = []netip.Addr{
		netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("192.0.0.192"),
	}
)

// nat64 are the IPv6 addresses of IPv4 ones (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Inward says whether a host is a link-local address, in any way that it can be written, or the metadata service of a cloud. A
// name that a name service makes one of those cannot be told by its text.
func Inward(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if slices.Contains(metadataNames, host) {
		return true
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		var ok bool
		if a, ok = numbers(host); !ok {
			return false
		}
	}
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return a.IsLinkLocalUnicast() || slices.Contains(metadataAddresses, a)
}

// numbers reads an IPv4 address as resolvers do (inet_aton): one to four numbers, decimal, octal or hexadecimal, of which the
// last fills what is left.
func numbers(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var whole uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 0, 32)
		if err != nil || strings.Contains(p, "_") || strings.HasPrefix(p, "0b") || strings.HasPrefix(p, "0o") {
			return netip.Addr{}, false
		}
		left := 8 * (4 - len(parts) + 1) // bits of the last number
		if i < len(parts)-1 {
			if n > 255 {
				return netip.Addr{}, false
			}
			whole |= n << (24 - 8*i)
			continue
		}
		if n >= 1<<left {
			return netip.Addr{}, false
		}
		whole |= n
	}
	return netip.AddrFrom4([4]byte{byte(whole >> 24), byte(whole >> 16), byte(whole >> 8), byte(whole)}), true
}
