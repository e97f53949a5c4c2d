package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"weir/policy/tenant"
)

// Directory is what the store adds to the configuration file, and what is in force of both.
type Directory interface {
	Current() *tenant.Snapshot
	List(ctx context.Context, tenant string) ([]tenant.Key, error)
	Create(ctx context.Context, k tenant.Key) error
	Revoke(ctx context.Context, id string, at time.Time) error
	Rotate(ctx context.Context, old string, end time.Time, next tenant.Key) (tenant.Key, error)
	PutTenant(ctx context.Context, id string, document []byte) error
	DeleteTenant(ctx context.Context, id string) error
	Document(id string) ([]byte, bool)
	Suspend(ctx context.Context, s tenant.Suspension) error
	Resume(ctx context.Context, tenant string) error
	Quarantine(ctx context.Context, q tenant.Quarantine) error
	Release(ctx context.Context, tenant, actor string) error
	PutCredential(ctx context.Context, c tenant.SealedCredential) error
	DropCredential(ctx context.Context, tenant, provider string) error
}

// Access is how tenants, keys and actors are served. Every field is required.
type Access struct {
	Directory Directory
	// Key reads the terms of a key that is made now.
	Key func(document []byte, now time.Time) (tenant.Key, error)
	// Random gives bytes nobody can guess: the same ones for the same purpose, or fresh ones for "". So a request that is
	// sent again with its Idempotency-Key is answered with the same key, although no key is kept.
	Random func(purpose string) io.Reader
	Clock  func() time.Time
	// Seal seals a tenant's own credential for a provider. Its errors hold nothing of it.
	Seal func(tenant, provider, value string) (string, error)
}

// errRequest says that a request cannot be meant.
type errRequest string

func (e errRequest) Error() string { return string(e) }

// statusOf is the status of what the directory, or a document's reader, refused to do. A document's faults are its
// writer's to see; what else went wrong is the store's.
func statusOf(err error) int {
	var request errRequest
	var tooLarge *http.MaxBytesError
	var bad errBadQuery
	var nothing errNotFound
	var changed errChanged
	switch {
	case errors.Is(err, errPrecondition):
		return http.StatusPreconditionFailed
	case errors.As(err, &bad):
		return http.StatusBadRequest
	case errors.As(err, &nothing):
		return http.StatusNotFound
	case errors.As(err, &changed):
		return http.StatusConflict
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, tenant.ErrNoKey), errors.Is(err, tenant.ErrNoTenant), errors.Is(err, tenant.ErrNotHere):
		return http.StatusNotFound
	case errors.Is(err, ErrNotKept), errors.Is(err, ErrNotFollowed), errors.Is(err, ErrInUse):
		return http.StatusConflict
	case errors.Is(err, tenant.ErrDeclared), errors.Is(err, tenant.ErrExists), errors.Is(err, tenant.ErrEnded), errors.Is(err, tenant.ErrStale), errors.Is(err, tenant.ErrFull):
		return http.StatusConflict
	case errors.As(err, &request), errors.Is(err, tenant.ErrDocument):
		return http.StatusUnprocessableEntity
	}
	return http.StatusServiceUnavailable
}

// detailOf says what went wrong; of the store's failures only that it failed, since they name its inside.
func detailOf(err error, status int) string {
	if status == http.StatusServiceUnavailable {
		return "the store did not take or give what was asked; nothing may be assumed to have changed"
	}
	return err.Error()
}

// document reads the request's body whole.
func document(r *http.Request) ([]byte, error) { return io.ReadAll(r.Body) }
