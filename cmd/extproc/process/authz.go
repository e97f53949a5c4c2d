package process

import (
	"context"
	"os"

	"weir/cmd/extproc/config"
	"weir/filter"
	"weir/policy"
)

// authzOf loads policies that were written for OPA's Envoy plugin.
func authzOf(ctx context.Context, c config.Authz) (*filter.Authz, error) {
	policies, err := policy.LoadAuthorizer(ctx, os.DirFS(c.Dir), c.Path)
	if err != nil {
		return nil, err
	}
	return &filter.Authz{Policies: policies, HeadersOnly: c.HeadersOnly}, nil
}
