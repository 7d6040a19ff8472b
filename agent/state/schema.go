package state

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/otactl/otactl/internal/fail"
)

// SchemaVersion is the schema of libaktualizr that this package speaks.
const SchemaVersion = 25

// table is one table of the schema. Tables that no code here touches are made
// as well, because libaktualizr expects them.
type table struct{ name, columns string }

// flag is the column type that libaktualizr uses for booleans.
const flag = " INTEGER NOT NULL DEFAULT 0 CHECK (%[1]s IN (0,1))"

func boolColumn(name string) string { return name + fmt.Sprintf(flag, name) }

// only allows a single row in a table.
const only = "unique_mark INTEGER PRIMARY KEY CHECK (unique_mark = 0)"

func schema() []table {
	return []table{
		{"version", "version INTEGER"},
		{"device_info", only + ", device_id TEXT, " + boolColumn("is_registered")},
		{"ecus", "id INTEGER PRIMARY KEY, serial TEXT UNIQUE, hardware_id TEXT NOT NULL, " + boolColumn("is_primary")},
		{"secondary_ecus", "serial TEXT PRIMARY KEY, sec_type TEXT, public_key_type TEXT, public_key TEXT, extra TEXT, manifest TEXT"},
		{"misconfigured_ecus", "serial TEXT UNIQUE, hardware_id TEXT NOT NULL, state INTEGER NOT NULL CHECK (state IN (0,1))"},
		{"installed_versions", "id INTEGER PRIMARY KEY, ecu_serial TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, " +
			"hashes TEXT NOT NULL, length INTEGER NOT NULL DEFAULT 0, correlation_id TEXT NOT NULL DEFAULT '', " +
			boolColumn("is_current") + ", " + boolColumn("is_pending") + ", " + boolColumn("was_installed") +
			", custom_meta TEXT NOT NULL DEFAULT ''"},
		{"primary_keys", only + ", private TEXT, public TEXT"},
		{"tls_creds", "ca_cert BLOB, ca_cert_format TEXT, client_cert BLOB, client_cert_format TEXT, client_pkey BLOB, client_pkey_format TEXT"},
		{"meta", "meta BLOB NOT NULL, repo INTEGER NOT NULL, meta_type INTEGER NOT NULL, version INTEGER NOT NULL, UNIQUE(repo, meta_type, version)"},
		{"target_images", "targetname TEXT PRIMARY KEY, real_size INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '', " +
			"sha512 TEXT NOT NULL DEFAULT '', filename TEXT NOT NULL"},
		{"repo_types", "repo INTEGER NOT NULL, repo_string TEXT NOT NULL"},
		{"meta_types", "meta INTEGER NOT NULL, meta_string TEXT NOT NULL"},
		{"device_installation_result", only + ", success INTEGER NOT NULL DEFAULT 0, result_code TEXT NOT NULL DEFAULT '', " +
			"description TEXT NOT NULL DEFAULT '', raw_report TEXT NOT NULL DEFAULT '', correlation_id TEXT NOT NULL DEFAULT ''"},
		{"ecu_installation_results", "ecu_serial TEXT NOT NULL PRIMARY KEY, success INTEGER NOT NULL DEFAULT 0, " +
			"result_code TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT ''"},
		{"need_reboot", only + ", flag INTEGER NOT NULL DEFAULT 0"},
		{"rollback_migrations", "version_from INT PRIMARY KEY, migration TEXT NOT NULL"},
		{"delegations", "meta BLOB NOT NULL, role_name TEXT NOT NULL, UNIQUE(role_name)"},
		{"ecu_report_counter", "ecu_serial TEXT NOT NULL PRIMARY KEY, counter INTEGER NOT NULL DEFAULT 0"},
		{"report_events", "id INTEGER PRIMARY KEY, json_string TEXT NOT NULL"},
		{"device_data", "data_type TEXT PRIMARY KEY, hash TEXT NOT NULL"},
	}
}

// The numbers by which libaktualizr names repositories and roles.
const (
	repoImages = 0

	metaRoot      = 0
	metaSnapshot  = 1
	metaTargets   = 2
	metaTimestamp = 3

	// noVersion is what a row of a role other than root has.
	noVersion = -1
)

// ensureSchema makes the tables in an empty database and refuses a version
// that it does not know.
func (db *DB) ensureSchema(ctx context.Context, readOnly bool) error {
	version, err := db.schemaVersion(ctx)
	if err != nil {
		return db.failed("read schema version", err)
	}
	switch {
	case version == SchemaVersion:
		return nil
	case version != 0:
		return fail.As(db.failed(fmt.Sprintf("it has schema %d and this program speaks %d", version, SchemaVersion), ErrSchema),
			fail.Unsupported, "let the aktualizr-lite of this device migrate it, or move the file away")
	case readOnly:
		return fail.As(db.failed("it is empty", ErrNoDatabase), fail.NotFound, "run a check first")
	}
	return db.update(ctx, "schema", createSchema)
}

// schemaVersion is 0 for a database without tables.
func (db *DB) schemaVersion(ctx context.Context) (int, error) {
	var tables int
	if err := db.sql.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil || tables == 0 {
		return 0, err
	}
	var version int
	err := db.sql.QueryRowContext(ctx, "SELECT version FROM version LIMIT 1").Scan(&version)
	return version, err
}

func createSchema(tx *sql.Tx) error {
	for _, t := range schema() {
		if _, err := tx.Exec("CREATE TABLE " + t.name + "(" + t.columns + ")"); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	if _, err := tx.Exec("INSERT INTO version(rowid, version) VALUES (1, ?)", SchemaVersion); err != nil {
		return err
	}
	for number, name := range []string{"images", "director"} {
		if _, err := tx.Exec("INSERT INTO repo_types(rowid, repo, repo_string) VALUES (?, ?, ?)", number+1, number, name); err != nil {
			return err
		}
	}
	for number, name := range []string{metaRoot: "root", metaSnapshot: "snapshot", metaTargets: "targets", metaTimestamp: "timestamp"} {
		if _, err := tx.Exec("INSERT INTO meta_types(rowid, meta, meta_string) VALUES (?, ?, ?)", number+1, number, name); err != nil {
			return err
		}
	}
	return nil
}
