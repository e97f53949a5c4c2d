package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"weir/policy/store"
)

func newBackup() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "backup FILE", Short: "Copy the store to a new file, while Weir runs or not", Args: exactly(1, "the file to write"),
		RunE: func(c *cobra.Command, args []string) error {
			conf, err := load(path)
			if err != nil {
				return err
			}
			s, err := store.OpenExisting(c.Context(), conf.StorePath)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.Backup(c.Context(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s is a copy of %s\n", args[0], conf.StorePath)
			return err
		},
	}
	configFlag(c, &path)
	return c
}
