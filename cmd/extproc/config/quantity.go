package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// microUSD reads decimal USD as micro-USD, exactly. More than six decimals are refused, not rounded.
func microUSD(s string) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 9 || len(frac) > 6 || strings.HasSuffix(s, ".") {
		return 0, fmt.Errorf("not an amount with at most six decimals")
	}
	frac += strings.Repeat("0", 6-len(frac))
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("not an amount")
		}
	}
	return strconv.ParseInt(whole+frac, 10, 64)
}

// bytesOf reads sizes like 512KiB, 32MiB, 1GiB or plain bytes.
func bytesOf(s string) (int64, error) {
	unit := int64(1)
	for suffix, size := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if t, ok := strings.CutSuffix(s, suffix); ok {
			s, unit = strings.TrimSpace(t), size
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n > (1<<40)/unit {
		return 0, fmt.Errorf("not a size")
	}
	return n * unit, nil
}

// windows are the words for the window of a rate.
var windows = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hour": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour,
	"week": 7 * 24 * time.Hour, "month": 30 * 24 * time.Hour,
}

// rateOf reads rates like 100/min.
func rateOf(s string) (limit int64, window time.Duration, err error) {
	n, w, ok := strings.Cut(s, "/")
	window, known := windows[strings.TrimSpace(w)]
	limit, err = strconv.ParseInt(strings.TrimSpace(n), 10, 64)
	if !ok || !known || err != nil || limit < 1 || limit > 1<<53 {
		return 0, 0, fmt.Errorf("not a rate")
	}
	return limit, window, nil
}
