package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"weir/policy/store"
)

// Keys are what the chain of a trail is made and checked with. NewKeys makes them.
type Keys struct {
	mac  []byte // of the trail
	log  []byte // of the log of changes
	sign ed25519.PrivateKey
	id   string
}

// NewKeys derives the keys from a secret, such as the one that a Weir keeps beside its store. Equal secrets give equal keys.
func NewKeys(secret []byte) (*Keys, error) {
	mac, err := hkdf.Key(sha256.New, secret, nil, "weir trail: records", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of the trail: %w", err)
	}
	seed, err := hkdf.Key(sha256.New, secret, nil, "weir trail: checkpoints", ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of the trail: %w", err)
	}
	log, err := hkdf.Key(sha256.New, secret, nil, "weir trail: changes", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of the trail: %w", err)
	}
	k := &Keys{mac: mac, log: log, sign: ed25519.NewKeyFromSeed(seed)}
	k.id = fingerprint(k.Public())
	return k, nil
}

// Public is the key that checkpoints are verified with. It is no secret.
func (k *Keys) Public() ed25519.PublicKey { return k.sign.Public().(ed25519.PublicKey) }

// ID names the keys: the first 16 hexadecimal digits of the SHA-256 of Public.
func (k *Keys) ID() string { return k.id }

func fingerprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// link is the mac of one record: over who writes, its number, the mac before it, and the digest of its text.
func (k *Keys) link(writer string, seq int64, before []byte, digest [32]byte) []byte {
	return chainMAC(k.mac, writer, seq, before, digest)
}

// chainMAC is the mac of a link of either chain.
func chainMAC(key []byte, writer string, seq int64, before []byte, digest [32]byte) []byte {
	h := hmac.New(sha256.New, key)
	number := binary.BigEndian.AppendUint64(nil, uint64(seq))
	for _, part := range [][]byte{[]byte(writer), {0}, number, before, digest[:]} {
		h.Write(part)
	}
	return h.Sum(nil)
}

// expiry is the mac that says that a record was emptied by its retention, and not by somebody else.
func (k *Keys) expiry(writer string, seq int64, digest []byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	fmt.Fprintf(h, "expired\x00%s\x00%d\x00", writer, seq)
	h.Write(digest)
	return h.Sum(nil)
}

// began is the mac that says with which row a chain began.
func (k *Keys) began(writer string, firstRow int64) []byte {
	h := hmac.New(sha256.New, k.mac)
	fmt.Fprintf(h, "began\x00%s\x00%d", writer, firstRow)
	return h.Sum(nil)
}

// Checkpoint says where a chain stood, signed. One that is kept elsewhere finds out whatever is done to the file later.
type Checkpoint struct {
	Of        string    `json:"of,omitempty"` // OfChanges, or nothing: of the trail
	Writer    string    `json:"writer"`       // which trail or log: the same for the life of a store
	Seq       int64     `json:"seq"`          // the last record
	At        time.Time `json:"at"`
	MAC       string    `json:"mac"` // of that record, hexadecimal
	Key       string    `json:"key"` // which keys; see Keys.ID
	Signature string    `json:"signature"`
}

// signed is what a checkpoint's signature is over.
func (c *Checkpoint) signed() []byte {
	of := "trail"
	if c.Of != "" {
		of = c.Of
	}
	return fmt.Appendf(nil, "weir %s checkpoint\n%s\n%d\n%d\n%s\n%s\n", of, c.Writer, c.Seq, c.At.UnixMilli(), c.MAC, c.Key)
}

func (k *Keys) checkpoint(of, writer string, seq int64, mac []byte, at time.Time) Checkpoint {
	c := Checkpoint{Of: of, Writer: writer, Seq: seq, At: at.UTC().Truncate(time.Millisecond), MAC: hex.EncodeToString(mac), Key: k.id}
	c.Signature = hex.EncodeToString(ed25519.Sign(k.sign, c.signed()))
	return c
}

// verify says what is wrong with a checkpoint's signature.
func (c *Checkpoint) verify(public ed25519.PublicKey) error {
	if id := fingerprint(public); c.Key != id {
		return fmt.Errorf("the checkpoint at record %d was signed with the key %s, not with %s", c.Seq, c.Key, id)
	}
	signature, err := hex.DecodeString(c.Signature)
	if err != nil || !ed25519.Verify(public, c.signed(), signature) {
		return fmt.Errorf("the signature of the checkpoint at record %d is wrong", c.Seq)
	}
	return nil
}

// ReadCheckpoints reads those that somebody kept: JSON, one behind the other.
func ReadCheckpoints(text []byte) ([]*Checkpoint, error) {
	var out []*Checkpoint
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var c Checkpoint
		err := d.Decode(&c)
		if errors.Is(err, io.EOF) && len(out) > 0 {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading a checkpoint: %w", err)
		}
		out = append(out, &c)
	}
}

// checkpointEvery is how many records there are between two checkpoints; the end of a process makes one, too.
const checkpointEvery = 1024

// chained is where the chain stands, while a group of changes is made.
type chained struct {
	trail  *Trail
	tx     *sql.Tx
	loaded bool

	writer   string
	seq      int64
	mac      []byte
	firstRow int64
	lastRow  int64
	waiting  []*pending // records of this group that are not written yet
	dirty    bool
	since    int64 // records since the last checkpoint
}

type chainKey struct{}

// Begin implements store.Kept.
func (c *chained) Begin(tx *sql.Tx) { c.tx = tx }

// load reads where the chain stands, or begins one.
func (c *chained) load(ctx context.Context) error {
	if c.loaded {
		return nil
	}
	err := c.tx.QueryRowContext(ctx, `SELECT writer, first_n, seq, mac FROM trail_chain`).Scan(&c.writer, &c.firstRow, &c.seq, &c.mac)
	if errors.Is(err, sql.ErrNoRows) {
		c.writer, c.mac = rand.Text(), make([]byte, sha256.Size)
		if err = c.tx.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) + 1 FROM trail`).Scan(&c.firstRow); err == nil {
			_, err = c.tx.ExecContext(ctx, `INSERT INTO trail_chain (one, writer, first_n, seq, mac, began) VALUES (1, ?, ?, 0, ?, ?)`,
				c.writer, c.firstRow, c.mac, c.trail.keys.began(c.writer, c.firstRow))
		}
	}
	if err != nil {
		return fmt.Errorf("reading the chain: %w", err)
	}
	if err := c.tx.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM trail`).Scan(&c.lastRow); err != nil {
		return fmt.Errorf("reading the chain: %w", err)
	}
	c.since = c.seq % checkpointEvery
	c.loaded = true
	return nil
}

// next is the number and the mac of the next record.
func (c *chained) next(digest [32]byte) (seq int64, mac []byte) {
	c.seq++
	c.mac = c.trail.keys.link(c.writer, c.seq, c.mac, digest)
	c.dirty = true
	c.since++
	return c.seq, c.mac
}

// Flush implements store.Kept: it writes the group's records, and where the chain stands.
func (c *chained) Flush(ctx context.Context) (keep bool, err error) {
	if !c.dirty {
		return true, nil
	}
	if err := c.write(ctx); err != nil {
		return false, fmt.Errorf("writing records: %w", err)
	}
	if _, err := c.tx.ExecContext(ctx, `UPDATE trail_chain SET seq = ?, mac = ?`, c.seq, c.mac); err != nil {
		return false, fmt.Errorf("writing the chain: %w", err)
	}
	c.dirty = false
	if c.since >= checkpointEvery {
		if err := c.mark(ctx); err != nil {
			return false, err
		}
	}
	return true, nil
}

// mark writes a checkpoint.
func (c *chained) mark(ctx context.Context) error {
	p := c.trail.keys.checkpoint("", c.writer, c.seq, c.mac, c.trail.clock())
	signature, err := hex.DecodeString(p.Signature)
	if err != nil {
		return err
	}
	if _, err := c.tx.ExecContext(ctx, `INSERT OR REPLACE INTO trail_checkpoints (seq, at, mac, key, signature) VALUES (?, ?, ?, ?, ?)`,
		p.Seq, p.At.UnixMilli(), c.mac, p.Key, signature); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	c.since = 0
	return nil
}

// Checkpoint signs where the chain stands now, keeps that in the file, and returns it, so that it can be kept elsewhere. Without
// a record there is none, and it returns nil.
func (t *Trail) Checkpoint(ctx context.Context) (*Checkpoint, error) {
	if t.keys == nil {
		return nil, ErrReadOnly
	}
	var out *Checkpoint
	err := t.store.Join(ctx, func(ctx context.Context, g *store.Group) error {
		c := t.chain(g)
		if err := c.load(ctx); err != nil || c.seq == 0 {
			return err
		}
		p := t.keys.checkpoint("", c.writer, c.seq, c.mac, t.clock())
		out = &p
		return c.mark(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	return out, nil
}

func (t *Trail) chain(g *store.Group) *chained {
	c, _ := g.Keep(chainKey{}, func() store.Kept { return &chained{trail: t} }).(*chained)
	return c
}
