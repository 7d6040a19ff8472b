package store

import (
	"context"
	"fmt"
)

// Setting is what an earlier start remembered, or "".
func (d *DB) Setting(ctx context.Context, key string) (string, error) {
	var v string
	err := notFound(d.sql.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", key).Scan(&v))
	if err == ErrNotFound {
		return "", nil
	}
	return v, err
}

const setSetting = `INSERT INTO settings VALUES (?, ?)
	ON CONFLICT (key) DO UPDATE SET value = excluded.value`

// SetSetting remembers value under key.
func (d *DB) SetSetting(ctx context.Context, key, value string) error {
	_, err := d.exec(ctx, setSetting, key, value)
	return err
}

// Setting is DB.Setting as this transaction sees it.
func (m *MetadataTx) Setting(key string) (string, error) {
	var v string
	err := notFound(m.tx.QueryRowContext(m.ctx, "SELECT value FROM settings WHERE key = ?", key).Scan(&v))
	if err == ErrNotFound {
		return "", nil
	}
	return v, err
}

// SetSetting remembers value under key together with what else this
// transaction writes.
func (m *MetadataTx) SetSetting(key, value string) error {
	if _, err := m.tx.ExecContext(m.ctx, setSetting, key, value); err != nil {
		return fmt.Errorf("database: setting %s: %w", key, err)
	}
	return nil
}
