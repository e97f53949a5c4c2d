package issuers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/policy/provider"
)

// A credential is fetched anew before it ends; while its issuer is down the old one serves to its end, and is gone then; an
// issuer that is back is found.
func TestKeeper(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issued", "p")
	synctest.Test(t, func(t *testing.T) {
		k, err := NewKeeper(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		var n atomic.Int64
		var down atomic.Bool
		k.fetch = func(context.Context, provider.From) (Issued, error) {
			asked := n.Add(1)
			if down.Load() {
				return Issued{}, errors.New("down")
			}
			return Issued{fmt.Sprint("token-", asked), time.Now().Add(10 * time.Minute)}, nil
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		list := []provider.Provider{{Name: "p", From: provider.From{OAuth: &provider.OAuth{}}, Credential: provider.Credential{File: path}}, {Name: "q"}}
		go func() {
			defer close(done)
			_ = k.Run(ctx, func() []provider.Provider { return list })
		}()
		has := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if b, _ := os.ReadFile(path); string(b) != want {
				t.Errorf("%q is kept, want %q", b, want)
			}
		}
		has(0, "token-1")
		has(7*time.Minute, "token-1")
		has(2*time.Minute, "token-2")
		down.Store(true)
		has(8*time.Minute, "token-2")
		if n := n.Load(); n < 5 || n > 12 {
			t.Errorf("%d questions while the issuer is down", n)
		}
		has(2*time.Minute, "")
		down.Store(false)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if b, _ := os.ReadFile(path); string(b) != fmt.Sprint("token-", n.Load()) {
			t.Errorf("%q is kept when the issuer is back", b)
		}
		stop()
		<-done
	})
}

func TestKeptForItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issued", "p")
	if err := write(path, "x"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}
