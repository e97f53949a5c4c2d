package detect

// sieve tells most words apart from those of a table without looking them up: by their first and last byte and their
// length.
type sieve [1 << 10]uint64

func sieveOf[V any](table map[string]V) *sieve {
	s := &sieve{}
	for w := range table {
		if w != "" {
			s[slotOf(w[0], w[len(w)-1])] |= 1 << (len(w) & 63)
		}
	}
	return s
}

func slotOf(first, last byte) int { return (int(first)*37 + int(last)) & (1<<10 - 1) }

// may says whether a word that begins and ends with these bytes, and has n, may be in the table.
func (s *sieve) may(first, last byte, n int) bool { return s[slotOf(first, last)]&(1<<(n&63)) != 0 }
