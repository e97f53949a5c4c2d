package admin

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"weir/policy/tenant"
)

// replayFor is how long a POST may be sent again with its Idempotency-Key. Later the key it made is not shown again.
const replayFor = 24 * time.Hour

// maxIdempotency bounds an Idempotency-Key, bytes.
const maxIdempotency = 256

// keyView is a key as operators see it. Limits are in the units of the ledger: micro-USD and milliseconds.
type keyView struct {
	ID        string          `json:"id"`
	Tenant    string          `json:"tenant"`
	Name      string          `json:"name,omitempty"`
	Prefix    string          `json:"prefix,omitempty"`
	Key       string          `json:"key,omitempty"` // once
	State     string          `json:"state"`         // active, revoked, expired
	Origin    string          `json:"origin"`        // file, store
	Account   string          `json:"account,omitempty"`
	Scopes    []string        `json:"scopes,omitempty"`
	Tags      []string        `json:"tags,omitempty"`
	CreatedAt string          `json:"created_at,omitempty"`
	ExpiresAt string          `json:"expires_at,omitempty"`
	RevokedAt string          `json:"revoked_at,omitempty"`
	Budgets   []tenant.Budget `json:"budgets,omitempty"`
	Rates     []rateView      `json:"rates,omitempty"`
	Models    tenant.Permit   `json:"models"`
}

type rateView struct {
	Limit    int64  `json:"limit"`
	WindowMS int64  `json:"window_ms"`
	Unit     string `json:"unit"`
}

func (a *Access) view(k *tenant.Key, origin string) keyView {
	v := keyView{
		ID: k.ID, Tenant: k.Tenant, Name: k.Name, Prefix: k.Prefix, State: k.State(a.Clock()), Origin: origin, Account: k.Account,
		Scopes: k.Scopes, Tags: k.Tags, CreatedAt: stamp(k.CreatedAt), ExpiresAt: stamp(k.ExpiresAt), RevokedAt: stamp(k.RevokedAt),
		Budgets: k.Budgets, Models: k.Models,
	}
	for _, r := range k.Rates {
		v.Rates = append(v.Rates, rateView{r.Limit, r.Window.Milliseconds(), r.Unit})
	}
	return v
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// all are the keys of the file and of the store, by id.
func (a *Access) all(r *http.Request, of string) ([]keyView, error) {
	stored, err := a.Directory.List(r.Context(), of)
	if err != nil {
		return nil, err
	}
	out, seen := []keyView{}, map[string]bool{}
	for i := range stored {
		out, seen[stored[i].ID] = append(out, a.view(&stored[i], "store")), true
	}
	for _, k := range a.Directory.Current().Keys(of) {
		if !seen[k.ID] {
			out = append(out, a.view(k, "file"))
		}
	}
	slices.SortFunc(out, func(a, b keyView) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (a *Access) keys(w http.ResponseWriter, r *http.Request) error {
	v, err := values(r, keyParams())
	if err != nil {
		return err
	}
	of, err := within(r, v.Get("tenant"))
	if err != nil {
		return err
	}
	list, err := a.all(r, of)
	if err != nil {
		return err
	}
	page, next, err := paged(list, v, func(k keyView) string { return k.ID })
	if err != nil {
		return err
	}
	return answered(w, r, keyList{page, next})
}

func keyParams() []param {
	return append(pageParams(), query("tenant", "only this tenant's"), ifNoneMatch)
}

func (a *Access) key(w http.ResponseWriter, r *http.Request) error {
	k, err := a.oneKey(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	if k == nil {
		return tenant.ErrNoKey
	}
	return answered(w, r, k)
}

// oneKey is a key that the bearer may see; nil: there is none.
func (a *Access) oneKey(r *http.Request, id string) (*keyView, error) {
	list, err := a.all(r, scope(r))
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, func(k keyView) bool { return k.ID == id }); i >= 0 {
		return &list[i], nil
	}
	return nil, nil
}

// keyState is the key that a change is about: the one that was made, else the one that is named.
func (a *Access) keyState(r *http.Request, answer http.Header) (any, string, error) {
	id := r.PathValue("id")
	if made, ok := strings.CutPrefix(answer.Get("Location"), keyPath); ok {
		id = made
	}
	k, err := a.oneKey(r, id)
	if k == nil || err != nil {
		return nil, "", err
	}
	return k, k.Tenant, nil
}

// keyPath is where a key is read.
const keyPath = "/v1/keys/"

func (a *Access) create(w http.ResponseWriter, r *http.Request) error {
	b, err := document(r)
	if err != nil {
		return err
	}
	now := a.Clock().UTC()
	k, err := a.Key(b, now)
	if err != nil {
		return fmt.Errorf("%w: %w", tenant.ErrDocument, err)
	}
	plain, err := a.mint(&k, r, "create:"+k.Tenant)
	if err != nil {
		return err
	}
	err = a.Directory.Create(r.Context(), k)
	if errors.Is(err, tenant.ErrExists) {
		return a.replay(w, r, k, plain, err)
	}
	if err != nil {
		return err
	}
	a.shown(w, &k, plain)
	return nil
}

// mint gives a key its id, its secret, and what is kept of it.
func (a *Access) mint(k *tenant.Key, r *http.Request, purpose string) (plain string, err error) {
	t, ok := a.Directory.Current().Tenant(k.Tenant)
	if !ok {
		return "", fmt.Errorf("%q: %w", k.Tenant, tenant.ErrNoTenant)
	}
	again := r.Header.Get("Idempotency-Key")
	if len(again) > maxIdempotency {
		return "", errRequest(fmt.Sprintf("an Idempotency-Key has at most %d characters", maxIdempotency))
	}
	if again == "" {
		purpose = ""
	} else {
		purpose += ":" + again
	}
	random := a.Random(purpose)
	if plain, err = tenant.Mint(tenant.PrefixFor(t.Dialect), random); err != nil {
		return "", err
	}
	var id [10]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	k.ID = "key_" + base32.StdEncoding.EncodeToString(id[:])
	k.Prefix, k.Hash = tenant.VisiblePrefix(plain), tenant.HashOf(plain)
	return plain, nil
}

// replay answers a request that was sent before with what it was answered then, as long as it asks for the same.
func (a *Access) replay(w http.ResponseWriter, r *http.Request, asked tenant.Key, plain string, exists error) error {
	list, err := a.Directory.List(r.Context(), "")
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(k tenant.Key) bool { return k.ID == asked.ID && k.Hash == asked.Hash })
	if at < 0 || r.Header.Get("Idempotency-Key") == "" {
		return exists
	}
	was := list[at]
	if !sameTerms(was, asked) {
		return errRequest("this Idempotency-Key was used for something else")
	}
	if was.State(a.Clock()) != tenant.KeyActive || a.Clock().Sub(was.CreatedAt) > replayFor {
		return tenant.ErrEnded
	}
	w.Header().Set("Idempotent-Replayed", "true")
	a.shown(w, &was, plain)
	return nil
}

// sameTerms compares what two requests asked for: ends by how far they are from the beginning.
func sameTerms(was, asked tenant.Key) bool {
	lasts := func(k tenant.Key) time.Duration {
		if k.ExpiresAt.IsZero() {
			return 0
		}
		return k.ExpiresAt.Sub(k.CreatedAt).Round(time.Second)
	}
	if lasts(was) != lasts(asked) {
		return false
	}
	asked.CreatedAt, asked.ExpiresAt, asked.RevokedAt, asked.Account = was.CreatedAt, was.ExpiresAt, was.RevokedAt, was.Account
	a, err := json.Marshal(was)
	b, bad := json.Marshal(asked)
	return err == nil && bad == nil && reflect.DeepEqual(a, b)
}

// shown is the one answer that holds a key's plaintext.
func (a *Access) shown(w http.ResponseWriter, k *tenant.Key, plain string) {
	v := a.view(k, "store")
	v.Key = plain
	w.Header().Set("Location", keyPath+k.ID)
	write(w, http.StatusCreated, v)
}

func (a *Access) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := a.Directory.Revoke(r.Context(), r.PathValue("id"), a.Clock().UTC()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// rotate makes a key in the place of another, which goes on for the overlap.
func (a *Access) rotate(w http.ResponseWriter, r *http.Request) error {
	b, err := document(r)
	if err != nil {
		return err
	}
	overlap, err := overlapOf(b)
	if err != nil {
		return err
	}
	id, now := r.PathValue("id"), a.Clock().UTC()
	list, err := a.Directory.List(r.Context(), "")
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(k tenant.Key) bool { return k.ID == id })
	if at < 0 { // the directory knows why
		_, err := a.Directory.Rotate(r.Context(), id, now, tenant.Key{})
		return err
	}
	next := tenant.Key{Tenant: list[at].Tenant, CreatedAt: now}
	plain, err := a.mint(&next, r, "rotate:"+id)
	if err != nil {
		return err
	}
	made, err := a.Directory.Rotate(r.Context(), id, now.Add(overlap), next)
	if errors.Is(err, tenant.ErrExists) || errors.Is(err, tenant.ErrEnded) {
		return a.replay(w, r, tenant.Successor(list[at], next), plain, err)
	}
	if err != nil {
		return err
	}
	a.shown(w, &made, plain)
	return nil
}

// DefaultOverlap is how long a key goes on beside the one that takes its place.
const DefaultOverlap = 24 * time.Hour

func overlapOf(document []byte) (time.Duration, error) {
	if len(document) == 0 {
		return DefaultOverlap, nil
	}
	var in struct {
		Overlap *string `json:"overlap"`
	}
	if err := strict(document, &in); err != nil {
		return 0, err
	}
	if in.Overlap == nil {
		return DefaultOverlap, nil
	}
	d, err := time.ParseDuration(*in.Overlap)
	if err != nil || d < 0 {
		return 0, errRequest(fmt.Sprintf("overlap: found %q, want a duration like 24h, or 0s", *in.Overlap))
	}
	return d, nil
}

// strict reads a small JSON object, and refuses members that are not there.
func strict(document []byte, into any) error {
	if first := bytes.TrimLeft(document, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return errRequest("the body must be a JSON object")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(document, &members); err != nil {
		return errRequest("the body cannot be read: " + err.Error())
	}
	for name, v := range members {
		if string(v) == "null" {
			return errRequest(fmt.Sprintf("%q: null is no value: leave it out", name))
		}
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errRequest("the body cannot be read: " + err.Error())
	}
	return nil
}
