package server_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
)

const userRepo = "/ota/repo/local/api/v1/user_repo/"

// roots walks the chain from version 1 as a client does.
func (b *backend) roots(t *testing.T, query string) *tuf.Trust {
	t.Helper()
	var trust *tuf.Trust
	for v := 1; ; v++ {
		a := b.call(t, b.operator, "GET", userRepo+tuf.RootName(v)+query, nil)
		if a.code == 404 && trust != nil {
			break
		}
		a.want(t, 200)
		var err error
		if trust == nil {
			trust, err = tuf.NewTrust([]byte(a.body))
		} else {
			err = trust.AddRoot([]byte(a.body))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	newest := b.call(t, b.operator, "GET", userRepo+"root.json"+query, nil).want(t, 200)
	if files := trust.RootFiles(); newest.body != string(files[len(files)-1]) {
		t.Errorf("root.json%s is not the last of the chain", query)
	}
	return trust
}

// sameButForTargets holds what a production root is.
func sameButForTargets(t *testing.T, ci, prod *tuf.Root, threshold int) {
	t.Helper()
	if ci.Version != prod.Version || !ci.Expires.Equal(prod.Expires) || len(ci.Keys) != len(prod.Keys) {
		t.Errorf("root %d until %s and production root %d until %s differ", ci.Version, ci.Expires, prod.Version, prod.Expires)
	}
	if ci.Roles[tuf.RoleTargets].Threshold != 1 || prod.Roles[tuf.RoleTargets].Threshold != threshold {
		t.Errorf("thresholds of targets are %d and %d, want 1 and %d",
			ci.Roles[tuf.RoleTargets].Threshold, prod.Roles[tuf.RoleTargets].Threshold, threshold)
	}
}

func TestProductionRootsFollowTheRoots(t *testing.T) {
	b := start(t)
	sameButForTargets(t, b.roots(t, "").Root(), b.roots(t, "?production=1").Root(), 2)
	b.pass(400 * 24 * time.Hour)
	b.restart(t)
	ci, prod := b.roots(t, "").Root(), b.roots(t, "?production=1").Root()
	if ci.Version != 2 {
		t.Errorf("the root was not renewed: version %d", ci.Version)
	}
	sameButForTargets(t, ci, prod, 2)
	b.call(t, b.operator, "GET", userRepo+"targets.json?production=1", nil).refused(t, 404, "not_found")
}

// forgetProdRoots makes the database one from before there were any.
func (b *backend) forgetProdRoots(t *testing.T) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(b.dir, "server.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("DELETE FROM metadata WHERE role = 'prod-root'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Where the root key was elsewhere, production roots begin with the first root
// that is signed there, and production devices still find a chain.
func TestProductionRootsBeginWithTheFirstTransactionWhereTheRootKeyIsElsewhere(t *testing.T) {
	b := start(t)
	b.stop()
	b.forgetProdRoots(t)
	data, err := os.ReadFile(filepath.Join(b.dir, "tuf", "root.key"))
	if err == nil {
		err = os.Remove(filepath.Join(b.dir, "tuf", "root.key"))
	}
	if err != nil {
		t.Fatal(err)
	}
	b.run(t)
	for _, name := range []string{"root.json", "1.root.json"} {
		b.call(t, b.operator, "GET", userRepo+name+"?production=1", nil).refused(t, 404, "not_found")
	}
	r := &rotation{t: t, b: b, api: b.operatorAPI(b.operator)}
	if r.key, err = tuf.ParsePrivateKey(data); err != nil {
		t.Fatal(err)
	}
	r.begin()
	if notes := r.updates().Amendments; len(notes) != 1 || notes[0].Kind != "add-production" {
		t.Errorf("%+v", notes)
	}
	r.sign(r.key)
	r.mustApply()
	sameButForTargets(t, b.roots(t, "").Root(), b.roots(t, "?production=1").Root(), 2)
}

func TestDatabaseFromBeforeProductionRootsGetsThem(t *testing.T) {
	b := start(t)
	b.pass(400 * 24 * time.Hour)
	b.restart(t)
	b.stop()
	b.forgetProdRoots(t)
	b.run(t)
	prod := b.roots(t, "?production=1").Root()
	if prod.Version != 2 {
		t.Errorf("the production roots end with %d", prod.Version)
	}
	sameButForTargets(t, b.roots(t, "").Root(), prod, 2)
}
