package audit

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Content is what an exchange said, of a tenant that has it captured. It is no part of the record: it is sealed with a key of the
// tenant's, removed when its time is over, and the record has the digest of what is kept.
type Content struct {
	Request []Said `json:"request,omitempty"`
	Answer  []Said `json:"answer,omitempty"`
	Whole   bool   `json:"whole"`         // personal data and secrets stand as they were; else [TYPE] stands for them
	Cut     bool   `json:"cut,omitempty"` // there was more than is kept

	secret []byte
	until  time.Time
}

// Said is one text.
type Said struct {
	Role  string `json:"role,omitempty"`
	Place string `json:"place,omitempty"` // in the request: a JSON pointer; in the answer: choice, block and field
	Text  string `json:"text"`
}

// Seal says whose secret the content is sealed with, and until when it is kept.
func (c *Content) Seal(secret []byte, until time.Time) { c.secret, c.until = secret, until }

// What keeps content from being read.
var (
	ErrNoContent = errors.New("nothing of this exchange is kept")
	ErrContent   = errors.New("what is kept of this exchange was changed, or is sealed with another key")
)

// contentSeal is the sealing of one tenant's content.
func contentSeal(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "weir content", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// owner is what sealed content is bound to. Neither id has a line break.
func owner(r *Record) []byte { return []byte("weir content\n" + r.Tenant + "\n" + r.Exchange) }

// sealed is the content as it is kept, and writes its digest into the record.
func (r *Record) sealed() ([]byte, error) {
	c := r.Content
	if c == nil {
		return nil, nil
	}
	seal, err := contentSeal(c.secret)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding content: %w", err)
	}
	out := seal.Seal(nil, nil, text, owner(r))
	sum := sha256.Sum256(out)
	r.ContentSHA256, r.ContentUntil = hex.EncodeToString(sum[:]), c.until.UTC().Truncate(time.Millisecond)
	return out, nil
}

// ContentOf opens what is kept of an exchange, with the secret of its tenant. The errors are ErrNoContent, ErrContent, and the
// store's.
func (t *Trail) ContentOf(ctx context.Context, r *Record, secret []byte) (*Content, error) {
	var sealed []byte
	err := t.store.Read().QueryRowContext(ctx, `SELECT sealed FROM trail_content WHERE exchange = ?`, r.Exchange).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoContent
	}
	if err != nil {
		return nil, fmt.Errorf("reading content: %w", err)
	}
	sum := sha256.Sum256(sealed)
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(r.ContentSHA256)) != 1 {
		return nil, ErrContent
	}
	seal, err := contentSeal(secret)
	if err != nil {
		return nil, err
	}
	text, err := seal.Open(nil, nil, sealed, owner(r))
	if err != nil {
		return nil, ErrContent
	}
	var c Content
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, ErrContent
	}
	return &c, nil
}

// forget removes content whose time is over, a batch in each change.
func (t *Trail) forget(ctx context.Context, now time.Time) error {
	for {
		var n int64 // not looked at after an error: the change may still be running
		err := t.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			done, err := tx.ExecContext(ctx, `DELETE FROM trail_content WHERE exchange IN (SELECT exchange FROM trail_content WHERE until <= ? LIMIT ?)`, now.UnixMilli(), expireBatch)
			if err != nil {
				return err
			}
			n, err = done.RowsAffected()
			return err
		})
		if err != nil {
			return fmt.Errorf("removing content: %w", err)
		}
		if n < expireBatch {
			return nil
		}
	}
}
