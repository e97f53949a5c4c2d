package tenant

import (
	"context"
	"errors"
)

// What a Source refuses to do.
var (
	// ErrStale says that a row is not as the change expects it: somebody else was faster.
	ErrStale = errors.New("changed by somebody else in the meantime")
	// ErrFull says that the directory has as many rows as it may have.
	ErrFull = errors.New("the directory is full")
)

// MaxRows bounds what the store may add to the file: keys, tenants, suspensions and quarantines together. All of it is
// in memory, some 400 bytes a row.
const MaxRows = 500_000

// The kinds of rows.
const (
	kindKey        = "key"
	kindHash       = "hash" // of a key, so that no two have the same
	kindTenant     = "tenant"
	kindSuspension = "suspension"
	kindQuarantine = "quarantine"
)

// Row is one thing that operators added, as JSON. ID is unique within Kind.
type Row struct{ Kind, ID, Doc string }

// Change replaces the document of one row. Was is the document it must have now, "" for a row that must not exist; Now
// is the one it gets, "" to remove the row.
type Change struct{ Kind, ID, Was, Now string }

// Source keeps the rows. SQLite and Redis implement it; both pass the same conformance suite.
type Source interface {
	// Revision changes whenever a row does. It is asked often, so it must be cheap.
	Revision(ctx context.Context) (string, error)
	// Rows reads all rows, and the revision they are of.
	Rows(ctx context.Context) ([]Row, string, error)
	// Apply makes all of the changes or none, and returns when they are as durable as the store makes anything. Where a
	// row is not as it Was, the error is ErrStale.
	Apply(ctx context.Context, changes []Change) error
}
