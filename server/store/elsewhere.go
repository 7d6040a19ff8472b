package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// MarkElsewhere notes that a file was signed elsewhere.
func (m *MetadataTx) MarkElsewhere(role string, version int) error {
	_, err := m.tx.ExecContext(m.ctx, "INSERT INTO elsewhere VALUES (?, ?)", role, version)
	if err != nil {
		return fmt.Errorf("database: mark %s version %d: %w", role, version, err)
	}
	return nil
}

// Elsewhere says whether a file was signed elsewhere.
func (m *MetadataTx) Elsewhere(role string, version int) (bool, error) {
	var one int
	err := notFound(m.tx.QueryRowContext(m.ctx, "SELECT 1 FROM elsewhere WHERE role = ? AND version = ?", role, version).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// CurrentBelow are the newest online files of all roles whose name begins with
// prefix, as this transaction sees them.
func (m *MetadataTx) CurrentBelow(prefix string) ([]File, error) {
	rows, err := m.tx.QueryContext(m.ctx, fileColumns+`AS f WHERE role >= ?1 AND role < ?1 || char(0x10ffff) AND online = 1 AND version =
		(SELECT version FROM metadata WHERE role = f.role AND online = 1 ORDER BY version DESC LIMIT 1)`, prefix)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	var list []File
	for rows.Next() {
		f, err := scanFile(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

// RoleFile is the newest online file of a role, without its bytes.
type RoleFile struct {
	Role      string
	Version   int
	Expires   time.Time
	Elsewhere bool // it was signed elsewhere
}

// NewestFiles are the newest online files of all roles, by role. It goes from
// role to role by the index: there are many files of each, and anybody may ask.
func (d *DB) NewestFiles(ctx context.Context) ([]RoleFile, error) {
	rows, err := d.sql.QueryContext(ctx, `WITH RECURSIVE roles(role) AS (
			SELECT min(role) FROM metadata
			UNION ALL SELECT (SELECT min(role) FROM metadata AS m WHERE m.role > roles.role) FROM roles WHERE role IS NOT NULL)
		SELECT m.role, m.version, m.expires, e.role IS NOT NULL FROM roles
		JOIN metadata AS m ON m.role = roles.role AND m.version =
			(SELECT version FROM metadata WHERE role = roles.role AND online = 1 ORDER BY version DESC LIMIT 1)
		LEFT JOIN elsewhere AS e ON e.role = m.role AND e.version = m.version ORDER BY m.role`)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	var list []RoleFile
	for rows.Next() {
		var f RoleFile
		var expires int64
		if err := rows.Scan(&f.Role, &f.Version, &expires, &f.Elsewhere); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		f.Expires = fromUnix(expires)
		list = append(list, f)
	}
	return list, rows.Err()
}
