package audit

import "context"

// PruneTo removes the oldest changes up to a number.
func (c *Changes) PruneTo(ctx context.Context, n int64) error { return c.prune(ctx, n) }
