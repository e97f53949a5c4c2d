package audit_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/policy/audit"
	"weir/policy/store"
)

func keysOf(t testing.TB, secret string) *audit.Keys {
	t.Helper()
	k, err := audit.NewKeys([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// written is a trail of n records.
func written(t testing.TB, n int) (*audit.Trail, *store.Store) {
	t.Helper()
	trail, s := fresh(t)
	for i := range n {
		add(t, trail, i)
	}
	return trail, s
}

func add(t testing.TB, trail *audit.Trail, i int) {
	t.Helper()
	r := audit.Record{Trace: fmt.Sprint("t", i), Exchange: fmt.Sprint("x", i), Tenant: "acme", Time: when.Add(time.Duration(i) * time.Second), KeyID: "k"}
	if err := trail.Append(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// tamper changes the file behind the trail's back.
func tamper(t testing.TB, s *store.Store, statements ...string) {
	t.Helper()
	err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		for _, q := range statements {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func verified(t testing.TB, s *store.Store, keys *audit.Keys, outside ...*audit.Checkpoint) *audit.Verified {
	t.Helper()
	reader, err := audit.Open(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := reader.Verify(t.Context(), keys, outside...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAWholeTrailVerifies(t *testing.T) {
	trail, s := written(t, 9)
	if _, err := trail.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, trail, 9)
	v := verified(t, s, keysOf(t, "a"))
	if v.Broken != nil || v.Records != 10 || v.Checkpoints != 1 || v.Unchained+v.Expired != 0 || !v.Last.Equal(when.Add(9*time.Second)) {
		t.Errorf("%+v %+v", v, v.Broken)
	}
	if _, s := fresh(t); verified(t, s, keysOf(t, "a")).Broken != nil {
		t.Error("an empty trail is broken")
	}
	reader, err := audit.Open(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Append(t.Context(), whole()); !errors.Is(err, audit.ErrReadOnly) {
		t.Errorf("a trail without keys was written to: %v", err)
	}
	if _, err := reader.Checkpoint(t.Context()); !errors.Is(err, audit.ErrReadOnly) {
		t.Errorf("a trail without keys was signed: %v", err)
	}
}

// Whatever is done to the file, the first record that is broken is named.
func TestTamperingIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		do   []string
		seq  int64
		why  string
		keys string
	}{
		"a changed byte":               {do: []string{`UPDATE trail SET record = replace(record, '"key_id":"k"', '"key_id":"j"') WHERE seq = 4`}, seq: 4, why: "changed"},
		"a blank more":                 {do: []string{`UPDATE trail SET record = record || ' ' WHERE seq = 4`}, seq: 4, why: "changed"},
		"no JSON":                      {do: []string{`UPDATE trail SET record = 'x' WHERE seq = 4`}, seq: 4, why: "no JSON"},
		"a changed tenant":             {do: []string{`UPDATE trail SET tenant = 'other' WHERE seq = 4`}, seq: 4, why: "found by"},
		"a changed time":               {do: []string{`UPDATE trail SET at = at + 1 WHERE seq = 4`}, seq: 4, why: "found by"},
		"a removed record":             {do: []string{`DELETE FROM trail WHERE seq = 5`}, seq: 5, why: "taken out"},
		"a removed record, renumbered": {do: []string{`DELETE FROM trail WHERE seq = 5`, `UPDATE trail SET seq = seq - 1 WHERE seq > 5`, `UPDATE trail_chain SET seq = seq - 1`}, seq: 5, why: "changed"},
		"the first record removed":     {do: []string{`DELETE FROM trail WHERE seq = 1`}, seq: 1, why: "taken out"},
		"a swapped pair of rows":       {do: []string{`UPDATE trail SET n = -n WHERE seq = 3`, `UPDATE trail SET n = n - 1 WHERE seq = 4`, `UPDATE trail SET n = -n + 1 WHERE seq = 3`}, seq: 3, why: "not in its place"},
		"a swapped pair of texts": {do: []string{
			`CREATE TEMP TABLE kept AS SELECT * FROM trail WHERE seq IN (3, 4)`,
			`UPDATE trail SET (record, exchange, trace, at) = (SELECT record, exchange, trace, at FROM kept k WHERE k.seq = 7 - trail.seq) WHERE seq IN (3, 4)`,
			`DROP TABLE kept`}, seq: 3, why: "changed"},
		"a record put in":                {do: []string{`INSERT INTO trail (exchange, trace, tenant, at, schema, record) VALUES ('x', 't', 'acme', 1, 1, '{}')`}, seq: 11, why: "not chained"},
		"a record put in twice":          {do: []string{`INSERT INTO trail (exchange, trace, tenant, at, schema, record, seq, mac, key) SELECT exchange, trace, tenant, at, schema, record, seq, mac, key FROM trail WHERE seq = 9`}, seq: 11, why: "second time"},
		"a record unchained":             {do: []string{`UPDATE trail SET seq = NULL, mac = NULL WHERE seq = 1`}, seq: 1, why: "not chained"},
		"an emptied record":              {do: []string{`UPDATE trail SET record = '', digest = zeroblob(32), expired = zeroblob(32) WHERE seq = 6`}, seq: 6, why: "not by its retention"},
		"a truncated tail":               {do: []string{`DELETE FROM trail WHERE seq > 7`}, seq: 8, why: "cut off"},
		"a truncated tail and chain":     {do: []string{`DELETE FROM trail WHERE seq > 7`, `UPDATE trail_chain SET (seq, mac) = (SELECT seq, mac FROM trail WHERE seq = 7)`}, seq: 8, why: "the checkpoint of"},
		"a changed end of the chain":     {do: []string{`UPDATE trail_chain SET mac = zeroblob(32)`}, seq: 10, why: "end of the chain"},
		"a changed checkpoint":           {do: []string{`UPDATE trail_checkpoints SET mac = zeroblob(32)`}, seq: 8, why: "signature"},
		"a replaced key":                 {seq: 8, why: "signed with the key", keys: "b"},
		"a replaced key, no checkpoints": {do: []string{`DELETE FROM trail_checkpoints`}, seq: 1, why: "the key was replaced", keys: "b"},
		"another trail's identity":       {do: []string{`UPDATE trail_chain SET writer = 'x'`}, seq: 8, why: "signature"},
	} {
		trail, s := written(t, 8)
		if _, err := trail.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(t, trail, 8)
		add(t, trail, 9)
		tamper(t, s, c.do...)
		keys := "a"
		if c.keys != "" {
			keys = c.keys
		}
		v := verified(t, s, keysOf(t, keys))
		if v.Broken == nil || v.Broken.Seq != c.seq || !strings.Contains(v.Broken.Why, c.why) {
			t.Errorf("%s: %+v, want record %d: %s", name, v.Broken, c.seq, c.why)
		}
	}
}

// Who cuts off the end and all that the file says about it is found out by a checkpoint that was kept elsewhere; and so is who
// writes the whole trail anew with a key of his own.
func TestACheckpointFromElsewhere(t *testing.T) {
	trail, s := written(t, 8)
	c, err := trail.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := audit.ReadCheckpoints(text)
	if err != nil {
		t.Fatal(err)
	}
	if v := verified(t, s, keysOf(t, "a"), kept...); v.Broken != nil || v.Checkpoints != 2 {
		t.Errorf("whole: %+v %+v", v, v.Broken)
	}
	tamper(t, s, `DELETE FROM trail_terms WHERE n IN (SELECT n FROM trail WHERE seq > 5)`, `DELETE FROM trail WHERE seq > 5`, `DELETE FROM trail_checkpoints`,
		`UPDATE usage SET exchanges = exchanges * 5 / 8, refused = refused * 5 / 8, input_tokens = input_tokens * 5 / 8, output_tokens = output_tokens * 5 / 8,
			cost = cost * 5 / 8, billed = billed * 5 / 8, overrun = overrun * 5 / 8`,
		`UPDATE trail_chain SET (seq, mac) = (SELECT seq, mac FROM trail WHERE seq = 5)`)
	if v := verified(t, s, keysOf(t, "a")); v.Broken != nil || v.Records != 5 {
		t.Errorf("without it nothing can be said: %+v", v.Broken)
	}
	if v := verified(t, s, keysOf(t, "a"), kept...); v.Broken == nil || v.Broken.Seq != 6 || !strings.Contains(v.Broken.Why, "cut off") {
		t.Errorf("%+v", v.Broken)
	}
	// The next process goes on after the cut, as if nothing had been.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(t.Context(), s.Path()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if trail, err = audit.Open(t.Context(), s, keysOf(t, "a")); err != nil {
		t.Fatal(err)
	}
	add(t, trail, 20)
	add(t, trail, 21)
	add(t, trail, 22)
	if v := verified(t, s, keysOf(t, "a"), kept...); v.Broken == nil || v.Broken.Seq != 8 || !strings.Contains(v.Broken.Why, "checkpoint of") {
		t.Errorf("%+v", v.Broken)
	}
	_, other := written(t, 9)
	if v := verified(t, other, keysOf(t, "a"), kept...); v.Broken == nil || !strings.Contains(v.Broken.Why, "of another trail") {
		t.Errorf("%+v", v.Broken)
	}
}

// Many who write at once, also from two trails of one file, make one chain; checkpoints come by themselves.
func TestTheChainOfManyWriters(t *testing.T) {
	first, s := fresh(t)
	second, err := store.Open(t.Context(), s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	other, err := audit.Open(t.Context(), second, keysOf(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range 32 {
		all.Go(func() {
			for i := range 80 {
				trail := first
				if w%8 == 0 {
					trail = other
				}
				r := audit.Record{Trace: "t", Exchange: fmt.Sprint(w, "-", i), Time: when}
				if err := trail.Append(context.Background(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if v := verified(t, s, keysOf(t, "a")); v.Broken != nil || v.Records != 32*80 || v.Checkpoints < 1 {
		t.Errorf("%+v %+v", v, v.Broken)
	}
}

// Records from before there was a chain stay, and are counted apart.
func TestRecordsOlderThanTheChain(t *testing.T) {
	trail, s := fresh(t)
	tamper(t, s, `INSERT INTO trail (exchange, trace, tenant, at, schema, record) VALUES ('x', 't', 'acme', 1, 1, '{}')`)
	add(t, trail, 1)
	if v := verified(t, s, keysOf(t, "a")); v.Broken != nil || v.Unchained != 1 || v.Records != 1 {
		t.Errorf("%+v %+v", v, v.Broken)
	}
}

// What is not in the text of a record is held to it, too: that it has expired, that it is older than the chain, what it is found by,
// and the sums of what was used.
func TestWhatStandsBesideTheRecordsIsVerified(t *testing.T) {
	for name, c := range map[string]struct {
		do   []string
		want string
	}{
		"hidden as expired":         {[]string{`UPDATE trail SET expired = x'00' WHERE seq = 3`}, "marked as expired"},
		"hidden with a digest":      {[]string{`UPDATE trail SET digest = x'00' WHERE seq = 3`}, "marked as expired"},
		"put in as older":           {[]string{`INSERT INTO trail (n, exchange, trace, tenant, at, schema, record) SELECT -1, exchange, 'forged', tenant, at, schema, record FROM trail WHERE seq = 1`}, "put in before the first"},
		"put in, and began later":   {[]string{`UPDATE trail_chain SET first_n = 5`, `UPDATE trail SET n = n + 10`, `INSERT INTO trail (n, exchange, trace, tenant, at, schema, record) SELECT 1, exchange, 'forged', tenant, at, schema, record FROM trail WHERE seq = 1`}, "put in before the first"},
		"no chain any more":         {[]string{`UPDATE trail SET seq = NULL`, `DELETE FROM trail_chain`, `DELETE FROM trail_checkpoints`}, "no chain"},
		"taken out of the index":    {[]string{`DELETE FROM trail_terms WHERE term = 'code:pii_detected'`}, "taken out of the index"},
		"put into the index":        {[]string{`INSERT INTO trail_terms SELECT 'code:other', at, n FROM trail WHERE seq = 2`}, "no record is found by"},
		"moved in the index":        {[]string{`UPDATE trail_terms SET n = n + 1 WHERE term = 'code:pii_detected' AND n = (SELECT max(n) FROM trail_terms WHERE term = 'code:pii_detected')`}, "index"},
		"renumbered":                {[]string{`UPDATE trail SET n = n + 100`}, "index"},
		"less billed":               {[]string{`UPDATE usage SET billed = 0`}, "sum of what acme used"},
		"a sum that is no record's": {[]string{`INSERT INTO usage VALUES ('2026-07-15', 'globex', 'k', 'm', 1, 0, 0, 0, 0, 5, 0)`}, "sum of what globex used"},
		"captured text taken out":   {[]string{`DELETE FROM trail_content`}, "was taken out"},
		"captured text changed":     {[]string{`UPDATE trail_content SET sealed = x'00'`}, "kept of its text was changed"},
		"a sum taken out":           {[]string{`DELETE FROM usage`}, "taken out"},
	} {
		t.Run(name, func(t *testing.T) {
			trail, s := fresh(t)
			for i := range 5 {
				r := audit.Record{Trace: fmt.Sprint("t", i), Exchange: fmt.Sprint("e", i), Tenant: "acme", KeyID: "k1", Time: when, BilledMicro: 7}
				if i%2 == 1 {
					r.Code = "pii_detected"
				}
				if i == 2 {
					r.Content = &audit.Content{Request: []audit.Said{{Text: "x"}}}
					r.Content.Seal([]byte(strings.Repeat("a", 32)), time.Now().Add(time.Hour))
				}
				if err := trail.Append(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			if v := verified(t, s, keysOf(t, "a")); v.Broken != nil {
				t.Fatalf("whole: %+v", v.Broken)
			}
			tamper(t, s, c.do...)
			if v := verified(t, s, keysOf(t, "a")); v.Broken == nil || !strings.Contains(v.Broken.Why, c.want) {
				t.Errorf("%+v, want %q", v.Broken, c.want)
			}
		})
	}
}
