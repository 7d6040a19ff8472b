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

// SetSetting remembers value under key.
func (d *DB) SetSetting(ctx context.Context, key, value string) error {
	_, err := d.exec(ctx, `INSERT INTO settings VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}

// CommitComplete says whether MarkComplete was called for sum.
func (d *DB) CommitComplete(ctx context.Context, sum [32]byte) (bool, error) {
	var n int
	err := d.sql.QueryRowContext(ctx, "SELECT count(*) FROM complete_commits WHERE sum = ?", sum[:]).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("database: %w", err)
	}
	return n > 0, nil
}

// MarkComplete remembers that the closure of commit sum was seen whole.
func (d *DB) MarkComplete(ctx context.Context, sum [32]byte) error {
	_, err := d.exec(ctx, "INSERT OR IGNORE INTO complete_commits VALUES (?)", sum[:])
	return err
}
