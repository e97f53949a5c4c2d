package filter

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/filter/fault"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// Identity says what of a request may name its actor. What is not set is not looked at, and nothing in a body ever is.
type Identity struct {
	Claim     Claim
	Principal bool // the name in the peer's certificate, which Envoy has verified
	Header    TrustedHeader
}

// Claim is a member of a token that Envoy has verified (its jwt_authn filter, which leaves the payload in dynamic
// metadata).
type Claim struct {
	Header string // lower-case name of the header the token stands in; empty: there are no tokens
	Issuer string // whose tokens count
	Actor  string // the claim that names the actor
	Tags   string // the claim that names tags, a text or a list; empty: none does
}

// TrustedHeader names the actor where the operator says that nobody but his own proxy can set it.
type TrustedHeader struct {
	Name string         // lower case; empty: there is none
	From []netip.Prefix // peers that are believed; empty: all
}

// jwtNamespace is where Envoy's jwt_authn filter leaves payloads.
const jwtNamespace = "envoy.filters.http.jwt_authn"

// keyHeaders are where a caller's key may stand. Only a caller's own credential for a provider goes on from them.
var keyHeaders = [...]string{"authorization", "x-api-key", "x-detection-key", "x-bf-vk", "x-goog-api-key", "api-key"}

// ownPrefix starts the names of headers that are Weir's alone.
const ownPrefix = "x-weir-"

// sessionHeader is the client's own word for what belongs together.
const sessionHeader = "x-session-id"

// identify resolves the presented key. It sets tenant and key as far as they are known, also where the key may not
// be used, since even then the tenant's dialect is the one to answer in.
func (x *exchange) identify(h headers) (presented string, err error) {
	p, err := tenant.Find(h.all)
	x.own = p.Own
	if x.keyless(h, p.Key, err) {
		return p.Key, nil
	}
	if err == nil {
		x.tenant, x.key, err = x.snap.Tenants.Resolve(p.Key, x.began)
	}
	if x.tenant != nil {
		x.record.Tenant = x.tenant.ID
	}
	if x.key != nil {
		x.record.KeyID, x.record.KeyPrefix = x.key.ID, x.key.Prefix
	}
	return p.Key, err
}

// keyless finds the tenant of a host that takes traffic without a key. A key that is there counts, whatever is wrong
// with it.
func (x *exchange) keyless(h headers, presented string, err error) bool {
	if err != nil && !errors.Is(err, tenant.ErrMissing) || tenant.LooksLikeKey(presented) {
		return false
	}
	if len(h.all("x-detection-key"))+len(h.all("x-bf-vk")) > 0 {
		return false // a key was meant
	}
	host, ok := x.hostRule()
	if !ok || host.Keyless == "" {
		return false
	}
	if x.tenant, ok = x.snap.Tenants.Tenant(host.Keyless); !ok {
		return false
	}
	x.key = &tenant.Key{Tenant: x.tenant.ID}
	x.record.Tenant = x.tenant.ID
	return true
}

// hostRule is the first rule for the request's host and path.
func (x *exchange) hostRule() (Host, bool) {
	for _, h := range x.snap.Hosts {
		if (h.Name == "*" || strings.EqualFold(h.Name, x.in.host)) && strings.HasPrefix(x.in.path, h.Prefix) {
			return h, true
		}
	}
	return Host{}, false
}

// errUnverified is why an actor is not known although the request names one.
type errUnverified string

func (e errUnverified) Error() string { return string(e) }

// actorFault finds out who stands behind the key, and refuses who may not pass.
func (x *exchange) actorFault(h headers, in *extprocv3.ProcessingRequest) (fault.Fault, bool) {
	actor, err := x.findActor(h, in)
	if err == nil && actor == "" && x.tenant.Actors.Required {
		err = errUnverified("an actor is required")
	}
	if err != nil {
		return fault.Fault{Code: fault.ActorUnverified, Detail: err.Error()}, true
	}
	if len(x.tenant.LimitedTags(x.tags)) > tenant.MaxLimitedTags {
		return fault.Fault{Code: fault.ActorUnverified, Detail: "the token names too many tags"}, true
	}
	x.actor, x.record.Actor = actor, actor
	if s := h.get(sessionHeader); wellFormedTrace(s) {
		x.session, x.record.Session = s, s
	}
	if q, out := x.snap.Tenants.Quarantined(x.tenant.ID, actor); out {
		return fault.Fault{Code: fault.ActorQuarantined, Reason: q.Reason}, true
	}
	return fault.Fault{}, false
}

// findActor takes the first of a verified claim, the peer's certificate and a trusted header that names somebody. What
// is there and cannot be believed is an error: it is never passed over for the next.
func (x *exchange) findActor(h headers, in *extprocv3.ProcessingRequest) (string, error) {
	x.tags = x.key.Tags
	who := x.snap.Identity
	if actor, err := x.byToken(who.Claim, h, in); actor != "" || err != nil {
		return actor, err
	}
	if who.Principal && x.in.principal != "" {
		if !tenant.ValidActor(x.in.principal) {
			return "", errUnverified("the name in the certificate cannot be one")
		}
		return x.in.principal, nil
	}
	return x.declared(who.Header, h)
}

// byToken reads the claims of a token that Envoy has verified. A token that it has not leaves no claims.
func (x *exchange) byToken(c Claim, h headers, in *extprocv3.ProcessingRequest) (string, error) {
	if c.Header == "" {
		return "", nil
	}
	payload := payloadOf(c.Issuer, in.GetMetadataContext().GetFilterMetadata()[jwtNamespace])
	if payload == nil {
		if len(h.all(c.Header)) > 0 {
			return "", errUnverified("the token is not valid")
		}
		return "", nil
	}
	actor := payload.GetFields()[c.Actor].GetStringValue()
	if !tenant.ValidActor(actor) {
		return "", errUnverified("the token names nobody")
	}
	x.tags = withTags(x.tags, payload.GetFields()[c.Tags])
	return actor, nil
}

// payloadOf is the payload of an issuer's token. jwt_authn keeps one for each provider it knows, under a name of the
// operator's.
func payloadOf(issuer string, all *structpb.Struct) *structpb.Struct {
	for _, v := range all.GetFields() {
		if p := v.GetStructValue(); p.GetFields()["iss"].GetStringValue() == issuer {
			return p
		}
	}
	return nil
}

// maxTags bounds the tags of an exchange.
const maxTags = 64

// withTags adds the tags of a claim: a text of words, or a list of them. Words that cannot be tags are left out, since
// tokens are written by others and for others too.
func withTags(tags []string, claim *structpb.Value) []string {
	list := strings.Fields(claim.GetStringValue())
	for _, v := range claim.GetListValue().GetValues() {
		list = append(list, v.GetStringValue())
	}
	out := slices.Clone(tags)
	for _, t := range list {
		if len(out) < maxTags && tenant.ValidTag(t) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// declared reads the trusted header. Of a peer that is not believed it is ignored, and goes no further.
func (x *exchange) declared(t TrustedHeader, h headers) (string, error) {
	if t.Name == "" {
		return "", nil
	}
	values := h.all(t.Name)
	if len(values) == 0 {
		return "", nil
	}
	if !believed(t.From, x.in.client) {
		x.server.metrics.spoofed.Inc()
		return "", nil
	}
	if len(values) > 1 || !tenant.ValidActor(values[0]) {
		return "", errUnverified("the trusted header must name one actor")
	}
	return values[0], nil
}

func believed(from []netip.Prefix, client string) bool {
	if len(from) == 0 {
		return true
	}
	a, err := netip.ParseAddr(client)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(from, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// private lists the headers of the request that must not go on, by the names they came with: all that could be taken for
// Weir's own word or names the caller, however it is written, since some servers read an underscore as a hyphen.
func (x *exchange) private(h headers) []string {
	var out []string
	for _, v := range h.list {
		name := strings.ReplaceAll(strings.ToLower(v.GetKey()), "_", "-")
		if !strings.HasPrefix(name, ownPrefix) && !x.identifies(name, v.GetKey()) {
			continue
		}
		if !slices.Contains(out, v.GetKey()) {
			out = append(out, v.GetKey())
		}
	}
	return out
}

// identifies says whether a header names the caller. A caller's own credential for the provider is looked at again when
// the provider is known.
func (x *exchange) identifies(name, written string) bool {
	if name == x.snap.Identity.Claim.Header || name == x.snap.Identity.Header.Name {
		return name != ""
	}
	return slices.Contains(keyHeaders[:], name) && !slices.Contains(x.own, written)
}

// callable leaves out the candidates that are called with the caller's own credential where the request has none.
func (x *exchange) callable(list []provider.Candidate) []provider.Candidate {
	return slices.DeleteFunc(slices.Clone(list), func(c provider.Candidate) bool {
		p, _ := x.snap.Catalogue.Provider(c.Provider)
		return p.Caller && !slices.ContainsFunc(p.CallerHeaders(), func(name string) bool { return slices.Contains(x.own, name) })
	})
}

// strangers are the headers with a credential of the caller's own that is not for the chosen provider. It is for nobody
// else.
func (x *exchange) strangers() []string {
	p, _ := x.snap.Catalogue.Provider(x.candidate.Provider)
	return slices.DeleteFunc(slices.Clone(x.own), func(name string) bool {
		return p.Caller && slices.Contains(p.CallerHeaders(), name)
	})
}
