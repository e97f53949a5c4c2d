package fault

import (
	"math"
	"strconv"
	"time"
)

// Answer implements Dialect.
func (d *product) Answer(f Fault, s Shape) Answer { return d.answer(f, s, 0, false) }

// answer phrases f as a whole answer. A status that is not 0 replaces the row's.
func (d *product) answer(f Fault, s Shape, status int, about bool) Answer {
	p, r := d.phrase(f, status, about)
	h := []Header{{"content-type", "application/json"}}
	h = append(h, waits(f, p.Status, r)...)
	if f.Code == MethodNotAllowed && len(f.Allow) > 0 {
		h = append(h, Header{"Allow", headerValue(list(f.Allow))})
	}
	return Answer{Status: p.Status, Headers: append(h, d.identity(f.Trace)...), Body: d.body(p, s).Bytes()}
}

// body is the JSON of a phrase in the shape of the surface.
func (d *product) body(p Phrase, s Shape) Object {
	if s.Surface == surfaceMessages && !d.Everywhere {
		return d.messagesEnvelope(p)
	}
	return d.Envelope(p)
}

// messagesEnvelope is the error of anthropic.messages with the dialect's own code in it.
func (d *product) messagesEnvelope(p Phrase) Object {
	kind := vendorType(p.Status)
	if d.SurfaceType != nil {
		kind = d.SurfaceType(p.Status)
	}
	e := Object{{"type", kind}, {"message", p.Message}}
	if code := d.codeOf(p); code != nil {
		e = append(e, Member{"code", code})
	}
	if p.Param != "" {
		e = append(e, Member{"param", p.Param})
	}
	if d.Extra != nil {
		e = append(e, d.Extra(p)...)
	}
	return Object{{"type", "error"}, {"error", e}, {"request_id", p.Trace}}
}

// codeOf is what the dialect calls a code: its envelope's own value, which is a number in one of them.
func (d *product) codeOf(p Phrase) any {
	if e, ok := member(d.Envelope(p), "error").(Object); ok {
		if code := member(e, "code"); code != nil {
			return code
		}
	}
	if p.Code == "" {
		return nil
	}
	return p.Code
}

func member(o Object, name string) any {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// vendorType is Anthropic's error type for a status.
func vendorType(status int) string {
	switch status {
	case 401:
		return "authentication_error"
	case 402:
		return "billing_error"
	case 403, 451:
		return "permission_error"
	case 404:
		return "not_found_error"
	case 409:
		return "conflict_error"
	case 413:
		return "request_too_large"
	case 429:
		return "rate_limit_error"
	case 503, 529:
		return "overloaded_error"
	case 504:
		return "timeout_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

// patience is the longest Retry-After that SDKs wait out; some ignore a longer one, some sleep all of it.
const patience = 60

// waits tells a client how long to wait, and not to try again by itself where that would be in vain.
func waits(f Fault, status int, r Row) []Header {
	wait := f.RetryAfter
	if wait <= 0 {
		wait = r.Retry
	}
	var h []Header
	secs := seconds(wait)
	if secs > 0 {
		h = append(h, Header{"Retry-After", strconv.FormatInt(secs, 10)})
	}
	if secs > patience || retried(status) && !heals(f) {
		h = append(h, Header{"x-should-retry", "false"})
	}
	return h
}

// retried says whether SDKs try again by themselves on a status.
func retried(status int) bool {
	return status == 408 || status == 409 || status == 429 || status >= 500
}

// seconds rounds up, so that a client never comes back too early.
func seconds(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(math.Ceil(d.Seconds()))
}

// identity are the headers that name the exchange: OpenAI's SDKs read the first, Anthropic's the second.
func (d *product) identity(trace string) []Header {
	v := headerValue(clean(trace, maxTrace))
	if v == "" {
		return nil
	}
	h := []Header{{"x-request-id", v}, {"request-id", v}}
	for _, name := range d.Trace {
		h = append(h, Header{name, v})
	}
	return h
}

// Headers implements Dialect.
func (d *product) Headers(trace string, l Limits) []Header {
	h := d.identity(trace)
	if d.Standing != nil {
		h = append(h, d.Standing(l)...)
	}
	return h
}

// number is a count as a header's value, never negative.
func number(n int64) string { return strconv.FormatInt(max(n, 0), 10) }
