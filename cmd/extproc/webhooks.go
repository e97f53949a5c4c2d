package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weir/policy/audit/webhook"
	"weir/policy/store"
)

func newWebhooks() *cobra.Command {
	var path string
	c := group("webhooks", "See what webhooks were not told, send it again, try one",
		newWebhooksDead(&path), newWebhooksRetry(&path), newWebhooksTest(&path), newWebhooksSecret())
	c.PersistentFlags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

// maxDead is how many dead messages are printed.
const maxDead = 1000

func newWebhooksDead(path *string) *cobra.Command {
	var hook, form string
	c := &cobra.Command{
		Use: "dead", Short: "List the messages that were given up, the latest first", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := textOrJSON(form); err != nil {
				return err
			}
			conf, err := load(*path)
			if err != nil {
				return err
			}
			s, err := store.Open(c.Context(), conf.StorePath)
			if err != nil {
				return err
			}
			defer s.Close()
			list, err := webhook.ListDead(c.Context(), s, hook, maxDead)
			if err != nil {
				return err
			}
			if form == "json" {
				return json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{"dead": list})
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tWEBHOOK\tEVENT\tSINCE\tGIVEN UP\tTRIES\tWHY")
			for _, d := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", d.ID, d.Hook, d.Type, d.At.Format(time.RFC3339), d.Dead.Format(time.RFC3339), d.Tries, inert(d.Why))
			}
			return w.Flush()
		},
	}
	c.Flags().StringVar(&hook, "webhook", "", "of one webhook")
	c.Flags().StringVar(&form, "format", "text", "text or json")
	return c
}

func newWebhooksRetry(path *string) *cobra.Command {
	var hook string
	var all bool
	c := &cobra.Command{
		Use: "retry [ID]", Short: "Send messages that were given up again; running servers do so within a second", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id := strings.Join(args, "")
			if id == "" && hook == "" && !all {
				return &usageError{errors.New("say which: an id, --webhook NAME, or --all")}
			}
			conf, err := load(*path)
			if err != nil {
				return err
			}
			s, err := store.Open(c.Context(), conf.StorePath)
			if err != nil {
				return err
			}
			defer s.Close()
			n, err := webhook.Retry(c.Context(), s, id, hook, time.Now())
			if err != nil {
				return err
			}
			if n == 0 && id != "" {
				return fmt.Errorf("no dead message has the id %q", id)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%d messages are sent again\n", n)
			return err
		},
	}
	c.Flags().StringVar(&hook, "webhook", "", "all of one webhook")
	c.Flags().BoolVar(&all, "all", false, "all")
	return c
}

func newWebhooksTest(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "test NAME", Short: "Send one webhook a message of the type weir.test, and say what it answers", Args: exactly(1, "a webhook's name"),
		RunE: func(c *cobra.Command, args []string) error {
			conf, err := load(*path)
			if err != nil {
				return err
			}
			for i := range conf.Webhooks {
				if conf.Webhooks[i].Name != args[0] {
					continue
				}
				h, err := conf.Webhooks[i].Ready()
				if err != nil {
					return err
				}
				if err := webhook.Try(c.Context(), h, time.Now()); err != nil {
					return fmt.Errorf("webhook %s: %w", h.Name, err)
				}
				_, err = fmt.Fprintln(c.OutOrStdout(), "taken")
				return err
			}
			return fmt.Errorf("no webhook of the configuration is called %q", args[0])
		},
	}
}

// secretBytes are what the Standard Webhooks specification wants at least 24 of.
const secretBytes = 32

func newWebhooksSecret() *cobra.Command {
	return &cobra.Command{
		Use: "secret", Short: "Make a secret that messages are signed with", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			b := make([]byte, secretBytes)
			_, _ = rand.Read(b) // never fails: crypto/rand
			_, err := fmt.Fprintln(c.OutOrStdout(), "whsec_"+base64.StdEncoding.EncodeToString(b))
			return err
		},
	}
}
