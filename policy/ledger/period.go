package ledger

import "time"

// The periods of a budget.
const (
	Hour  = "hour"
	Day   = "day"
	Week  = "week"
	Month = "month"
	Total = "total"
)

// period returns the first moment of the period that holds at, and that of the next, in UTC. Total has neither.
func period(name string, at time.Time) (start, end time.Time, ok bool) {
	t := at.UTC()
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	switch name {
	case Hour:
		start = day.Add(time.Duration(t.Hour()) * time.Hour)
		return start, start.Add(time.Hour), true
	case Day:
		return day, day.AddDate(0, 0, 1), true
	case Week:
		start = day.AddDate(0, 0, -(int(t.Weekday())+6)%7)
		return start, start.AddDate(0, 0, 7), true
	case Month:
		start = day.AddDate(0, 0, 1-t.Day())
		return start, start.AddDate(0, 1, 0), true
	case Total:
		return time.Time{}, time.Time{}, true
	}
	return time.Time{}, time.Time{}, false
}

// milli is a moment as the store keeps it; 0 for none.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
