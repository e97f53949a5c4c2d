package tenant

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// keyRow is a key as it is kept. Times are unix milliseconds, 0 for none.
type keyRow struct {
	Tenant      string   `json:"tenant"`
	Hash        string   `json:"hash"`
	Prefix      string   `json:"prefix,omitempty"`
	Name        string   `json:"name,omitempty"`
	Account     string   `json:"account,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	CreatedAt   int64    `json:"created_at,omitempty"`
	ExpiresAt   int64    `json:"expires_at,omitempty"`
	RevokedAt   int64    `json:"revoked_at,omitempty"`
	Budgets     []Budget `json:"budgets,omitempty"`
	Rates       []Rate   `json:"rates,omitempty"`
	Concurrency int64    `json:"concurrency,omitempty"`
	PerCall     int64    `json:"per_call_micro_usd,omitempty"`
	Models      Permit   `json:"models"`
}

func (k *Key) doc() (string, error) {
	b, err := json.Marshal(keyRow{
		Tenant: k.Tenant, Hash: hex.EncodeToString(k.Hash[:]), Prefix: k.Prefix, Name: k.Name, Account: k.Account,
		Scopes: k.Scopes, Tags: k.Tags, CreatedAt: millis(k.CreatedAt), ExpiresAt: millis(k.ExpiresAt), RevokedAt: millis(k.RevokedAt),
		Budgets: k.Budgets, Rates: k.Rates, Concurrency: k.Concurrency, PerCall: k.PerCall, Models: k.Models,
	})
	if err != nil {
		return "", fmt.Errorf("encoding the key: %w", err)
	}
	return string(b), nil
}

// keyOf reads a key's row. A damaged one is named, never quoted.
func keyOf(id, doc string) (Key, error) {
	var r keyRow
	err := json.Unmarshal([]byte(doc), &r)
	hash, bad := hex.DecodeString(r.Hash)
	if err != nil || bad != nil || len(hash) != len(Key{}.Hash) {
		return Key{}, fmt.Errorf("reading the key %q: its row is damaged", id)
	}
	return Key{
		ID: id, Tenant: r.Tenant, Name: r.Name, Prefix: r.Prefix, Hash: [32]byte(hash), Account: r.Account, Scopes: r.Scopes,
		Tags: r.Tags, CreatedAt: moment(r.CreatedAt), ExpiresAt: moment(r.ExpiresAt), RevokedAt: moment(r.RevokedAt),
		Budgets: r.Budgets, Rates: r.Rates, Concurrency: r.Concurrency, PerCall: r.PerCall, Models: r.Models,
	}, nil
}

// stopRow is a suspension or a quarantine as it is kept.
type stopRow struct {
	Reason string `json:"reason"`
	At     int64  `json:"at"`
	By     string `json:"by,omitempty"`
}

func (r stopRow) doc() (string, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("encoding the row: %w", err)
	}
	return string(b), nil
}

func stopOf(kind, id, doc string) (r stopRow, err error) {
	if err := json.Unmarshal([]byte(doc), &r); err != nil {
		return r, fmt.Errorf("reading the %s of %q: its row is damaged", kind, id)
	}
	return r, nil
}

// actorID is where a quarantine stands. A tenant's id has no slash, an actor's may.
func actorID(tenant, actor string) string { return tenant + "/" + actor }

func actorOf(id string) (tenant, actor string) {
	tenant, actor, _ = strings.Cut(id, "/")
	return tenant, actor
}

// millis is a time as it is kept; 0 is none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
