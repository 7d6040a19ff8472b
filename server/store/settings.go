package store

import "context"

// Setting is what an earlier start remembered, or "".
func (d *DB) Setting(ctx context.Context, key string) (string, error) {
	var v string
	err := notFound(d.sql.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", key).Scan(&v))
	if err == ErrNotFound {
		return "", nil
	}
	return v, err
}

// SetSetting remembers value under key.
func (d *DB) SetSetting(ctx context.Context, key, value string) error {
	_, err := d.exec(ctx, `INSERT INTO settings VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}
