package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/config"
)

// The variables that say where a running Weir's admin API is, and who asks. A token is no flag: flags are seen by everybody.
const (
	serverVariable = "WEIR_ADMIN_SERVER"
	tokenVariable  = "WEIR_ADMIN_TOKEN"
)

// The bounds of a question to the admin API.
const (
	remoteTime = 35 * time.Second // more than a server takes to write an answer
	remoteMost = 64 << 20
)

// remote is the admin API of a running Weir.
type remote struct {
	server, form string
	only         string // If-None-Match of what is asked; empty: none
}

// remoteFlags adds where the API is and how to print.
func remoteFlags(c *cobra.Command, r *remote) {
	remoteServer(c, r)
	c.Flags().StringVar(&r.form, "format", "text", "text or json")
}

// remoteServer adds where the API is.
func remoteServer(c *cobra.Command, r *remote) {
	r.form = "text"
	server := os.Getenv(serverVariable)
	if server == "" {
		server = "http://" + config.DefaultAdminListen
	}
	c.Flags().StringVar(&r.server, "server", server, "where the admin API is; the token is read from "+tokenVariable)
}

// ask sends a request and opens its answer.
func (r *remote) ask(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	if err := textOrJSON(r.form); err != nil {
		return nil, err
	}
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(text)
	}
	target := strings.TrimRight(r.server, "/") + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, in)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--server %q must be a URL like http://%s", r.server, config.DefaultAdminListen)}
	}
	token := os.Getenv(tokenVariable)
	if token == "" {
		return nil, &usageError{errors.New(tokenVariable + " is not set: it holds a token for the admin API")}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if r.only != "" {
		req.Header.Set("If-None-Match", r.only)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", r.server, err)
	}
	if resp.StatusCode >= 400 {
		defer resp.Body.Close()
		var problem struct{ Detail string }
		_ = json.NewDecoder(io.LimitReader(resp.Body, remoteMost)).Decode(&problem)
		return nil, fmt.Errorf("%s answered %d: %s", r.server, resp.StatusCode, inert(problem.Detail))
	}
	return resp, nil
}

// get sends a request and reads its answer; where JSON is to be printed it prints it and says so.
func (r *remote) get(c *cobra.Command, method, path string, query url.Values, body, into any) (printed bool, err error) {
	ctx, cancel := context.WithTimeout(c.Context(), remoteTime)
	defer cancel()
	resp, err := r.ask(ctx, method, path, query, body)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, remoteMost))
	if err != nil {
		return false, fmt.Errorf("reading the answer: %w", err)
	}
	if r.form == "json" {
		_, err := c.OutOrStdout().Write(text)
		return true, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("reading the answer: %w", err)
	}
	return false, nil
}

// done sends a request whose answer has nothing to read.
func (r *remote) done(c *cobra.Command, method, path string, body any) error {
	ctx, cancel := context.WithTimeout(c.Context(), remoteTime)
	defer cancel()
	resp, err := r.ask(ctx, method, path, nil, body)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// follow calls each with the data of every event of an endless answer, until there are no more or each says no.
func (r *remote) follow(ctx context.Context, path string, query url.Values, each func(data []byte) (more bool, err error)) error {
	resp, err := r.ask(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, remoteMost)
	failed := false
	for lines.Scan() {
		if event, ok := bytes.CutPrefix(lines.Bytes(), []byte("event: ")); ok {
			failed = string(event) == "error"
		}
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		if failed {
			var problem struct{ Detail string }
			_ = json.Unmarshal(data, &problem)
			return fmt.Errorf("%s says: %s", r.server, inert(problem.Detail))
		}
		if more, err := each(data); err != nil || !more {
			return err
		}
	}
	if err := lines.Err(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("following the trail: %w", err)
	}
	return nil
}
