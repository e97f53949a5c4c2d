package filter

import (
	"bytes"

	"weir/filter/fault"
	"weir/filter/surface"
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

// errorInside says whether a whole answer with a status of success is an error: it has one, and nothing else to say.
func (x *exchange) errorInside() bool {
	if !bytes.Contains(x.answer.body, []byte(`"error"`)) || !surface.HasError(x.answer.body) {
		return false
	}
	a, err := x.match.Surface.ReadAnswer(x.answer.body)
	if err == nil {
		x.answer.usage = a.Usage
	}
	return err != nil || len(a.Segments) == 0 && len(a.Finishes) == 0
}
