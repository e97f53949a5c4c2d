package filter

import (
	"net/http"
	"strconv"
	"strings"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"

	"weir/filter/fault"
	"weir/policy/tenant"
)

// chunkBytes is the most one body message carries: Envoy asks for no more than 64 KiB.
const chunkBytes = 62_000

// detailsPrefix starts the details of each of Weir's own answers, so that Envoy's local_reply_config leaves them alone.
const detailsPrefix = "weir_"

// refuse ends the exchange with a fault: as a real status while headers have not left, as the end of the stream after.
func (x *exchange) refuse(f fault.Fault) error {
	f.Trace = x.trace
	if f.Model == "" && x.view != nil {
		f.Model = x.view.Model
	}
	x.record.Code = string(f.Code)
	x.illServed(f)
	switch x.phase {
	case following:
		return x.endStream(f)
	default:
		return x.immediate(x.dialect.Answer(f, x.shape()), "refused")
	}
}

// deny refuses what a policy refused, or answers in the provider's shape where the tenant wants it so and the dialect has
// such a reply.
func (x *exchange) deny(f fault.Fault) error {
	if x.tenant.Settings.BlockedRequest != tenant.Reply || !x.dialect.Replies(f.Code) {
		return x.refuse(f)
	}
	f.Trace, f.Model = x.trace, x.view.Model
	x.record.Code = string(f.Code)
	return x.immediate(x.dialect.Blocked(f, x.shape()), "refused")
}

// block ends the exchange because its answer may not be shown.
func (x *exchange) block(f fault.Fault) error {
	f.Trace, f.Model = x.trace, x.view.Model
	x.record.Code = string(f.Code)
	x.wellServed()
	if x.phase == following {
		return x.endStream(f)
	}
	return x.immediate(x.dialect.Blocked(f, x.shape()), "blocked")
}

// immediate answers in Envoy's place: status, headers and body are ours, and the provider's answer is dropped.
func (x *exchange) immediate(a fault.Answer, ended string) error {
	var m mutation
	m.setAll(x.dialect.Headers(x.trace, x.standing()))
	m.setAll(a.Headers)
	x.record.Status = a.Status
	if x.record.Code != "" {
		x.record.Answer = string(a.Body)
	}
	x.finish(ended)
	x.ahead()
	details := detailsPrefix + "answered"
	if x.record.Code != "" {
		details = detailsPrefix + x.record.Code
	}
	return x.send(&extprocv3.ProcessingResponse{DynamicMetadata: x.withdrawn(), Response: &extprocv3.ProcessingResponse_ImmediateResponse{
		ImmediateResponse: &extprocv3.ImmediateResponse{
			Status:  &typev3.HttpStatus{Code: typev3.StatusCode(a.Status)},
			Headers: m.proto(),
			Body:    a.Body,
			Details: strings.ReplaceAll(details, " ", "_"),
		},
	}})
}

// finish marks the exchange as over. The first call decides how it ended.
func (x *exchange) finish(ended string) {
	x.phase = over
	x.stopWaiting()
	x.stopHeld()
	if x.record.Ended == "" {
		x.record.Ended = ended
	}
}

// shape is what the dialect must know of the exchange.
func (x *exchange) shape() fault.Shape {
	s := fault.Shape{Created: x.began.Unix()}
	if x.match.Surface != nil {
		s.Surface = x.match.Surface.Name()
	}
	if x.view != nil {
		s.Stream, s.Model = x.view.Stream, x.view.Model
	}
	if f := x.answer.follower; f != nil {
		f.describe(&s)
	}
	return s
}

// answerHeaders lets the held response headers go, with the body that follows them being ours.
func (x *exchange) answerHeaders(length int) error {
	var m mutation
	if id := x.upstreamID(); id != "" {
		m.set("x-upstream-request-id", id)
	}
	m.remove(x.foreignStanding()...)
	m.remove(x.theirs()...)
	m.remove(attemptHeader)
	m.remove(x.repeating()...)
	if x.snap.Mesh == nil {
		m.set(providerHeader, x.candidate.Provider)
	}
	if at := x.candidate.RetiresAt; !at.IsZero() {
		m.set("sunset", at.UTC().Format(http.TimeFormat)) // RFC 8594
	}
	m.setAll(x.dialect.Headers(x.trace, x.standingOfAnswer()))
	if length >= 0 {
		m.set("content-length", strconv.Itoa(length))
	} else {
		m.remove("content-length")
	}
	if n := x.tally.unresolved; n > 0 {
		m.set(unresolvedHeader, strconv.Itoa(n))
	}
	x.record.Status = x.answer.status
	x.wellServed()
	return x.send(&extprocv3.ProcessingResponse{DynamicMetadata: x.withdrawn(), Response: &extprocv3.ProcessingResponse_ResponseHeaders{
		ResponseHeaders: &extprocv3.HeadersResponse{Response: &extprocv3.CommonResponse{HeaderMutation: m.proto()}},
	}})
}

// upstreamID is the provider's own id of its answer, whichever vendor's name it goes by.
func (x *exchange) upstreamID() string {
	for _, name := range [...]string{"x-request-id", "request-id"} {
		if id := x.answer.headers.get(name); id != "" && id != x.trace {
			return id
		}
	}
	return ""
}

// sendBody sends bytes of the response body, in pieces that Envoy takes. last ends the body.
func (x *exchange) sendBody(b []byte, last bool) error {
	for len(b) > chunkBytes {
		if err := x.sendChunk(b[:chunkBytes], false); err != nil {
			return err
		}
		b = b[chunkBytes:]
	}
	if len(b) == 0 && !last {
		return nil
	}
	return x.sendChunk(b, last)
}

func (x *exchange) sendChunk(b []byte, last bool) error {
	x.answer.delivered = x.answer.delivered || len(b) > 0
	m := new(chunkAnswer)
	m.streamed.Body, m.streamed.EndOfStream = b, last
	m.mutationIs.StreamedResponse = &m.streamed
	m.mutation.Mutation = &m.mutationIs
	m.common.BodyMutation = &m.mutation
	m.answer.Response = &m.common
	m.is.ResponseBody = &m.answer
	m.response.Response = &m.is
	return x.send(&m.response)
}

// chunkAnswer is everything that a piece of a body is wrapped in, in one place of memory: there is one for each event.
type chunkAnswer struct {
	response   extprocv3.ProcessingResponse
	is         extprocv3.ProcessingResponse_ResponseBody
	answer     extprocv3.BodyResponse
	common     extprocv3.CommonResponse
	mutation   extprocv3.BodyMutation
	mutationIs extprocv3.BodyMutation_StreamedResponse
	streamed   extprocv3.StreamedBodyResponse
}

// sendTrailers answers the provider's trailers. A stream's headers left before anybody knew what in it would be unresolved,
// so its trailers tell.
func (x *exchange) sendTrailers() error {
	var m mutation
	if n := x.tally.unresolved; n > 0 && x.answer.stream {
		m.set(unresolvedHeader, strconv.Itoa(n))
	} else {
		m.remove(unresolvedHeader)
	}
	return x.send(&extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseTrailers{
		ResponseTrailers: &extprocv3.TrailersResponse{HeaderMutation: m.proto()},
	}})
}

// unresolvedHeader tells how many placeholders of an answer name nothing.
const unresolvedHeader = "x-weir-unresolved"
