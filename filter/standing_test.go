package filter

import (
	"fmt"
	"testing"
	"time"

	"weir/policy/ledger"
)

func TestStandingsAreBounded(t *testing.T) {
	forgot := 0
	s := newStandings(3, func() { forgot++ })
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	rate := func(i int) ledger.Rate {
		return ledger.Rate{ID: fmt.Sprint(i), Limit: 10, Window: time.Minute, Unit: requestsUnit}
	}
	for i := range 4 {
		s.keep([]ledger.RateState{{Rate: rate(i), Remaining: 1, ResetAt: at.Add(time.Minute)}})
	}
	if len(s.last) != 1 || forgot != 1 {
		t.Errorf("%d kept, forgot %d times", len(s.last), forgot)
	}
	if l := s.of(rate(3), at); l.Remaining != 1 {
		t.Errorf("remembered %+v", l)
	}
	if l := s.of(rate(3), at.Add(time.Minute)); l.Remaining != 10 || !l.ResetAt.Equal(at.Add(2*time.Minute)) {
		t.Errorf("over %+v", l)
	}
	if l := s.of(rate(0), at); l.Remaining != 10 {
		t.Errorf("forgotten %+v", l)
	}
}
