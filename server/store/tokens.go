package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"fmt"
	"time"
)

// Scope is what a token is good for.
type Scope string

// The scopes. An operator may do everything.
const (
	ScopeOperator Scope = "operator"
	ScopePublish  Scope = "publish"  // objects, refs, targets, bundle metadata
	ScopeRegister Scope = "register" // create the one device it was approved for
)

// Token is a stored token, without its secret.
type Token struct {
	Scope   Scope
	Subject string    // "operator", a client id, or the uuid of a device to be
	Expires time.Time // zero: never
}

// NewSecret is 256 random bits as text, for tokens, client secrets and device
// codes.
func NewSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never returns an error
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hash(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// AddToken stores the hash of secret.
func (d *DB) AddToken(ctx context.Context, secret string, t Token) error {
	_, err := d.exec(ctx, insertToken, hash(secret), t.Scope, t.Subject, unix(t.Expires))
	return err
}

const insertToken = "INSERT INTO tokens (hash, scope, subject, expires) VALUES (?, ?, ?, ?)"

// Token finds the token whose secret this is. An expired or unknown one is
// ErrNotFound.
func (d *DB) Token(ctx context.Context, secret string, now time.Time) (Token, error) {
	var t Token
	var exp int64
	err := notFound(d.sql.QueryRowContext(ctx, `SELECT scope, subject, expires FROM tokens
		WHERE hash = ? AND (expires = 0 OR expires > ?)`, hash(secret), now.Unix()).
		Scan(&t.Scope, &t.Subject, &exp))
	t.Expires = fromUnix(exp)
	return t, err
}

// DropTokens revokes all tokens of a subject.
func (d *DB) DropTokens(ctx context.Context, scope Scope, subject string) error {
	_, err := d.exec(ctx, "DELETE FROM tokens WHERE scope = ? AND subject = ?", scope, subject)
	return err
}

// SetClient makes id the only OAuth client of a scope, with this secret. The
// one before it, and every token it got, stop working.
func (d *DB) SetClient(ctx context.Context, id, secret string, scope Scope) error {
	return d.update(ctx, func(tx *sql.Tx) error {
		for _, q := range []string{"DELETE FROM clients WHERE scope = ?", "DELETE FROM tokens WHERE scope = ?"} {
			if _, err := tx.ExecContext(ctx, q, scope); err != nil {
				return fmt.Errorf("database: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO clients VALUES (?, ?, ?)", id, hash(secret), scope)
		return err
	})
}

// Client checks a client's secret and says what its tokens may do. A wrong
// secret and an unknown id are both ErrNotFound.
func (d *DB) Client(ctx context.Context, id, secret string) (Scope, error) {
	var want []byte
	var scope Scope
	err := notFound(d.sql.QueryRowContext(ctx,
		"SELECT secret_hash, scope FROM clients WHERE id = ?", id).Scan(&want, &scope))
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare(want, hash(secret)) != 1 {
		return "", ErrNotFound
	}
	return scope, nil
}

// Sweep drops tokens and device codes that have expired.
func (d *DB) Sweep(ctx context.Context, now time.Time) error {
	return d.update(ctx, func(tx *sql.Tx) error {
		if err := exec(ctx, tx, "DELETE FROM tokens WHERE expires > 0 AND expires <= ?", now.Unix()); err != nil {
			return err
		}
		return exec(ctx, tx, dropOldCodes, now.Add(-codeGrace).Unix())
	})
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
