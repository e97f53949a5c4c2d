package redisd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// MasterName is what Sentinels of Watch call the master.
const MasterName = "weir"

// Watched is a master, a replica of it, and the Sentinel that puts the one in the other's place.
type Watched struct{ Master, Replica, Sentinel *Server }

// Watch starts the three, and waits until the replica follows and the Sentinel knows of it. They are stopped when the test
// is over; where there is no binary the test is skipped.
func Watch(t testing.TB, args ...string) *Watched {
	t.Helper()
	w := &Watched{Master: Start(t, args...)}
	host, port, _ := net.SplitHostPort(w.Master.Addr)
	w.Replica = Start(t, append(args, "--replicaof", host, port)...)
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	// A master that says nothing for half a second is down. A machine that is busier than that fails over once too often,
	// which a case has to bear as a client has.
	text := fmt.Sprintf(`sentinel monitor %[1]s %[2]s %[3]s 1
sentinel down-after-milliseconds %[1]s 500
sentinel failover-timeout %[1]s 3000
`, MasterName, host, port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Sentinel = startSentinel(t, dir, conf)
	w.follows(t)
	return w
}

func startSentinel(t testing.TB, dir, conf string) *Server {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: fmt.Sprintf("127.0.0.1:%d", port), dir: dir, args: []string{"--sentinel"}, conf: conf}
	if err := s.launch(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

// follows waits until the replica has what the master has, and the Sentinel counts it.
func (w *Watched) follows(t testing.TB) {
	t.Helper()
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: w.Sentinel.Addr})
	defer sentinel.Close()
	err := errors.New("nobody was asked")
	for deadline := time.Now().Add(startup); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var list []map[string]string
		list, err = sentinel.Replicas(t.Context(), MasterName).Result()
		if err == nil && len(list) == 1 && list[0]["master-link-status"] == "ok" && !strings.Contains(list[0]["flags"], "down") {
			return
		}
	}
	t.Fatalf("the Sentinel does not see the replica follow: %v", err)
}

// Part stops the replica and cuts its connection, so that nothing which is written from now on reaches it.
func (w *Watched) Part(t testing.TB) {
	t.Helper()
	w.Replica.Pause(t)
	c := redis.NewClient(&redis.Options{Addr: w.Master.Addr})
	defer c.Close()
	if err := c.ClientKillByFilter(context.Background(), "TYPE", "replica").Err(); err != nil {
		t.Fatal(err)
	}
}

// Caught waits until the replica has all that was written to the master.
func (w *Watched) Caught(t testing.TB) {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: w.Master.Addr, ReadTimeout: startup})
	defer c.Close()
	// The question is a write of its own, so that WAIT waits for all before it.
	if err := c.Set(context.Background(), "caught", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Wait(context.Background(), 1, startup/2).Result(); err != nil || n != 1 {
		t.Fatalf("the replica did not catch up: %d, %v", n, err)
	}
}
