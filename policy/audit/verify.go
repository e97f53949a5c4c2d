package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"weir/policy/store"
)

// Verified is what a verification of a trail found.
type Verified struct {
	Writer      string    `json:"writer"`
	Key         string    `json:"key"`         // the keys it was verified with
	Records     int64     `json:"records"`     // in the chain, those that have expired among them
	Expired     int64     `json:"expired"`     // emptied by their retention; their place in the chain is verified
	Unchained   int64     `json:"unchained"`   // older than the chain, so nothing can be said about them
	Checkpoints int64     `json:"checkpoints"` // that were verified
	Last        time.Time `json:"last"`        // when the last record's exchange began
	// Broken is the first record with which something is wrong; nil: the trail is whole.
	Broken *Broken `json:"broken,omitempty"`
}

// Broken says what is wrong with a trail, and where it begins.
type Broken struct {
	Seq   int64  `json:"seq"`             // the record's number in the chain; 0: what is wrong is no record
	Trace string `json:"trace,omitempty"` // as the file has it
	Why   string `json:"why"`
}

// link is one row of the trail, as it is verified.
type link struct {
	n                       int64
	seq                     sql.NullInt64
	mac, digest, expired    []byte
	key                     sql.NullString
	exchange, trace, tenant string
	at                      int64
	record                  []byte
}

// Verify checks every record of the trail with the keys it was written with, and every checkpoint in the file, and stops at the
// first record that is broken. outside are checkpoints that were kept elsewhere: they also find a trail whose end was cut off
// together with all that the file says about it. The error is of reading; what is wrong with the trail is in Verified.
func (t *Trail) Verify(ctx context.Context, keys *Keys, outside ...*Checkpoint) (*Verified, error) {
	v := &verifier{Verified: Verified{Key: keys.ID()}, keys: keys, mac: make([]byte, sha256.Size)}
	// One connection, one transaction: what is appended meanwhile is not seen.
	tx, err := t.store.Read().BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("verifying the trail: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	var began []byte
	err = tx.QueryRowContext(ctx, `SELECT writer, first_n, seq, mac, began FROM trail_chain`).Scan(&v.Writer, &v.firstRow, &v.headSeq, &v.headMAC, &began)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("verifying the trail: %w", err)
	}
	v.begun = err == nil
	v.beganHere = v.begun && hmac.Equal(began, keys.began(v.Writer, v.firstRow))
	if err := v.readCheckpoints(ctx, tx, outside); err != nil {
		return nil, fmt.Errorf("verifying the trail: %w", err)
	}
	if v.Broken != nil {
		return &v.Verified, nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT n, seq, mac, key, digest, expired, exchange, trace, tenant, at, record FROM trail ORDER BY n`)
	if err != nil {
		return nil, fmt.Errorf("verifying the trail: %w", err)
	}
	defer rows.Close()
	for v.Broken == nil && rows.Next() {
		var l link
		if err := rows.Scan(&l.n, &l.seq, &l.mac, &l.key, &l.digest, &l.expired, &l.exchange, &l.trace, &l.tenant, &l.at, &l.record); err != nil {
			return nil, fmt.Errorf("verifying the trail: %w", err)
		}
		v.take(&l)
		if err := v.content(ctx, tx, t.clock()); err != nil {
			return nil, fmt.Errorf("verifying the trail: %w", err)
		}
	}
	if err := rows.Err(); store.Damaged(err) {
		v.broken(v.Records+1, "", "the file is damaged there, and cannot be read any further")
	} else if err != nil {
		return nil, fmt.Errorf("verifying the trail: %w", err)
	}
	if v.Broken == nil {
		v.end()
	}
	if v.Broken == nil {
		if err := v.index(ctx, tx); err != nil {
			return nil, fmt.Errorf("verifying the trail: %w", err)
		}
	}
	return &v.Verified, nil
}

// verifier goes through the chain.
type verifier struct {
	Verified
	keys              *Keys
	begun, beganHere  bool // beganHere: at firstRow, as the key says
	firstRow, headSeq int64
	headMAC           []byte

	mac    []byte // of the record before
	points []*Checkpoint
	found  found
	kept   *keeping // of the last record, whose text must be there
}

// keeping is what a record says of its captured text.
type keeping struct {
	exchange, digest, trace string
	seq                     int64
	until                   time.Time
}

func (v *verifier) broken(seq int64, trace, format string, args ...any) {
	if v.Broken == nil {
		v.Broken = &Broken{Seq: seq, Trace: trace, Why: fmt.Sprintf(format, args...)}
	}
}

// readCheckpoints reads those of the file, and lays those from outside among them.
func (v *verifier) readCheckpoints(ctx context.Context, tx *sql.Tx, outside []*Checkpoint) error {
	rows, err := tx.QueryContext(ctx, `SELECT seq, at, mac, key, signature FROM trail_checkpoints`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var mac, signature []byte
		c := &Checkpoint{Writer: v.Writer}
		if err := rows.Scan(&c.Seq, &at, &mac, &c.Key, &signature); err != nil {
			return err
		}
		c.At, c.MAC, c.Signature = time.UnixMilli(at), hex.EncodeToString(mac), hex.EncodeToString(signature)
		v.points = append(v.points, c)
	}
	for _, c := range outside {
		if c.Of != "" {
			continue // it is of the log of changes
		}
		if c.Writer != v.Writer {
			v.broken(0, "", "the checkpoint at record %d is of another trail: of %s, and this is %s", c.Seq, c.Writer, v.Writer)
		}
		v.points = append(v.points, c)
	}
	// The earliest first: what it proves the later ones build on.
	sortCheckpoints(v.points)
	for _, c := range v.points {
		if err := c.verify(v.keys.Public()); err != nil {
			v.broken(c.Seq, "", "%v", err)
			return rows.Err()
		}
	}
	return rows.Err()
}

// take verifies one row.
func (v *verifier) take(l *link) {
	if !l.seq.Valid {
		switch {
		case !v.begun:
			v.broken(0, l.trace, "there are records and no chain: it was taken out, or nothing that chains has written to this file")
		case l.n >= v.firstRow:
			v.broken(v.Records+1, l.trace, "a record that is not chained stands where record %d is wanted", v.Records+1)
		case l.n < 1 || !v.beganHere:
			v.broken(v.Records+1, l.trace, "a record that is not chained was put in before the first one")
		}
		v.Unchained++
		v.found.older(l)
		return
	}
	seq, want := l.seq.Int64, v.Records+1
	switch {
	case seq > want:
		v.broken(want, l.trace, "record %d is not in its place: found record %d there, so it was taken out or moved", want, seq)
		return
	case seq < want:
		v.broken(want, l.trace, "record %d is not in its place: found record %d there a second time or moved", want, seq)
		return
	case l.key.String != v.keys.ID():
		v.broken(seq, l.trace, "it was written with the key %s, not with %s: the key was replaced, or another one is given", l.key.String, v.keys.ID())
		return
	}
	digest, ok := v.digest(l, seq)
	if !ok {
		return
	}
	mac := v.keys.link(v.Writer, seq, v.mac, digest)
	if !hmac.Equal(mac, l.mac) {
		v.broken(seq, l.trace, "it was changed after it was written")
		return
	}
	v.mac, v.Records, v.Last = mac, seq, time.UnixMilli(l.at).UTC()
	for len(v.points) > 0 && v.points[0].Seq == seq {
		if v.points[0].MAC != hex.EncodeToString(mac) {
			v.broken(seq, l.trace, "it is not the record that the checkpoint of %s was signed for", v.points[0].At.UTC().Format(time.RFC3339))
			return
		}
		v.points = v.points[1:]
		v.Checkpoints++
	}
}

// digest is what the chain is over: the text, or what is left of one that has expired.
func (v *verifier) digest(l *link, seq int64) (out [32]byte, ok bool) {
	if len(l.record) == 0 {
		v.found.expired(l)
		if !hmac.Equal(v.keys.expiry(v.Writer, seq, l.digest), l.expired) {
			v.broken(seq, l.trace, "it was emptied, and not by its retention")
			return out, false
		}
		v.Expired++
		copy(out[:], l.digest)
		return out, true
	}
	if l.expired != nil || l.digest != nil {
		v.broken(seq, l.trace, "it is marked as expired, so that nobody finds it, and its text is there")
		return out, false
	}
	var r Record
	if err := json.Unmarshal(l.record, &r); err != nil {
		v.broken(seq, l.trace, "it was changed after it was written: it is no JSON any more")
		return out, false
	}
	if r.Exchange != l.exchange || r.Trace != l.trace || r.Tenant != l.tenant || r.Time.UnixMilli() != l.at {
		v.broken(seq, l.trace, "what it is found by was changed after it was written")
		return out, false
	}
	v.found.record(l, &r)
	if r.ContentSHA256 != "" {
		v.kept = &keeping{r.Exchange, r.ContentSHA256, r.Trace, seq, r.ContentUntil}
	}
	return sha256.Sum256(l.record), true
}

// end compares the last record with where the chain and the checkpoints say that it stands.
func (v *verifier) end() {
	last := v.headSeq
	why := "the file itself says that"
	if len(v.points) > 0 && v.points[len(v.points)-1].Seq > last {
		p := v.points[len(v.points)-1]
		last, why = p.Seq, "the checkpoint of "+p.At.UTC().Format(time.RFC3339)+" says that"
	}
	switch {
	case last > v.Records:
		v.broken(v.Records+1, "", "the end of the trail was cut off: the last record is %d, and %s there are %d", v.Records, why, last)
	case v.begun && (v.headSeq != v.Records || !bytes.Equal(v.headMAC, v.mac)):
		v.broken(v.Records, "", "the end of the chain was changed: the file says that it is record %d, and it is %d", v.headSeq, v.Records)
	}
}
