package provider

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The bounds of what a meter keeps and believes.
const (
	maxMetered   = 10_000           // accounts and models, each
	smoothing    = 0.2              // weight of the newest delay in the average
	delayLasts   = time.Minute      // then nobody knows any more, and the candidate is tried again
	longestQuota = time.Hour        // a reset further away is not believed
	quotaLasts   = 10 * time.Second // of what a provider says without a reset
	scarceBelow  = 0.2              // part of a quota below which requests begin to go elsewhere
)

// Meter keeps what answers tell of their providers: how soon they begin, and how much of a quota is left. Each replica
// knows what it saw itself. It is safe for concurrent use; its zero value is not.
type Meter struct {
	mu     sync.Mutex
	delays map[string]delay
	quotas map[string]quota
}

type delay struct {
	average time.Duration
	at      time.Time
}

// quota is how short an account is: 0 plenty, 1 nothing left, until a time.
type quota struct {
	short   float64
	until   time.Time
	refused bool // it is what the provider said when it refused a request
}

// NewMeter knows nothing yet.
func NewMeter() *Meter { return &Meter{delays: map[string]delay{}, quotas: map[string]quota{}} }

// Began tells that a candidate began to answer after a time. Streams and whole answers are not compared.
func (m *Meter) Began(c Candidate, stream bool, took time.Duration, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := delayKey(c, stream)
	d, known := m.delays[key]
	if !known && len(m.delays) >= maxMetered {
		clear(m.delays)
	}
	if !known || at.Sub(d.at) > delayLasts {
		d.average = took
	}
	d.average += time.Duration(smoothing * float64(took-d.average))
	d.at = at
	m.delays[key] = d
}

// Delay is how soon a candidate begins to answer; 0 where nobody knows.
func (m *Meter) Delay(c Candidate, stream bool, at time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.delays[delayKey(c, stream)]
	if at.Sub(d.at) > delayLasts {
		return 0
	}
	return d.average
}

func delayKey(c Candidate, stream bool) string {
	return c.Provider + "\n" + c.Model + "\n" + strconv.FormatBool(stream)
}

// Account is whose quota a request counts for: that of a provider, or with a tenant's own credential that tenant's at it.
// No name has a line break.
func Account(provider, tenant string) string { return provider + "\n" + tenant }

// Answered tells what an answer says of an account: by its status, Retry-After, and the headers that OpenAI, Anthropic and
// those who follow them tell quotas in.
func (m *Meter) Answered(account string, status int, header func(string) string, at time.Time) {
	q, told := quotaOf(status, header, at)
	if !told {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old, known := m.quotas[account]
	if old.refused && !q.refused && old.until.After(at) {
		return // an answer that was under way when the provider refused another is older news
	}
	if !known && len(m.quotas) >= maxMetered {
		clear(m.quotas)
	}
	m.quotas[account] = q
}

// Short is how short an account is: 0 plenty, 1 nothing left. In between it is the part of the requests that had better go
// elsewhere.
func (m *Meter) Short(account string, at time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if q := m.quotas[account]; q.until.After(at) {
		return q.short
	}
	return 0
}

// quotaKinds are the names of what providers count, in the headers of OpenAI's and of Anthropic's form.
var quotaKinds = [...]struct{ limit, remaining, reset string }{
	{"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
	{"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
	{"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"},
	{"anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"},
	{"anthropic-ratelimit-input-tokens-limit", "anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"},
	{"anthropic-ratelimit-output-tokens-limit", "anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"},
}

// quotaOf reads the scarcest of what an answer tells; false where it tells nothing.
func quotaOf(status int, header func(string) string, at time.Time) (q quota, told bool) {
	if status == http.StatusTooManyRequests {
		return quota{1, at.Add(Wait(header, at)), true}, true
	}
	for _, k := range quotaKinds {
		remaining, err := strconv.ParseInt(header(k.remaining), 10, 64)
		if err != nil || remaining < 0 {
			continue
		}
		told = true
		if one := (quota{short: shortOf(remaining, header(k.limit)), until: resetOf(header(k.reset), at)}); one.short > q.short {
			q = one
		}
	}
	return q, told
}

// shortOf is how short so much of a limit is. Without the limit only nothing is short.
func shortOf(remaining int64, limit string) float64 {
	if remaining == 0 {
		return 1
	}
	n, err := strconv.ParseInt(limit, 10, 64)
	if err != nil || n < 1 {
		return 0
	}
	return max(0, 1-float64(remaining)/(scarceBelow*float64(n)))
}

// resetOf reads a moment, a duration or a number of seconds.
func resetOf(v string, at time.Time) time.Time {
	until := at.Add(quotaLasts)
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		until = t
	} else if d, err := time.ParseDuration(v); err == nil {
		until = at.Add(d)
	} else if n, err := strconv.ParseFloat(v, 64); err == nil && n >= 0 {
		until = at.Add(time.Duration(min(n, longestQuota.Seconds()) * float64(time.Second)))
	}
	if latest := at.Add(longestQuota); until.After(latest) {
		return latest
	}
	return until
}

// Wait reads how long a provider that refused is to be left alone (RFC 9110, section 10.2.3; retry-after-ms is OpenAI's).
// What makes no sense is a second, and more than an hour is an hour.
func Wait(header func(string) string, at time.Time) time.Duration {
	var wait time.Duration
	v := strings.TrimSpace(header("retry-after"))
	if n, err := strconv.ParseFloat(header("retry-after-ms"), 64); err == nil && n <= longestQuota.Seconds()*1000 {
		wait = time.Duration(n * float64(time.Millisecond))
	} else if n, err := strconv.ParseFloat(v, 64); err == nil && n <= longestQuota.Seconds() {
		wait = time.Duration(n * float64(time.Second))
	} else if err == nil {
		wait = longestQuota
	} else if t, err := http.ParseTime(v); err == nil {
		wait = t.Sub(at)
	}
	if wait <= 0 {
		wait = time.Second
	}
	return min(wait, longestQuota)
}
