package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

// Bundle is a signed OPA bundle that an HTTP server offers. Its policies are added to the shipped ones and to those of the
// directory.
type Bundle struct {
	Name      string        // tells bundles apart; files are named NAME/path
	URL       string        // http or https, of a tar.gz
	Token     string        // sent as a bearer token; may be empty
	Key       string        // PEM of a public key, or a shared secret, that must have signed it
	KeyID     string        // the id of that key in the signature; the default is "default"
	Algorithm string        // of the signature; the default is RS256
	Scope     string        // that the signature must be for; empty: none
	Roots     []string      // what it may hold; it must say itself that it holds no more
	Poll      time.Duration // how often the server is asked; the default is a minute
	Persist   string        // directory that the last good one is kept in, for a start without the server; may be empty
}

// The defaults and bounds of bundles.
const (
	defaultPoll      = time.Minute
	defaultKeyID     = "default"
	defaultAlgorithm = "RS256"
	maxBundleBytes   = 32 << 20 // packed; each file in it is bounded by maxSourceBytes
	fetchTime        = 30 * time.Second
)

// remote follows one bundle.
type remote struct {
	Bundle
	client *http.Client
	etag   string // of the one in force
}

// Follow loads the bundles that were kept, then asks their servers until ctx ends. What happens to each is told to report:
// nil where a new one came into force or nothing is new. It never stops for an error: the policies in force stay.
func (e *Engine) Follow(ctx context.Context, bundles []Bundle, client *http.Client, report func(name string, changed bool, err error)) error {
	if err := disjoint(bundles); err != nil {
		return err
	}
	done := make(chan struct{}, len(bundles))
	for _, b := range bundles {
		r := &remote{Bundle: b, client: client}
		go func() {
			r.follow(ctx, e, report)
			done <- struct{}{}
		}()
	}
	for range bundles {
		<-done
	}
	<-ctx.Done()
	return nil
}

// Restore puts the bundles in force that were kept from an earlier run, so that a start needs no server.
func (e *Engine) Restore(ctx context.Context, bundles []Bundle) error {
	if err := disjoint(bundles); err != nil {
		return err
	}
	var errs []error
	for _, b := range bundles {
		r := &remote{Bundle: b}
		text, err := os.ReadFile(r.keptAs())
		if b.Persist == "" || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = r.install(ctx, e, text)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("the kept bundle %s: %w", b.Name, err))
		}
	}
	return errors.Join(errs...)
}

// Has says whether a bundle is in force.
func (e *Engine) Has(bundle string) bool {
	e.turn.Lock()
	defer e.turn.Unlock()
	_, has := e.bundles[bundle]
	return has
}

// disjoint refuses bundles that could hold the same documents.
func disjoint(bundles []Bundle) error {
	for i, a := range bundles {
		for _, b := range bundles[:i] {
			if a.Name == b.Name {
				return fmt.Errorf("two bundles are called %s", a.Name)
			}
			for _, x := range a.Roots {
				for _, y := range b.Roots {
					if under(x, y) || under(y, x) {
						return fmt.Errorf("the bundles %s and %s overlap: their roots %q and %q", b.Name, a.Name, y, x)
					}
				}
			}
		}
	}
	return nil
}

// under says whether a root is another, or below it.
func under(root, other string) bool {
	root, other = strings.Trim(root, "/"), strings.Trim(other, "/")
	return other == "" || root == other || strings.HasPrefix(root, other+"/")
}

func (r *remote) follow(ctx context.Context, e *Engine, report func(string, bool, error)) {
	poll := r.Poll
	if poll <= 0 {
		poll = defaultPoll
	}
	for {
		changed, err := r.once(ctx, e)
		if ctx.Err() != nil {
			return
		}
		report(r.Name, changed, err)
		wait := time.NewTimer(poll + rand.N(poll/10+1)) // so that replicas do not ask at once
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
	}
}

// once asks the server whether there is a new one, and puts it in force.
func (r *remote) once(ctx context.Context, e *Engine) (changed bool, err error) {
	text, etag, err := r.fetch(ctx)
	if err != nil || text == nil {
		return false, err
	}
	if err := r.install(ctx, e, text); err != nil {
		return false, err
	}
	r.etag = etag
	return true, r.keep(text)
}

// fetch downloads the bundle, or nothing where the server says that it is the same.
func (r *remote) fetch(ctx context.Context) (text []byte, etag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return nil, "", fmt.Errorf("asking for the bundle %s: %w", r.Name, err)
	}
	if r.etag != "" {
		q.Header.Set("If-None-Match", r.etag)
	}
	if r.Token != "" {
		q.Header.Set("Authorization", "Bearer "+r.Token)
	}
	resp, err := r.client.Do(q)
	if err != nil {
		return nil, "", fmt.Errorf("asking for the bundle %s: %w", r.Name, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		return nil, "", nil
	default:
		return nil, "", fmt.Errorf("asking for the bundle %s: the server answered %d", r.Name, resp.StatusCode)
	}
	text, err = io.ReadAll(io.LimitReader(resp.Body, maxBundleBytes+1))
	if err != nil {
		return nil, "", fmt.Errorf("downloading the bundle %s: %w", r.Name, err)
	}
	if len(text) > maxBundleBytes {
		return nil, "", fmt.Errorf("downloading the bundle %s: it is larger than %d bytes", r.Name, maxBundleBytes)
	}
	return text, resp.Header.Get("ETag"), nil
}

// install verifies a bundle and puts it in force.
func (r *remote) install(ctx context.Context, e *Engine, text []byte) error {
	sources, err := r.open(text)
	if err != nil {
		return e.reject(fmt.Errorf("the bundle %s: %w", r.Name, err))
	}
	return e.install(ctx, r.Name, sources)
}

// open checks the signature, over every file, and the roots, and returns the policies.
func (r *remote) open(text []byte) ([]source, error) {
	id, algorithm := orWord(r.KeyID, defaultKeyID), orWord(r.Algorithm, defaultAlgorithm)
	verification := bundle.NewVerificationConfig(map[string]*bundle.KeyConfig{id: {Key: r.Key, Algorithm: algorithm, Scope: r.Scope}}, id, r.Scope, nil)
	b, err := bundle.NewCustomReader(bundle.NewTarballLoader(bytes.NewReader(text))).WithBundleVerificationConfig(verification).
		WithSizeLimitBytes(maxSourceBytes).WithRegoVersion(ast.RegoV1).WithProcessAnnotations(true).Read()
	if err != nil {
		return nil, err
	}
	if b.Type() != bundle.SnapshotBundleType {
		return nil, errors.New("it is no snapshot: deltas cannot be signed")
	}
	if len(b.Data) > 0 {
		return nil, errors.New("it holds data, and policies read facts alone")
	}
	if b.Manifest.Roots == nil {
		return nil, errors.New("its manifest names no roots")
	}
	for _, root := range *b.Manifest.Roots {
		if !slices.ContainsFunc(r.Roots, func(allowed string) bool { return under(root, allowed) }) {
			return nil, fmt.Errorf("its root %q is not among %q", root, r.Roots)
		}
	}
	mode, err := bundleMode(b.Manifest.Metadata)
	if err != nil {
		return nil, err
	}
	var out []source
	for _, m := range b.Modules {
		out = append(out, source{name: r.Name + "/" + strings.TrimPrefix(m.Path, "/"), text: m.Raw, mode: mode})
	}
	if len(out) == 0 {
		return nil, errors.New("it holds no policy")
	}
	return out, nil
}

// bundleMode is the life of all files of a bundle, as metadata.mode of its manifest says; a file of it may say less.
func bundleMode(metadata map[string]any) (string, error) {
	v, ok := metadata["mode"]
	if !ok {
		return "", nil
	}
	word, _ := v.(string)
	if mode := strings.ToLower(word); slices.Contains(lives, mode) {
		return mode, nil
	}
	return "", fmt.Errorf("metadata.mode of its manifest: found %v, want draft, shadow or active", v)
}

// keptAs is where the last good one is kept.
func (r *remote) keptAs() string { return filepath.Join(r.Persist, r.Name+".tar.gz") }

// keep writes the bundle under its name at once and whole.
func (r *remote) keep(text []byte) error {
	if r.Persist == "" {
		return nil
	}
	if err := os.MkdirAll(r.Persist, 0o700); err != nil {
		return fmt.Errorf("keeping the bundle %s: %w", r.Name, err)
	}
	f, err := os.CreateTemp(r.Persist, r.Name+".*")
	if err != nil {
		return fmt.Errorf("keeping the bundle %s: %w", r.Name, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), r.keptAs())
	}
	if err != nil {
		return fmt.Errorf("keeping the bundle %s: %w", r.Name, err)
	}
	return nil
}
