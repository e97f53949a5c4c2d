package audit_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"weir/policy/audit"
	"weir/test/redisd"
)

// changed writes so many changes, of which every other has ended.
func changed(t *testing.T, log *audit.Changes, many int) {
	t.Helper()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for i := range many {
		n, err := log.Begin(t.Context(), audit.Change{At: at, Who: "ana", Role: "admin", Operation: "putTenant", Path: "/v1/tenants/a", Tenant: "a", Before: json.RawMessage(`{"id":"a","status":"active"}`)})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if err := log.End(t.Context(), n, 200, "a", json.RawMessage(`{"id":"a","status":"suspended"}`)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func broken(t *testing.T, log *audit.Changes, keys *audit.Keys, outside ...*audit.Checkpoint) string {
	t.Helper()
	v, err := log.Verify(t.Context(), keys, outside...)
	if err != nil {
		t.Fatal(err)
	}
	if v.Broken == nil {
		return ""
	}
	return fmt.Sprintf("%d %s", v.Broken.Seq, v.Broken.Why)
}

// Whatever is done to the file is found: links are begin 1, end 2, begin 3, begin 4, end 5, begin 6 of the changes 1 to 4.
func TestAChangedLogOfChangesIsFound(t *testing.T) {
	for name, c := range map[string]struct{ do, want string }{
		"nothing":            {``, ""},
		"who":                {`UPDATE changes SET begun = replace(begun, 'ana', 'bob'), who = 'bob' WHERE n = 2`, "3 change 2 was changed"},
		"found by":           {`UPDATE changes SET tenant = 'b' WHERE n = 2`, "3 what change 2 is found by"},
		"a state":            {`UPDATE changes SET ended = replace(ended, 'suspended', 'active') WHERE n = 3`, "5 change 3 was changed"},
		"no JSON":            {`UPDATE changes SET begun = 'x' WHERE n = 2`, "3 change 2 was changed"},
		"a removed one":      {`DELETE FROM changes WHERE n = 2`, "3 link 3 is not in its place"},
		"a removed end":      {`UPDATE changes SET ended = NULL, ended_seq = NULL, ended_mac = NULL, ended_key = NULL WHERE n = 1`, "2 link 2 is not in its place"},
		"swapped":            {`UPDATE changes SET begun_seq = 13 - begun_seq WHERE begun_seq IN (6, 7); UPDATE changes SET begun_seq = 7 - begun_seq WHERE begun_seq IN (3, 4)`, "3 change 3 was changed"},
		"the end":            {`DELETE FROM changes WHERE n = 4`, "6 the end of the log was cut off"},
		"put in":             {`INSERT INTO changes (n, tenant, who, operation, begun, begun_seq) SELECT 9, tenant, who, operation, begun, 0 FROM changes WHERE n = 1`, "1 change 9 is not chained"},
		"put in behind":      {`INSERT INTO changes (n, tenant, who, operation, begun, begun_seq, begun_mac, begun_key) SELECT 9, tenant, who, operation, begun, 9, begun_mac, begun_key FROM changes WHERE n = 1`, "7 change 9 stands beyond"},
		"the first ones":     {`DELETE FROM changes WHERE n = 1; UPDATE changes_chain SET from_n = 1, from_seq = 2, from_mac = (SELECT begun_mac FROM changes WHERE n = 2)`, "0 the oldest changes were removed"},
		"the whole":          {`DELETE FROM changes`, "1 the end of the log was cut off"},
		"where it stands":    {`UPDATE changes_chain SET mac = zeroblob(32)`, "6 the end of the chain was changed"},
		"an end that is not": {`UPDATE changes SET ended = '{"n":2,"status":200}' WHERE n = 2`, "1 link 1 is not in its place: found link 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := fileOf(t, filepath.Join(t.TempDir(), "weir.db"))
			log := audit.NewChanges(s, keysOf(t, "a"))
			changed(t, log, 4)
			if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, c.do)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if got := broken(t, log, keysOf(t, "a")); (c.want == "") != (got == "") || !strings.HasPrefix(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Another key, and an end that was cut off together with all that the file says about it, which only a checkpoint tells.
func TestTheLogOfChangesAndItsCheckpoints(t *testing.T) {
	everyBook(t, func(t *testing.T, log *audit.Changes) {
		at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		if p, err := log.Checkpoint(t.Context(), at); p != nil || err != nil {
			t.Errorf("%+v, %v", p, err)
		}
		changed(t, log, 3)
		p, err := log.Checkpoint(t.Context(), at)
		if err != nil || p.Of != audit.OfChanges || p.Seq != 5 {
			t.Fatalf("%+v, %v", p, err)
		}
		if got := broken(t, log, keysOf(t, "a"), p); got != "" {
			t.Error(got)
		}
		if got := broken(t, log, keysOf(t, "b")); !strings.Contains(got, "the key was replaced") {
			t.Error(got)
		}
		text, _ := json.Marshal(p)
		kept, err := audit.ReadCheckpoints(append(append(text, '\n'), text...))
		if err != nil || len(kept) != 2 || *kept[1] != *p {
			t.Errorf("%v, %v", kept, err)
		}
		later := *p
		later.Seq, later.Signature = 9, p.Signature
		if got := broken(t, log, keysOf(t, "a"), &later); !strings.Contains(got, "signature") {
			t.Error(got)
		}
		changed(t, log, 1)
		if got := broken(t, log, keysOf(t, "a"), p); got != "" {
			t.Error(got)
		}
		if _, err := audit.ReadCheckpoints(nil); err == nil {
			t.Error("nothing is no checkpoint")
		}
	})
	s := fileOf(t, filepath.Join(t.TempDir(), "weir.db"))
	log := audit.NewChanges(s, keysOf(t, "a"))
	changed(t, log, 1)
	short := [3]any{}
	if err := s.Read().QueryRowContext(t.Context(), `SELECT n, seq, mac FROM changes_chain`).Scan(&short[0], &short[1], &short[2]); err != nil {
		t.Fatal(err)
	}
	changed(t, log, 1)
	p, err := log.Checkpoint(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM changes WHERE n = 2; UPDATE changes_chain SET n = ?, seq = ?, mac = ?`, short[:]...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := broken(t, log, keysOf(t, "a")); got != "" {
		t.Errorf("without a checkpoint nobody can tell: %s", got)
	}
	if got := broken(t, log, keysOf(t, "a"), p); !strings.Contains(got, "cut off") {
		t.Error(got)
	}
}

// What is done to the log on a Redis is found, too.
func TestAChangedLogOnRedisIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(ctx context.Context, c redis.UniversalClient) error
		want string
	}{
		"a text": {func(ctx context.Context, c redis.UniversalClient) error {
			text, err := c.HGet(ctx, "weir:{changes}:begun", "2").Result()
			if err != nil {
				return err
			}
			return c.HSet(ctx, "weir:{changes}:begun", "2", strings.Replace(text, "ana", "bob", 1)).Err()
		}, "3 change 2 was changed"},
		"a removed one": {func(ctx context.Context, c redis.UniversalClient) error {
			return c.HDel(ctx, "weir:{changes}:begun", "2").Err()
		}, "3 link 3 is not in its place"},
		"a removed end": {func(ctx context.Context, c redis.UniversalClient) error {
			return c.HDel(ctx, "weir:{changes}:ended", "1").Err()
		}, "2 link 2 is not in its place"},
		"the end": {func(ctx context.Context, c redis.UniversalClient) error {
			return c.HDel(ctx, "weir:{changes}:begun", "4").Err()
		}, "6 the end of the log was cut off"},
		"all": {func(ctx context.Context, c redis.UniversalClient) error {
			return c.Del(ctx, "weir:{changes}:begun", "weir:{changes}:ended").Err()
		}, "1 the end of the log was cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			server := redisd.Start(t, redisd.Volatile()...)
			r := redisAt(t, server.Addr)
			log := audit.SharedChanges(r, keysOf(t, "a"))
			changed(t, log, 4)
			if err := r.Do(t.Context(), c.do); err != nil {
				t.Fatal(err)
			}
			if got := broken(t, log, keysOf(t, "a")); !strings.HasPrefix(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Many write at once, over several processes, and one chain comes of it.
func TestManyWriteOneLogOfChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	server := redisd.Start(t, redisd.Volatile()...)
	for name, open := range map[string]func() *audit.Changes{
		"file":  func() *audit.Changes { return audit.NewChanges(fileOf(t, path), keysOf(t, "a")) },
		"redis": func() *audit.Changes { return audit.SharedChanges(redisAt(t, server.Addr), keysOf(t, "a")) },
	} {
		t.Run(name, func(t *testing.T) {
			var all sync.WaitGroup
			for range 3 {
				log := open()
				all.Go(func() { changed(t, log, 10) })
			}
			all.Wait()
			v, err := open().Verify(t.Context(), keysOf(t, "a"))
			if err != nil || v.Broken != nil || v.Changes != 30 || v.Links != 45 {
				t.Errorf("%+v %+v, %v", v, v.Broken, err)
			}
		})
	}
}

// The oldest changes go when there are too many, and the log says so in a way that nobody else can.
func TestTheOldestChangesGo(t *testing.T) {
	everyBook(t, func(t *testing.T, log *audit.Changes) {
		changed(t, log, 40)
		if err := log.PruneTo(t.Context(), 22); err != nil {
			t.Fatal(err)
		}
		v, err := log.Verify(t.Context(), keysOf(t, "a"))
		if err != nil || v.Broken != nil || v.Changes != 18 || v.Removed != 22 {
			t.Errorf("%+v %+v, %v", v, v.Broken, err)
		}
		list, more, err := log.Search(t.Context(), audit.ChangeQuery{Limit: 1000})
		if err != nil || more || len(list) != 18 || list[17].N != 23 {
			t.Errorf("%d, %t, %v", len(list), more, err)
		}
		changed(t, log, 2)
		if err := log.PruneTo(t.Context(), 41); err != nil {
			t.Fatal(err)
		}
		if v, err := log.Verify(t.Context(), keysOf(t, "a")); err != nil || v.Broken != nil || v.Changes != 1 {
			t.Errorf("%+v %+v, %v", v, v.Broken, err)
		}
	})
}

// A change that ended late keeps those behind its begin until it can go with them.
func TestALateEndKeepsItsNeighbours(t *testing.T) {
	everyBook(t, func(t *testing.T, log *audit.Changes) {
		changed(t, log, 1)
		slow, err := log.Begin(t.Context(), audit.Change{At: time.Now(), Who: "ana"})
		if err != nil {
			t.Fatal(err)
		}
		changed(t, log, 3)
		if err := log.End(t.Context(), slow, 200, "", nil); err != nil {
			t.Fatal(err)
		}
		changed(t, log, 1)
		if err := log.PruneTo(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
		if v, err := log.Verify(t.Context(), keysOf(t, "a")); err != nil || v.Broken != nil || v.Removed != 1 {
			t.Errorf("%+v %+v, %v", v, v.Broken, err)
		}
		if err := log.PruneTo(t.Context(), 5); err != nil {
			t.Fatal(err)
		}
		if v, err := log.Verify(t.Context(), keysOf(t, "a")); err != nil || v.Broken != nil || v.Removed != 5 {
			t.Errorf("%+v %+v, %v", v, v.Broken, err)
		}
	})
}

// Each change that has ended is told once, from the first look on, by one process of several, and again where telling failed.
func TestChangesAreTold(t *testing.T) {
	everyBook(t, func(t *testing.T, log *audit.Changes) {
		changed(t, log, 1)
		var told []string
		fail := false
		put := func(_ context.Context, list []audit.EndedChange) error {
			if fail {
				return fmt.Errorf("full")
			}
			for _, x := range list {
				told = append(told, fmt.Sprint(x.N, " ", x.Status))
			}
			return nil
		}
		tell := func(who string, want string, failing bool) {
			t.Helper()
			fail = failing
			if err := log.Tell(t.Context(), who, put); (err != nil) != failing {
				t.Fatal(err)
			}
			if got := strings.Join(told, ","); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		tell("one", "", false)
		changed(t, log, 2)
		tell("one", "", true)
		tell("one", "2 200", false)
		tell("one", "2 200", false)
		changed(t, log, 1)
		if err := log.Tell(t.Context(), "one", nil); err != nil { // nobody wants to know
			t.Fatal(err)
		}
		changed(t, log, 1)
		tell("one", "2 200,5 200", false)
	})
	server := redisd.Start(t, redisd.Volatile()...)
	log := audit.SharedChanges(redisAt(t, server.Addr), keysOf(t, "a"))
	n := 0
	put := func(context.Context, []audit.EndedChange) error { n++; return nil }
	for range 2 {
		for _, who := range []string{"one", "two"} {
			if err := log.Tell(t.Context(), who, put); err != nil {
				t.Fatal(err)
			}
		}
		changed(t, log, 1)
	}
	if n != 1 {
		t.Errorf("it was told %d times", n)
	}
}
