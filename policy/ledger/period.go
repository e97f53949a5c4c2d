package ledger

import (
	"sort"
	"time"
)

// The periods of a budget.
const (
	Hour  = "hour"
	Day   = "day"
	Week  = "week"
	Month = "month"
	Total = "total"
)

// period returns the first moment of the period that holds at, and that of the next, in UTC. Total, Concurrency and Call
// have neither.
func (b *Budget) period(at time.Time) (start, end time.Time, ok bool) {
	if b.Kind == Concurrency || b.Kind == Call {
		return time.Time{}, time.Time{}, b.Period == "" || b.Period == Total
	}
	if b.Period == Total {
		return time.Time{}, time.Time{}, true
	}
	zone := b.Zone
	if zone == nil {
		zone = time.UTC
	}
	if b.Anchor.IsZero() {
		start, end, ok = calendar(b.Period, at.In(zone))
	} else {
		start, end, ok = anchored(b.Period, b.Anchor.In(zone), at)
	}
	return start.UTC(), end.UTC(), ok
}

// calendar is the period of the calendar that holds t, in t's zone. A day is from midnight to midnight, however many
// hours that is. Hours are whole hours of UTC's clock shifted by the zone's offset, so none is twice as long when clocks
// go back.
func calendar(name string, t time.Time) (start, end time.Time, ok bool) {
	day := func(months, days int) time.Time {
		return time.Date(t.Year(), t.Month()+time.Month(months), t.Day()+days, 0, 0, 0, 0, t.Location())
	}
	switch name {
	case Hour:
		_, offset := t.Zone()
		shift := time.Duration(offset) * time.Second
		start = t.UTC().Add(shift).Truncate(time.Hour).Add(-shift)
		return start, start.Add(time.Hour), true
	case Day:
		return day(0, 0), day(0, 1), true
	case Week:
		since := (int(t.Weekday()) + 6) % 7
		return day(0, -since), day(0, 7-since), true
	case Month:
		return day(0, 1-t.Day()), day(1, 1-t.Day()), true
	}
	return time.Time{}, time.Time{}, false
}

// anchored is the period that holds t when one begins at the anchor. Months begin on the anchor's day, or on the last
// one of months that have no such day, at the anchor's time of day.
func anchored(name string, anchor, t time.Time) (start, end time.Time, ok bool) {
	var nth func(n int) time.Time
	var guess int
	switch name {
	case Hour:
		nth = func(n int) time.Time { return anchor.Add(time.Duration(n) * time.Hour) }
		guess = int(t.Sub(anchor) / time.Hour)
	case Day:
		nth = func(n int) time.Time { return anchor.AddDate(0, 0, n) }
		guess = int(t.Sub(anchor) / (24 * time.Hour))
	case Week:
		nth = func(n int) time.Time { return anchor.AddDate(0, 0, 7*n) }
		guess = int(t.Sub(anchor) / (7 * 24 * time.Hour))
	case Month:
		nth = func(n int) time.Time { return addMonths(anchor, n) }
		guess = (t.Year()-anchor.Year())*12 + int(t.Month()) - int(anchor.Month())
	default:
		return time.Time{}, time.Time{}, false
	}
	// The guess is off by at most two, for zones, daylight saving and short months.
	from := guess - 3
	n := from + sort.Search(6, func(i int) bool { return nth(from + i).After(t) })
	return nth(n - 1), nth(n), true
}

func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// milli is a moment as the store keeps it; 0 for none.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
