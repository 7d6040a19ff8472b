package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Code is one run of the device flow (RFC 8628), without the device code.
type Code struct {
	UserCode string
	ClientID string // the device's uuid
	Peer     string // address that asked
	Created  time.Time
	Expires  time.Time
	Wait     time.Duration // least time between two polls
	State    string        // CodePending, CodeApproved or CodeDenied
}

// The states of a code.
const (
	CodePending  = "pending"
	CodeApproved = "approved"
	CodeDenied   = "denied"
)

// ErrTooMany says that a cap on unanswered codes is reached.
var ErrTooMany = errors.New("too many device codes wait for an answer")

// CodeCaps bound what anybody can make the database hold.
type CodeCaps struct{ Total, PerPeer int }

// AddCode stores a new code under the hash of deviceCode. A user code that is
// in use is ErrExists.
func (d *DB) AddCode(ctx context.Context, deviceCode string, c Code, caps CodeCaps) error {
	return d.update(ctx, func(tx *sql.Tx) error {
		if err := exec(ctx, tx, dropOldCodes, c.Created.Add(-codeGrace).Unix()); err != nil {
			return err
		}
		var total, peer, same int
		err := tx.QueryRowContext(ctx, `SELECT coalesce(sum(expires > ?1), 0), coalesce(sum(expires > ?1 AND peer = ?2), 0),
			coalesce(sum(user_code = ?3), 0) FROM device_codes`, c.Created.Unix(), c.Peer, c.UserCode).Scan(&total, &peer, &same)
		switch {
		case err != nil:
			return fmt.Errorf("database: %w", err)
		case same > 0:
			return ErrExists
		case total >= caps.Total || peer >= caps.PerPeer:
			return ErrTooMany
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO device_codes VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)`,
			hash(deviceCode), c.UserCode, c.ClientID, c.Peer, c.Created.Unix(), c.Expires.Unix(),
			int64(c.Wait/time.Second), CodePending)
		return err
	})
}

// codeGrace is for how long a code that has run out is remembered, so that its
// device hears why it is refused.
const codeGrace = time.Hour

const dropOldCodes = "DELETE FROM device_codes WHERE expires <= ?"

const codeColumns = "SELECT user_code, client_id, peer, created, expires, wait, state FROM device_codes "

func scanCode(row scanner) (Code, error) {
	var c Code
	var created, expires, wait int64
	err := notFound(row.Scan(&c.UserCode, &c.ClientID, &c.Peer, &created, &expires, &wait, &c.State))
	c.Created, c.Expires, c.Wait = fromUnix(created), fromUnix(expires), time.Duration(wait)*time.Second
	return c, err
}

// AnswerCode approves or denies a code that is pending and not expired.
// Anything else is ErrNotFound.
func (d *DB) AnswerCode(ctx context.Context, userCode, state string, now time.Time) (Code, error) {
	var c Code
	err := d.update(ctx, func(tx *sql.Tx) (err error) {
		c, err = scanCode(tx.QueryRowContext(ctx, codeColumns+`WHERE user_code = ? AND state = ? AND expires > ?`,
			userCode, CodePending, now.Unix()))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE device_codes SET state = ? WHERE user_code = ?", state, userCode)
		return err
	})
	return c, err
}

// Poll is what a device learns when it asks after its code.
type Poll struct {
	Code
	TooSoon bool // it asked again before Wait was over; Wait grew
}

// slowDown is what RFC 8628 section 3.5 adds to the interval after a poll that
// came too soon.
const slowDown = 5 * time.Second

// maxWait is how far slowDown makes the interval grow.
const maxWait = time.Minute

// PollCode answers one poll. The code must belong to clientID, else it is
// ErrNotFound. One that was approved is exchanged for the token stored under
// secret, and is gone; one that was denied is gone as well.
func (d *DB) PollCode(ctx context.Context, deviceCode, clientID, secret string, t Token, now time.Time) (Poll, error) {
	key := hash(deviceCode)
	if p, err := d.peek(ctx, key, clientID, now); err != nil || p.TooSoon {
		return p, err
	}
	var p Poll
	err := d.update(ctx, func(tx *sql.Tx) error {
		c, err := scanCode(tx.QueryRowContext(ctx, codeColumns+"WHERE hash = ? AND client_id = ?", key, clientID))
		if err != nil {
			return err
		}
		p.Code = c
		if !now.Before(c.Expires) {
			return exec(ctx, tx, "DELETE FROM device_codes WHERE hash = ?", key)
		}
		if p.TooSoon, err = tooSoon(ctx, tx, key, c.Wait, now); err != nil || p.TooSoon {
			return err
		}
		if c.State == CodePending {
			return nil
		}
		if c.State == CodeApproved {
			if err := exec(ctx, tx, insertToken, hash(secret), t.Scope, t.Subject, unix(t.Expires)); err != nil {
				return err
			}
		}
		return exec(ctx, tx, "DELETE FROM device_codes WHERE hash = ?", key)
	})
	return p, err
}

// peek answers without a write what anybody could ask for without end: unknown
// codes, and a code that is asked after far too often.
func (d *DB) peek(ctx context.Context, key []byte, clientID string, now time.Time) (Poll, error) {
	c, err := scanCode(d.sql.QueryRowContext(ctx, codeColumns+"WHERE hash = ? AND client_id = ?", key, clientID))
	if err != nil || c.Wait < maxWait {
		return Poll{}, err
	}
	var polled int64
	err = d.sql.QueryRowContext(ctx, "SELECT polled FROM device_codes WHERE hash = ?", key).Scan(&polled)
	return Poll{Code: c, TooSoon: now.UnixMilli()-polled < c.Wait.Milliseconds()}, notFound(err)
}

// tooSoon notes the poll and says whether it broke the interval.
func tooSoon(ctx context.Context, tx *sql.Tx, key []byte, wait time.Duration, now time.Time) (bool, error) {
	var polled int64
	if err := tx.QueryRowContext(ctx, "SELECT polled FROM device_codes WHERE hash = ?", key).Scan(&polled); err != nil {
		return false, fmt.Errorf("database: %w", err)
	}
	// Half a second of grace: two requests that left in time may arrive closer.
	soon := polled > 0 && now.UnixMilli()-polled < wait.Milliseconds()-500
	if soon {
		wait = min(wait+slowDown, max(wait, maxWait))
	}
	return soon, exec(ctx, tx, "UPDATE device_codes SET polled = ?, wait = ? WHERE hash = ?",
		now.UnixMilli(), int64(wait/time.Second), key)
}

func exec(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}
