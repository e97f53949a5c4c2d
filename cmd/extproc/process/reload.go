package process

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"weir/cmd/extproc/config"
	"weir/policy/provider"
)

// quietFor is how long a file must rest before it is read again: an editor saves in several steps.
const quietFor = 100 * time.Millisecond

// watch reloads the configuration whenever its file changes, until ctx ends. Addresses and the store's path are fixed
// at the start.
func (p *Process) watch(ctx context.Context) error {
	path := p.config.Load().Path
	if path == "" {
		<-ctx.Done()
		return nil
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	defer w.Close()
	// The directory is watched, since editors and mounted volumes replace files.
	if err := w.Add(filepath.Dir(path)); err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	quiet := time.NewTimer(quietFor)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.Events:
			quiet.Reset(quietFor)
		case <-w.Errors:
			quiet.Reset(quietFor)
		case <-quiet.C:
			p.Reload(path)
		}
	}
}

// Reload reads the file again and puts it in force, or refuses it whole and keeps what is in force.
func (p *Process) Reload(path string) {
	err := p.apply(path)
	if err != nil {
		p.reload.Store(&err)
		p.log.Error("configuration refused, the old one stays in force", "error", err)
		return
	}
	p.reload.Store(nil)
}

func (p *Process) apply(path string) error {
	c, err := config.Load(path, Dialects())
	if err != nil {
		return err
	}
	old := p.config.Load()
	master, err := masterSecret(old.StorePath)
	if err != nil {
		return err
	}
	if err := c.Seal(master); err != nil {
		return err
	}
	catalogue, err := provider.NewCatalogue(c.Providers, c.Models, nil)
	if err != nil {
		return err
	}
	if err := p.Directory.Declare(c.Tenants, c.Keys); err != nil {
		return err
	}
	p.config.Store(&settled{Config: c, catalogue: catalogue})
	p.log.Info("configuration in force", "tenants", len(c.Tenants), "models", len(c.Models))
	return nil
}

func (p *Process) configInForce(context.Context) error {
	if err := p.reload.Load(); err != nil {
		return fmt.Errorf("the last change was refused: %w", *err)
	}
	return nil
}
