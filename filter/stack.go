package filter

// stackBytes is about what the deepest part of an exchange needs of its goroutine's stack: the decision of the policies.
const stackBytes = 40 << 10

// deepen makes the goroutine's stack as deep as the exchange will need it, at once: each exchange has a goroutine of its own, whose
// stack would double, and be copied with all that stands on it, four or five times on the way there, which took a twelfth of an
// exchange's time.
//
//go:noinline
func deepen(at int) byte {
	var room [stackBytes]byte
	return room[at]
}
