package e2e_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
)

// Envoy's spans are sent with the headers that are configured, as Weir's are, and nothing that Envoy shows of its configuration has
// their values.
func TestEnvoysSpansHaveTheConfiguredHeaders(t *testing.T) {
	o, err := newObserver()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	const value = "Bearer of-a-receiver-that-is-not-everybodys"
	t.Setenv("WEIR_TEST_OTLP", value)
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	cast.alter = func(f *config.File) {
		o.join(f)
		f.Telemetry.OTLP.Headers = map[string]config.Reference{"Authorization": {Env: "WEIR_TEST_OTLP"}}
	}
	s := &stage{logs: &captured{}, cast: cast, reword: hurried(1)}
	err = s.raise(true)
	t.Cleanup(s.close)
	onEnvoy(t, err)
	timed(t)
	s.do(t, call{key: of(plain, "dvara"), body: ask("echo", "hello there")})
	eventually(t, "the spans of both", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.auth["envoy "+value] && o.auth["weir "+value]
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.auth) != 2 {
		t.Errorf("%v", o.auth)
	}
	bootstrap, err := os.ReadFile(filepath.Join(s.dir, "envoy.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.admin().Get("http://envoy/config_dump")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	dump, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(dump), "otlp-header-0") {
		t.Errorf("%v: %d bytes", err, len(dump))
	}
	for name, text := range map[string]string{"the bootstrap": string(bootstrap), "the dump": string(dump), "a log": s.logs.String()} {
		if strings.Contains(text, value) || strings.Contains(text, "everybodys") {
			t.Errorf("the value is in %s", name)
		}
	}
}
