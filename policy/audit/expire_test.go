package audit_test

import (
	"testing"
	"time"

	"weir/policy/audit"
)

// What is older than its tenant's retention is emptied and found no more, the chain stays whole, and use stays counted.
func TestRetention(t *testing.T) {
	trail, s := fresh(t)
	tamper(t, s, `INSERT INTO trail (exchange, trace, tenant, at, schema, record) VALUES ('before', 't', 'short', 1, 1, '{"exchange":"before"}')`)
	for i := range 250 {
		r := whole()
		r.Exchange, r.Tenant, r.Time = "x", []string{"", "long", "short"}[i%3], when.Add(time.Duration(i)*time.Hour)
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	now := when.Add(250 * time.Hour)
	keep := func(tenant string) time.Duration {
		return map[string]time.Duration{"short": 24 * time.Hour, "long": 0, "": 48 * time.Hour}[tenant]
	}
	n, err := trail.Expire(t.Context(), now, keep)
	if err != nil || n != 1+75+68 {
		t.Fatalf("%d, %v", n, err)
	}
	if again, err := trail.Expire(t.Context(), now, keep); err != nil || again != 0 {
		t.Errorf("a second time: %d, %v", again, err)
	}
	for tenant, want := range map[string]int{"short": 8, "long": 83} {
		p, err := trail.Search(t.Context(), audit.Query{Tenant: tenant, Limit: 1000})
		if err != nil || len(p.Records) != want {
			t.Errorf("%s: %d, %v, want %d", tenant, len(p.Records), err, want)
		}
		recent, err := trail.Recent(t.Context(), tenant, 1000)
		if err != nil || len(recent) != want {
			t.Errorf("%s: %d recent, %v", tenant, len(recent), err)
		}
	}
	var terms int
	if err := s.Read().QueryRow(`SELECT count(*) FROM trail_terms e WHERE NOT EXISTS (SELECT 1 FROM trail t WHERE t.n = e.n AND t.record != '')`).Scan(&terms); err != nil || terms != 0 {
		t.Errorf("%d terms of what has expired, %v", terms, err)
	}
	var text string
	if err := s.Read().QueryRow(`SELECT coalesce(group_concat(record, ''), '') FROM trail WHERE expired IS NOT NULL`).Scan(&text); err != nil || text != "" {
		t.Errorf("%q is left, %v", text, err)
	}
	v := verified(t, s, keysOf(t, "a"))
	if v.Broken != nil || v.Records != 250 || v.Expired != 143 || v.Unchained != 0 {
		t.Errorf("%+v %+v", v, v.Broken)
	}
	use, err := trail.Use(t.Context(), audit.UsageQuery{})
	if err != nil || use[0].Exchanges != 250 {
		t.Errorf("%+v, %v", use, err)
	}
	// An expired record that is taken out, or whose digest is changed, is still found.
	tamper(t, s, `UPDATE trail SET digest = zeroblob(32) WHERE seq = 3`)
	if v := verified(t, s, keysOf(t, "a")); v.Broken == nil || v.Broken.Seq != 3 {
		t.Errorf("%+v", v.Broken)
	}
	tamper(t, s, `DELETE FROM trail WHERE seq = 3`)
	if v := verified(t, s, keysOf(t, "a")); v.Broken == nil || v.Broken.Seq != 3 {
		t.Errorf("%+v", v.Broken)
	}
}
