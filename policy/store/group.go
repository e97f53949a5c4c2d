package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Group is one transaction, shared by the changes that were waiting when it began. What a user of the store reads of its
// own tables it may keep here, so that a row which many changes touch is read once and written once; and for as long as
// nobody else commits to the file, it need not be read again in the groups that follow.
type Group struct {
	Tx   *sql.Tx
	kept map[any]*keeping
}

// Kept is what changes share in memory.
type Kept interface {
	// Begin is told of each group's transaction before a change of the group sees what is kept.
	Begin(tx *sql.Tx)
	// Flush writes what the changes have left to be written, before the group commits; where it fails, the changes are
	// undone and made one by one. It answers false where it is not to be kept for later groups.
	Flush(ctx context.Context) (keep bool, err error)
}

// keeping is something kept, and whether it has seen this group.
type keeping struct {
	Kept
	begun bool
}

// Keep returns what is kept under a key; the first who asks makes it. The keys are types of their users' own.
func (g *Group) Keep(key any, first func() Kept) Kept {
	k := g.kept[key]
	if k == nil {
		k = &keeping{Kept: first()}
		g.kept[key] = k
	}
	if !k.begun {
		k.Begin(g.Tx)
		k.begun = true
	}
	return k.Kept
}

// Forget writes what is kept under a key and forgets it: of what the caller does to its tables next, nobody has an image.
func (g *Group) Forget(ctx context.Context, key any) error {
	k := g.kept[key]
	if k == nil || !k.begun {
		delete(g.kept, key)
		return nil
	}
	delete(g.kept, key)
	_, err := k.Flush(ctx)
	return err
}

func (g *Group) flush(ctx context.Context) error {
	for key, k := range g.kept {
		if !k.begun {
			continue
		}
		keep, err := k.Flush(ctx)
		if err != nil {
			return err
		}
		if !keep {
			delete(g.kept, key)
		}
		k.begun = false
	}
	return nil
}

// group begins one with what was kept before, unless somebody else has committed since: SQLite's data_version differs
// then, and does not for what this connection commits itself.
func (s *Store) group(ctx context.Context, tx *sql.Tx) (*Group, error) {
	var version int64
	if err := tx.StmtContext(ctx, s.version).QueryRowContext(ctx).Scan(&version); err != nil {
		return nil, fmt.Errorf("asking for changes: %w", err)
	}
	g := &Group{Tx: tx, kept: s.kept}
	if g.kept == nil || version != s.seen {
		g.kept = map[any]*keeping{}
	}
	s.seen, s.kept = version, nil
	return g, nil
}
