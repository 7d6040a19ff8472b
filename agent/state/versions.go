package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Target is a row of the log of installed versions.
type Target struct {
	Name          string
	SHA256        string            // the OSTree commit, 64 hex digits
	Hashes        map[string]string // by algorithm; always has sha256
	Length        int64
	CorrelationID string
	Custom        json.RawMessage // the target's custom object; may be empty
	WasInstalled  bool
}

// Mode says what a row becomes.
type Mode int

// The modes of libaktualizr.
const (
	ModeNone    Mode = iota // known, and neither pending nor current: it failed
	ModeCurrent             // what runs
	ModePending             // what will run after the reboot
	ModeBad                 // rolled back by hand: never count it as installed again
)

// Save records t. The newest row is updated in place when it has the same
// commit and name; otherwise a row is appended.
func (db *DB) Save(ctx context.Context, t Target, mode Mode) error {
	return db.update(ctx, "save", func(tx *sql.Tx) error { return save(tx, t, mode) })
}

// SavePending records t as what the next boot is to run, sets the reboot flag
// and drops the intent: all of it or nothing.
func (db *DB) SavePending(ctx context.Context, t Target) error {
	return db.update(ctx, "pending", func(tx *sql.Tx) error {
		if err := save(tx, t, ModePending); err != nil {
			return err
		}
		if err := setNeedReboot(tx, true); err != nil {
			return err
		}
		return setIntent(tx, nil)
	})
}

// Finish ends a pending or interrupted installation of t: mode is ModeCurrent
// when the device runs it and ModeNone when it does not. The reboot flag and
// the intent go with it.
func (db *DB) Finish(ctx context.Context, t Target, mode Mode) error {
	return db.update(ctx, "finish", func(tx *sql.Tx) error {
		if err := save(tx, t, mode); err != nil {
			return err
		}
		if err := setNeedReboot(tx, false); err != nil {
			return err
		}
		return setIntent(tx, nil)
	})
}

func save(tx *sql.Tx, t Target, mode Mode) error {
	serial, err := primarySerial(tx)
	if err != nil {
		return err
	}
	if mode == ModeBad {
		_, err := tx.Exec("UPDATE installed_versions SET is_pending = 0, was_installed = 0 WHERE ecu_serial = ? AND name = ?", serial, t.Name)
		return err
	}
	newest, err := newestID(tx, serial, t)
	if err != nil {
		return err
	}
	if err := clearFlags(tx, serial, mode); err != nil {
		return err
	}
	current, pending := mode == ModeCurrent, mode == ModePending
	if newest != 0 {
		_, err = tx.Exec("UPDATE installed_versions SET correlation_id = ?, is_current = ?, is_pending = ?, was_installed = ? WHERE id = ?",
			t.CorrelationID, current, pending, current, newest)
		return err
	}
	_, err = tx.Exec("INSERT INTO installed_versions(ecu_serial, sha256, name, hashes, length, correlation_id, custom_meta, "+
		"is_current, is_pending, was_installed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		serial, t.SHA256, t.Name, encodeHashes(t), t.Length, t.CorrelationID, string(t.Custom), current, pending, current)
	return err
}

// newestID is the id of the newest row if it is about t, else 0.
func newestID(tx *sql.Tx, serial string, t Target) (int64, error) {
	var id int64
	var sum, name string
	err := tx.QueryRow("SELECT id, sha256, name FROM installed_versions WHERE ecu_serial = ? ORDER BY id DESC LIMIT 1", serial).
		Scan(&id, &sum, &name)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil || sum != t.SHA256 || name != t.Name {
		return 0, err
	}
	return id, nil
}

func clearFlags(tx *sql.Tx, serial string, mode Mode) (err error) {
	switch mode {
	case ModeCurrent:
		_, err = tx.Exec("UPDATE installed_versions SET is_current = 0, is_pending = 0 WHERE ecu_serial = ?", serial)
	case ModePending:
		_, err = tx.Exec("UPDATE installed_versions SET is_pending = 0 WHERE ecu_serial = ?", serial)
	}
	return err
}

func primarySerial(tx *sql.Tx) (string, error) {
	var serial string
	err := tx.QueryRow("SELECT serial FROM ecus WHERE is_primary = 1").Scan(&serial)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil // rows get the serial once the ECU has one
	}
	return serial, err
}

const targetColumns = "sha256, name, hashes, length, correlation_id, custom_meta, was_installed"

// ofPrimary restricts a query to the primary ECU.
const ofPrimary = " ecu_serial = coalesce((SELECT serial FROM ecus WHERE is_primary = 1), '') "

// Log is all rows, the oldest first.
func (db *DB) Log(ctx context.Context) ([]Target, error) {
	rows, err := db.sql.QueryContext(ctx, "SELECT "+targetColumns+" FROM installed_versions WHERE"+ofPrimary+"ORDER BY id")
	if err != nil {
		return nil, db.failed("read the log of versions", err)
	}
	defer rows.Close()
	var log []Target
	for rows.Next() {
		t, err := scanTarget(rows)
		if err != nil {
			return nil, db.failed("read the log of versions", err)
		}
		log = append(log, t)
	}
	if err := rows.Err(); err != nil {
		return nil, db.failed("read the log of versions", err)
	}
	return log, nil
}

// Pending is what waits for a reboot; false when nothing does.
func (db *DB) Pending(ctx context.Context) (Target, bool, error) {
	return db.one(ctx, "pending version", "is_pending = 1 AND"+ofPrimary)
}

// Current is the target that the device runs when it has booted commit: the
// row marked current if it is about that commit, else the newest row about it.
// False when no row is about it.
func (db *DB) Current(ctx context.Context, commit string) (Target, bool, error) {
	return db.one(ctx, "current version", "sha256 = ? AND"+ofPrimary+"ORDER BY is_current DESC, id DESC", commit)
}

// Marked is the row that is marked current, whatever has been booted; false
// when none is.
func (db *DB) Marked(ctx context.Context) (Target, bool, error) {
	return db.one(ctx, "current version", "is_current = 1 AND"+ofPrimary+"ORDER BY id DESC")
}

// RollbackTarget is the newest row that was installed and is not current;
// false when there is none.
func (db *DB) RollbackTarget(ctx context.Context) (Target, bool, error) {
	return db.one(ctx, "rollback target", "was_installed = 1 AND is_current = 0 AND"+ofPrimary+"ORDER BY id DESC")
}

func (db *DB) one(ctx context.Context, what, where string, args ...any) (Target, bool, error) {
	row := db.sql.QueryRowContext(ctx, "SELECT "+targetColumns+" FROM installed_versions WHERE "+where+" LIMIT 1", args...)
	t, err := scanTarget(row)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Target{}, false, nil
	case err != nil:
		return Target{}, false, db.failed("read the "+what, err)
	}
	return t, true, nil
}

func scanTarget(row interface{ Scan(...any) error }) (Target, error) {
	var t Target
	var hashes, custom string
	err := row.Scan(&t.SHA256, &t.Name, &hashes, &t.Length, &t.CorrelationID, &custom, &t.WasInstalled)
	if err != nil {
		return Target{}, err
	}
	t.Hashes = decodeHashes(hashes)
	t.Hashes["sha256"] = t.SHA256
	if custom != "" {
		if !json.Valid([]byte(custom)) {
			return Target{}, fmt.Errorf("target %.80q: custom_meta is not JSON", t.Name)
		}
		t.Custom = json.RawMessage(custom)
	}
	return t, nil
}

// encodeHashes writes "sha256:<hex>;sha512:<hex>", as libaktualizr does.
func encodeHashes(t Target) string {
	parts := []string{"sha256:" + t.SHA256}
	for alg, sum := range t.Hashes {
		if alg != "sha256" {
			parts = append(parts, alg+":"+sum)
		}
	}
	slices.Sort(parts[1:])
	return strings.Join(parts, ";")
}

func decodeHashes(s string) map[string]string {
	m := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		if alg, sum, ok := strings.Cut(part, ":"); ok {
			m[strings.ToLower(alg)] = sum
		}
	}
	return m
}

// Failing is the set of names of targets that were tried and never came to
// run: the log knows the name, no row of it was ever installed, and none is
// about the pending commit.
func (db *DB) Failing(ctx context.Context) (map[string]bool, error) {
	log, err := db.Log(ctx)
	if err != nil {
		return nil, err
	}
	pending, hasPending, err := db.Pending(ctx)
	if err != nil {
		return nil, err
	}
	failing := map[string]bool{}
	for _, t := range log {
		good := t.WasInstalled || (hasPending && t.SHA256 == pending.SHA256)
		if was, seen := failing[t.Name]; !seen || was {
			failing[t.Name] = !good
		}
	}
	return failing, nil
}
