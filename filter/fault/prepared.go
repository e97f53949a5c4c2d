package fault

import "strconv"

// The keys of Prepared, besides f413 and its kin.
const (
	keyRetryAfter  = "retry_after"
	keyContentType = "content_type"
)

// local are the statuses that Envoy answers with by itself, and what they mean: the first code whose row has that very
// status, else the first.
var local = []struct {
	status int
	codes  []Code
}{
	{413, []Code{BodyTooLarge}},
	{500, []Code{Internal}},
	{502, []Code{ProviderUnreachable, ProviderUnreadable, ProviderError}},
	{503, []Code{ProviderUnreachable, Overloaded, StoreUnavailable}},
	{504, []Code{ProviderTimeout}},
}

// Prepared renders the bodies of failures that Envoy has to phrase by itself, because Weir cannot be asked any more:
// keys f413, f500, f502, f503 and f504, plus retry_after (seconds) and content_type, for dynamic metadata.
func Prepared(d Dialect, s Shape, trace string) map[string]string {
	out := make(map[string]string, len(local)+2)
	for _, l := range local {
		out["f"+strconv.Itoa(l.status)] = string(localBody(d, s, trace, l.status, l.codes))
	}
	out[keyRetryAfter], out[keyContentType] = "1", "application/json"
	return out
}

// localBody renders a body for a status that is given. A dialect whose body tells the status tells the one that is sent.
func localBody(d Dialect, s Shape, trace string, status int, codes []Code) []byte {
	p, ok := d.(*product)
	if !ok {
		return d.Answer(Fault{Code: codes[0], Trace: trace}, s).Body
	}
	code := codes[0]
	for _, c := range codes {
		if p.Rows[c].Status == status {
			code = c
			break
		}
	}
	return p.answer(Fault{Code: code, Trace: trace}, s, status, false).Body
}

// Fixed is the body of the 503 that Envoy answers with when Weir was never reached. No tenant is known then: it has the
// members that the SDKs of both vendors read.
func Fixed() []byte {
	return Object{
		{"type", "error"},
		{"error", Object{
			{"message", "Service temporarily unavailable"}, {"type", "api_error"}, {"param", nil}, {"code", "service_unavailable"},
		}},
	}.Bytes()
}
