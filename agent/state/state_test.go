package state

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otactl/otactl/tuf"
)

func open(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "sota", "sql.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSchemaIsThatOfLibaktualizr holds tables and columns against version 25
// of its schema.
func TestSchemaIsThatOfLibaktualizr(t *testing.T) {
	want := map[string][]string{
		"version":                    {"version"},
		"device_info":                {"unique_mark", "device_id", "is_registered"},
		"ecus":                       {"id", "serial", "hardware_id", "is_primary"},
		"secondary_ecus":             {"serial", "sec_type", "public_key_type", "public_key", "extra", "manifest"},
		"misconfigured_ecus":         {"serial", "hardware_id", "state"},
		"installed_versions":         {"id", "ecu_serial", "sha256", "name", "hashes", "length", "correlation_id", "is_current", "is_pending", "was_installed", "custom_meta"},
		"primary_keys":               {"unique_mark", "private", "public"},
		"tls_creds":                  {"ca_cert", "ca_cert_format", "client_cert", "client_cert_format", "client_pkey", "client_pkey_format"},
		"meta":                       {"meta", "repo", "meta_type", "version"},
		"target_images":              {"targetname", "real_size", "sha256", "sha512", "filename"},
		"repo_types":                 {"repo", "repo_string"},
		"meta_types":                 {"meta", "meta_string"},
		"device_installation_result": {"unique_mark", "success", "result_code", "description", "raw_report", "correlation_id"},
		"ecu_installation_results":   {"ecu_serial", "success", "result_code", "description"},
		"need_reboot":                {"unique_mark", "flag"},
		"rollback_migrations":        {"version_from", "migration"},
		"delegations":                {"meta", "role_name"},
		"ecu_report_counter":         {"ecu_serial", "counter"},
		"report_events":              {"id", "json_string"},
		"device_data":                {"data_type", "hash"},
	}
	db := open(t)
	got := map[string][]string{}
	rows, err := db.sql.Query("SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var table, column string
		must(t, rows.Scan(&table, &column))
		got[table] = append(got[table], column)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	var version int
	must(t, db.sql.QueryRow("SELECT version FROM version").Scan(&version))
	if version != 25 {
		t.Errorf("schema version %d", version)
	}
}

func TestModesOfTheOriginal(t *testing.T) {
	db, ctx := open(t), t.Context()
	one, two := Target{Name: "one", SHA256: "aa"}, Target{Name: "two", SHA256: "bb", Custom: []byte(`{"version":"2"}`)}
	must(t, db.Save(ctx, one, ModeCurrent))
	must(t, db.Save(ctx, two, ModePending))
	if p, ok, _ := db.Pending(ctx); !ok || p.Name != "two" || string(p.Custom) != `{"version":"2"}` || p.Hashes["sha256"] != "bb" {
		t.Errorf("pending: %+v %v", p, ok)
	}
	if failing, _ := db.Failing(ctx); failing["two"] {
		t.Error("a pending target counts as failing")
	}
	must(t, db.Save(ctx, two, ModeNone))
	if failing, _ := db.Failing(ctx); !failing["two"] {
		t.Error("a target that never ran does not count as failing")
	}
	must(t, db.Save(ctx, two, ModeCurrent)) // the newest row is updated in place
	if log, _ := db.Log(ctx); len(log) != 2 || !log[1].WasInstalled {
		t.Errorf("log: %+v", log)
	}
	if r, ok, _ := db.RollbackTarget(ctx); !ok || r.Name != "one" {
		t.Errorf("rollback target: %+v %v", r, ok)
	}
	must(t, db.Save(ctx, one, ModePending)) // another than the newest is appended
	if log, _ := db.Log(ctx); len(log) != 3 || log[2].WasInstalled {
		t.Errorf("log: %+v", log)
	}
	must(t, db.Save(ctx, two, ModeBad))
	if failing, _ := db.Failing(ctx); !failing["two"] {
		t.Error("a bad target does not count as failing")
	}
	if c, ok, _ := db.Current(ctx, "bb"); !ok || c.Name != "two" {
		t.Errorf("mode bad must leave what is current alone: %+v %v", c, ok)
	}
}

func TestCurrentIsByCommit(t *testing.T) {
	db, ctx := open(t), t.Context()
	must(t, db.Save(ctx, Target{Name: "a", SHA256: "aa"}, ModeCurrent))
	must(t, db.Save(ctx, Target{Name: "b", SHA256: "bb"}, ModeNone))
	must(t, db.Save(ctx, Target{Name: "a again", SHA256: "aa"}, ModeNone))
	for commit, want := range map[string]string{"aa": "a", "bb": "b", "cc": ""} {
		c, ok, err := db.Current(ctx, commit)
		if err != nil || c.Name != want || ok != (want != "") {
			t.Errorf("commit %s: %q, %v, %v; want %q", commit, c.Name, ok, err, want)
		}
	}
}

func TestHardwareIDOfTheFirstStartStays(t *testing.T) {
	db, ctx := open(t), t.Context()
	must(t, db.Save(ctx, Target{Name: "early", SHA256: "aa"}, ModeCurrent)) // before the ECU has a serial
	for _, id := range []string{"first", "second"} {
		e, err := db.PrimaryECU(ctx, func() ECU { return ECU{Serial: "s-" + id, HardwareID: id} })
		if err != nil || e.HardwareID != "first" || e.Serial != "s-first" {
			t.Errorf("ECU: %+v, %v", e, err)
		}
	}
	if log, err := db.Log(ctx); err != nil || len(log) != 1 {
		t.Errorf("rows from before do not belong to the ECU: %v, %v", log, err)
	}
}

func TestMetadataLiesWhereLibaktualizrLooks(t *testing.T) {
	db, ctx := open(t), t.Context()
	m := db.Metadata()
	for _, name := range []string{"1.root.json", "10.root.json", "2.root.json", "timestamp.json", "snapshot.json", "targets.json", "floor.json"} {
		must(t, m.Store(ctx, name, []byte("old "+name)))
		must(t, m.Store(ctx, name, []byte(name)))
		if got, err := m.Load(ctx, name); err != nil || string(got) != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := m.Roots(ctx); err != nil || !slices.Equal(got, []int{1, 2, 10}) {
		t.Errorf("roots %v, %v", got, err)
	}
	for name, want := range map[string][2]int{"1.root.json": {0, 1}, "timestamp.json": {3, -1}, "snapshot.json": {1, -1}, "targets.json": {2, -1}} {
		var kind, version int
		must(t, db.sql.QueryRow("SELECT meta_type, version FROM meta WHERE repo = 0 AND meta = ?", []byte(name)).Scan(&kind, &version))
		if [2]int{kind, version} != want {
			t.Errorf("%s lies at %d/%d, want %v", name, kind, version, want)
		}
	}
	must(t, m.Remove(ctx, "targets.json"))
	must(t, m.Remove(ctx, "targets.json"))
	if _, err := m.Load(ctx, "targets.json"); !errors.Is(err, tuf.ErrNotFound) {
		t.Errorf("removed file: %v", err)
	}
	for _, name := range []string{"root.json", "0.root.json", "-1.root.json", "01.root.json", "../x", "99999999999999999999.root.json"} {
		if err := m.Store(ctx, name, nil); err == nil {
			t.Errorf("%q was stored", name)
		}
	}
}

func TestUnknownSchemaIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sql.db")
	raw, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = raw.Exec("CREATE TABLE version(version INTEGER); INSERT INTO version VALUES(23)")
	must(t, err)
	must(t, raw.Close())
	before, err := os.ReadFile(path)
	must(t, err)
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, ErrSchema) {
		t.Errorf("schema 23: %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the database was changed")
	}
}

func TestReadOnlyMakesNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "sql.db")
	if _, err := Open(t.Context(), path, Options{ReadOnly: true}); !errors.Is(err, ErrNoDatabase) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		t.Error("the folder was made")
	}
}

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	db := open(t)
	for path, want := range map[string]os.FileMode{db.Path(): 0o600, filepath.Dir(db.Path()): 0o700} {
		st, err := os.Stat(path)
		must(t, err)
		if st.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, st.Mode().Perm(), want)
		}
	}
}

func TestCredentialsAreReplacedOneByOne(t *testing.T) {
	db, ctx := open(t), t.Context()
	must(t, db.ImportCredentials(ctx, Credentials{CA: []byte("ca"), Cert: []byte("cert"), Key: []byte("key")}))
	must(t, db.ImportCredentials(ctx, Credentials{Cert: []byte("cert2")}))
	c, err := db.Credentials(ctx)
	if err != nil || string(c.CA) != "ca" || string(c.Cert) != "cert2" || string(c.Key) != "key" {
		t.Errorf("credentials %q %v", c, err)
	}
}

func TestPendingFlagAndIntentChangeTogether(t *testing.T) {
	db, ctx := open(t), t.Context()
	x := Target{Name: "x", SHA256: "aa", Hashes: map[string]string{"sha256": "aa", "sha512": "cc"}}
	must(t, db.BeginInstall(ctx, x))
	if got, ok, err := db.Intent(ctx); err != nil || !ok || got.Name != "x" {
		t.Fatalf("intent %+v %v %v", got, ok, err)
	}
	wantFlags(t, db, "begun", true, false)
	must(t, db.SavePending(ctx, x))
	wantFlags(t, db, "pending", false, true)
	must(t, db.Finish(ctx, x, ModeCurrent))
	wantFlags(t, db, "finished", false, false)
	var hashes string
	must(t, db.sql.QueryRow("SELECT hashes FROM installed_versions").Scan(&hashes))
	if hashes != "sha256:aa;sha512:cc" {
		t.Errorf("hashes %q", hashes)
	}
}

func wantFlags(t *testing.T, db *DB, when string, intent, reboot bool) {
	t.Helper()
	_, begun, err := db.Intent(context.Background())
	must(t, err)
	flag, err := db.NeedReboot(context.Background())
	must(t, err)
	if begun != intent || flag != reboot {
		t.Errorf("%s: intent %v, reboot flag %v", when, begun, flag)
	}
}
