package policy

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a directory must be quiet before it is read: an editor's save and a mounted configuration's swap
// are several events.
const settle = 100 * time.Millisecond

// Watch reloads whenever something changes below the engine's directory, until ctx ends. It returns an error only where
// watching itself fails; a program that is refused is told to report, which gets nil for one that is in force.
// Without a directory it waits for the end of ctx.
func (e *Engine) Watch(ctx context.Context, report func(error)) error {
	return watchTree(ctx, e.dir, e.Reload, report)
}

// watchTree calls reload whenever something changes below dir, and tells what it said.
func watchTree(ctx context.Context, dir string, reload func(context.Context) error, report func(error)) error {
	if dir == "" {
		<-ctx.Done()
		return nil
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching policies: %w", err)
	}
	defer w.Close()
	if err := addTree(w, dir); err != nil {
		return fmt.Errorf("watching policies: %w", err)
	}
	report(reload(ctx)) // what changed before the watch began
	quiet := time.NewTimer(settle)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-w.Events:
			if event.Op == fsnotify.Chmod {
				continue
			}
			quiet.Reset(settle)
		case <-w.Errors: // events may have been lost, so look
			quiet.Reset(settle)
		case <-quiet.C:
			if err := addTree(w, dir); err != nil && !os.IsNotExist(err) {
				return fmt.Errorf("watching policies: %w", err)
			}
			report(reload(ctx))
		}
	}
}

// addTree watches every directory below root; one that is watched already stays so.
func addTree(w *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return w.Add(path)
	})
}
