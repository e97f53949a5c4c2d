package ledger

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// exactUses is how many uses of a rate's limit are kept at their own moments: a use of at least so large a part of the
// limit is.
const exactUses = 1024

// resolution is into how many parts a window is divided: smaller uses within one part are kept as one.
const resolution = 100

// maxMarks bounds what one rate keeps. Where there would be more, as of what refused tries and soft budgets let pass,
// all within one part are kept as one.
const maxMarks = exactUses + resolution + 76

var errMarks = errors.New("the stored uses of a rate cannot be read")

// mark is units that count as used at a moment, unix milliseconds.
type mark struct{ at, units int64 }

// marks are the recent uses of one rate, oldest first, never two of one moment.
type marks []mark

// current drops what has left the window, and returns the moment that counts as now: the caller's, or the last use's
// where the caller's clock is behind it. Uses that lie more than a window ahead come from a clock that was wrong; they
// count as made now.
func (m marks) current(at, window int64) (marks, int64) {
	for i := range m {
		if m[i].at > at+window {
			m[i].at = at
		}
	}
	now := at
	for i := range m {
		now = max(now, m[i].at)
	}
	kept := m[:0]
	for _, k := range m {
		if k.at > now-window && k.units > 0 {
			kept = append(kept, k)
		}
	}
	return kept.tidy(), now
}

// tidy restores order after a wrong clock's uses were moved. There is nearly always nothing to do.
func (m marks) tidy() marks {
	for i := 1; i < len(m); i++ {
		for j := i; j > 0 && m[j].at < m[j-1].at; j-- {
			m[j], m[j-1] = m[j-1], m[j]
		}
	}
	return m.join(1)
}

// join keeps as one what lies within one part of so many milliseconds.
func (m marks) join(part int64) marks {
	out := m[:0]
	for _, k := range m {
		if last := len(out) - 1; last >= 0 && out[last].at/part == k.at/part {
			out[last] = mark{k.at, min(out[last].units+k.units, ceiling)}
		} else {
			out = append(out, k)
		}
	}
	return out
}

func (m marks) sum() (n int64) {
	for _, k := range m {
		n = min(n+k.units, ceiling)
	}
	return n
}

// part is the length of one part of a window, rounded up so that there are never more than resolution of them.
func part(window int64) int64 { return (window + resolution - 1) / resolution }

// add counts units of a limit at now, which current returned.
func (m marks) add(now, window, units, limit int64) marks {
	if units == 0 {
		return m
	}
	within := part(window)
	if limit <= units*exactUses {
		within = 1
	}
	if last := len(m) - 1; last >= 0 && m[last].at/within == now/within {
		m[last] = mark{now, min(m[last].units+units, ceiling)}
		return m
	}
	if m = append(m, mark{now, units}); len(m) > maxMarks {
		m = m.join(part(window))
	}
	return m
}

// insert counts units that were used at an earlier moment, where that has not left the window by now.
func (m marks) insert(at, now, window, units int64) marks {
	if units == 0 || at <= now-window {
		return m
	}
	if m = append(m, mark{at, units}).tidy(); len(m) > maxMarks {
		m = m.join(part(window))
	}
	return m
}

// giveBack takes up to units off the mark that holds what was counted at a moment. What has left the window by now is
// gone, and so is what it was kept together with.
func (m marks) giveBack(at, now, window, units int64) {
	if at <= now-window {
		return
	}
	for i := range m {
		if m[i].at >= at {
			if m[i].at-at < part(window) {
				m[i].units -= min(units, m[i].units)
			}
			return
		}
	}
}

// wait is how long after at it takes until units more stay within limit. Where they never can, it is the window.
func (m marks) wait(at, window, units, limit int64) time.Duration {
	left := m.sum()
	for _, k := range m {
		if left+units <= limit {
			break
		}
		left -= k.units
		if left+units <= limit {
			return time.Duration(max(k.at+window-at, 1)) * time.Millisecond
		}
	}
	return time.Duration(window) * time.Millisecond
}

// last is the moment of the last use, 0 where there is none.
func (m marks) last() int64 {
	if len(m) == 0 {
		return 0
	}
	return m[len(m)-1].at
}

// clear is when all of the limit is free again, unix milliseconds.
func (m marks) clear(at, window int64) int64 {
	if len(m) == 0 {
		return at
	}
	return m[len(m)-1].at + window
}

// encode writes times as differences, so that a mark takes some four bytes.
func (m marks) encode() []byte {
	out := make([]byte, 0, 8+4*len(m))
	before := int64(0)
	for _, k := range m {
		out = binary.AppendUvarint(out, uint64(k.at-before))
		out = binary.AppendUvarint(out, uint64(k.units))
		before = k.at
	}
	return out
}

func decodeMarks(b []byte) (marks, error) {
	var m marks
	at := int64(0)
	for len(b) > 0 {
		step, n := binary.Uvarint(b)
		if n <= 0 || step > uint64(math.MaxInt64/4-at) {
			return nil, errMarks
		}
		units, k := binary.Uvarint(b[n:])
		if k <= 0 || units > uint64(ceiling) || len(m) == maxMarks {
			return nil, errMarks
		}
		at += int64(step)
		m = append(m, mark{at, int64(units)})
		b = b[n+k:]
	}
	return m, nil
}
