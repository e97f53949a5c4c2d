package tenant

import (
	"cmp"
	"context"
	"slices"
)

// The kinds of rows that are about no tenant: what operators add to the providers and models of the file. The directory keeps
// them, as it keeps everything that operators add, and tells what they are now; what they mean is their reader's to say.
const (
	RowProvider   = "provider"            // its document, by its name
	RowModel      = "model"               // its document, by its name
	RowCredential = "platform_credential" // the platform's own for a provider, sealed, by the provider's name
)

// keptKind says whether a row is about no tenant.
func keptKind(kind string) bool {
	return kind == RowProvider || kind == RowModel || kind == RowCredential
}

// Kept are the rows about no tenant as they were read last, by kind and id. Nobody may change the list.
func (d *Directory) Kept() []Row {
	d.change.Lock()
	defer d.change.Unlock()
	return d.stored.kept
}

// KeptOf are the rows about no tenant among all rows of a source, by kind and id.
func KeptOf(rows []Row) []Row {
	var out []Row
	for _, r := range rows {
		if keptKind(r.Kind) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	return out
}

// Keep changes rows about no tenant, all or none. next is told what is kept now and says what is to be there instead: a row
// takes the place of the one with its kind and id, and one without a document takes it away. It is asked again where somebody
// else was faster. What it says is in Kept when Keep returns, and in other processes a second later.
func (d *Directory) Keep(ctx context.Context, next func(now []Row) ([]Row, error)) error {
	return d.apply(ctx, func() ([]Change, error) {
		rows, err := next(d.stored.kept)
		if err != nil {
			return nil, err
		}
		var out []Change
		for _, r := range rows {
			if was := d.was(r.Kind, r.ID); was != r.Doc {
				out = append(out, Change{Kind: r.Kind, ID: r.ID, Was: was, Now: r.Doc})
			}
		}
		return out, nil
	})
}
