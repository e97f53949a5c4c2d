package audit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"weir/policy/audit"
)

// told keeps what it is given, or fails.
type told struct {
	list []audit.Record
	err  error
}

func (t *told) Append(_ context.Context, r audit.Record) error {
	if t.err == nil {
		t.list = append(t.list, r)
	}
	return t.err
}

func TestACrowdSharesRecords(t *testing.T) {
	now, to, grouped := when, &told{}, 0
	c := audit.NewCrowd(to, 2, 5, func() time.Time { return now }, func() { grouped++ })
	send := func(client, code string, known bool) {
		t.Helper()
		r := audit.Record{Trace: fmt.Sprint(client, grouped), Client: client, Code: code, Time: now, Unidentified: !known}
		if err := c.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		send("a", "key_unknown", false)
		send("a", "pii_detected", true)
	}
	send("a", "key_missing", false)
	for _, client := range []string{"b", "b", "c", "d", "d"} { // of all five may be alone: two of a, two of b, one of c
		send(client, "key_unknown", false)
	}
	if len(to.list) != 4+5 || grouped != 5 {
		t.Fatalf("%d records, %d grouped", len(to.list), grouped)
	}
	to.err = errors.New("full")
	if err := c.Flush(t.Context()); err == nil {
		t.Fatal("a trail that fails is no error")
	}
	to.err = nil
	send("a", "key_unknown", false)
	to.list = nil
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum := map[string]int64{}
	for _, r := range to.list {
		sum[r.Client+" "+r.Code] += r.Count
	}
	if fmt.Sprint(sum) != "map[a key_missing:1 a key_unknown:3 d key_unknown:2]" {
		t.Errorf("%v", sum)
	}
	if err := c.Flush(t.Context()); err != nil || len(to.list) != 3 {
		t.Errorf("told twice: %v", to.list)
	}
	now = now.Add(time.Minute) // everybody begins anew
	send("d", "key_unknown", false)
	if len(to.list) != 4 || to.list[3].Count != 0 {
		t.Errorf("%+v", to.list)
	}
}

// A flood from ever other addresses takes bounded memory and bounded rows.
func TestAFloodIsBounded(t *testing.T) {
	to, grouped := &told{}, 0
	c := audit.NewCrowd(to, 1, 3, func() time.Time { return when }, func() { grouped++ })
	const many = 30_000
	for i := range many {
		if err := c.Append(t.Context(), audit.Record{Trace: "t", Client: fmt.Sprint(i), Code: "key_unknown", Unidentified: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all int64
	for _, r := range to.list {
		all += max(r.Count, 1)
	}
	if len(to.list) > 3+10_001 || all != many || grouped != many-3 {
		t.Errorf("%d rows for %d of %d", len(to.list), all, many)
	}
}
