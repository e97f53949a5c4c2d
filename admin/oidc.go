package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// OIDC is an issuer whose tokens are taken beside local ones (OpenID Connect Core 1.0). NewOIDC checks nothing over the network:
// an issuer that is down keeps its own users out, and nobody else.
type OIDC struct {
	terms  OIDCTerms
	client *http.Client

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier // nil: the issuer has not been asked yet
	failed   error                 // why it could not be
	again    time.Time             // when it may be asked again
}

// OIDCTerms say whose tokens are taken and what they are good for.
type OIDCTerms struct {
	Issuer      string          // its URL, as tokens name it
	Audience    string          // that tokens must be for
	NameClaim   string          // what its bearer is called by, in the log of changes; default sub
	RolesClaim  string          // where its roles or groups stand, with dots for what is nested; default roles
	Roles       map[string]Role // what each of those means here; the one that may do most counts
	TenantClaim string          // the tenant that a viewer is held to; empty: viewers see all
}

// The bounds of what is asked of an issuer.
const (
	issuerTime  = 5 * time.Second
	issuerAgain = 5 * time.Second // how long a failure is believed
)

// errIssuer says that an issuer could not be asked.
var errIssuer = errors.New("the issuer of tokens cannot be asked")

// errToken says why a token is not taken; never what it holds.
type errToken string

func (e errToken) Error() string { return string(e) }

// NewOIDC returns an issuer.
func NewOIDC(t OIDCTerms) *OIDC {
	if t.NameClaim == "" {
		t.NameClaim = "sub"
	}
	if t.RolesClaim == "" {
		t.RolesClaim = "roles"
	}
	return &OIDC{terms: t, client: &http.Client{Timeout: issuerTime}}
}

// verify is who bears a token. The error is an errToken, or errIssuer where nobody can say.
func (o *OIDC) verify(ctx context.Context, raw string) (Token, error) {
	v, err := o.ready()
	if err != nil {
		return Token{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, o.client), issuerTime)
	defer cancel()
	id, err := v.Verify(ctx, raw)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return Token{}, errToken("the token has expired")
	case err != nil && ctx.Err() != nil:
		return Token{}, errIssuer
	case err != nil:
		return Token{}, errToken("the token is not one that the issuer signed for this API")
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return Token{}, errToken("the token's claims cannot be read")
	}
	return o.bearer(claims)
}

// bearer reads a token's claims.
func (o *OIDC) bearer(claims map[string]any) (Token, error) {
	name, _ := claim(claims, o.terms.NameClaim).(string)
	if name == "" {
		return Token{}, errToken("the token does not say whose it is: " + o.terms.NameClaim)
	}
	t := Token{Name: "oidc:" + name}
	for _, word := range words(claim(claims, o.terms.RolesClaim)) {
		if role, ok := o.terms.Roles[word]; ok && role.covers(t.Role) {
			t.Role = role
		}
	}
	if o.terms.TenantClaim != "" && t.Role == Viewer {
		if t.Tenant, _ = claim(claims, o.terms.TenantClaim).(string); t.Tenant == "" {
			t.Role = "" // held to a tenant, and to none
		}
	}
	return t, nil
}

// claim is a claim, or one inside of another.
func claim(claims map[string]any, path string) any {
	if v, ok := claims[path]; ok { // some issuers have names with dots, such as URLs
		return v
	}
	first, rest, nested := strings.Cut(path, ".")
	inner, ok := claims[first].(map[string]any)
	if !nested || !ok {
		return nil
	}
	return claim(inner, rest)
}

// words are those of a claim: a list, or one text with blanks between them.
func words(v any) []string {
	switch v := v.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		var out []string
		for _, w := range v {
			if s, ok := w.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// ready asks the issuer where its keys are, once; again after a failure.
func (o *OIDC) ready() (*oidc.IDTokenVerifier, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.verifier != nil {
		return o.verifier, nil
	}
	if time.Now().Before(o.again) {
		return nil, o.failed
	}
	// The keys are fetched with this context for as long as the process lives.
	p, err := oidc.NewProvider(oidc.ClientContext(context.Background(), o.client), o.terms.Issuer)
	if err != nil {
		o.failed, o.again = fmt.Errorf("%w: %w", errIssuer, err), time.Now().Add(issuerAgain)
		return nil, o.failed
	}
	o.verifier = p.Verifier(&oidc.Config{ClientID: o.terms.Audience})
	return o.verifier, nil
}

// looksSigned says whether a token may be a JSON Web Token (RFC 7519).
func looksSigned(token string) bool {
	return strings.Count(token, ".") == 2 && !slices.Contains(strings.Split(token, "."), "")
}
