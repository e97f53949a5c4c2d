package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// OfChanges is the Checkpoint.Of of the log of changes.
const OfChanges = "changes"

// digest is what a link is over: its text, and whether it is of an end.
func (l *changeLink) digest(ends bool) [sha256.Size]byte {
	phase := "begun\x00"
	if ends {
		phase = "ended\x00"
	}
	return sha256.Sum256([]byte(phase + l.text))
}

// changeLink is the mac of one link of the log of changes.
func (k *Keys) changeLink(writer string, seq int64, before []byte, digest [sha256.Size]byte) []byte {
	return chainMAC(k.log, writer, seq, before, digest)
}

// pruned is the mac that says that the oldest changes were removed since there are too many, and not by somebody else.
func (k *Keys) pruned(writer string, from *logStart) []byte {
	h := hmac.New(sha256.New, k.log)
	fmt.Fprintf(h, "pruned\x00%s\x00%d\x00%d\x00", writer, from.n, from.seq)
	h.Write(from.mac)
	return h.Sum(nil)
}

// Checkpoint signs where the log stands now, to be kept elsewhere. Without a change there is none, and it returns nil.
func (c *Changes) Checkpoint(ctx context.Context, at time.Time) (*Checkpoint, error) {
	if c.keys == nil {
		return nil, ErrReadOnly
	}
	h, err := c.book.head(ctx)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	if h.seq == 0 {
		return nil, nil
	}
	p := c.keys.checkpoint(OfChanges, h.writer, h.seq, h.mac, at)
	return &p, nil
}

// VerifiedChanges is what a verification of the log of changes found.
type VerifiedChanges struct {
	Writer      string `json:"writer,omitempty"`
	Key         string `json:"key"`         // the keys it was verified with
	Changes     int64  `json:"changes"`     // that are there
	Links       int64  `json:"links"`       // of the chain that were verified: a change has one when it begins and one when it ends
	Removed     int64  `json:"removed"`     // changes that went since there were too many
	Unchained   int64  `json:"unchained"`   // older than the chain, so nothing can be said about them
	Checkpoints int64  `json:"checkpoints"` // that were verified
	// Broken is the first link with which something is wrong; nil: the log is whole.
	Broken *Broken `json:"broken,omitempty"`
}

// placed is a link where it was found.
type placed struct {
	changeLink
	n      int64
	digest [sha256.Size]byte
}

// verifyTries is how often a log that is written to meanwhile is read.
const verifyTries = 5

// Verify checks every link of the log with the keys it was written with, and holds it to checkpoints that were kept elsewhere. The
// error is of reading; what is wrong with the log is in VerifiedChanges.
func (c *Changes) Verify(ctx context.Context, keys *Keys, outside ...*Checkpoint) (*VerifiedChanges, error) {
	for try := 1; ; try++ {
		v, late, err := c.verify(ctx, keys, outside)
		if err != nil {
			return nil, fmt.Errorf("verifying the log of changes: %w", err)
		}
		if !late || try == verifyTries {
			return v, nil
		}
	}
}

// verify reads the log once. late says that it was written to after its head was read, if nobody added links that are not its own.
func (c *Changes) verify(ctx context.Context, keys *Keys, outside []*Checkpoint) (_ *VerifiedChanges, late bool, err error) {
	h, err := c.book.head(ctx)
	if err != nil {
		return nil, false, err
	}
	v := &logVerifier{VerifiedChanges: VerifiedChanges{Writer: h.writer, Key: keys.id, Removed: h.from.n}, keys: keys, head: h}
	for from := h.from.n + 1; ; {
		rows, err := c.book.rows(ctx, from, changesPage)
		if err != nil {
			return nil, false, err
		}
		for i := range rows {
			v.take(&rows[i])
			from = rows[i].n + 1
		}
		if len(rows) < changesPage {
			break
		}
	}
	v.chain(outside)
	return &v.VerifiedChanges, v.late, nil
}

// logVerifier goes through the log of changes.
type logVerifier struct {
	VerifiedChanges
	keys  *Keys
	head  logHead
	links []placed
	late  bool
}

func (v *logVerifier) broken(seq int64, format string, args ...any) {
	if v.Broken == nil || seq < v.Broken.Seq {
		v.Broken = &Broken{Seq: seq, Why: fmt.Sprintf(format, args...)}
	}
}

// take notes the links of a change.
func (v *logVerifier) take(r *changeRow) {
	v.Changes++
	if r.begun.seq == 0 {
		v.Unchained++
		if v.head.writer != "" && r.n >= v.head.firstN {
			v.broken(v.head.from.seq+1, "change %d is not chained, and stands among those that are", r.n)
		}
	} else {
		v.links = append(v.links, placed{r.begun, r.n, r.begun.digest(false)})
	}
	if r.ended.text != "" && (r.ended.seq != 0 || r.begun.seq != 0) {
		v.links = append(v.links, placed{r.ended, r.n, r.ended.digest(true)})
	}
	x, err := r.change()
	switch {
	case err != nil:
		v.broken(r.begun.seq, "change %d was changed after it was written: it is no JSON any more", r.n)
	case r.found != nil && *r.found != [3]string{x.Tenant, x.Who, x.Operation}:
		v.broken(r.begun.seq, "what change %d is found by was changed after it was written", r.n)
	}
}

// chain follows the links, and compares the last with where the log and the checkpoints say that it stands.
func (v *logVerifier) chain(outside []*Checkpoint) {
	h := &v.head
	if h.from.n > 0 && !hmac.Equal(v.keys.pruned(h.writer, &h.from), h.from.seal) {
		v.broken(0, "the oldest changes were removed, and not by their bound")
		return
	}
	points := v.points(outside)
	slices.SortFunc(v.links, func(a, b placed) int { return int(a.seq - b.seq) })
	seq, mac := h.from.seq, h.from.mac
	if seq == 0 {
		mac = beforeFirst()
	}
	for i := range v.links {
		l := &v.links[i]
		if l.seq > h.seq {
			v.late = true
			v.broken(h.seq+1, "change %d stands beyond the end of the log", l.n)
			break
		}
		if !v.follows(l, seq, mac) {
			return
		}
		seq, mac = l.seq, l.mac
		v.Links++
		for _, p := range points[seq] {
			if p.MAC != hex.EncodeToString(mac) {
				v.broken(seq, "it is not the link that the checkpoint of %s was signed for", p.At.UTC().Format(time.RFC3339))
				return
			}
			v.Checkpoints++
		}
	}
	last, why := h.seq, "the log itself says that"
	for at, list := range points {
		if at > last {
			last, why = at, "the checkpoint of "+list[0].At.UTC().Format(time.RFC3339)+" says that"
		}
	}
	switch {
	case last > seq:
		v.broken(seq+1, "the end of the log was cut off: the last link is %d, and %s there are %d", seq, why, last)
	case h.writer != "" && !bytes.Equal(h.mac, mac) && h.seq > h.from.seq:
		v.broken(seq, "the end of the chain was changed")
	}
}

// follows says whether a link is the next.
func (v *logVerifier) follows(l *placed, seq int64, mac []byte) bool {
	switch {
	case l.seq != seq+1:
		v.broken(seq+1, "link %d is not in its place: found link %d there, of change %d, so it was taken out, moved or put in", seq+1, l.seq, l.n)
	case l.key != v.keys.id:
		v.broken(l.seq, "change %d was written with the key %s, not with %s: the key was replaced, or another one is given", l.n, l.key, v.keys.id)
	case !hmac.Equal(v.keys.changeLink(v.Writer, l.seq, mac, l.digest), l.mac):
		v.broken(l.seq, "change %d was changed after it was written", l.n)
	default:
		return true
	}
	return false
}

// points are the checkpoints that can be compared, by their link.
func (v *logVerifier) points(outside []*Checkpoint) map[int64][]*Checkpoint {
	out := map[int64][]*Checkpoint{}
	for _, p := range outside {
		switch err := p.verify(v.keys.Public()); {
		case err != nil:
			v.broken(p.Seq, "%v", err)
		case p.Writer != v.Writer:
			v.broken(0, "the checkpoint at link %d is of another log: of %s, and this is %s", p.Seq, p.Writer, v.Writer)
		case p.Seq > v.head.from.seq: // what it was signed for may have been removed since
			out[p.Seq] = append(out[p.Seq], p)
		}
	}
	return out
}
