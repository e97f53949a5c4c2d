package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/demo"
	"weir/cmd/extproc/demo/provider"
	"weir/envoy"
)

func newDemo() *cobra.Command {
	o := demo.Options{}
	c := &cobra.Command{
		Use: "demo", Short: "Run Weir, a demo provider and an Envoy here, and take a tour", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			o.Out = c.OutOrStdout()
			return demo.Run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.Envoy, "envoy", "", "path of an Envoy binary; empty looks at $ENVOY, PATH and .tools")
	c.Flags().StringVar(&o.Listen, "listen", "127.0.0.1:10000", "where Envoy takes requests")
	c.Flags().BoolVar(&o.TourOnly, "tour-only", false, "end after the tour; fails if any answer differs")
	c.AddCommand(newDemoProvider(), newDemoFiles(), newDemoTour())
	return c
}

func newDemoFiles() *cobra.Command {
	var l demo.Layout
	c := &cobra.Command{
		Use: "files", Short: "Write the files of a demo whose parts run apart, and print its keys", Args: none,
		Long: "Write the files of a demo whose parts run apart, and print its keys. docker-compose.yml uses it. Keys of an earlier call stay.",
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if l.Dir, err = filepath.Abs(l.Dir); err != nil {
				return fmt.Errorf("--dir: %w", err)
			}
			if err := supported(l.Minor); err != nil {
				return err
			}
			return demo.Files(l, c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&l.Dir, "dir", "demo", "the directory, at the same path for every part")
	f.StringVar(&l.Name, "name", "", "stands in the names of the files, so that several demos share a directory and its keys: weir-NAME.yaml")
	f.IntVar(&l.Minor, "minor", envoy.MaxMinor, "minor version of Envoy 1 that will read envoy.json, from 36")
	f.StringVar(&l.Envoy, "envoy-listen", "127.0.0.1:10000", "where Envoy listens")
	f.StringVar(&l.Weir, "weir-listen", "127.0.0.1:18080", "where Weir listens")
	f.StringVar(&l.Admin, "admin-listen", "127.0.0.1:9911", "where Weir's health, metrics and trail are served")
	f.StringVar(&l.WeirAt, "weir", "127.0.0.1:18080", "where Envoy reaches Weir")
	f.StringVar(&l.Provider, "provider", "127.0.0.1:18081", "where Envoy reaches the demo provider")
	f.StringVar(&l.Redis, "redis", "", "host:port of a Redis that several Weirs share; empty keeps everything in the file")
	f.StringVar(&l.Store, "store", "", "the store's file, where each Weir has its own; empty is one in --dir")
	f.StringVar(&l.ShowEnvoy, "show-envoy", "127.0.0.1:10000", "where the printed lines reach Envoy")
	f.StringVar(&l.ShowAdmin, "show-admin", "127.0.0.1:9911", "where the printed lines reach the trail")
	return c
}

func newDemoTour() *cobra.Command {
	var dir, at string
	var admins []string
	c := &cobra.Command{
		Use: "tour", Short: "Take the tour of a demo whose parts run apart; fails if any answer differs", Args: none,
		Long: "Take the tour of a demo whose parts run apart; fails if any answer differs. One of its tenants may ask once a minute, so\nthat is how long to wait before the next tour.",
		RunE: func(c *cobra.Command, _ []string) error {
			return demo.Visit(c.Context(), dir, at, admins, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&dir, "dir", "demo", "the directory that extproc demo files wrote")
	c.Flags().StringVar(&at, "envoy", "127.0.0.1:10000", "where Envoy is reached")
	c.Flags().StringSliceVar(&admins, "admin", []string{"127.0.0.1:9911"}, "where the trail of each Weir is reached")
	return c
}

func newDemoProvider() *cobra.Command {
	var listen, credential, file string
	c := &cobra.Command{
		Use: "provider", Short: "Serve only the demo provider: deterministic, scripted by model name", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			if file != "" {
				b, err := os.ReadFile(file)
				if err != nil {
					return fmt.Errorf("--credential-file: %w", err)
				}
				credential = strings.TrimSpace(string(b))
			}
			s := &http.Server{Addr: listen, Handler: provider.New(credential), ReadHeaderTimeout: 10 * time.Second}
			stop := make(chan error, 1)
			go func() {
				<-c.Context().Done()
				stop <- s.Close()
			}()
			fmt.Fprintln(c.OutOrStdout(), "demo provider on", listen)
			if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serving the demo provider: %w", err)
			}
			return <-stop
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:18081", "where to listen")
	c.Flags().StringVar(&credential, "credential", "", "the bearer credential it wants; empty takes any")
	c.Flags().StringVar(&file, "credential-file", "", "a file that holds the credential")
	c.MarkFlagsMutuallyExclusive("credential", "credential-file")
	return c
}
