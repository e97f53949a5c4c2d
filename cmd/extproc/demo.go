package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"weir/cmd/extproc/demo"
	"weir/cmd/extproc/demo/provider"
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
	c.AddCommand(newDemoProvider())
	return c
}

func newDemoProvider() *cobra.Command {
	var listen, credential string
	c := &cobra.Command{
		Use: "provider", Short: "Serve only the demo provider: deterministic, scripted by model name", Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
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
	return c
}
