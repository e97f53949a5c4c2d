package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/policy/audit"
)

// reader is a trail that is read: the store's own, or a running Weir's.
type reader interface {
	Search(ctx context.Context, q audit.Query) (*audit.Page, error)
	Use(ctx context.Context, q audit.UsageQuery) ([]audit.Usage, error)
}

// readerFlag adds whose trail is read.
func readerFlag(c *cobra.Command, server *string) {
	c.Flags().StringVar(server, "server", "", "ask the admin API of a running Weir there, such as http://127.0.0.1:9911, and not the store; the token is read from "+tokenVariable)
}

// trailToRead opens the trail of a server, or else of a configuration's store, and says what it is called.
func trailToRead(c *cobra.Command, server, path string) (r reader, name string, done func(), err error) {
	if server != "" {
		return &remoteTrail{remote{server: server, form: "text"}, c}, server, func() {}, nil
	}
	conf, trail, done, err := configuredTrail(c.Context(), path)
	if err != nil {
		return nil, "", nil, err
	}
	return trail, conf.StorePath, done, nil
}

// remoteTrail is the trail of a running Weir.
type remoteTrail struct {
	remote
	command *cobra.Command
}

// Search implements reader.
func (t *remoteTrail) Search(_ context.Context, q audit.Query) (*audit.Page, error) {
	query := url.Values{}
	for name, v := range map[string]string{
		"trace": q.Trace, "tenant": q.Tenant, "key": q.Key, "code": q.Code, "model": q.Model, "finding": q.Type, "rule": q.Rule, "cursor": q.Cursor,
		"from": stampOf(q.From, time.RFC3339), "until": stampOf(q.Until, time.RFC3339),
	} {
		if v != "" {
			query.Set(name, v)
		}
	}
	if q.Limit != 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	var out audit.Page
	_, err := t.get(t.command, http.MethodGet, "/v1/trail", query, nil, &out)
	return &out, err
}

// Use implements reader.
func (t *remoteTrail) Use(_ context.Context, q audit.UsageQuery) ([]audit.Usage, error) {
	query := url.Values{}
	for name, v := range map[string]string{
		"tenant": q.Tenant, "key": q.Key, "model": q.Model, "by": strings.Join(q.By, ","), "from": stampOf(q.From, time.DateOnly), "until": stampOf(q.Until, time.DateOnly),
	} {
		if v != "" {
			query.Set(name, v)
		}
	}
	var out struct{ Usage []audit.Usage }
	_, err := t.get(t.command, http.MethodGet, "/v1/usage", query, nil, &out)
	return out.Usage, err
}

func stampOf(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}
