package e2e_test

import (
	"context"
	"database/sql"
	"syscall"
	"testing"

	"weir/policy/audit"
	"weir/policy/store"
)

// Of an exchange that was let through when Weir was killed the trail has a record once Weir is back: who, what, that it was cut off,
// and that its whole hold was charged.
func TestAnExchangeThatAKillCutsOffHasARecord(t *testing.T) {
	s := alone(t)
	w := s.launch(t)
	trace := newTrace()
	_, let := s.slowly(t, trace, "text/event-stream", firstEvent, lastEvents)
	defer close(let)
	f := s.begin(t, call{key: of(measured, "dvara"), body: ask("scripted", secretWords, streaming), trace: trace})
	w.signal(syscall.SIGKILL)
	f.rest()
	// Who has not been heard of for a while is dead; this one has been for a minute.
	st, err := store.Open(t.Context(), s.conf.StorePath)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE owners SET beat = beat - 60000`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	_ = st.Close()
	w = s.launch(t)
	w.signal(syscall.SIGKILL) // and again: it is told once
	w = s.launch(t)
	w.signal(syscall.SIGTERM)
	records, err := s.onTrail(t).Find(t.Context(), trace)
	if err != nil || len(records) != 1 {
		t.Fatalf("%+v, %v", records, err)
	}
	r := records[0]
	if r.Event != "EXCHANGE_INTERRUPTED" || r.Ended != "interrupted" || r.Status != 0 || r.Tenant != of(measured, "dvara") || r.KeyID != of(measured, "dvara") ||
		r.ModelAsked != "scripted" || !r.Stream || r.Settlement != "recovered" || !r.Estimated || r.BilledMicro == 0 || r.BilledMicro != r.HeldMicro || r.Path != "/v1/chat/completions" {
		t.Errorf("%+v", r)
	}
	if use, err := s.onTrail(t).Use(t.Context(), audit.UsageQuery{Tenant: r.Tenant}); err != nil || len(use) != 1 || use[0].Billed != r.BilledMicro {
		t.Errorf("%+v, %v", use, err)
	}
}
