package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

// maxHealth bounds what is read of an answer, bytes.
const maxHealth = 16 << 10

func newHealth() *cobra.Command {
	var at string
	var bound time.Duration
	c := &cobra.Command{
		Use: "health", Short: "Ask a running Weir whether it is ready; fails if it is not", Args: none,
		Long: "Ask a running Weir whether it is ready; fails if it is not, and says why. For images that hold nothing else to ask with.",
		RunE: func(c *cobra.Command, _ []string) error {
			u, err := url.Parse(at)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
				return &usageError{fmt.Errorf("--url %q must be http(s)://host[:port]/path", at)}
			}
			req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, at, nil)
			if err != nil {
				return fmt.Errorf("asking for health: %w", err)
			}
			// Straight to the address: a proxy of the environment is not meant for what runs in the same container.
			client := &http.Client{Timeout: bound, Transport: &http.Transport{DisableKeepAlives: true}}
			resp, err := client.Do(req)
			if err != nil {
				return fmt.Errorf("asking for health: %w", err)
			}
			defer resp.Body.Close()
			return healthy(resp)
		},
	}
	c.Flags().StringVar(&at, "url", "http://127.0.0.1:9911/readyz", "what to ask")
	c.Flags().DurationVar(&bound, "timeout", 3*time.Second, "how long to wait for an answer")
	return c
}

// healthy says what an answer other than a success gives as its reason.
func healthy(resp *http.Response) error {
	if resp.StatusCode < 300 {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxHealth))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	var said struct{ Why map[string]string }
	if json.Unmarshal(b, &said) != nil || len(said.Why) == 0 {
		return fmt.Errorf("not healthy: status %d", resp.StatusCode)
	}
	errs := []error{errors.New("not ready")}
	for name, why := range said.Why {
		errs = append(errs, fmt.Errorf("%s: %s", name, why))
	}
	return errors.Join(errs...)
}
