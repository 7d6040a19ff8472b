package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/otactl/otactl/tuf"
)

// metaFloor is the row for a file that libaktualizr does not know: the record
// that tuf keeps of the newest versions it has seen. libaktualizr deletes it,
// with the other roles, when it accepts a new root, which is when the record
// loses its meaning.
const metaFloor = 100

// floorFile is the name under which tuf keeps that record.
const floorFile = "floor.json"

// Metadata is the tuf.Cache over the table meta.
type Metadata struct{ db *DB }

var _ tuf.Cache = Metadata{}

// Metadata gives the TUF files of the image repository.
func (db *DB) Metadata() Metadata { return Metadata{db} }

// row is where a file lies in the table.
type row struct{ kind, version int }

func rowOf(name string) (row, error) {
	switch name {
	case tuf.TimestampFile:
		return row{metaTimestamp, noVersion}, nil
	case tuf.SnapshotFile:
		return row{metaSnapshot, noVersion}, nil
	case tuf.TargetsFile:
		return row{metaTargets, noVersion}, nil
	case floorFile:
		return row{metaFloor, noVersion}, nil
	}
	number, ok := strings.CutSuffix(name, ".root.json")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || strconv.Itoa(n) != number {
		return row{}, fmt.Errorf("metadata file %.80q: not a name that is kept", name)
	}
	return row{metaRoot, n}, nil
}

// Roots lists the versions of the stored roots, ascending.
func (m Metadata) Roots(ctx context.Context) ([]int, error) {
	rows, err := m.db.sql.QueryContext(ctx,
		"SELECT version FROM meta WHERE repo = ? AND meta_type = ? AND version > 0 ORDER BY version", repoImages, metaRoot)
	if err != nil {
		return nil, m.db.failed("list roots", err)
	}
	defer rows.Close()
	var versions []int
	for rows.Next() {
		var v int
		if err := rows.Scan(&v); err != nil {
			return nil, m.db.failed("list roots", err)
		}
		versions = append(versions, v)
	}
	return versions, rows.Err()
}

// Load reads a file; a missing one matches tuf.ErrNotFound. Rows of roles
// other than root are found whatever version older programs gave them.
func (m Metadata) Load(ctx context.Context, name string) ([]byte, error) {
	r, err := rowOf(name)
	if err != nil {
		return nil, err
	}
	query := "SELECT meta FROM meta WHERE repo = ? AND meta_type = ? AND version = ?"
	args := []any{repoImages, r.kind, r.version}
	if r.kind != metaRoot {
		query = "SELECT meta FROM meta WHERE repo = ? AND meta_type = ? ORDER BY version DESC LIMIT 1"
		args = args[:2]
	}
	var data []byte
	err = m.db.sql.QueryRowContext(ctx, query, args...).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w", name, tuf.ErrNotFound)
	}
	if err != nil {
		return nil, m.db.failed("read "+name, err)
	}
	return data, nil
}

// Store replaces a file.
func (m Metadata) Store(ctx context.Context, name string, data []byte) error {
	r, err := rowOf(name)
	if err != nil {
		return err
	}
	return m.db.update(ctx, "metadata", func(tx *sql.Tx) error { return replaceRow(tx, r, data) })
}

// StoreRoots replaces roots whose versions follow one another from first on: all
// of them or none.
func (m Metadata) StoreRoots(ctx context.Context, first int, files [][]byte) error {
	return m.db.update(ctx, "metadata", func(tx *sql.Tx) error { return replaceRoots(tx, first, files) })
}

// StartOver is StoreRoots, and forgets all other files with it.
func (m Metadata) StartOver(ctx context.Context, first int, files [][]byte) error {
	return m.db.update(ctx, "metadata", func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM meta WHERE repo = ?", repoImages); err != nil {
			return err
		}
		return replaceRoots(tx, first, files)
	})
}

func replaceRoots(tx *sql.Tx, first int, files [][]byte) error {
	for i, file := range files {
		if err := replaceRow(tx, row{metaRoot, first + i}, file); err != nil {
			return err
		}
	}
	return nil
}

func replaceRow(tx *sql.Tx, r row, data []byte) error {
	if err := removeRow(tx, r); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO meta(meta, repo, meta_type, version) VALUES (?, ?, ?, ?)", data, repoImages, r.kind, r.version)
	return err
}

// Remove forgets a file; one that is not there is no error.
func (m Metadata) Remove(ctx context.Context, name string) error {
	r, err := rowOf(name)
	if err != nil {
		return err
	}
	return m.db.update(ctx, "metadata", func(tx *sql.Tx) error { return removeRow(tx, r) })
}

func removeRow(tx *sql.Tx, r row) error {
	if r.kind == metaRoot {
		_, err := tx.Exec("DELETE FROM meta WHERE repo = ? AND meta_type = ? AND version = ?", repoImages, r.kind, r.version)
		return err
	}
	_, err := tx.Exec("DELETE FROM meta WHERE repo = ? AND meta_type = ?", repoImages, r.kind)
	return err
}
