package filter

import (
	"bytes"

	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy/provider"
)

// mask stands where a credential of ours stood.
const mask = "***"

// providerFault answers a provider's own error: as it came where the dialect passes it, mapped where it does not. What is
// passed is held to its end, since some providers print the credential they were sent.
func (x *exchange) providerFault(empty bool) error {
	if !x.dialect.PassesProviderErrors() || x.answer.status < 400 {
		return x.refuse(x.mapped())
	}
	x.record.Code = string(fault.ProviderError)
	if enc := x.answer.headers.get("content-encoding"); enc != "" && enc != "identity" {
		return x.refuse(x.mapped()) // it cannot be read, so it cannot be masked
	}
	x.answer.failing = true
	if empty {
		return x.passError(true, false)
	}
	return nil
}

// passError lets a provider's error go, without our credentials. headersOnly says that no body began, trailers that they end
// it: Envoy waits for an answer to each of the messages that came.
func (x *exchange) passError(headersOnly, trailers bool) error {
	body, length := x.masked(x.answer.body), untouched
	if !same(body, x.answer.body) {
		length = len(body)
	}
	if err := x.answerHeaders(length); err != nil {
		return err
	}
	if !headersOnly {
		if err := x.sendBody(body, !trailers); err != nil {
			return err
		}
	}
	x.finish("complete")
	if trailers {
		return x.sendTrailers()
	}
	return nil
}

// masked is a text without the credentials that the provider was sent; the same bytes where it has none.
func (x *exchange) masked(body []byte) []byte {
	out := body
	for _, secret := range x.sent() {
		if len(secret) > 0 && bytes.Contains(out, []byte(secret)) {
			out = bytes.ReplaceAll(out, []byte(secret), []byte(mask))
			x.server.parts.Log.Warn("a provider's error held the credential it was sent", "trace", x.trace, "provider", x.candidate.Provider)
		}
	}
	return out
}

// sent are the credentials that the provider may have been sent: the tenant's own, and the platform's.
func (x *exchange) sent() []string {
	own, _, _ := x.ownSecret(x.candidate.Provider)
	p, _ := x.snap.Catalogue.Provider(x.candidate.Provider)
	platform, _ := provider.Secret(p.Credential)
	return []string{own, platform}
}

// errorInside says whether a whole answer with a status of success is an error: it has one, and nothing else to say.
func errorInside(a *surface.Answer) bool {
	return len(a.Segments) == 0 && len(a.Finishes) == 0 && surface.HasError(a.Body)
}
