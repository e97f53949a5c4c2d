package names

// The lists a word can be on.
const (
	First uint8 = 1 << iota
	Sur
	Place
	Common // in small letters it is an ordinary word
)

// Lists are sets of names, kept as Bloom filters: about 1 in 200 other words is taken for one.
type Lists struct {
	sets [4][]byte
}

// bitsPerName and probes make the filters' rate of error.
const (
	bitsPerName = 12
	probes      = 6
)

// NewLists makes filters of first names, surnames, places and ordinary words.
func NewLists(first, sur, places, common []string) *Lists {
	g := &Lists{}
	for k, list := range [][]string{first, sur, places, common} {
		set := make([]byte, len(list)*bitsPerName/8+8)
		for _, w := range list {
			probe(set, Hash(w), func(at uint32, bit byte) bool {
				set[at] |= bit
				return true
			})
		}
		g.sets[k] = set
	}
	return g
}

// of says which lists a word is on.
func (g *Lists) of(hash uint32) (on uint8) {
	for k, set := range g.sets {
		if len(set) > 0 && probe(set, hash, func(at uint32, bit byte) bool { return set[at]&bit != 0 }) {
			on |= 1 << k
		}
	}
	return on
}

// probe visits a hash's bits until visit says no.
func probe(set []byte, hash uint32, visit func(at uint32, bit byte) bool) bool {
	n := uint64(len(set)) * 8
	a, b := uint64(hash)*0x9e3779b97f4a7c15>>16, uint64(hash)*0xc2b2ae3d27d4eb4f>>17|1
	for range probes {
		at := a % n
		if !visit(uint32(at/8), 1<<(at%8)) {
			return false
		}
		a += b
	}
	return true
}
