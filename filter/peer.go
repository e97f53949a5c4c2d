package filter

import (
	"encoding/json"
	"strconv"
	"sync"

	filterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter/canary"
	"weir/filter/fault"
)

// What the first message tells of the Envoy it comes from. The names must be those that package envoy asks for.
const (
	minorAttribute  = "xds.node.user_agent_build_version.version.minor_number"
	sourceAttribute = "source.address"
	detailAttribute = "response.code_details"
	chainNamespace  = "weir.chain" // where Weir leaves its mark on a request, for a second one in the same chain
	chainKey        = "exchange"
)

// The minors of Envoy 1 that are governed; a newer one counts as the newest.
const (
	oldestMinor = 36
	newestMinor = 40
)

// misfit is a way in which an Envoy is told otherwise than Weir needs.
type misfit struct{ setting, found, want string }

// misfits are what keeps Weir from governing: what it is sent would not be all there is, or would be governed twice. An
// Envoy that says nothing of its body modes is held to them by the order of its messages.
func (x *exchange) misfits(in *extprocv3.ProcessingRequest) (out []misfit) {
	if n, said := minorOf(in); said && n < oldestMinor {
		out = append(out, misfit{"version", "1." + strconv.Itoa(n), "1." + strconv.Itoa(oldestMinor) + " or newer"})
	}
	if marked(in) {
		out = append(out, misfit{"chain", "a request that Weir governs already", "Weir's filter once"})
	}
	c := in.GetProtocolConfig()
	if c == nil {
		return out
	}
	for _, body := range [...]struct {
		of        string
		got, want filterv3.ProcessingMode_BodySendMode
	}{
		{"request_body_mode", c.GetRequestBodyMode(), filterv3.ProcessingMode_BUFFERED},
		{"response_body_mode", c.GetResponseBodyMode(), filterv3.ProcessingMode_FULL_DUPLEX_STREAMED},
	} {
		if body.got != body.want {
			out = append(out, misfit{body.of, body.got.String(), body.want.String()})
		}
	}
	return out
}

// minorOf is the minor of the Envoy 1 that speaks, where it was asked to say it.
func minorOf(in *extprocv3.ProcessingRequest) (int, bool) {
	n, err := strconv.Atoi(attribute(in, minorAttribute))
	return n, err == nil
}

// marked says whether another filter of Weir's has this request already.
func marked(in *extprocv3.ProcessingRequest) bool {
	_, ok := in.GetMetadataContext().GetFilterMetadata()[chainNamespace].GetFields()[chainKey]
	return ok
}

// mark is what a second filter of Weir's in the chain would find.
func (x *exchange) mark() *structpb.Value {
	return structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{chainKey: structpb.NewStringValue(x.id)}})
}

// unfit refuses what an Envoy sends that is told otherwise, and names it in log, metric and record.
func (x *exchange) unfit(in *extprocv3.ProcessingRequest) (fault.Fault, bool) {
	list := x.misfits(in)
	for _, m := range list {
		x.server.parts.Log.Error("Envoy is told otherwise than Weir needs, so nothing passes", "trace", x.trace,
			"setting", m.setting, "found", m.found, "want", m.want)
		x.server.metrics.misfits.WithLabelValues(m.setting, m.found).Inc()
		x.record.Failures = append(x.record.Failures, m.setting+":deny")
	}
	if len(list) > 0 {
		x.server.metrics.unexpected.Inc()
	}
	return fault.Fault{Code: fault.Internal}, len(list) > 0
}

// peers remember which Envoys have spoken, so that each kind is told of once.
type peers struct {
	mu    sync.Mutex
	known map[string]bool // minors; "" is one that does not say it
}

// first says whether a minor has not been seen before.
func (p *peers) first(minor string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[minor] {
		return false
	}
	if p.known == nil {
		p.known = map[string]bool{}
	}
	p.known[minor] = true
	return true
}

// bounded is a minor as a label: an Envoy may say anything.
func bounded(n int, said bool) string {
	switch {
	case !said:
		return "unknown"
	case n < oldestMinor:
		return "older"
	case n > newestMinor:
		return "newer"
	}
	return strconv.Itoa(n)
}

// greet says, once for each minor, what an Envoy lacks and what stands in for it; and counts what every one of them was not
// asked to say.
func (x *exchange) greet(in *extprocv3.ProcessingRequest) {
	n, said := minorOf(in)
	label := bounded(n, said)
	if x.server.peers.first(label) {
		x.server.metrics.envoys.WithLabelValues(label).Set(1)
		x.server.parts.Log.Info("an Envoy speaks", "minor", label, "instead", instead(n, said))
	}
	for _, name := range [...]string{minorAttribute, sourceAttribute} {
		if attribute(in, name) == "" {
			x.lacks(name)
		}
	}
}

// lacks counts an attribute that was not sent, and says so in the log from time to time.
func (x *exchange) lacks(name string) {
	x.server.metrics.missing.WithLabelValues(name).Inc()
	x.server.attributes.Do(func() {
		x.server.parts.Log.Warn("Envoy does not send what Weir asks for", "attribute", name, "instead", withoutAttribute[name])
	})
}

// withoutAttribute says what happens where an attribute is not sent.
var withoutAttribute = map[string]string{
	minorAttribute:  "it counts as the oldest that is supported",
	sourceAttribute: "limits and lists of addresses see no address",
	detailAttribute: "an answer before the request went out is Envoy's own, every other the provider's",
}

// instead is what stands in for what a minor lacks.
func instead(n int, said bool) []string {
	if !said {
		n = oldestMinor
	}
	out := []string{}
	if n < 37 {
		out = append(out,
			"its own replies reach Weir where its runtime guard skip_ext_proc_on_local_reply is false; else they are told in the words left in its metadata",
			"bodies are bounded by the listener, not by the virtual host")
	}
	if n < 38 {
		out = append(out, "answers go out in chunks over HTTP/1.1, without a content-length")
	}
	return out
}

// answerCanary answers somebody who holds Weir's secret and asks whether this route is governed. Nothing goes on from it.
func (x *exchange) answerCanary(asked string, in *extprocv3.ProcessingRequest) error {
	n, said := minorOf(in)
	answer := struct {
		Weir     string   `json:"weir"`
		Path     string   `json:"path"`
		Minor    string   `json:"envoy_minor"`
		Problems []string `json:"problems"`
	}{"attached", x.in.path, bounded(n, said), []string{}}
	for _, m := range x.misfits(in) {
		answer.Problems = append(answer.Problems, m.setting+": found "+m.found+", want "+m.want)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return x.refuse(fault.Fault{Code: fault.Internal})
	}
	return x.immediate(fault.Answer{Status: 200, Body: body, Headers: []fault.Header{
		{Name: "content-type", Value: "application/json"}, {Name: canary.Proof, Value: x.server.parts.Canary.Prove(asked, body)},
	}}, "complete")
}
