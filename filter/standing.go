package filter

import (
	"sync"
	"time"

	"weir/filter/fault"
	"weir/policy/ledger"
)

// maxStandings bounds how many rates are remembered. One takes some 200 bytes.
const maxStandings = 65_536

// standings remember where request rates stood when the store was last asked, so that an answer given before it is asked
// can tell it, too. What is remembered decides nothing.
type standings struct {
	mu     sync.Mutex
	last   map[string]fault.Limits
	most   int
	forgot func() // called when everything is forgotten because there is no room
}

func newStandings(most int, forgot func()) *standings {
	return &standings{last: map[string]fault.Limits{}, most: most, forgot: forgot}
}

// keep remembers where rates stand.
func (s *standings) keep(rates []ledger.RateState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rates {
		if r.Unit != requestsUnit {
			continue
		}
		if _, known := s.last[r.ID]; !known && len(s.last) >= s.most {
			clear(s.last)
			s.forgot()
		}
		s.last[r.ID] = limitsOf(r)
	}
}

// of is where a rate stands at a moment: as it did last, or with nothing used where that was never asked or is over.
func (s *standings) of(r ledger.Rate, at time.Time) fault.Limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.last[r.ID]
	if !ok || l.Limit != r.Limit || !l.ResetAt.After(at) {
		return fault.Limits{Known: true, Limit: r.Limit, Remaining: r.Limit, ResetAt: at.Add(r.Window)}
	}
	return l
}

const requestsUnit = "requests"

func limitsOf(r ledger.RateState) fault.Limits {
	return fault.Limits{Known: true, Limit: r.Limit, Remaining: r.Remaining, ResetAt: r.ResetAt}
}

// standing is where the exchange stands against its tightest request rate, for the headers of any answer. Nothing is told
// to a caller who is not known.
func (x *exchange) standing() fault.Limits {
	var tightest fault.Limits
	at := x.server.parts.Clock()
	take := func(l fault.Limits) {
		if !tightest.Known || l.Remaining < tightest.Remaining {
			l.At = at
			tightest = l
		}
	}
	for _, r := range x.grant.Rates {
		if r.Unit == requestsUnit {
			take(limitsOf(r))
		}
	}
	if tightest.Known || !x.identified {
		return tightest
	}
	for _, r := range x.rates() {
		if r.Unit == requestsUnit {
			take(x.server.standings.of(r, at))
		}
	}
	return tightest
}

// standingOfAnswer is standing with the tokens of the request: as the provider counted them, else as they were estimated.
func (x *exchange) standingOfAnswer() fault.Limits {
	l := x.standing()
	switch {
	case x.answer.usage != nil:
		l.TokensKnown, l.InputTokens = true, x.answer.usage.Input
	case x.facts != nil:
		l.TokensKnown, l.InputTokens = true, x.facts.Tokens.InputEstimate
	}
	return l
}

// foreignStanding are the headers that the dialect tells its limits in: under those names a client must never read the
// provider's.
func (x *exchange) foreignStanding() []string {
	every := fault.Limits{Known: true, ResetAt: x.began, At: x.began, TokensKnown: true}
	var names []string
	for _, h := range x.dialect.Headers("", every) {
		names = append(names, h.Name)
	}
	return names
}
