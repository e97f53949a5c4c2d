package setup_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tools are the programs that a bare machine has.
var tools = []string{"sh", "cat", "cksum", "tr", "mkdir", "mktemp", "date", "sed", "head", "tail", "sleep", "rm", "dirname", "mv", "chmod", "getconf", "true", "false"}

// machine is a checkout with a blank in its path, on a machine that has the given stubs, which are shell scripts by name.
type machine struct{ root, bin string }

func newMachine(t *testing.T, stubs map[string]string) machine {
	t.Helper()
	dir := t.TempDir()
	m := machine{filepath.Join(dir, "a checkout"), filepath.Join(dir, "bin")}
	for _, d := range []string{filepath.Join(m.root, "tools"), filepath.Join(m.root, "test", "e2e"), m.bin} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"tools/setup", "tools/requirements-envoy.txt", "tools/requirements-redis.txt", "test/e2e/requirements.txt"} {
		b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(f)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(m.root, filepath.FromSlash(f)), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range tools {
		if _, stubbed := stubs[name]; stubbed {
			continue
		}
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("this machine has no %s", name)
		}
		if err := os.Symlink(path, filepath.Join(m.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range stubs {
		if err := os.WriteFile(filepath.Join(m.bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// run runs tools/setup with the machine's programs alone.
func (m machine) run(env []string, args ...string) (out, told string, err error) {
	c := exec.Command(filepath.Join(m.root, "tools", "setup"), args...)
	c.Env = append([]string{"PATH=" + m.bin}, env...)
	var o, e strings.Builder
	c.Stdout, c.Stderr = &o, &e
	err = c.Run()
	return o.String(), e.String(), err
}

const (
	x86     = `case $1 in -s) echo Linux;; -m) echo x86_64;; esac`
	riscv   = `case $1 in -s) echo Linux;; -m) echo riscv64;; esac`
	mac     = `case $1 in -s) echo Darwin;; -m) echo arm64;; esac`
	glibc   = `echo glibc 2.36`
	noPip   = `exit 1`
	envoy35 = `echo 'envoy  version: 0123456789abcdef/1.35.2/Clean/RELEASE/BoringSSL'`
	envoy38 = `echo 'envoy  version: 0123456789abcdef/1.38.0/Clean/RELEASE/BoringSSL'`
)

func TestWhatItCannotDoItSays(t *testing.T) {
	threeWays := []string{"ENVOY=/path/to/envoy make demo", `so that "envoy" is on PATH`, "docker compose up"}
	for name, c := range map[string]struct {
		stubs map[string]string
		env   []string
		part  string
		says  []string
	}{
		"another processor":     {map[string]string{"uname": riscv}, nil, "envoy", append(threeWays, "no Envoy to download for Linux on riscv64")},
		"another system":        {map[string]string{"uname": mac}, nil, "envoy", append(threeWays, "no Envoy to download for Darwin on arm64")},
		"an old C library":      {map[string]string{"uname": x86, "getconf": "echo glibc 2.28"}, nil, "envoy", append(threeWays, "glibc 2.31 or newer; this system has 2.28")},
		"another C library":     {map[string]string{"uname": x86, "getconf": "exit 1"}, nil, "envoy", append(threeWays, "another C library")},
		"no Python":             {map[string]string{"uname": x86, "getconf": glibc}, nil, "envoy", []string{"python3 is not on PATH", "apt-get install python3", "set PYTHON"}},
		"no pip":                {map[string]string{"uname": x86, "getconf": glibc, "python3": noPip}, nil, "envoy", []string{"python3 has no pip", "apt-get install python3-pip"}},
		"ENVOY is no Envoy":     {map[string]string{"uname": x86}, []string{"ENVOY=/bin/true"}, "envoy", append(threeWays, "ENVOY=/bin/true does not run as an Envoy")},
		"ENVOY is old":          {map[string]string{"uname": x86, "old": envoy35}, []string{"ENVOY=old"}, "envoy", append(threeWays, "ENVOY=old is Envoy 1.35; 1.36 or newer is needed")},
		"no Redis":              {map[string]string{"uname": riscv}, nil, "redis", []string{"no Redis server to download", "apt-get install redis-server", "REDIS_SERVER"}},
		"REDIS_SERVER is wrong": {map[string]string{"uname": x86}, []string{"REDIS_SERVER=/bin/false"}, "redis", []string{"REDIS_SERVER=/bin/false does not run"}},
		"no pip for the SDKs":   {map[string]string{"uname": x86, "python3": noPip}, nil, "python", []string{"python3 has no pip", "fetches the SDKs"}},
		"nothing known":         {map[string]string{"uname": x86}, nil, "nonsense", []string{"usage: tools/setup"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, c.stubs)
			out, told, err := m.run(c.env, c.part)
			if err == nil || out != "" {
				t.Errorf("%v, printed %q", err, out)
			}
			for _, want := range c.says {
				if !strings.Contains(told, want) {
					t.Errorf("it does not say %q:\n%s", want, told)
				}
			}
		})
	}
}

func TestWhichEnvoyItTakes(t *testing.T) {
	m := newMachine(t, map[string]string{"uname": riscv, "envoy": envoy38})
	if out, told, err := m.run(nil, "envoy"); err != nil || strings.TrimSpace(out) != filepath.Join(m.bin, "envoy") {
		t.Errorf("on PATH: %v %q %s", err, out, told)
	}
	m = newMachine(t, map[string]string{"uname": riscv, "envoy": envoy35, "mine": envoy38})
	if out, told, err := m.run([]string{"ENVOY=" + filepath.Join(m.bin, "mine")}, "envoy"); err != nil || strings.TrimSpace(out) != filepath.Join(m.bin, "mine") {
		t.Errorf("by ENVOY: %v %q %s", err, out, told)
	}
	if _, told, err := m.run(nil, "envoy"); err == nil || !strings.Contains(told, "is not Envoy 1.36 or newer and is passed over") {
		t.Errorf("an old one on PATH: %v %s", err, told)
	}
}

// A step tells its time, shows what it wrote only where it failed, and leaves nothing behind.
func TestSteps(t *testing.T) {
	m := newMachine(t, map[string]string{"uname": x86, "good": "echo noise", "bad": "echo the reason >&2; exit 3"})
	if out, told, err := m.run(nil, "step", "doing it", "good"); err != nil || out != "" || strings.Contains(told, "noise") || !strings.Contains(told, "doing it: done in ") {
		t.Errorf("%v %q %s", err, out, told)
	}
	if _, told, err := m.run(nil, "step", "doing it", "bad"); err == nil || !strings.Contains(told, "the reason") {
		t.Errorf("%v %s", err, told)
	}
	left, err := filepath.Glob(filepath.Join(m.root, ".tools", "work.*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
