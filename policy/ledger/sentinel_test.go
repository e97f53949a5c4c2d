package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"weir/policy/ledger"
	"weir/policy/store"
	"weir/test/redisd"
)

func watched(t *testing.T) (*redisd.Watched, *ledger.Ledger) {
	t.Helper()
	w := redisd.Watch(t, redisd.Durable()...)
	r := openRedis(t, store.RedisOptions{Addresses: []string{w.Sentinel.Addr}, Master: redisd.MasterName, Timeout: brief})
	l, err := ledger.OpenRedis(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return w, l
}

// failover kills the master and waits until holds are granted or refused again.
func failover(t *testing.T, w *redisd.Watched, l *ledger.Ledger, b ledger.Budget) (granted int64) {
	t.Helper()
	w.Master.Kill()
	n := 0
	until(t, "the replica takes over", func() error {
		n++
		g, err := try(l, fmt.Sprint("again", n), b)
		if err == nil && g.Granted {
			granted++
		}
		return err
	})
	return granted
}

// Behind a Sentinel, in the middle of use: what the replica had is there, holds of the old master are settled once on the
// new one, and the cap is not passed.
func TestAFailoverKeepsWhatTheReplicaHad(t *testing.T) {
	w, l := watched(t)
	b := budget("b", 100, ledger.Total)
	for i := range 4 {
		if g, err := try(l, fmt.Sprint(i), b); err != nil || !g.Granted {
			t.Fatalf("%+v, %v", g, err)
		}
	}
	settle(t, l, "0", 7)
	w.Caught(t)
	more := failover(t, w, l, b)
	settle(t, l, "1", 8)
	if again := settle(t, l, "0", 7); again.First {
		t.Fatal("settled twice, once on each server")
	}
	granted := 4 + more
	for i := range 20 {
		g, err := try(l, fmt.Sprint("later", i), b)
		if err != nil {
			t.Fatal(err)
		}
		if g.Granted {
			granted++
		}
	}
	a := now(t, l, b)
	if a.Settled != 15 || a.Held != 10*(granted-2) || a.Settled+a.Held > 100 || a.Settled+a.Held <= 90 {
		t.Fatalf("%+v with %d granted of a limit of 100", a, granted)
	}
}

// What the old master had not sent yet is lost with it: it can be spent once more, and its end is told as one of a hold
// that nobody knows. Nothing else is lost.
func TestAFailoverLosesWhatTheReplicaDidNotHave(t *testing.T) {
	w, l := watched(t)
	b := budget("b", 50, ledger.Total)
	if g, err := try(l, "kept", b); err != nil || !g.Granted {
		t.Fatalf("%+v, %v", g, err)
	}
	w.Caught(t)
	w.Part(t)
	if g, err := try(l, "lost", b); err != nil || !g.Granted {
		t.Fatalf("%+v, %v", g, err)
	}
	w.Master.Kill()
	w.Replica.Resume(t)
	more := failover(t, w, l, b)
	if a := now(t, l, b); a.Held != 10+10*more {
		t.Fatalf("%+v, want what was kept and %d granted since", a, more)
	}
	if _, err := l.Settle(t.Context(), ledger.Use{Tenant: acme, Exchange: "lost", At: time.Now(), Billed: 3}); !errors.Is(err, ledger.ErrNoHold) || l.Owed() != 0 {
		t.Fatalf("%v, %d owed; want ErrNoHold and nothing that is tried for ever", err, l.Owed())
	}
	settle(t, l, "kept", 10)
	if a := now(t, l, b); a.Settled != 10 {
		t.Fatalf("%+v", a)
	}
}
