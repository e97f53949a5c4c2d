package detect

// ipv4 checks for an address of four numbers at the number that was read.
func (r *reader) ipv4() {
	x := &r.num
	if x.groups < 4 || !x.one(4, ".") || !r.ends(x.stop[3]) && !r.slashed(x.stop[3]) && r.at(x.stop[3]) != ':' || x.groups > 4 && x.sep[4] == '.' {
		return
	}
	var octet [4]int
	large, at := false, 0
	for g := range 4 {
		for ; at < x.total[g]; at++ {
			octet[g] = octet[g]*10 + int(x.d[at])
		}
		if octet[g] > 255 || x.size[g] > 1 && x.d[x.total[g]-x.size[g]] == 0 {
			return
		}
		large = large || octet[g] > 9
	}
	if octet[0] == 0 || octet[0] == 127 || octet[0] == 255 {
		return // this host, or a mask
	}
	score, about := 0.8, x.about(r)
	switch {
	case about&aboutIP != 0:
		score = 0.95
	case about&aboutOther != 0, !large, x.glued && r.text[x.start-1] != '/':
		score = 0.4
	}
	r.found("pii.ip_address", IPAddress, Low, score, x.start, x.stop[3])
}

// slashed says whether a slash and the size of a network, or a path, stand at i.
func (r *reader) slashed(i int) bool { return r.at(i) == '/' }

// colon checks what has its first colon at i: a hardware address or an address of version 6.
func (r *reader) colon(i int) {
	start := i
	for start > 0 && i-start < 5 && hexadecimal(r.text[start-1]) {
		start--
	}
	if start > 0 && (alnum(r.text[start-1]) || r.text[start-1] == ':' || r.text[start-1] == '.') && !escape(r.text, start-1) || i-start > 4 {
		return
	}
	r.addressAt(start)
}

// addressAt checks for a hardware address, or one of version 6, that begins at i.
func (r *reader) addressAt(i int) {
	if end := r.mac(i); end > 0 {
		r.found("pii.mac_address", MACAddress, Low, 0.9, i, end)
		return
	}
	if end := r.ipv6(i); end > 0 {
		r.found("pii.ip_address", IPAddress, Low, 0.9, i, end)
	}
}

// mac is where six pairs of hex digits with one separator between them end.
func (r *reader) mac(i int) int {
	sep := r.at(i + 2)
	if sep != ':' && sep != '-' {
		return 0
	}
	zero, full := true, true
	for g := range 6 {
		at := i + 3*g
		a, b := r.at(at), r.at(at+1)
		if !hexadecimal(a) || !hexadecimal(b) || g < 5 && r.at(at+2) != sep {
			return 0
		}
		zero = zero && a == '0' && b == '0'
		full = full && lower(a) == 'f' && lower(b) == 'f'
	}
	end := i + 17
	if zero || full || alnum(r.at(end)) || r.at(end) == sep && hexadecimal(r.at(end+1)) {
		return 0
	}
	return end
}

// dotted checks for a hardware address in three groups of four hex digits, one of which is a letter, at i.
func (r *reader) dotted(i int) {
	letters := false
	for g := range 3 {
		for k := range 4 {
			c := r.at(i + 5*g + k)
			if !hexadecimal(c) {
				return
			}
			letters = letters || !digit(c)
		}
		if g < 2 && r.at(i+5*g+4) != '.' {
			return
		}
	}
	end := i + 14
	if letters && !alnum(r.at(end)) && !(r.at(end) == '.' && alnum(r.at(end+1))) && !gluedTo(r.text, i) {
		r.found("pii.mac_address", MACAddress, Low, 0.8, i, end)
	}
}

// ipv6 is where an address of RFC 4291 ends: eight groups, or fewer with one double colon. It wants three groups, or a
// digit and four of them in all, so that names of programs with double colons are none.
func (r *reader) ipv6(i int) int {
	groups, hex, doubled, digits := 0, 0, false, false
	at := i
	for groups < 8 {
		n := 0
		for n < 5 && hexadecimal(r.at(at+n)) {
			digits = digits || digit(r.text[at+n])
			n++
		}
		if n > 4 {
			return 0
		}
		if n > 0 {
			groups, hex, at = groups+1, hex+n, at+n
		}
		if r.at(at) != ':' {
			break
		}
		if r.at(at+1) == ':' {
			if doubled {
				return 0
			}
			doubled, at = true, at+2
			continue
		}
		if n == 0 || !hexadecimal(r.at(at+1)) {
			break
		}
		at++
	}
	whole := groups == 8 && !doubled || doubled && groups >= 2 && groups < 8 && digits && hex >= 5
	if !whole || alnum(r.at(at)) || r.at(at) == ':' || r.at(at) == '.' && digit(r.at(at+1)) {
		return 0
	}
	return at
}

func internetRules() []Rule {
	return []Rule{
		{
			ID: "pii.ip_address", Type: IPAddress, Severity: Low, Score: 0.95,
			Description: "An internet address of version 4 or 6; not this host's own, a mask, or a version number.",
			Source:      "RFC 791, RFC 4291 2.2", Check: "ranges", Behind: nearby + longestWord, Ahead: 48, Cost: Candidate,
			Match:   []string{"203.0.113.45", "from 10.0.0.7:8080", "2001:db8::ff00:42:8329", "client ip=8.8.8.8", "fe80::1ff:fe23:4567:890a"},
			NoMatch: []string{"127.0.0.1", "version 10.2.3.4", "1.2.3.4", "256.1.1.1", "std::string", "12:30:45", "255.255.255.0", "::1"},
		},
		{
			ID: "pii.mac_address", Type: MACAddress, Severity: Low, Score: 0.9,
			Description: "A hardware address: six pairs of hex digits, or three groups of four.", Source: "IEEE 802, EUI-48",
			Behind: 6, Ahead: 20, Cost: Candidate,
			Match:   []string{"00:1A:2B:3C:4D:5E", "mac 00-1a-2b-3c-4d-5e.", "001a.2b3c.4d5e"},
			NoMatch: []string{"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "00:1A:2B:3C:4D", "aa:bb:cc:dd:ee:ff:00:11"},
		},
	}
}
