package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestDatabaseIsPrivateAndSyncsInFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name?#%", "x")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	db := open(t, path)
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		var got string
		if err := db.sql.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q: %v", pragma, got, want, err)
		}
	}
	for _, suffix := range []string{"", "-wal"} {
		if st, err := os.Stat(path + suffix); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, st.Mode(), err)
		}
	}
}

func TestSchemaOfANewerVersionIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	if _, err := db.sql.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); fail.ClassOf(err) != fail.Unsupported {
		t.Errorf("the error is %v", err)
	}
}

func TestVersionsAreNeverGivenOutTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	next := func() (v int) {
		err := db.UpdateMetadata(t.Context(), func(tx *MetadataTx) (err error) {
			v, err = tx.NextVersion("timestamp")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if a, b := next(), next(); a != 1 || b != 2 {
		t.Errorf("the first versions are %d and %d", a, b)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	if v := next(); v != 3 {
		t.Errorf("after a restart the version is %d", v)
	}
	put := func(v int) error {
		return db.UpdateMetadata(t.Context(), func(tx *MetadataTx) error {
			return tx.Put(File{Role: "timestamp", Version: v, Online: true, Bytes: []byte("x")})
		})
	}
	if err := put(3); err != nil {
		t.Fatal(err)
	}
	if put(3) == nil {
		t.Error("a version was stored twice")
	}
}

func TestFileOfABundleIsNeverServed(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "db"))
	err := db.UpdateMetadata(t.Context(), func(tx *MetadataTx) error {
		return errors.Join(tx.Put(File{Role: "timestamp", Version: 1, Online: true, Bytes: []byte("online")}),
			tx.Put(File{Role: "timestamp", Version: 2, Expires: now, Bytes: []byte("bundle")}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if f, err := db.Metadata(t.Context(), "timestamp"); err != nil || string(f.Bytes) != "online" {
		t.Errorf("served is %s: %v", f.Bytes, err)
	}
	if _, err := db.MetadataVersion(t.Context(), "timestamp", 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("the bundle's file is served: %v", err)
	}
}

func TestTransactionThatFailsLeavesNothing(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "db"))
	boom := errors.New("boom")
	err := db.UpdateMetadata(t.Context(), func(tx *MetadataTx) error {
		return errors.Join(tx.Put(File{Role: "root", Version: 1, Online: true}), boom)
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if _, err := db.Metadata(t.Context(), "root"); !errors.Is(err, ErrNotFound) {
		t.Errorf("half a transaction is there: %v", err)
	}
}

func TestFullDiskIsToldFromOtherFailuresAndPasses(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "db"))
	db.sql.SetMaxOpenConns(1) // the limit is a connection's
	limit := func(pages string) {
		t.Helper()
		if _, err := db.sql.ExecContext(t.Context(), "PRAGMA max_page_count="+pages); err != nil {
			t.Fatal(err)
		}
	}
	put := func() error { return db.PutDoc(t.Context(), "uuid", "config", make([]byte, 1<<20), now) }
	limit("1")
	if err := put(); fail.ClassOf(err) != fail.NoSpace {
		t.Fatalf("got %v, want no space", err)
	}
	limit("1000000")
	if err := put(); err != nil {
		t.Fatal(err)
	}
}

func TestSecretsAreKeptAsHashes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	secret := NewSecret()
	ctx := t.Context()
	if err := errors.Join(db.AddToken(ctx, secret, Token{Scope: ScopePublish, Subject: "x", Expires: now.Add(time.Hour)}),
		db.SetClient(ctx, "id", secret+"c", ScopeRegister)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Token(ctx, secret, now); err != nil {
		t.Error(err)
	}
	if _, err := db.Token(ctx, secret, now.Add(time.Hour)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an expired token: %v", err)
	}
	if _, err := db.Client(ctx, "id", secret); !errors.Is(err, ErrNotFound) {
		t.Errorf("a wrong secret: %v", err)
	}
	if err := checkpoint(ctx, db.sql); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+len(secret) <= len(b); i++ {
		if string(b[i:i+len(secret)]) == secret {
			t.Fatal("the secret is in the file")
		}
	}
}

func checkpoint(ctx context.Context, h *sql.DB) error {
	_, err := h.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

func TestNewClientReplacesTheOldOneAndItsTokens(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "db"))
	ctx := t.Context()
	if err := errors.Join(db.SetClient(ctx, "a", "1", ScopePublish), db.AddToken(ctx, "tok", Token{Scope: ScopePublish, Subject: "a"}),
		db.SetClient(ctx, "b", "2", ScopePublish)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Client(ctx, "a", "1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the old client: %v", err)
	}
	if _, err := db.Token(ctx, "tok", now); !errors.Is(err, ErrNotFound) {
		t.Errorf("its token: %v", err)
	}
	if scope, err := db.Client(ctx, "b", "2"); err != nil || scope != ScopePublish {
		t.Errorf("the new client: %s, %v", scope, err)
	}
}

func TestCodesAreCappedPerPeerAndInAll(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "db"))
	caps := CodeCaps{Total: 3, PerPeer: 2}
	add := func(user, peer string, at time.Time) error {
		return db.AddCode(t.Context(), NewSecret(), Code{UserCode: user, ClientID: "x", Peer: peer, Created: at, Expires: at.Add(time.Minute)}, caps)
	}
	for _, step := range []struct {
		user, peer string
		at         time.Time
		want       error
	}{
		{"A", "p", now, nil}, {"A", "q", now, ErrExists}, {"B", "p", now, nil}, {"C", "p", now, ErrTooMany},
		{"C", "q", now, nil}, {"D", "r", now, ErrTooMany}, {"D", "p", now.Add(2 * time.Minute), nil},
	} {
		if err := add(step.user, step.peer, step.at); !errors.Is(err, step.want) {
			t.Errorf("code %s of %s: %v, want %v", step.user, step.peer, err, step.want)
		}
	}
}

func TestOldEventsMakeRoomForNewOnes(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "db"))
	for _, id := range []string{"1", "2", "3", "3", "4"} {
		if err := db.AddEvents(t.Context(), "dev", []Event{{ID: id, Body: []byte("{}")}}, 3, now); err != nil {
			t.Fatal(err)
		}
	}
	events, err := db.Events(t.Context(), "dev")
	if err != nil || len(events) != 3 || events[0].ID != "2" || events[2].ID != "4" {
		t.Errorf("the events are %v: %v", events, err)
	}
}
