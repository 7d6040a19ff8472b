package state

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

// ECU is the identity under which targets are filtered and events sent.
type ECU struct {
	Serial     string
	HardwareID string
}

// PrimaryECU is the primary ECU. When none is stored yet, first is stored and
// returned; later changes of the configuration do not change it, which is how
// aktualizr-lite does it.
func (db *DB) PrimaryECU(ctx context.Context, first func() ECU) (ECU, error) {
	e, err := db.ecu(ctx)
	if !errors.Is(err, sql.ErrNoRows) {
		return e, err
	}
	e = first()
	return e, db.update(ctx, "ecu", func(tx *sql.Tx) error {
		if _, err := tx.Exec("INSERT INTO ecus(id, serial, hardware_id, is_primary) VALUES (0, ?, ?, 1)", e.Serial, e.HardwareID); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE installed_versions SET ecu_serial = ? WHERE ecu_serial = ''", e.Serial)
		return err
	})
}

func (db *DB) ecu(ctx context.Context) (ECU, error) {
	var e ECU
	err := db.sql.QueryRowContext(ctx, "SELECT serial, hardware_id FROM ecus WHERE is_primary = 1").Scan(&e.Serial, &e.HardwareID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return ECU{}, db.failed("read the ECU", err)
	}
	return e, err
}

// StoredECU is the stored primary ECU; false when none is stored.
func (db *DB) StoredECU(ctx context.Context) (ECU, bool, error) {
	e, err := db.ecu(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return ECU{}, false, nil
	}
	return e, err == nil, err
}

// NeedReboot is the flag that an installation sets and the first finalization
// after the reboot clears.
func (db *DB) NeedReboot(ctx context.Context) (bool, error) {
	var n int
	err := db.sql.QueryRowContext(ctx, "SELECT flag FROM need_reboot LIMIT 1").Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, db.failed("read the reboot flag", err)
	}
	return n != 0, nil
}

func setNeedReboot(tx *sql.Tx, on bool) (err error) {
	if on {
		_, err = tx.Exec("INSERT OR REPLACE INTO need_reboot(unique_mark, flag) VALUES (0, 1)")
	} else {
		_, err = tx.Exec("DELETE FROM need_reboot")
	}
	return err
}

// Credentials are the TLS files of a device, PEM.
type Credentials struct {
	CA, Cert, Key []byte
}

// Empty says whether nothing is there.
func (c Credentials) Empty() bool { return len(c.CA)+len(c.Cert)+len(c.Key) == 0 }

// Credentials are the stored TLS files; zero where there are none.
func (db *DB) Credentials(ctx context.Context) (Credentials, error) {
	var c Credentials
	err := db.sql.QueryRowContext(ctx, "SELECT ca_cert, client_cert, client_pkey FROM tls_creds LIMIT 1").Scan(&c.CA, &c.Cert, &c.Key)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Credentials{}, db.failed("read the TLS credentials", err)
	}
	return c, nil
}

// ImportCredentials stores c where it differs from what is there. An empty
// member leaves the stored one alone.
func (db *DB) ImportCredentials(ctx context.Context, c Credentials) error {
	old, err := db.Credentials(ctx)
	if err != nil {
		return err
	}
	merged := Credentials{CA: either(c.CA, old.CA), Cert: either(c.Cert, old.Cert), Key: either(c.Key, old.Key)}
	if bytes.Equal(merged.CA, old.CA) && bytes.Equal(merged.Cert, old.Cert) && bytes.Equal(merged.Key, old.Key) {
		return nil
	}
	return db.update(ctx, "credentials", func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM tls_creds"); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO tls_creds(ca_cert, client_cert, client_pkey) VALUES (?, ?, ?)", merged.CA, merged.Cert, merged.Key)
		return err
	})
}

func either(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// intentKey names our row in device_data, a table in which libaktualizr keeps
// hashes by name and leaves names it does not know alone.
const intentKey = "otactl_installing"

// BeginInstall notes, before the sysroot is touched, that t is about to be
// deployed. After a crash Intent tells what a new deployment was for.
func (db *DB) BeginInstall(ctx context.Context, t Target) error {
	return db.update(ctx, "intent", func(tx *sql.Tx) error { return setIntent(tx, &t) })
}

// DropIntent forgets an interrupted installation that left no trace.
func (db *DB) DropIntent(ctx context.Context) error {
	return db.update(ctx, "dropintent", func(tx *sql.Tx) error { return setIntent(tx, nil) })
}

// Intent is the installation that was begun and neither recorded as pending
// nor finished; false when there is none.
func (db *DB) Intent(ctx context.Context) (Target, bool, error) {
	var text string
	err := db.sql.QueryRowContext(ctx, "SELECT hash FROM device_data WHERE data_type = ?", intentKey).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return Target{}, false, nil
	}
	var t Target
	if err == nil {
		err = json.Unmarshal([]byte(text), &t)
	}
	if err != nil {
		return Target{}, false, db.failed("read the interrupted installation", err)
	}
	return t, true, nil
}

func setIntent(tx *sql.Tx, t *Target) error {
	if t == nil {
		_, err := tx.Exec("DELETE FROM device_data WHERE data_type = ?", intentKey)
		return err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO device_data(data_type, hash) VALUES (?, ?)", intentKey, string(text))
	return err
}
