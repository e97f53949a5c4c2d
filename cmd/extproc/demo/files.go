package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

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
	Name     string // stands in the names of its files; empty: they are weir.yaml and envoy.json
	Minor    int    // of the Envoy that will read its file
	Envoy    string // where Envoy listens, host:port
	Weir     string // where Weir listens, host:port
	Admin    string // where the operator's side listens, host:port
	WeirAt   string // where Envoy reaches Weir
	Redis    string // host:port of what several Weirs share; empty: the file keeps everything
	Store    string // file of the store, where each Weir has its own; empty: one in Dir
	Provider string // where Envoy reaches the demo provider
	// ShowEnvoy and ShowAdmin are what the lines to try say: where a person reaches Envoy and the operator's side.
	ShowEnvoy, ShowAdmin string
}

// named is the name of a file of this demo.
func (l Layout) named(file string) string {
	if l.Name == "" {
		return file
	}
	ext := filepath.Ext(file)
	return strings.TrimSuffix(file, ext) + "-" + l.Name + ext
}

// keptCast is what of a cast outlives a start, so that keys a person has noted stay good.
type keptCast struct {
	Credential string            `json:"credential"`
	Token      string            `json:"token"`
	Secret     string            `json:"secret"` // that several Weirs share
	Keys       map[string]string `json:"keys"`   // by tenant
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
	c.redis, c.store = l.Redis, l.Store
	if err := c.keep(); err != nil {
		return err
	}
	if err := c.writeSecrets(); err != nil {
		return err
	}
	path := filepath.Join(l.Dir, l.named(configFile))
	if err := os.WriteFile(path, c.yaml(), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	conf, err := config.Load(path, process.Dialects())
	if err != nil {
		return err
	}
	o := process.BootstrapOptions(conf, l.Minor)
	o.Weir, o.Discovery = l.WeirAt, envoy.DiscoveryDir(conf.Envoy.Secrets)
	if err := writeBootstrap(filepath.Join(l.Dir, l.named(bootstrapFile)), conf, o); err != nil {
		return err
	}
	c.invite(out, l.ShowEnvoy, l.ShowAdmin)
	return nil
}

// Visit takes the tour of a demo whose parts run apart. dir has its keys, envoy is host:port of its Envoy, admins those of
// every Weir's operator's side. An answer that differs is an error.
func Visit(ctx context.Context, dir, envoy string, admins []string, out io.Writer) error {
	c, err := newCast(dir, places{})
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, castFile)); err != nil {
		return fmt.Errorf("reading the keys: %w; extproc demo files makes them", err)
	}
	if err := c.recall(); err != nil {
		return err
	}
	if err := answers(ctx, envoy); err != nil {
		return err
	}
	t := tour{out: out, client: &http.Client{Timeout: startBound}, envoy: envoy, admins: admins, cast: c}
	if differ := t.run(ctx); differ > 0 {
		return fmt.Errorf("%w: %d", errDiffers, differ)
	}
	return ctx.Err()
}

// recall takes over the keys that are on file.
func (c *cast) recall() error {
	path := filepath.Join(c.dir, castFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the keys: %w", err)
	}
	var old keptCast
	if err := json.Unmarshal(b, &old); err != nil {
		return fmt.Errorf("reading the keys: %s: %w; remove it to get new ones", path, err)
	}
	c.credential, c.token = old.Credential, old.Token
	if old.Secret != "" {
		c.secret = old.Secret
	}
	for i := range c.tenants {
		if key, ok := old.Keys[c.tenants[i].id]; ok {
			c.tenants[i].key = key
		}
	}
	return nil
}

// keep takes over the keys that are on file, and writes down those that are in force.
func (c *cast) keep() error {
	if err := c.recall(); err != nil {
		return err
	}
	now := keptCast{Credential: c.credential, Token: c.token, Secret: c.secret, Keys: map[string]string{}}
	for _, t := range c.tenants {
		now.Keys[t.id] = t.key
	}
	b, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the keys: %w", err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, castFile), b, 0o600); err != nil {
		return fmt.Errorf("writing the keys: %w", err)
	}
	return nil
}
