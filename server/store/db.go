// Package store keeps what the backend has to remember: settings, tokens,
// signed metadata, devices, registration codes.
//
// It is one SQLite file in WAL mode with synchronous=FULL: a method that
// returns nil has put its change on the disk. Tokens and secrets are kept as
// hashes only. The package trusts its callers to have validated names and
// sizes; it must never build SQL from a value, and never lowers a version
// counter.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/otactl/otactl/internal/fail"

	"modernc.org/sqlite" // the database/sql driver, too
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors that callers tell apart.
var (
	ErrNotFound = errors.New("not there")
	ErrExists   = errors.New("there already")
)

// DB is the open database. It is safe for concurrent use.
type DB struct {
	sql   *sql.DB
	write sync.Mutex // one writer at a time, in line instead of in SQLite's busy loop
}

// Open opens or makes the database file at path and brings its schema up to
// date. A file of a newer schema is refused.
func Open(ctx context.Context, path string) (*DB, error) {
	if err := touch(path); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	h, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	h.SetMaxOpenConns(4)
	h.SetMaxIdleConns(4)
	db := &DB{sql: h}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), h.Close())
	}
	return db, nil
}

// touch makes the file 0600 before SQLite would make it with the umask's mode.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func dsn(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: q.Encode()}
	return u.String()
}

// Close closes the file.
func (d *DB) Close() error { return d.sql.Close() }

// Ping says whether the database still answers.
func (d *DB) Ping(ctx context.Context) error { return d.sql.PingContext(ctx) }

// update runs fn in one transaction; it is durable once update returns nil.
func (d *DB) update(ctx context.Context, fn func(*sql.Tx) error) error {
	d.write.Lock()
	defer d.write.Unlock()
	tx, err := d.sql.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("database: %w", full(err))
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback()
		return full(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("database: commit: %w", full(err))
	}
	return nil
}

// full gives an error of SQLite that is about a full disk its class: it carries
// SQLite's number and not the system's.
func full(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return fail.As(err, fail.NoSpace, "free some space where the server's folder is")
	}
	return err
}

// exec is one statement in its own transaction; it says how many rows changed.
func (d *DB) exec(ctx context.Context, query string, args ...any) (int64, error) {
	var n int64
	err := d.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("database: %w", err)
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}

// notFound turns "no rows" into ErrNotFound.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

func (d *DB) migrate(ctx context.Context) error {
	var have int
	if err := d.sql.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have > len(migrations) {
		return fail.New(fail.Unsupported, "run the otactl version that last served this folder, or a newer one",
			"its schema is version %d and this otactl knows %d", have, len(migrations))
	}
	for v := have; v < len(migrations); v++ {
		if err := d.step(ctx, v); err != nil {
			return fmt.Errorf("bring the schema to version %d: %w", v+1, err)
		}
	}
	return nil
}

func (d *DB) step(ctx context.Context, v int) error {
	return d.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, migrations[v]); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", v+1))
		return err
	})
}
