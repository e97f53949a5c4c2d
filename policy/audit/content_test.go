package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"weir/policy/audit"
)

// Content is opened with its tenant's secret alone, for its own exchange, as it was kept; the record has its digest and nothing
// of it; and it is gone when its time is over, or its record.
func TestContent(t *testing.T) {
	trail, s := fresh(t)
	secret, other := []byte(strings.Repeat("a", 32)), []byte(strings.Repeat("b", 32))
	add := func(exchange string, until time.Time) {
		t.Helper()
		c := &audit.Content{Request: []audit.Said{{Role: "user", Place: "/messages/0/content", Text: "what the heron said"}}}
		c.Seal(secret, until)
		if err := trail.Append(t.Context(), audit.Record{Trace: exchange, Exchange: exchange, Tenant: "acme", Time: when, Content: c}); err != nil {
			t.Fatal(err)
		}
	}
	add("x1", when.Add(time.Hour))
	add("x2", when.Add(3*time.Hour))
	add("x3", when.Add(300*24*time.Hour))
	find := func(exchange string) *audit.Record {
		t.Helper()
		list, err := trail.Find(t.Context(), exchange)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v %v", list, err)
		}
		return &list[0]
	}
	c, err := trail.ContentOf(t.Context(), find("x1"), secret)
	if err != nil || c.Request[0].Text != "what the heron said" || len(find("x1").ContentSHA256) != 64 {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := trail.ContentOf(t.Context(), find("x1"), other); !errors.Is(err, audit.ErrContent) {
		t.Errorf("another tenant's secret: %v", err)
	}
	if _, err := trail.ContentOf(t.Context(), &audit.Record{Exchange: "none"}, secret); !errors.Is(err, audit.ErrNoContent) {
		t.Errorf("nothing kept: %v", err)
	}
	var text, sealed string
	if err := s.Read().QueryRow(`SELECT group_concat(record) FROM trail`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if err := s.Read().QueryRow(`SELECT group_concat(hex(sealed)) FROM trail_content`).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "heron") || strings.Contains(sealed, "6865726F6E") {
		t.Error("it stands in the file")
	}
	change := func(statement string) {
		t.Helper()
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error { _, err := tx.ExecContext(ctx, statement); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if v := verified(t, s, keysOf(t, "a")); v.Broken != nil {
		t.Errorf("%+v", v.Broken)
	}
	change(`UPDATE trail_content SET sealed = (SELECT sealed FROM trail_content WHERE exchange = 'x1') WHERE exchange = 'x2'`)
	if _, err := trail.ContentOf(t.Context(), find("x2"), secret); !errors.Is(err, audit.ErrContent) {
		t.Errorf("another exchange's: %v", err)
	}
	if v := verified(t, s, keysOf(t, "a")); v.Broken == nil || v.Broken.Trace != "x2" || !strings.Contains(v.Broken.Why, "changed") {
		t.Errorf("%+v", v.Broken)
	}
	left := func(want string) {
		t.Helper()
		var got sql.NullString
		if err := s.Read().QueryRow(`SELECT group_concat(exchange, ' ') FROM (SELECT exchange FROM trail_content ORDER BY exchange)`).Scan(&got); err != nil || got.String != want {
			t.Errorf("%q is left, want %q, %v", got.String, want, err)
		}
	}
	if _, err := trail.Expire(t.Context(), when.Add(2*time.Hour), func(string) time.Duration { return 0 }); err != nil {
		t.Fatal(err)
	}
	left("x2 x3")
	if _, err := trail.Expire(t.Context(), when.Add(100*24*time.Hour), func(string) time.Duration { return 24 * time.Hour }); err != nil {
		t.Fatal(err)
	}
	left("")
}
