package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Device is a registered device and what it last said of itself.
type Device struct {
	UUID       string // lower case
	Name       string
	HardwareID string
	Group      string
	Production bool
	PublicKey  []byte // DER SubjectPublicKeyInfo
	Created    time.Time
	Deleted    time.Time // zero: it is not
	CheckIn
}

// CheckIn is what the headers of a device's request say.
type CheckIn struct {
	LastSeen   time.Time // zero: never
	Tags       string    // comma separated
	Target     string
	OSTreeHash string
	Apps       string // comma separated
}

const deviceColumns = `SELECT uuid, name, hwid, grp, production, pubkey, created, deleted,
	last_seen, tags, target, ostree_hash, apps FROM devices `

type scanner interface{ Scan(...any) error }

func scanDevice(row scanner) (Device, error) {
	var v Device
	var created, deleted, seen int64
	err := notFound(row.Scan(&v.UUID, &v.Name, &v.HardwareID, &v.Group, &v.Production, &v.PublicKey,
		&created, &deleted, &seen, &v.Tags, &v.Target, &v.OSTreeHash, &v.Apps))
	v.Created, v.Deleted, v.LastSeen = fromUnix(created), fromUnix(deleted), fromUnix(seen)
	return v, err
}

// Device finds a device by uuid, deleted ones included.
func (d *DB) Device(ctx context.Context, uuid string) (Device, error) {
	return scanDevice(d.sql.QueryRowContext(ctx, deviceColumns+"WHERE uuid = ?", uuid))
}

// DeviceNamed finds a device that is not deleted by its uuid or its name.
func (d *DB) DeviceNamed(ctx context.Context, nameOrUUID string) (Device, error) {
	return scanDevice(d.sql.QueryRowContext(ctx, deviceColumns+"WHERE deleted = 0 AND (uuid = ?1 OR name = ?1) ORDER BY uuid = ?1 DESC LIMIT 1", nameOrUUID))
}

// Devices lists at most max devices that are not deleted, by name.
func (d *DB) Devices(ctx context.Context, max int) ([]Device, error) {
	rows, err := d.sql.QueryContext(ctx, deviceColumns+"WHERE deleted = 0 ORDER BY name LIMIT ?", max)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	var all []Device
	for rows.Next() {
		v, err := scanDevice(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// AddDevice stores a new device and revokes the token that created it when
// spend is not "". A name or uuid that is taken, by a deleted device too in
// case of the uuid, is ErrExists.
func (d *DB) AddDevice(ctx context.Context, v Device, spend string) error {
	return d.update(ctx, func(tx *sql.Tx) error {
		var n int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM devices
			WHERE uuid = ? OR (name = ? AND deleted = 0)`, v.UUID, v.Name).Scan(&n)
		if err != nil {
			return fmt.Errorf("database: %w", err)
		}
		if n > 0 {
			return ErrExists
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM tokens WHERE hash = ?", hash(spend)); err != nil {
			return fmt.Errorf("database: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)`,
			v.UUID, v.Name, v.HardwareID, v.Group, v.Production, v.PublicKey, v.Created.Unix(),
			unix(v.LastSeen), v.Tags, v.Target, v.OSTreeHash, v.Apps)
		return err
	})
}

// DeleteDevice puts the device of this name or uuid on the deny list: its
// certificate is refused from now on.
func (d *DB) DeleteDevice(ctx context.Context, nameOrUUID string, now time.Time) error {
	n, err := d.exec(ctx, `UPDATE devices SET deleted = ?
		WHERE deleted = 0 AND (uuid = ? OR name = ?)`, now.Unix(), nameOrUUID, nameOrUUID)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// Seen records a check-in.
func (d *DB) Seen(ctx context.Context, uuid string, c CheckIn) error {
	_, err := d.exec(ctx, `UPDATE devices SET last_seen = ?, tags = ?, target = ?, ostree_hash = ?, apps = ?
		WHERE uuid = ?`, c.LastSeen.Unix(), c.Tags, c.Target, c.OSTreeHash, c.Apps, uuid)
	return err
}

// PutDoc keeps body as the device's latest document of a kind.
func (d *DB) PutDoc(ctx context.Context, uuid, kind string, body []byte, now time.Time) error {
	_, err := d.exec(ctx, `INSERT INTO device_docs VALUES (?, ?, ?, ?)
		ON CONFLICT (uuid, kind) DO UPDATE SET at = excluded.at, body = excluded.body`,
		uuid, kind, now.Unix(), body)
	return err
}

// Doc is the device's latest document of a kind, or ErrNotFound.
func (d *DB) Doc(ctx context.Context, uuid, kind string) ([]byte, error) {
	var b []byte
	err := notFound(d.sql.QueryRowContext(ctx,
		"SELECT body FROM device_docs WHERE uuid = ? AND kind = ?", uuid, kind).Scan(&b))
	return b, err
}

// Event is one report of a device; ID is the device's own, so that one sent
// twice is kept once.
type Event struct {
	ID   string
	Body []byte
}

// AddEvents stores events and keeps the newest keep of the device.
func (d *DB) AddEvents(ctx context.Context, uuid string, events []Event, keep int, now time.Time) error {
	return d.update(ctx, func(tx *sql.Tx) error {
		for _, e := range events {
			_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO events (uuid, id, at, body)
				VALUES (?, ?, ?, ?)`, uuid, e.ID, now.Unix(), e.Body)
			if err != nil {
				return fmt.Errorf("database: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM events WHERE uuid = ? AND seq NOT IN
			(SELECT seq FROM events WHERE uuid = ? ORDER BY seq DESC LIMIT ?)`, uuid, uuid, keep)
		return err
	})
}

// Events are the device's stored events, oldest first.
func (d *DB) Events(ctx context.Context, uuid string) ([]Event, error) {
	rows, err := d.sql.QueryContext(ctx, "SELECT id, body FROM events WHERE uuid = ? ORDER BY seq", uuid)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	var all []Event
	for rows.Next() {
		var e Event
		if err := rows.Scan(&e.ID, &e.Body); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		all = append(all, e)
	}
	return all, rows.Err()
}
