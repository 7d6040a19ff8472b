package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// TargetVersion is a version that a target of a hardware id has, or had.
type TargetVersion struct {
	HardwareID string
	Version    int64
}

// VersionOwner is the name of the target that took a version of a hardware id,
// at any time; ErrNotFound while it is free.
func (m *MetadataTx) VersionOwner(v TargetVersion) (string, error) {
	var name string
	err := notFound(m.tx.QueryRowContext(m.ctx,
		"SELECT name FROM target_versions WHERE hwid = ? AND version = ?", v.HardwareID, v.Version).Scan(&name))
	return name, err
}

// NameTaken says whether a target ever had this name.
func (m *MetadataTx) NameTaken(name string) (bool, error) {
	var one int
	err := notFound(m.tx.QueryRowContext(m.ctx, "SELECT 1 FROM target_versions WHERE name = ? LIMIT 1", name).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// TakeVersions notes versions and the names of their targets for ever. One that
// is taken already is an error.
func (m *MetadataTx) TakeVersions(names map[TargetVersion]string) error {
	if len(names) == 0 {
		return nil
	}
	insert, err := m.tx.PrepareContext(m.ctx, "INSERT INTO target_versions VALUES (?, ?, ?)")
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer insert.Close()
	for v, name := range names {
		if _, err := insert.ExecContext(m.ctx, v.HardwareID, v.Version, name); err != nil {
			return fmt.Errorf("database: take version %d of %s: %w", v.Version, v.HardwareID, err)
		}
	}
	return nil
}

// AnyVersionTaken says whether a target was ever added.
func (m *MetadataTx) AnyVersionTaken() (bool, error) {
	var any bool
	err := m.tx.QueryRowContext(m.ctx, "SELECT EXISTS (SELECT 1 FROM target_versions)").Scan(&any)
	if err != nil {
		return false, fmt.Errorf("database: %w", err)
	}
	return any, nil
}

// HighestVersion is the highest version that a target ever had, of one of the
// hardware ids or, without any, of all; 0 for none.
func (d *DB) HighestVersion(ctx context.Context, hwids ...string) (int64, error) {
	var highest int64
	one := func(row *sql.Row) error {
		var v int64
		if err := row.Scan(&v); err != nil {
			return fmt.Errorf("database: highest version: %w", err)
		}
		highest = max(highest, v)
		return nil
	}
	if len(hwids) == 0 {
		return highest, one(d.sql.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM target_versions"))
	}
	for _, id := range hwids {
		err := one(d.sql.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM target_versions WHERE hwid = ?", id))
		if err != nil {
			return 0, err
		}
	}
	return highest, nil
}
