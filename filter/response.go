package filter

import (
	"strconv"
	"strings"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"weir/filter/fault"
	"weir/policy/provider"
)

// What the answer's content-length is to say.
const (
	chunked   = -1 // not known: removed
	untouched = -2 // the provider's own stays
)

// responseHeaders looks at who answers and how. The answer to this message is held until a refusal is out of the
// question: for a stream until its first event, for JSON until its end.
func (x *exchange) responseHeaders(m *extprocv3.HttpHeaders, in *extprocv3.ProcessingRequest) error {
	x.answer.headers = headersOf(m)
	x.answer.status, _ = strconv.Atoi(x.answer.headers.get(":status"))
	details := attribute(in, detailAttribute)
	x.answer.unreached = details != "" && details != "via_upstream"
	if details == "" {
		x.lacks(detailAttribute)
		x.answer.unreached = x.phase < forwarded // nobody else can have answered
	}
	x.learn(in)
	if x.answer.unreached {
		return x.localReply(details)
	}
	if x.phase != forwarded {
		return x.unexpected("response headers")
	}
	x.phase = holding
	x.record.UpstreamStatus = x.answer.status
	if x.answer.status < 200 || x.answer.status > 299 {
		return x.providerFault(m.GetEndOfStream())
	}
	if m.GetEndOfStream() || x.answer.status == 204 {
		return x.refuse(fault.Fault{Code: fault.ProviderUnreadable, Upstream: x.answer.status, Hint: "empty answer"})
	}
	return x.expect()
}

// expect checks that the answer has the form the request asked for. Anything else cannot be read, so it cannot be
// governed, so it does not pass.
func (x *exchange) expect() error {
	unreadable := func(hint string) error {
		return x.refuse(fault.Fault{Code: fault.ProviderUnreadable, Provider: x.displayName(), Upstream: x.answer.status, Hint: hint})
	}
	if enc := x.answer.headers.get("content-encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return unreadable("compressed answer")
	}
	mt := mediaType(x.answer.headers.get("content-type"))
	switch {
	case !inUTF8(x.answer.headers.get("content-type")):
		return unreadable("another charset")
	case x.view.Stream && mt == "text/event-stream":
		x.answer.stream = true
		x.answer.follower = newFollower(x)
		return nil
	case !x.view.Stream && (mt == "application/json" || strings.HasSuffix(mt, "+json")):
		return nil
	case x.view.Stream:
		return unreadable("no event stream")
	default:
		return unreadable("no JSON")
	}
}

// mapped turns a provider's status into the fault it means for the client. A provider's 401 or 403 is about Weir's
// credential, never about the client's key.
func (x *exchange) mapped() fault.Fault {
	f := fault.Fault{
		Code: fault.ProviderError, Upstream: x.answer.status,
		Provider: x.displayName(), Hint: provider.Hint(x.answer.status),
	}
	switch s := x.answer.status; {
	case s == 429:
		f.Code, f.RetryAfter = fault.ProviderRateLimited, x.retryAfter()
	case s == 400 || s == 404 || s == 413 || s == 422:
		f.Code = fault.ProviderRejected
	case s == 408 || s == 504:
		f.Code = fault.ProviderTimeout
	case s == 503:
		f.Code, f.RetryAfter = fault.ModelUnavailable, x.retryAfter()
	}
	return f
}

func (x *exchange) displayName() string {
	if p, ok := x.snap.Catalogue.Provider(x.candidate.Provider); ok {
		return provider.DisplayName(p.Kind)
	}
	return x.candidate.Provider
}

// retryAfter is how long the provider asks to be left alone, between a second and an hour.
func (x *exchange) retryAfter() time.Duration {
	return max(provider.Wait(x.answer.headers.get, x.server.parts.Clock()), time.Second)
}

// localReply answers what Envoy itself had to say: a provider that could not be reached, a time-out, a body over the
// limit. On some paths this is the exchange's first message.
func (x *exchange) localReply(details string) error {
	if x.trace == "" {
		x.trace = x.server.parts.NewID()
		x.record.Trace, x.record.Exchange, x.record.Time = x.trace, x.id, x.began
	}
	x.phase = holding
	if neverReached(details) && len(x.order) > 0 && len(x.record.Attempts) == 0 {
		x.inform(0, provider.Failed) // nobody could even be tried: its name leads nowhere, or nothing listens there
	}
	return x.refuse(localFault(details, x.answer.status, x.limits.BodyBytes))
}

// neverReached says whether an Envoy response_code_details means that there was no connection.
func neverReached(details string) bool {
	return strings.Contains(details, "no_healthy_upstream") || strings.Contains(details, "connection_failure") || strings.Contains(details, "connect_error")
}

// localFault says what an Envoy response_code_details means. The details are those of Envoy 1.36 to 1.40.
func localFault(details string, status int, bodyLimit int64) fault.Fault {
	has := func(s string) bool { return strings.Contains(details, s) }
	switch {
	case has("request_payload_too_large"):
		return fault.Fault{Code: fault.BodyTooLarge, Limit: bodyLimit, Unit: "bytes"}
	case has("upgrade_failed"):
		return fault.Fault{Code: fault.UpgradeRefused}
	case has("timeout"):
		return fault.Fault{Code: fault.ProviderTimeout}
	case has("overflow"), has("lua_response"):
		// Too many wait for a provider: upstream_reset_before_response_started{overflow}. Before 1.40 the attempt's own filter is
		// asked first, and has no host to prepare it for.
		return fault.Fault{Code: fault.Overloaded, RetryAfter: time.Second}
	case has("upstream_reset"), has("no_healthy_upstream"), has("cluster_not_found"), has("remote_"), has("connection_"):
		return fault.Fault{Code: fault.ProviderUnreachable, RetryAfter: time.Second}
	case has("overload"), has("max_"):
		return fault.Fault{Code: fault.Overloaded, RetryAfter: time.Second}
	case has("route_not_found"), has("direct_response"):
		return fault.Fault{Code: fault.PathUnknown}
	case status == 413:
		return fault.Fault{Code: fault.BodyTooLarge, Limit: bodyLimit, Unit: "bytes"}
	case status == 400 || status == 431:
		return fault.Fault{Code: fault.PathInvalid}
	case status == 403:
		return fault.Fault{Code: fault.AddressDenied}
	default:
		return fault.Fault{Code: fault.Internal}
	}
}

// responseBody takes a piece of the answer.
func (x *exchange) responseBody(m *extprocv3.HttpBody) error {
	if x.answer.firstByte.IsZero() && len(m.GetBody()) > 0 {
		x.answer.firstByte = x.server.parts.Clock()
	}
	switch {
	case x.phase != holding && x.phase != following:
		return x.unexpected("response body")
	case x.answer.stream:
		return x.follow(m.GetBody(), m.GetEndOfStream(), false)
	default:
		return x.collect(m.GetBody(), m.GetEndOfStream(), false)
	}
}

// responseTrailers is the other way a body ends.
func (x *exchange) responseTrailers() error {
	switch {
	case x.phase != holding && x.phase != following:
		return x.unexpected("response trailers")
	case x.answer.stream:
		return x.follow(nil, true, true)
	default:
		return x.collect(nil, true, true)
	}
}

// collect holds a JSON answer until its end and then decides on it as a whole.
func (x *exchange) collect(chunk []byte, end, trailers bool) error {
	if int64(len(x.answer.body)+len(chunk)) > x.limits.AnswerBytes {
		return x.refuse(fault.Fault{Code: fault.ProviderUnreadable, Hint: "answer over the limit", Upstream: x.answer.status})
	}
	if f, bad := x.claim(int64(len(chunk))); bad {
		return x.refuse(f)
	}
	x.answer.body = append(x.answer.body, chunk...)
	if !end {
		return nil
	}
	if x.answer.failing {
		return x.passError(false, trailers)
	}
	x.answer.body = x.masked(x.answer.body)
	if x.errorInside() {
		x.answer.erred = true
		if x.dialect.PassesProviderErrors() {
			x.record.Code = string(fault.ProviderError)
			return x.passError(false, trailers)
		}
		return x.refuse(fault.Fault{Code: fault.ProviderError, Upstream: x.answer.status, Hint: "an error in the place of an answer", Provider: x.displayName()})
	}
	body, f, bad, err := x.judge()
	if err != nil {
		x.server.parts.Log.Error("editing the answer", "trace", x.trace, "error", err)
		return x.refuse(fault.Fault{Code: fault.Internal})
	}
	if bad {
		return x.block(f)
	}
	if x.phase == over {
		return nil
	}
	if err := x.answerHeaders(len(body)); err != nil {
		return err
	}
	x.answer.complete = true
	if err := x.sendBody(body, !trailers); err != nil {
		return err
	}
	x.finish("complete")
	if trailers {
		return x.sendTrailers()
	}
	return nil
}
