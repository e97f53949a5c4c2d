package audit

import "time"

// longestJump is how far a clock may be moved between two looks at it before retention does not trust it.
const longestJump = time.Hour

// Steady tells whether the wall clock may be trusted with removing what is old: a clock that is put years ahead would make all of it
// old. Its zero value has not looked at a clock yet.
type Steady struct {
	seen bool
	wall time.Time
	mono time.Duration
}

// Look compares the wall clock with one that nobody sets, such as the time since the process began, and with what both said at the
// last look. It returns by how much the wall clock was moved meanwhile: 0 where it may be trusted. newest is when the newest record was
// made: at the first look a clock that is further ahead of it than the longest time a Weir may stand still is not trusted either.
func (s *Steady) Look(wall time.Time, mono time.Duration, newest time.Time) (moved time.Duration) {
	wall = wall.Round(0) // without its own monotonic reading
	first := !s.seen
	if !first {
		moved = wall.Sub(s.wall) - (mono - s.mono)
	} else if !newest.IsZero() && wall.Sub(newest) > longestRest {
		moved = wall.Sub(newest)
	}
	s.seen, s.wall, s.mono = true, wall, mono
	if moved.Abs() <= longestJump {
		return 0
	}
	return moved
}

// longestRest is how long a Weir may have stood still for its first look at a clock to be trusted.
const longestRest = 31 * 24 * time.Hour
