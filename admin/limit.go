package admin

import (
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// DefaultRate is how many requests a second one bearer may make, and one address without a token that is taken.
const DefaultRate = 20

// The bounds of a limiter.
const (
	burstSeconds = 3     // worth of requests that may come at once
	maxLimited   = 4_096 // bearers and addresses that are told apart; beyond it all begin anew
)

// limiter bounds how often each bearer, and each address that bears nothing, is answered.
type limiter struct {
	limit rate.Limit

	mu   sync.Mutex
	each map[string]*rate.Limiter
}

func newLimiter(perSecond float64) *limiter {
	if perSecond <= 0 {
		perSecond = DefaultRate
	}
	return &limiter{limit: rate.Limit(perSecond), each: map[string]*rate.Limiter{}}
}

// take says whether one more may be answered, and how long to wait where not.
func (l *limiter) take(who string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.each[who]
	if one == nil {
		if len(l.each) >= maxLimited {
			clear(l.each)
		}
		one = rate.NewLimiter(l.limit, max(1, int(math.Ceil(burstSeconds*float64(l.limit)))))
		l.each[who] = one
	}
	r := one.Reserve()
	if wait = r.Delay(); wait > 0 {
		r.Cancel()
		return wait, false
	}
	return 0, true
}

// errWait says how long to wait before asking again.
type errWait time.Duration

func (e errWait) Error() string { return "too many requests" }

// limited answers one request too many.
func limited(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(max(wait.Seconds(), 1)))))
	problem(w, http.StatusTooManyRequests, "too many requests: wait as long as Retry-After says")
}

// addressOf is the address a request came from, without its port.
func addressOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
