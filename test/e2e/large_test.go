package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/config"
	"weir/filter"
	"weir/test/figures"
)

// The sizes that must pass, and how much memory both processes may have taken for them at most, megabytes.
const (
	largeBody   = filter.DefaultBodyBytes
	largeAnswer = 5 << 20
	weirMemory  = 640
	envoyMemory = 512
)

// longPatience is how long 32 MiB may take on a busy machine.
const longPatience = 2 * time.Minute

// peak is the most memory that a process has had, megabytes.
func peak(t *testing.T, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib / 1024
}

// filled is a request whose body has just so many bytes: words, and an address at its end.
func filled(bytes int) string {
	const tail = " write to " + address
	frame := ask("scripted", tail)
	words := bytes - len(frame)
	return strings.Replace(frame, tail, strings.Repeat("some plain words, ", words/18)+strings.Repeat("x", words%18)+tail, 1)
}

// TestLargestBodies: a request of 32 MiB is read, edited and forwarded whole, a JSON answer of 5 MB comes back restored, one byte
// over the limit is the dialect's own 413, and neither process takes more memory for it than is stated.
func TestLargestBodies(t *testing.T) {
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	cast.alter = func(f *config.File) {
		f.Limits = config.Limits{Decision: "5s"} // every other bound is the default
	}
	binary(t)
	s := &stage{logs: &captured{}, cast: cast, patient: longPatience}
	onEnvoy(t, s.raise(false))
	s.closes(t)
	timed(t)
	weir := s.launch(t)
	said := strings.Repeat("plain words of an answer, ", largeAnswer/26)
	for name, quick := range clients {
		client := &http.Client{Timeout: longPatience, Transport: quick.Transport}
		trace := newTrace()
		s.upstream.script(t, trace, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"%sto %s"},"finish_reason":"stop"}]}`, said, placeholder.FindString(string(body)))
		})
		body := filled(largeBody)
		got := s.do(t, call{key: of(guarded, "openai"), body: body, trace: trace, client: client})
		if got.status != 200 {
			t.Fatalf("%s: %d %v %.300s", name, got.status, got.err, got.body)
		}
		sent := s.upstream.one(t, trace).body
		if p := placeholder.FindString(sent); got.status != 200 || strings.Replace(sent, p, address, 1) != body {
			t.Fatalf("%s: %d %.200s; the provider got %d bytes of %d", name, got.status, got.body, len(sent), len(body))
		}
		if a := read(t, got.body); a.content != said+"to "+address {
			t.Errorf("%s: %d bytes came back of %d", name, len(a.content), len(said))
		}
		for _, d := range pages {
			if name != "h1" {
				break // over HTTP/2 what is still being sent is reset (RFC 9113, 8.1)
			}
			over := s.do(t, call{key: of(plain, d), body: filled(largeBody + 1), client: client, asIs: true})
			if over.status != 413 || !strings.HasPrefix(over.header.Get("Content-Type"), "application/json") {
				t.Errorf("%s, %s: one byte more is %d %.300s", name, d, over.status, over.body)
			}
			s.upstream.none(t, over.trace)
		}
	}
	used, envoyUsed := peak(t, weir.cmd.Process.Pid), peak(t, s.envoyPID)
	note("large", figures.AtMost("peak memory of Weir over requests of 32 MiB and answers of 5 MB", used, "MB", weirMemory),
		figures.AtMost("peak memory of Envoy over the same", envoyUsed, "MB", envoyMemory))
	if used > weirMemory || envoyUsed > envoyMemory {
		t.Errorf("Weir took %.0f MB, Envoy %.0f MB", used, envoyUsed)
	}
}
