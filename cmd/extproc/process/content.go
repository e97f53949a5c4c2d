package process

import (
	"context"

	"weir/policy/audit"
)

// contentOf opens what is kept of an exchange's text, and writes down who reads it.
func (p *Process) contentOf(ctx context.Context, r *audit.Record, by string) (*audit.Content, error) {
	t, ok := p.Directory.Current().Tenant(r.Tenant)
	if !ok {
		return nil, audit.ErrNoContent // its secret went with it
	}
	c, err := p.Trail.ContentOf(ctx, r, t.Secret)
	if err == nil {
		p.log.Warn("captured content was read", "by", by, "tenant", r.Tenant, "trace", r.Trace, "exchange", r.Exchange)
	}
	return c, err
}
