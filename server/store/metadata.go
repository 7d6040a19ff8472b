package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// File is one signed metadata file.
type File struct {
	Role    string
	Version int
	Online  bool // served to everybody; false for one made for a bundle
	Expires time.Time
	Bytes   []byte
}

// MetadataTx writes metadata; what it wrote becomes visible together.
type MetadataTx struct {
	ctx context.Context
	tx  *sql.Tx
}

// UpdateMetadata runs fn in one transaction, alone among writers.
func (d *DB) UpdateMetadata(ctx context.Context, fn func(*MetadataTx) error) error {
	return d.update(ctx, func(tx *sql.Tx) error { return fn(&MetadataTx{ctx, tx}) })
}

// NextVersion takes the next version number of a role. A number is given out
// once, also when the transaction before it was for a bundle.
func (m *MetadataTx) NextVersion(role string) (int, error) {
	var v int
	err := m.tx.QueryRowContext(m.ctx, `INSERT INTO counters VALUES (?, 1)
		ON CONFLICT (role) DO UPDATE SET last = last + 1 RETURNING last`, role).Scan(&v)
	if err != nil {
		return 0, fmt.Errorf("database: next version of %s: %w", role, err)
	}
	return v, nil
}

// LastVersion is the last number that NextVersion gave for a role, 0 for none.
func (m *MetadataTx) LastVersion(role string) (int, error) {
	var v int
	err := m.tx.QueryRowContext(m.ctx, "SELECT coalesce(max(last), 0) FROM counters WHERE role = ?", role).Scan(&v)
	if err != nil {
		return 0, fmt.Errorf("database: last version of %s: %w", role, err)
	}
	return v, nil
}

// Put stores a file under the version that NextVersion gave.
func (m *MetadataTx) Put(f File) error {
	_, err := m.tx.ExecContext(m.ctx, `INSERT INTO metadata (role, version, online, expires, file)
		VALUES (?, ?, ?, ?, ?)`, f.Role, f.Version, f.Online, f.Expires.Unix(), f.Bytes)
	if err != nil {
		return fmt.Errorf("database: store %s version %d: %w", f.Role, f.Version, err)
	}
	return nil
}

// Current is the newest online file of a role, as this transaction sees it.
func (m *MetadataTx) Current(role string) (File, error) {
	return scanFile(m.tx.QueryRowContext(m.ctx, currentFile, role))
}

// Version is one online version of a role, as this transaction sees it.
func (m *MetadataTx) Version(role string, version int) (File, error) {
	return scanFile(m.tx.QueryRowContext(m.ctx, versionedFile, role, version))
}

// LastBundle is when the last of the files of a role that were made for bundles
// expires; zero when there is none.
func (m *MetadataTx) LastBundle(role string) (time.Time, error) {
	var s int64
	err := m.tx.QueryRowContext(m.ctx,
		"SELECT coalesce(max(expires), 0) FROM metadata WHERE online = 0 AND role = ?", role).Scan(&s)
	if err != nil {
		return time.Time{}, fmt.Errorf("database: %w", err)
	}
	return fromUnix(s), nil
}

const (
	fileColumns = "SELECT role, version, online, expires, file FROM metadata "
	currentFile = fileColumns + "WHERE role = ? AND online = 1 ORDER BY version DESC LIMIT 1"

	versionedFile = fileColumns + "WHERE role = ? AND version = ? AND online = 1"
)

// Metadata is the newest online file of a role, or ErrNotFound.
func (d *DB) Metadata(ctx context.Context, role string) (File, error) {
	return scanFile(d.sql.QueryRowContext(ctx, currentFile, role))
}

// NewestVersion is the version of the newest online file of a role, or
// ErrNotFound.
func (d *DB) NewestVersion(ctx context.Context, role string) (int, error) {
	var v int
	err := notFound(d.sql.QueryRowContext(ctx,
		"SELECT version FROM metadata WHERE role = ? AND online = 1 ORDER BY version DESC LIMIT 1", role).Scan(&v))
	return v, err
}

// MetadataVersion is one online version of a role, or ErrNotFound.
func (d *DB) MetadataVersion(ctx context.Context, role string, version int) (File, error) {
	return scanFile(d.sql.QueryRowContext(ctx, versionedFile, role, version))
}

func scanFile(row scanner) (File, error) {
	var f File
	var exp int64
	err := notFound(row.Scan(&f.Role, &f.Version, &f.Online, &exp, &f.Bytes))
	f.Expires = fromUnix(exp)
	return f, err
}
