package audit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"hash/maphash"
	"time"
)

// found is what records are found by, and the use they add up to, as their texts say it: what the file keeps of both is held to it.
// Rows of an index are compared by the sum of their hashes, under a seed that nobody knows before.
type found struct {
	seed  maphash.Seed
	terms uint64 // sum over the rows that there must be
	use   map[dayKey]*Usage
	open  map[[2]string]bool // days and tenants of which something has expired, or is older than the chain: more was used than can be seen
}

// row is the hash of one row of the index.
func (f *found) row(name string, at, n int64) uint64 {
	return maphash.Comparable(f.seed, term{name, at, n})
}

func (f *found) begin() {
	if f.use == nil {
		f.seed, f.use, f.open = maphash.MakeSeed(), map[dayKey]*Usage{}, map[[2]string]bool{}
	}
}

// record adds what a record's text says.
func (f *found) record(l *link, r *Record) {
	f.begin()
	for _, t := range r.terms() {
		f.terms += f.row(t, l.at, l.n)
	}
	day, use := dayOf(r), useOf(r)
	if f.use[day] == nil {
		f.use[day] = &Usage{}
	}
	f.use[day].add(&use)
}

// expired notes that of a day not all can be seen any more.
func (f *found) expired(l *link) {
	f.begin()
	f.open[[2]string{time.UnixMilli(l.at).UTC().Format(time.DateOnly), l.tenant}] = true
}

// older notes the same of a record that is not chained.
func (f *found) older(l *link) { f.expired(l) }

// content looks for the captured text of the record that was taken last: it must be there until its time is over, as it was.
func (v *verifier) content(ctx context.Context, tx *sql.Tx, now time.Time) error {
	k := v.kept
	v.kept = nil
	if k == nil || v.Broken != nil {
		return nil
	}
	var sealed []byte
	err := tx.QueryRowContext(ctx, `SELECT sealed FROM trail_content WHERE exchange = ?`, k.exchange).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		if now.Before(k.until) {
			v.broken(k.seq, k.trace, "what was kept of its text until %s was taken out", k.until.Format(time.RFC3339))
		}
		return nil
	}
	if sum := sha256.Sum256(sealed); err == nil && hex.EncodeToString(sum[:]) != k.digest {
		v.broken(k.seq, k.trace, "what is kept of its text was changed")
	}
	return err
}

// index holds the index of terms and the sums of use to what the records say.
func (v *verifier) index(ctx context.Context, tx *sql.Tx) error {
	v.found.begin()
	terms, err := v.sumOfTerms(ctx, tx)
	if err != nil {
		return err
	}
	if terms != v.found.terms {
		return v.wrongTerm(ctx, tx)
	}
	return v.sums(ctx, tx)
}

func (v *verifier) sumOfTerms(ctx context.Context, tx *sql.Tx) (sum uint64, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT term, at, n FROM trail_terms WHERE n >= ?`, v.firstRow)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var t term
		if err := rows.Scan(&t.term, &t.at, &t.n); err != nil {
			return 0, err
		}
		sum += v.found.row(t.term, t.at, t.n)
	}
	return sum, rows.Err()
}

// wrongTerm names the first record that is not found by what its text says.
func (v *verifier) wrongTerm(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT n, seq, at, trace, record FROM trail WHERE n >= ? AND record != '' ORDER BY n`, v.firstRow)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var l link
		if err := rows.Scan(&l.n, &l.seq, &l.at, &l.trace, &l.record); err != nil {
			return err
		}
		r, err := (&Stored{Text: l.record}).Record()
		if err != nil {
			return err
		}
		for _, t := range r.terms() {
			var there int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM trail_terms WHERE term = ? AND at = ? AND n = ?`, t, l.at, l.n).Scan(&there); err != nil {
				return err
			}
			if there == 0 {
				v.broken(l.seq.Int64, l.trace, "it is not found by %s any more: that was taken out of the index", t)
				return nil
			}
		}
	}
	v.broken(0, "", "the index has an entry that no record is found by")
	return rows.Err()
}

// sums compares the use of each day. Of days of which something has expired it may be more than can be seen, and not less.
func (v *verifier) sums(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT day, tenant, key, model, exchanges, refused, input_tokens, output_tokens, cost, billed, overrun FROM usage`)
	if err != nil {
		return err
	}
	defer rows.Close()
	seen := 0
	for rows.Next() {
		var k dayKey
		var u Usage
		if err := rows.Scan(&k.day, &k.tenant, &k.key, &k.model, &u.Exchanges, &u.Refused, &u.InputTokens, &u.OutputTokens, &u.Cost, &u.Billed, &u.Overrun); err != nil {
			return err
		}
		want, open := v.found.use[k], v.found.open[[2]string{k.day, k.tenant}]
		if want != nil {
			seen++
		} else {
			want = &Usage{}
		}
		if u != *want && (!open || u.below(want)) {
			v.wrongUse(k)
		}
	}
	if seen < len(v.found.use) && v.Broken == nil {
		v.broken(0, "", "a sum of what was used was taken out")
	}
	return rows.Err()
}

func (v *verifier) wrongUse(k dayKey) {
	v.broken(0, "", "the sum of what %s used on %s with the model %s is not that of its records", cmp.Or(k.tenant, "nobody"), k.day, cmp.Or(k.model, "none"))
}

// below says whether less is counted than another counts.
func (u *Usage) below(o *Usage) bool {
	return u.Exchanges < o.Exchanges || u.Refused < o.Refused || u.InputTokens < o.InputTokens || u.OutputTokens < o.OutputTokens ||
		u.Cost < o.Cost || u.Billed < o.Billed || u.Overrun < o.Overrun
}
