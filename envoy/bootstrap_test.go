package envoy_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"weir/envoy"
)

var update = flag.Bool("update", false, "write the golden files")

// whole uses every option.
func whole(minor int) envoy.Options {
	return envoy.Options{
		Minor: minor, Listen: "0.0.0.0:10000", Admin: "127.0.0.1:9901", Weir: "weir:9000", AccessLog: "/dev/stdout", Concurrency: 2,
		Providers: []envoy.Upstream{
			{Name: "openai", BaseURL: "https://api.openai.com", SecretFile: "/run/weir/order-openai.json"},
			{Name: "anthropic", BaseURL: "https://api.anthropic.com", SecretEnv: "ANTHROPIC_API_KEY", CAFile: "/run/weir/own.pem", ServerName: "inside.example"},
			{Name: "vllm", BaseURL: "http://10.0.0.7:8000/serve"},
			{Name: "v6", BaseURL: "https://[fd00::1]:8443"},
		},
		Orders: [][]string{{"anthropic", "openai"}, {"openai", "anthropic", "vllm"}},
	}
}

func TestGolden(t *testing.T) {
	for minor := envoy.MinMinor; minor <= envoy.MaxMinor; minor++ {
		b, err := envoy.Bootstrap(whole(minor))
		if err != nil {
			t.Fatal(err)
		}
		got, err := envoy.JSON(b)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, filepath.Join("testdata", fmt.Sprintf("bootstrap-1.%d.golden.json", minor)), got)
	}
}

// followed is whole with providers that Envoy follows in files.
func followed(minor int, dir string) envoy.Options {
	o := whole(minor)
	o.Discovery = dir
	o.Providers[1].SecretEnv = ""
	return o
}

// TestGoldenFollowed: where Envoy follows files, everything that stands in a bootstrap stands there or in them.
func TestGoldenFollowed(t *testing.T) {
	o := followed(envoy.MaxMinor, "/run/weir/discovery")
	b, err := envoy.Bootstrap(o)
	if err != nil {
		t.Fatal(err)
	}
	got, err := envoy.JSON(b)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, filepath.Join("testdata", "followed-bootstrap.golden.json"), got)
	dir := t.TempDir()
	if _, ok, err := envoy.Followed(dir); ok || err != nil {
		t.Errorf("nobody follows an empty directory: %v %v", ok, err)
	}
	if !write(t, dir, o) {
		t.Error("nothing was written")
	}
	for _, name := range []string{"clusters", "routes"} {
		text, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, filepath.Join("testdata", "followed-"+name+".golden.json"), text)
	}
	if minor, ok, err := envoy.Followed(dir); minor != envoy.MaxMinor || !ok || err != nil {
		t.Errorf("followed by %d: %v %v", minor, ok, err)
	}
	if write(t, dir, o) {
		t.Error("what stays is written again")
	}
	o.Orders = o.Orders[:1]
	if !write(t, dir, o) {
		t.Error("what changes is not written")
	}
	if err := os.WriteFile(filepath.Join(dir, "minor"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := envoy.Followed(dir); err == nil {
		t.Error("x is taken for a minor")
	}
}

// write writes what an Envoy follows.
func write(t *testing.T, dir string, o envoy.Options) (changed bool) {
	t.Helper()
	r, err := envoy.NewResources(o)
	if err != nil {
		t.Fatal(err)
	}
	changed, err = envoy.WriteDiscovery(dir, o.Minor, r.Clusters, r.Routes)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code says; look at the difference, then run go test ./envoy -update", path)
	}
}

// TestValidate lets the real Envoy read both forms.
func TestValidate(t *testing.T) {
	b := installed(t)
	o := whole(b.Minor)
	dir := t.TempDir()
	o.Providers[0].SecretFile = envoy.SecretFile(dir, "openai")
	if err := envoy.WriteSecrets(dir, []envoy.Secret{{Provider: "openai", Value: "sk-x"}}); err != nil {
		t.Fatal(err)
	}
	o.CAFile = authorities(t, dir)
	o.Providers[1].CAFile = o.CAFile
	boot, err := envoy.Bootstrap(o)
	if err != nil {
		t.Fatal(err)
	}
	y, err := envoy.YAML(boot)
	if err != nil {
		t.Fatal(err)
	}
	yamlFile := filepath.Join(dir, "envoy.yaml")
	if err := os.WriteFile(yamlFile, y, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Discovery, o.Providers[1].SecretEnv = filepath.Join(dir, "discovery"), ""
	write(t, o.Discovery, o)
	following, err := envoy.Bootstrap(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{boot2file(t, boot), yamlFile, boot2file(t, following)} {
		cmd := exec.CommandContext(t.Context(), b.Path, append(envoy.Args(file, o), "--mode", "validate", "-l", "warning")...)
		cmd.Env = append(os.Environ(), "ANTHROPIC_API_KEY=x")
		out, err := cmd.CombinedOutput()
		if b.Minor == 36 { // it has no other way to say how much of a body is kept for another attempt
			out = retries36.ReplaceAll(out, nil)
		}
		if err != nil || bytes.Contains(out, []byte("eprecated")) {
			t.Errorf("%s: %v\n%s", filepath.Ext(file), err, out)
		}
	}
}

var retries36 = regexp.MustCompile(`(?m)^.*VirtualHost.per_request_buffer_limit_bytes.*\n`)

// authorities is a file Envoy can read where the system has none at the usual place.
func authorities(t *testing.T, dir string) string {
	t.Helper()
	if _, err := os.Stat(envoy.DefaultCAFile); err == nil {
		return envoy.DefaultCAFile
	}
	path := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(path, certificate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNoSecret: a bootstrap says where secrets are read from, and holds none.
func TestNoSecret(t *testing.T) {
	t.Setenv("ANTHROPIC_API_KEY", "sk-should-not-appear")
	b, err := envoy.Bootstrap(whole(40))
	if err != nil {
		t.Fatal(err)
	}
	text, err := envoy.JSON(b)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("should-not-appear")) {
		t.Error("the bootstrap holds a secret")
	}
}

// TestNewer: an Envoy newer than the code knows gets what the newest known one gets.
func TestNewer(t *testing.T) {
	text := func(minor int) string {
		b, err := envoy.Bootstrap(whole(minor))
		if err != nil {
			t.Fatal(err)
		}
		j, err := envoy.JSON(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(j)
	}
	if text(43) != text(envoy.MaxMinor) {
		t.Error("1.43 differs from the newest")
	}
}

func TestOptionsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*envoy.Options)
		says   string
	}{
		"old Envoy":       {func(o *envoy.Options) { o.Minor = 35 }, "1.36 or newer"},
		"no minor":        {func(o *envoy.Options) { o.Minor = 0 }, "1.36 or newer"},
		"no Weir":         {func(o *envoy.Options) { o.Weir = "" }, "address of Weir"},
		"relative socket": {func(o *envoy.Options) { o.Weir = "unix:weir.sock" }, "absolute"},
		"port":            {func(o *envoy.Options) { o.Listen = "127.0.0.1:70000" }, "no port"},
		"no host":         {func(o *envoy.Options) { o.Listen = ":10000" }, "host:port"},
		"open admin":      {func(o *envoy.Options) { o.Admin = "0.0.0.0:9901" }, "loopback"},
		"admin by name":   {func(o *envoy.Options) { o.Admin = "localhost:9901" }, "loopback"},
		"body":            {func(o *envoy.Options) { o.BodyBytes = 1 << 31 }, "body bytes"},
		"negative":        {func(o *envoy.Options) { o.Connections = -1 }, "connections"},
		"timeout":         {func(o *envoy.Options) { o.Timeouts.Idle = -time.Second }, "timeout"},
		"heap":            {func(o *envoy.Options) { o.HeapBytes = -1 }, "heap"},
		"provider name":   {func(o *envoy.Options) { o.Providers[0].Name = "../x" }, "must match"},
		"twice":           {func(o *envoy.Options) { o.Providers[1].Name = "openai" }, "twice"},
		"scheme":          {func(o *envoy.Options) { o.Providers[0].BaseURL = "ftp://x" }, "base URL"},
		"user in URL":     {func(o *envoy.Options) { o.Providers[0].BaseURL = "https://u:p@x" }, "base URL"},
		"not followed":    {func(o *envoy.Options) { o.Discovery = "/d" }, "stands in the bootstrap"},
		"two secrets":     {func(o *envoy.Options) { o.Providers[0].SecretEnv = "X" }, "not both"},
		"variable":        {func(o *envoy.Options) { o.Providers[1].SecretEnv = "A B" }, "environment variable"},
		"unknown order":   {func(o *envoy.Options) { o.Orders = [][]string{{"openai", "nobody"}} }, "not declared"},
		"twice in order":  {func(o *envoy.Options) { o.Orders = [][]string{{"openai", "openai"}} }, "twice"},
		"long order":      {func(o *envoy.Options) { o.Orders = [][]string{{"openai", "anthropic", "vllm", "v6"}} }, "2 to 3"},
		"caller in order": {func(o *envoy.Options) { o.Providers[2].CallerHeaders = []string{"authorization"} }, "caller's own"},
	} {
		o := whole(40)
		c.change(&o)
		if _, err := envoy.Bootstrap(o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q in it", name, err, c.says)
		}
	}
}
