package policy_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"

	"weir/policy"
	"weir/rego"
)

// offered is a server of one bundle.
type offered struct {
	mu    sync.Mutex
	text  []byte
	etag  string
	asked int
	same  int
	short bool // the connection breaks in the middle
}

func (o *offered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if r.Header.Get("If-None-Match") == o.etag && o.etag != "" {
		o.same++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("ETag", o.etag)
	w.Header().Set("Content-Length", fmt.Sprint(len(o.text)))
	if o.short {
		_, _ = w.Write(o.text[:len(o.text)/2])
		return
	}
	_, _ = w.Write(o.text)
}

const secret = "a shared secret of a test"

// packed is a bundle; sign "" leaves it unsigned.
func packed(t *testing.T, text, root, sign, scope string) []byte {
	t.Helper()
	return packedAs(t, text, `{"revision":"1","roots":["`+root+`"]}`, sign, scope)
}

// packedAs is packed with a manifest of the case's own.
func packedAs(t *testing.T, text, manifest, sign, scope string) []byte {
	t.Helper()
	files := map[string]string{"rules/team.rego": text, ".manifest": manifest}
	b, err := bundle.NewReader(tarball(t, files)).WithProcessAnnotations(true).Read()
	if err != nil {
		t.Fatal(err)
	}
	if sign == "" {
		return tarball(t, files).Bytes()
	}
	signing := bundle.NewSigningConfig(sign, "HS256", "")
	if scope != "" {
		claims := filepath.Join(t.TempDir(), "claims.json")
		if err := os.WriteFile(claims, []byte(`{"scope":"`+scope+`"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		signing.ClaimsPath = claims
	}
	if err := b.GenerateSignature(signing, "default", false); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := bundle.NewWriter(&out).Write(b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tarball(t *testing.T, files map[string]string) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func teams(word string) string {
	return "package weir\n\nimport rego.v2\n\nflags contains \"" + word + "\"\n"
}

// following is an engine that follows a bundle; each turn of it is told to the channel.
func following(t *testing.T, b policy.Bundle) (*policy.Engine, chan error) {
	t.Helper()
	e, err := policy.NewEngine(t.Context(), rego.Shipped(), "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	turns := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = e.Follow(ctx, []policy.Bundle{b}, http.DefaultClient, func(_ string, _ bool, err error) {
			select {
			case turns <- err:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return e, turns
}

func flagsOf(e *policy.Engine) string {
	f := reference(1)
	f.Findings = nil
	return strings.Join(e.Current().Decide(context.Background(), f).Flags, ",")
}

// A bundle comes into force, is asked for by its tag, is replaced, and is kept for a start without the server.
func TestABundleIsFollowedAndKept(t *testing.T) {
	o := &offered{text: packed(t, teams("first"), "weir", secret, ""), etag: `"1"`}
	server := httptest.NewServer(o)
	defer server.Close()
	b := policy.Bundle{Name: "team", URL: server.URL, Key: secret, Algorithm: "HS256", Roots: []string{"weir"}, Poll: time.Millisecond, Persist: t.TempDir()}
	e, turns := following(t, b)
	if err := <-turns; err != nil || flagsOf(e) != "first" {
		t.Fatalf("%v, flags %s", err, flagsOf(e))
	}
	err := <-turns
	o.mu.Lock()
	if err != nil || o.same == 0 {
		t.Errorf("%v, %d of %d answers were 304", err, o.same, o.asked)
	}
	o.mu.Unlock()
	set := func(text []byte, tag string, short bool) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.text, o.etag, o.short = text, tag, short
	}
	set(packed(t, teams("second"), "weir", secret, ""), `"2"`, false)
	for flagsOf(e) != "second" {
		if err := <-turns; err != nil {
			t.Fatal(err)
		}
	}
	again, err := policy.NewEngine(t.Context(), rego.Shipped(), "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	<-turns
	if err := again.Restore(t.Context(), []policy.Bundle{b}); err != nil || flagsOf(again) != "second" {
		t.Errorf("restored %q, %v", flagsOf(again), err)
	}
}

// Whatever is wrong with a bundle, it is refused whole, the old one stays, and the status says so.
func TestBadBundlesAreRefused(t *testing.T) {
	flipped := packed(t, teams("flipped"), "weir", secret, "")
	flipped = retar(t, flipped, func(name string, text []byte) []byte {
		if strings.HasSuffix(name, ".rego") {
			return bytes.Replace(text, []byte("flipped"), []byte("flopped"), 1)
		}
		return text
	})
	whole := packed(t, teams("new"), "weir", secret, "")
	for name, c := range map[string]struct {
		text  []byte
		short bool
		scope string
		want  string
	}{
		"unsigned":        {text: packed(t, teams("new"), "weir", "", ""), want: "signature"},
		"another key":     {text: packed(t, teams("new"), "weir", "another secret", ""), want: "team"},
		"a flipped byte":  {text: flipped, want: "digest"},
		"half downloaded": {text: whole, short: true, want: "downloading"},
		"half a file":     {text: whole[:len(whole)/2], want: "team"},
		"a wrong root":    {text: packed(t, strings.Replace(teams("new"), "package weir", "package other", 1), "other", secret, ""), want: "root \"other\" is not among"},
		"outside its root": {text: retar(t, whole, func(name string, text []byte) []byte {
			if name == "/.manifest" || name == ".manifest" {
				return []byte(`{"revision":"1","roots":["elsewhere"]}`)
			}
			return text
		}), want: "team"},
		"a wrong scope":    {text: whole, scope: "production", want: "scope"},
		"does not compile": {text: packed(t, teams("new")+"\nreasons contains \"policy_denied\" if input.request.modle == 1\n", "weir", secret, ""), want: "team/rules/team.rego:7"},
	} {
		o := &offered{text: packed(t, teams("old"), "weir", secret, ""), etag: `"1"`}
		server := httptest.NewServer(o)
		b := policy.Bundle{Name: "team", URL: server.URL, Key: secret, Algorithm: "HS256", Roots: []string{"weir"}, Poll: time.Millisecond, Scope: c.scope}
		e, turns := following(t, b)
		if err := <-turns; c.scope == "" && err != nil {
			t.Fatalf("%s: %v", name, err)
		} else if c.scope != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
			server.Close()
			continue
		}
		o.mu.Lock()
		o.text, o.etag, o.short = c.text, `"2"`, c.short
		o.mu.Unlock()
		var err error
		for err == nil {
			err = <-turns
		}
		if !strings.Contains(err.Error(), c.want) || flagsOf(e) != "old" {
			t.Errorf("%s: %v; flags %s", name, err, flagsOf(e))
		}
		if refused := e.Status().Err != nil; refused == c.short {
			t.Errorf("%s: status %+v", name, e.Status())
		}
		server.Close()
	}
	for _, pair := range [][2]string{{"weir", "weir"}, {"weir", "weir/team"}, {"", "weir"}} {
		e, err := policy.NewEngine(t.Context(), rego.Shipped(), "", time.Now)
		if err != nil {
			t.Fatal(err)
		}
		err = e.Restore(t.Context(), []policy.Bundle{{Name: "a", Roots: pair[:1]}, {Name: "b", Roots: pair[1:]}})
		if err == nil || !strings.Contains(err.Error(), "overlap") {
			t.Errorf("roots %q: %v", pair, err)
		}
	}
}

// A bundle of the scope that is asked for is taken, and one of another is not.
func TestTheScopeOfABundle(t *testing.T) {
	for scope, ok := range map[string]bool{"production": true, "staging": false} {
		server := httptest.NewServer(&offered{text: packed(t, teams("new"), "weir", secret, scope), etag: `"1"`})
		b := policy.Bundle{Name: "team", URL: server.URL, Key: secret, Algorithm: "HS256", Roots: []string{"weir"}, Poll: time.Millisecond, Scope: "production"}
		e, turns := following(t, b)
		if err := <-turns; (err == nil) != ok || ok != (flagsOf(e) == "new") {
			t.Errorf("%s: %v, flags %q", scope, err, flagsOf(e))
		}
		server.Close()
	}
}

// Bundles of several servers are in force together, each replaced by itself.
func TestSeveralBundles(t *testing.T) {
	team := &offered{text: packed(t, teams("team"), "weir", secret, ""), etag: `"1"`}
	other := &offered{text: packed(t, "package acme\n\nimport rego.v2\n\nlimit := 3\n", "acme", secret, ""), etag: `"1"`}
	e, err := policy.NewEngine(t.Context(), rego.Shipped(), "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var bundles []policy.Bundle
	for name, o := range map[string]*offered{"weir": team, "acme": other} {
		server := httptest.NewServer(o)
		defer server.Close()
		bundles = append(bundles, policy.Bundle{Name: name, URL: server.URL, Key: secret, Algorithm: "HS256", Roots: []string{name}, Poll: time.Millisecond})
	}
	ctx, cancel := context.WithCancel(t.Context())
	turns, ended := make(chan string), make(chan struct{})
	go func() {
		defer close(ended)
		_ = e.Follow(ctx, bundles, http.DefaultClient, func(name string, changed bool, err error) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if changed {
				select {
				case turns <- name:
				case <-ctx.Done():
				}
			}
		})
	}()
	if first, second := <-turns, <-turns; first == second || flagsOf(e) != "team" {
		t.Errorf("%s, %s, flags %q", first, second, flagsOf(e))
	}
	both := e.Current().Version()
	team.mu.Lock()
	team.text, team.etag = packed(t, teams("later"), "weir", secret, ""), `"2"`
	team.mu.Unlock()
	if again := <-turns; again != "weir" || flagsOf(e) != "later" || e.Current().Version() == both {
		t.Errorf("%s, flags %q", again, flagsOf(e))
	}
	cancel()
	<-ended
}

// The life of a bundle's files is a property of the bundle: its manifest says it, under the signature.
func TestTheLifeOfABundle(t *testing.T) {
	const reason = "package weir\n\nimport rego.v2\n\nreasons contains \"policy_denied\" if input.request.method == \"POST\"\n"
	versions := map[string]bool{}
	for mode, want := range map[string]string{"DRAFT": "", "shadow": "shadow", "ACTIVE": "enforce", "maybe": "found maybe, want draft, shadow or active"} {
		server := httptest.NewServer(&offered{text: packedAs(t, reason, `{"revision":"1","roots":["weir"],"metadata":{"mode":"`+mode+`"}}`, secret, ""), etag: `"1"`})
		e, turns := following(t, policy.Bundle{Name: "team", URL: server.URL, Key: secret, Algorithm: "HS256", Roots: []string{"weir"}, Poll: time.Millisecond})
		err := <-turns
		server.Close()
		if mode == "maybe" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", mode, err)
			}
			continue
		}
		f := reference(1)
		f.Findings = nil
		got := ""
		for _, r := range e.Current().Decide(t.Context(), f).Reasons {
			got += string(r.Mode)
		}
		if err != nil || got != want {
			t.Errorf("%s: %v, reasons %q", mode, err, got)
		}
		versions[e.Current().Version()] = true
	}
	if len(versions) != 3 {
		t.Errorf("the versions are not told apart: %v", versions)
	}
}

// retar packs a bundle anew with changed files.
func retar(t *testing.T, text []byte, change func(string, []byte) []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	r := tar.NewReader(z)
	for h, err := r.Next(); err == nil; h, err = r.Next() {
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(change(h.Name, b.Bytes()))
	}
	return tarball(t, files).Bytes()
}
