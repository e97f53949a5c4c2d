package providers_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/providers"
	"weir/policy/provider"
)

const secret = "sk-probe-0123456789"

// world is a provider that does what its path's first part says.
func world(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		what, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch what {
		case "moved":
			w.Header().Set("Location", "/good/v1/chat/completions")
			w.WriteHeader(302)
		case "inside":
			_, _ = io.WriteString(w, `{"error":{"message":"bad key `+secret+`"}}`)
		case "html":
			_, _ = io.WriteString(w, "<html>")
		case "401", "404", "503":
			w.WriteHeader(map[string]int{"401": 401, "404": 404, "503": 503}[what])
		case "silent":
			<-r.Context().Done()
		case "break":
			panic(http.ErrAbortHandler)
		default:
			if key := r.Header.Get("Authorization") + r.Header.Get("X-Api-Key") + r.Header.Get("X-Goog-Api-Key") + r.Header.Get("Api-Key"); !strings.HasSuffix(key, secret) {
				t.Errorf("%s: the credential is %q", r.URL.Path, key)
			}
			_, _ = io.WriteString(w, `{"path":"`+r.URL.Path+`"}`)
		}
	})
}

func TestProbe(t *testing.T) {
	t.Setenv("WEIR_PROBE_KEY", secret)
	plain := httptest.NewServer(world(t))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(world(t))
	t.Cleanup(secure.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	key := provider.Credential{Env: "WEIR_PROBE_KEY"}
	for name, c := range map[string]struct {
		p    provider.Provider
		says string // empty: it answers
	}{
		"good":              {provider.Provider{Kind: "openai", BaseURL: plain.URL + "/good/"}, ""},
		"anthropic":         {provider.Provider{Kind: "anthropic", BaseURL: plain.URL}, ""},
		"gemini":            {provider.Provider{Kind: "gemini", BaseURL: plain.URL}, ""},
		"azure":             {provider.Provider{Kind: "azure", BaseURL: plain.URL}, ""},
		"over TLS":          {provider.Provider{Kind: "vllm", BaseURL: secure.URL, TLS: provider.TLS{CAFile: ca}}, ""},
		"no authority":      {provider.Provider{Kind: "vllm", BaseURL: secure.URL}, "ca_file"},
		"another name":      {provider.Provider{Kind: "vllm", BaseURL: secure.URL, TLS: provider.TLS{CAFile: ca, ServerName: "other.example.org"}}, "server_name"},
		"authority missing": {provider.Provider{Kind: "vllm", BaseURL: secure.URL, TLS: provider.TLS{CAFile: ca + "x"}}, "cannot be read"},
		"TLS to plain":      {provider.Provider{Kind: "vllm", BaseURL: strings.Replace(plain.URL, "http:", "https:", 1)}, ""},
		"refused":           {provider.Provider{Kind: "vllm", BaseURL: gone.URL}, "refused"},
		"no name":           {provider.Provider{Kind: "vllm", BaseURL: "http://nowhere.invalid"}, "cannot be found"},
		"moved":             {provider.Provider{Kind: "vllm", BaseURL: plain.URL + "/moved"}, "redirects"},
		"html":              {provider.Provider{Kind: "vllm", BaseURL: plain.URL + "/html"}, "prefix"},
		"error inside":      {provider.Provider{Kind: "vllm", BaseURL: plain.URL + "/inside"}, "with an error in it"},
		"401":               {provider.Provider{Kind: "vllm", BaseURL: plain.URL + "/401"}, "credentials"},
		"404":               {provider.Provider{Kind: "vllm", BaseURL: plain.URL + "/404"}, "not found"},
		"503":               {provider.Provider{Kind: "vllm", BaseURL: plain.URL + "/503"}, "overloaded"},
		"silent":            {provider.Provider{Kind: "vllm", BaseURL: plain.URL + "/silent"}, "in time"},
		"break":             {provider.Provider{Kind: "vllm", BaseURL: plain.URL + "/break"}, "broke"},
	} {
		c.p.Credential = key
		wait := time.Minute
		if name == "silent" {
			wait = 50 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		a, err := providers.Probe(ctx, c.p, "m")
		cancel()
		var why *providers.Error
		switch {
		case name == "TLS to plain" && errors.As(err, &why):
		case c.says == "" && (err != nil || a.Status != 200):
			t.Errorf("%s: %v, %v", name, a, err)
		case c.says != "" && (!errors.As(err, &why) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), secret)):
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := providers.Probe(t.Context(), provider.Provider{Kind: "vllm", BaseURL: plain.URL, Credential: provider.Credential{Env: "WEIR_NOT_SET"}}, "m"); err == nil || !strings.Contains(err.Error(), "WEIR_NOT_SET") {
		t.Errorf("no credential: %v", err)
	}
}
