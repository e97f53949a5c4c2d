package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"
)

func newAdmin() *cobra.Command {
	return group("admin", "Who may use the admin API", newAdminToken())
}

func newAdminToken() *cobra.Command {
	return &cobra.Command{
		Use: "token", Short: "Make a token for the admin API, and the hash of it that the configuration takes", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			token := "weir_" + rand.Text()
			sum := sha256.Sum256([]byte(token))
			_, err := fmt.Fprintf(c.OutOrStdout(), "token:  %s\nsha256: %s\n", token, hex.EncodeToString(sum[:]))
			return err
		},
	}
}
