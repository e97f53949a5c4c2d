package providers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"weir/policy/provider"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// Answer is what a provider gave.
type Answer struct {
	Status int
	Took   time.Duration
}

// Error is what keeps a provider from answering: what happened, and what to do about it.
type Error struct{ What, Hint string }

// Error implements error.
func (e *Error) Error() string { return e.What + ": " + e.Hint }

// Probe asks a model of a provider for one token on the surface that its kind is asked on first. The error is an *Error.
func Probe(ctx context.Context, p provider.Provider, model string) (Answer, error) {
	secret, err := provider.Secret(p.Credential)
	if err != nil {
		return Answer{}, &Error{"there is no credential", err.Error()}
	}
	client, err := clientOf(p.TLS)
	if err != nil {
		return Answer{}, err
	}
	r, err := request(ctx, p, model, secret)
	if err != nil {
		return Answer{}, err
	}
	began := time.Now()
	resp, err := client.Do(r)
	if err != nil {
		return Answer{}, explained(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Answer{}, explained(err)
	}
	return judged(Answer{Status: resp.StatusCode, Took: time.Since(began)}, body)
}

// ask is what a kind is asked for one token with.
type ask struct{ path, surface, body string }

func askOf(p provider.Provider, model string) ask {
	name, _ := json.Marshal(model) // a string always encodes
	switch p.Kind {
	case "anthropic":
		return ask{"/v1/messages", "anthropic.messages", fmt.Sprintf(`{"model":%s,"max_tokens":1,"messages":[{"role":"user","content":"Hi"}]}`, name)}
	case "gemini", "vertex":
		return ask{"/v1beta/models/" + model + ":generateContent", "gemini.generate_content", `{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":1}}`}
	case "openai", "azure": // newer models take no max_tokens
		return ask{"/v1/chat/completions", "openai.chat", fmt.Sprintf(`{"model":%s,"max_completion_tokens":16,"messages":[{"role":"user","content":"Hi"}]}`, name)}
	}
	return ask{"/v1/chat/completions", "openai.chat", fmt.Sprintf(`{"model":%s,"max_tokens":1,"messages":[{"role":"user","content":"Hi"}]}`, name)}
}

func request(ctx context.Context, p provider.Provider, model, secret string) (*http.Request, error) {
	a := askOf(p, model)
	target := provider.Candidate{Kind: p.Kind}.Target(a.path)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(p.BaseURL, "/")+target, strings.NewReader(a.body))
	if err != nil {
		return nil, &Error{"its address cannot be used", err.Error()}
	}
	r.Header.Set("Content-Type", "application/json")
	if p.Kind == "anthropic" {
		r.Header.Set("Anthropic-Version", "2023-06-01")
	}
	if secret != "" {
		header, scheme := provider.Place(p.Kind, a.surface, p.From.Token())
		r.Header.Set(header, scheme+secret)
	}
	return r, nil
}

// clientOf follows no redirect, since the credential is for one host, and goes through no proxy, as Envoy does not.
func clientOf(t provider.TLS) (*http.Client, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, &Error{"its authorities cannot be read", err.Error()}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &Error{"its authorities cannot be read", t.CAFile + " holds no certificate in PEM"}
		}
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// explained says why there was no answer.
func explained(err error) error {
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var alert tls.AlertError
	switch {
	case errors.As(err, &dns):
		return &Error{"its name cannot be found", "check base_url, and the name service of this host"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Error{"the connection was refused", "nothing listens there; check the port of base_url, and that the server runs"}
	case errors.As(err, &authority):
		return &Error{"its certificate is signed by nobody this host knows", "name the file of its authority: tls: {ca_file: ...}"}
	case errors.As(err, &host):
		return &Error{"its certificate is for another name", "name the one it is for: tls: {server_name: ...}"}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &Error{"its certificate has expired, or is not good yet", "renew it, and check this host's clock"}
	case errors.As(err, &alert), strings.Contains(err.Error(), "tls: "):
		return &Error{"no TLS can be agreed upon", "TLS 1.2 is the oldest that is spoken"}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{"it did not answer in time", "the host is behind a firewall, or the model is being loaded"}
	}
	return &Error{"the connection broke", "try again; if it stays so, the server or something before it closes connections"}
}

// errorAlone says whether an answer is an error and nothing else, whatever its status says.
func errorAlone(body []byte) bool {
	var a map[string]json.RawMessage
	if json.Unmarshal(body, &a) != nil || len(a["error"]) == 0 || string(a["error"]) == "null" {
		return false
	}
	for _, name := range [...]string{"choices", "content", "candidates"} {
		if _, ok := a[name]; ok {
			return false
		}
	}
	return true
}

// judged says what a status and a body mean.
func judged(a Answer, body []byte) (Answer, error) {
	switch {
	case a.Status >= 300:
		return a, &Error{fmt.Sprintf("it answered %d", a.Status), provider.Hint(a.Status)}
	case errorAlone(body):
		return a, &Error{fmt.Sprintf("it answered %d with an error in it", a.Status), "its words are not printed, since some providers repeat the credential; check the credential, and that the account may use the model"}
	case !json.Valid(body):
		return a, &Error{"it answered with something else than JSON", "base_url leads to another server, or its prefix is missing"}
	}
	return a, nil
}
