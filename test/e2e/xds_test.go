package e2e_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/cmd/extproc/process"
)

// An Envoy with a bootstrap that knows Weir alone is told everything by it: a credential that changes is used within a
// moment, with nothing of it in a file or in the log, and the stream that was open stays.
func TestServedOverXDS(t *testing.T) {
	s, f := sailOn(t, &stage{logs: &captured{}, served: true}, nil)
	boot, err := os.ReadFile(filepath.Join(s.dir, "envoy.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(boot), `"name": "order-`) || strings.Contains(string(boot), "http_connection_manager") {
		t.Errorf("the bootstrap says more than where Weir is: %s", boot)
	}
	alpha := f.named("alpha")
	trace := newTrace()
	_, let := s.slowly(t, trace, "text/event-stream", firstEvent, lastEvents)
	open := s.begin(t, call{key: of(plain, "dvara"), body: ask("scripted", "x", streaming), trace: trace})
	if got := s.do(t, call{key: of(plain, "dvara"), body: ask("model-alpha", "hello")}); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	const turned = "sk-alpha-turned-0123456789"
	alpha.mu.Lock()
	old := alpha.credential
	alpha.take = func(a string) bool { return a == "Bearer "+turned || a == "Bearer "+old }
	alpha.mu.Unlock()
	writeFile(t, filepath.Join(s.dir, "alpha"), turned)
	eventually(t, "the new credential is used", func() bool {
		got := s.do(t, call{key: of(plain, "dvara"), body: ask("model-alpha", "hello")})
		if got.status != 200 {
			t.Fatalf("meanwhile: %d %s", got.status, got.body)
		}
		alpha.mu.Lock()
		defer alpha.mu.Unlock()
		return alpha.last == "Bearer "+turned
	})
	close(let)
	if open.rest(); open.err != nil || open.read != firstEvent+lastEvents {
		t.Errorf("the open stream: %v %s", open.err, open.read)
	}
	f.unharmed(t)
	if text := s.logs.String(); strings.Contains(text, turned) || strings.Contains(text, old) || strings.Contains(text, "refuses what it was told") {
		t.Errorf("log %s", text)
	}
	if _, err := os.Stat(s.conf.Envoy.Secrets); !os.IsNotExist(err) {
		t.Errorf("credentials are written to files, too: %v", err)
	}
}

// Where anybody could ask for the credentials, nobody is served.
func TestXDSIsNotServedToAnybody(t *testing.T) {
	s := open(t)
	conf := *s.conf
	conf.Listen, conf.XDS, conf.StorePath = "127.0.0.1:0", true, filepath.Join(t.TempDir(), "weir.db")
	if p, err := process.New(context.Background(), &conf, slog.New(slog.NewTextHandler(io.Discard, nil))); err == nil || !strings.Contains(err.Error(), "Unix socket") {
		if p != nil {
			p.Close()
		}
		t.Errorf("%v", err)
	}
}
