package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/envoy"
)

// The files of a demo.
const (
	configFile    = "weir.yaml"
	bootstrapFile = "envoy.json"
	castFile      = "keys.json"
)

// Layout is a demo whose parts run apart, in containers or on hosts, and see one directory.
type Layout struct {
	Dir      string // absolute, the same for all parts
	Minor    int    // of the Envoy that will read its file
	Envoy    string // where Envoy listens, host:port
	Weir     string // where Weir listens, host:port
	Admin    string // where the operator's side listens, host:port
	WeirAt   string // where Envoy reaches Weir
	Provider string // where Envoy reaches the demo provider
	// ShowEnvoy and ShowAdmin are what the lines to try say: where a person reaches Envoy and the operator's side.
	ShowEnvoy, ShowAdmin string
}

// keptCast is what of a cast outlives a start, so that keys a person has noted stay good.
type keptCast struct {
	Credential string            `json:"credential"`
	Token      string            `json:"token"`
	Keys       map[string]string `json:"keys"` // by tenant
}

// Files writes the configuration, Envoy's file, keys and secrets of a demo, and prints what to try. Keys that an earlier
// call made stay.
func Files(l Layout, out io.Writer) error {
	if err := os.MkdirAll(l.Dir, 0o700); err != nil {
		return fmt.Errorf("making the directory: %w", err)
	}
	c, err := newCast(l.Dir, places{weir: l.Weir, admin: l.Admin, envoy: l.Envoy, provider: l.Provider})
	if err != nil {
		return err
	}
	if err := c.keep(); err != nil {
		return err
	}
	if err := c.writeSecrets(); err != nil {
		return err
	}
	path := filepath.Join(l.Dir, configFile)
	if err := os.WriteFile(path, c.yaml(), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	conf, err := config.Load(path, process.Dialects())
	if err != nil {
		return err
	}
	o := process.BootstrapOptions(conf, l.Minor)
	o.Weir, o.Discovery = l.WeirAt, envoy.DiscoveryDir(conf.Envoy.Secrets)
	if err := writeBootstrap(filepath.Join(l.Dir, bootstrapFile), conf, o); err != nil {
		return err
	}
	c.invite(out, l.ShowEnvoy, l.ShowAdmin)
	return nil
}

// keep takes over the keys that are on file, and writes down those that are in force.
func (c *cast) keep() error {
	path := filepath.Join(c.dir, castFile)
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the keys: %w", err)
	}
	var old keptCast
	if err == nil {
		if err := json.Unmarshal(b, &old); err != nil {
			return fmt.Errorf("reading the keys: %s: %w; remove it to get new ones", path, err)
		}
		c.credential, c.token = old.Credential, old.Token
	}
	now := keptCast{Credential: c.credential, Token: c.token, Keys: map[string]string{}}
	for i := range c.tenants {
		t := &c.tenants[i]
		if key, ok := old.Keys[t.id]; ok {
			t.key = key
		}
		now.Keys[t.id] = t.key
	}
	if b, err = json.MarshalIndent(now, "", "  "); err != nil {
		return fmt.Errorf("writing the keys: %w", err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return fmt.Errorf("writing the keys: %w", err)
	}
	return nil
}
