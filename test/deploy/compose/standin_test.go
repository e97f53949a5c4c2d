package compose

import (
	"debug/elf"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// monitored says whether there is a Prometheus to stand in with; Grafana is in no package that a test could take.
var monitored = os.Getenv("WEIR_PROMETHEUS") != ""

// authorities are where images and machines keep those that they trust.
const authorities = "/etc/ssl/certs/ca-certificates.crt"

var made sync.Once

// standIns builds, under the names of the file, images of the programs that the official images hold, from those of this
// machine: there may be no registry to get the official ones from. An image that is there already is left alone.
func standIns(t *testing.T, e engine) {
	t.Helper()
	made.Do(func() {
		standIn(t, e, "golang:1.26", map[string]string{os.Getenv("WEIR_BUSYBOX"): "/bin/busybox", runtime.GOROOT(): "/usr/local/go", authorities: authorities},
			"RUN [\"/bin/busybox\", \"mkdir\", \"-p\", \"/tmp\", \"/root\", \"/bin\", \"/usr/bin\", \"/sbin\", \"/usr/sbin\"]\nRUN [\"/bin/busybox\", \"--install\", \"-s\"]\n"+
				"ENV PATH=/usr/local/go/bin:/bin:/usr/bin HOME=/root GOPATH=/go GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOPROXY="+goproxy(t)+"\n")
		standIn(t, e, "envoyproxy/envoy:v1.40.0", map[string]string{os.Getenv("ENVOY"): "/usr/local/bin/envoy", authorities: authorities}, "ENV PATH=/usr/local/bin\nUSER 101:101\nCMD [\"envoy\"]\n")
		standIn(t, e, "redis:7.2", map[string]string{os.Getenv("REDIS_SERVER"): "/usr/local/bin/redis-server"}, "ENV PATH=/usr/local/bin\nWORKDIR /data\nCMD [\"redis-server\"]\n")
		if monitored {
			standIn(t, e, "prom/prometheus:v3.5.0", map[string]string{os.Getenv("WEIR_PROMETHEUS"): "/bin/prometheus"}, "WORKDIR /prometheus\nENTRYPOINT [\"/bin/prometheus\"]\n")
		}
	})
}

func goproxy(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func standIn(t *testing.T, e engine, image string, files map[string]string, more string) {
	t.Helper()
	if _, err := e.try("docker", "image", "inspect", image); err == nil {
		t.Logf("%s is there already", image)
		return
	}
	t.Logf("%s: a stand-in, built here from this machine's program", image)
	dir := t.TempDir()
	text := "FROM scratch\nCOPY root/ /\n" + more
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, to := range files {
		if from == "" {
			t.Fatalf("%s: no program for %s is named; make engine names them", image, to)
		}
		place(t, from, filepath.Join(dir, "root", to))
		for _, lib := range libraries(t, from) {
			place(t, lib, filepath.Join(dir, "root", lib))
		}
	}
	e.run("docker", "build", "-t", image, dir)
}

// place copies a file or a directory, links followed.
func place(t *testing.T, from, to string) {
	t.Helper()
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(at, 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		return copied(path, at)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func copied(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm()|0o444)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, in)
	return err
}

// libraries are what a program that is not static is loaded with, at the paths that its loader looks at.
func libraries(t *testing.T, program string) []string {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		return nil // a directory, or a file of another kind
	}
	defer f.Close()
	if needed, err := f.ImportedLibraries(); err != nil || len(needed) == 0 {
		return nil
	}
	out, err := exec.Command("ldd", program).Output()
	if err != nil {
		t.Fatalf("ldd %s: %v", program, err)
	}
	var list []string
	for _, line := range strings.Split(string(out), "\n") {
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "/") {
				list = append(list, word)
				break
			}
		}
	}
	return list
}
