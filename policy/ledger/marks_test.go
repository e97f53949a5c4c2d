package ledger

import (
	"bytes"
	"testing"
)

// What is stored may be anything after a disk's error: it is read or refused, never misread into something that grows.
func FuzzMarks(f *testing.F) {
	f.Add([]byte{}, int64(1000), int64(500), int64(1))
	f.Add(marks{{1, 2}, {900, 1}}.encode(), int64(1000), int64(500), int64(3))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1}, int64(1), int64(1), int64(1))
	f.Fuzz(func(t *testing.T, b []byte, at, window, units int64) {
		m, err := decodeMarks(b)
		if err != nil {
			return
		}
		if at < 0 || at > 1<<45 || window < 1 || window > 1<<35 || units < 0 || units > MaxUnits {
			return
		}
		m, now := m.current(at, window)
		if now < at || now > at+window {
			t.Fatalf("now is %d at %d in a window of %d", now, at, window)
		}
		before := m.sum()
		m = m.add(now, window, units, MaxUnits)
		if got := m.sum(); got != min(before+units, ceiling) {
			t.Fatalf("%d and %d make %d", before, units, got)
		}
		if len(m) > maxMarks {
			t.Fatalf("%d marks", len(m))
		}
		again, err := decodeMarks(m.encode())
		if err != nil || !bytes.Equal(again.encode(), m.encode()) {
			t.Fatalf("%v read back as %v, error %v", m, again, err)
		}
		for i := 1; i < len(m); i++ {
			if m[i].at <= m[i-1].at {
				t.Fatalf("out of order: %v", m)
			}
		}
		m.giveBack(now, now, window, units)
		if got := m.sum(); got > before {
			t.Fatalf("%d after giving back, %d before", got, before)
		}
	})
}
