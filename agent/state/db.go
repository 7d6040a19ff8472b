// Package state keeps what a device has to remember in the SQLite database of
// libaktualizr (sql.db, schema 25), so that aktualizr-lite and this program
// can take over from each other at any time.
//
// It holds the log of installed versions, the identity of the ECU, the TUF
// metadata, the TLS credentials and the reboot flag. Every change is one
// transaction that is durable when the call returns.
//
// It trusts the file, which only root may write, as far as SQLite does. It
// never verifies metadata, never decides what to install, and never changes a
// database whose schema it does not know.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver registers itself under "sqlite"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
)

// ErrNoDatabase says that a read-only Open found no sql.db.
var ErrNoDatabase = errors.New("no database on this device")

// ErrSchema says that sql.db has a schema this package does not know.
var ErrSchema = errors.New("unknown database schema")

// DB is an open sql.db. It is safe for concurrent use.
type DB struct {
	sql  *sql.DB
	path string
	// Faults may make the write at a point fail; see the points in this
	// package's tests.
	faults faults.Injector
}

// Options tune Open.
type Options struct {
	ReadOnly bool // fail with ErrNoDatabase instead of making one
	Faults   faults.Injector
}

// Open opens sql.db at path and makes it, in a folder of mode 0700, where
// there is none.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if err := prepare(path, o.ReadOnly); err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", dsn(path, o.ReadOnly))
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	pool.SetMaxOpenConns(1) // one writer; transactions then need no retries
	db := &DB{sql: pool, path: path, faults: o.Faults}
	if err := db.ensureSchema(ctx, o.ReadOnly); err != nil {
		_ = pool.Close()
		return nil, err
	}
	return db, nil
}

// prepare makes the folder and the file with the modes they must have.
func prepare(path string, readOnly bool) error {
	if readOnly {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fail.As(fmt.Errorf("database %s: %w", path, ErrNoDatabase), fail.NotFound,
				"run a check first, or pass the configuration of this device")
		}
		return nil
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("database %s: %w", path, err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("database %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("database %s: %w", path, err)
	}
	return f.Close()
}

// dsn asks for full durability: EXTRA syncs the folder as well once the
// rollback journal is gone.
func dsn(path string, readOnly bool) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(10000)")
	q.Add("_pragma", "synchronous(EXTRA)")
	q.Add("_txlock", "immediate")
	if readOnly {
		q.Set("mode", "ro")
		q.Del("_txlock")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

// Path is where the database lies.
func (db *DB) Path() string { return db.path }

// Close ends all use of db.
func (db *DB) Close() error { return db.sql.Close() }

// update runs fn in one transaction. point names it for fault injection: the
// injector is asked before the transaction begins ("….before"), before it is
// committed ("….commit") and after it is durable ("….after").
func (db *DB) update(ctx context.Context, point string, fn func(*sql.Tx) error) error {
	if err := faults.At(db.faults, "state."+point+".before"); err != nil {
		return err
	}
	tx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("database %s: %s: %w", db.path, point, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := fn(tx); err != nil {
		return fmt.Errorf("database %s: %s: %w", db.path, point, err)
	}
	if err := faults.At(db.faults, "state."+point+".commit"); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("database %s: %s: %w", db.path, point, err)
	}
	return faults.At(db.faults, "state."+point+".after")
}

func (db *DB) failed(what string, err error) error {
	return fmt.Errorf("database %s: %s: %w", db.path, what, err)
}
