package ledger

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// resolution is into how many parts a window is divided: uses within one part are kept as one.
const resolution = 100

// maxMarks bounds what one rate keeps: the parts a window can touch, and one more in each direction of rounding.
const maxMarks = resolution + 2

var errMarks = errors.New("the stored uses of a rate cannot be read")

// mark is units that count as used at a moment, unix milliseconds.
type mark struct{ at, units int64 }

// marks are the recent uses of one rate, oldest first, never two in one part of the window.
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
	return kept.tidy(window), now
}

// tidy restores order, and one mark for each part, after a wrong clock's uses were moved or a window was changed. There
// is nearly always nothing to do.
func (m marks) tidy(window int64) marks {
	for i := 1; i < len(m); i++ {
		for j := i; j > 0 && m[j].at < m[j-1].at; j-- {
			m[j], m[j-1] = m[j-1], m[j]
		}
	}
	out := m[:0]
	for _, k := range m {
		out = out.add(k.at, window, k.units)
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

// add counts units at now, which current returned.
func (m marks) add(now, window, units int64) marks {
	if units == 0 {
		return m
	}
	if last := len(m) - 1; last >= 0 && m[last].at/part(window) == now/part(window) {
		m[last].at = now
		m[last].units = min(m[last].units+units, ceiling)
		return m
	}
	return append(m, mark{now, units})
}

// giveBack takes up to units off the part of the window that holds at. What has left the window is gone anyway.
func (m marks) giveBack(at, window, units int64) {
	for i := range m {
		if m[i].at/part(window) == at/part(window) {
			m[i].units -= min(units, m[i].units)
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
