package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/user"
	"time"

	"weir/admin"
	"weir/policy/audit"
	"weir/policy/tenant"
)

// recorder is a directory whose changes are written down, as those over the admin API are.
type recorder struct {
	*tenant.Directory
	log   *audit.Changes
	shown admin.Shown
}

func record(d *tenant.Directory, log *audit.Changes) *recorder {
	return &recorder{d, log, admin.ShownOf(&admin.Access{Directory: d, Clock: time.Now})}
}

// operatorName is who types.
func operatorName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "os:" + u.Username
	}
	return "os:unknown"
}

// change is something that is done to what state shows.
func (r *recorder) change(ctx context.Context, operation, path, of string, state func() (any, error), do func() error) error {
	before, err := shownAs(state)
	if err != nil {
		return err
	}
	if of == "" { // what it is about says whose it is
		var whose struct{ Tenant string }
		_ = json.Unmarshal(before, &whose)
		of = whose.Tenant
	}
	n, err := r.log.Begin(ctx, audit.Change{
		At: time.Now().UTC(), Who: operatorName(), Role: "local", Client: "command line", Operation: operation, Path: path, Tenant: of, Before: before,
	})
	if err != nil {
		return err
	}
	failed, status := do(), http.StatusOK
	if failed != nil {
		status = http.StatusUnprocessableEntity
	}
	after, err := shownAs(state)
	if err != nil {
		after = nil
	}
	if err := r.log.End(ctx, n, status, of, after); err != nil {
		return errors.Join(failed, fmt.Errorf("it is done, and that it is could not be written down: %w", err))
	}
	return failed
}

func shownAs(state func() (any, error)) (json.RawMessage, error) {
	v, err := state()
	if v == nil || err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func (r *recorder) key(ctx context.Context, id string) func() (any, error) {
	return func() (any, error) { return r.shown.Key(ctx, id) }
}

func (r *recorder) tenant(id string) func() (any, error) {
	return func() (any, error) { return r.shown.Tenant(id), nil }
}

// Create makes a key.
func (r *recorder) Create(ctx context.Context, k tenant.Key) error {
	return r.change(ctx, "createKey", "/v1/keys", k.Tenant, r.key(ctx, k.ID), func() error { return r.Directory.Create(ctx, k) })
}

// Revoke ends a key.
func (r *recorder) Revoke(ctx context.Context, id string, at time.Time) error {
	return r.change(ctx, "revokeKey", "/v1/keys/"+id, "", r.key(ctx, id), func() error { return r.Directory.Revoke(ctx, id, at) })
}

// Rotate makes a key in the place of another.
func (r *recorder) Rotate(ctx context.Context, old string, end time.Time, next tenant.Key) (made tenant.Key, err error) {
	id := old // and then the one that it made
	state := func() (any, error) { return r.shown.Key(ctx, id) }
	err = r.change(ctx, "rotateKey", "/v1/keys/"+old+"/rotate", next.Tenant, state, func() (err error) {
		if made, err = r.Directory.Rotate(ctx, old, end, next); err == nil {
			id = made.ID
		}
		return err
	})
	return made, err
}

// Suspend stops a tenant.
func (r *recorder) Suspend(ctx context.Context, s tenant.Suspension) error {
	return r.change(ctx, "suspendTenant", "/v1/tenants/"+s.Tenant+"/suspension", s.Tenant, r.tenant(s.Tenant), func() error { return r.Directory.Suspend(ctx, s) })
}

// Resume lets a tenant go on.
func (r *recorder) Resume(ctx context.Context, id string) error {
	return r.change(ctx, "resumeTenant", "/v1/tenants/"+id+"/suspension", id, r.tenant(id), func() error { return r.Directory.Resume(ctx, id) })
}

// Quarantine keeps an actor out.
func (r *recorder) Quarantine(ctx context.Context, q tenant.Quarantine) error {
	q.By = operatorName()
	return r.change(ctx, "quarantineActor", "/v1/tenants/"+q.Tenant+"/quarantine/"+q.Actor, q.Tenant, func() (any, error) { return r.shown.Actor(q.Tenant, q.Actor), nil },
		func() error { return r.Directory.Quarantine(ctx, q) })
}

// Release lets an actor in again.
func (r *recorder) Release(ctx context.Context, of, actor string) error {
	return r.change(ctx, "releaseActor", "/v1/tenants/"+of+"/quarantine/"+actor, of, func() (any, error) { return r.shown.Actor(of, actor), nil },
		func() error { return r.Directory.Release(ctx, of, actor) })
}

// PutCredential keeps a tenant's own credential.
func (r *recorder) PutCredential(ctx context.Context, c tenant.SealedCredential) error {
	return r.change(ctx, "putCredential", "/v1/tenants/"+c.Tenant+"/credentials/"+c.Provider, c.Tenant, func() (any, error) { return r.shown.Credential(c.Tenant, c.Provider), nil },
		func() error { return r.Directory.PutCredential(ctx, c) })
}

// DropCredential forgets a tenant's own credential.
func (r *recorder) DropCredential(ctx context.Context, of, provider string) error {
	return r.change(ctx, "dropCredential", "/v1/tenants/"+of+"/credentials/"+provider, of, func() (any, error) { return r.shown.Credential(of, provider), nil },
		func() error { return r.Directory.DropCredential(ctx, of, provider) })
}
