package server_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

const updatesPath = "/ota/repo/local/api/v1/user_repo/root/updates"

// rotation is an operator with a root transaction.
type rotation struct {
	t    *testing.T
	b    *backend
	api  *factory.Client
	txid string
	key  *tuf.PrivateKey // root key in force
}

func (b *backend) operatorAPI(token string) *factory.Client {
	return factory.Open(factory.Options{URL: b.URL, Factory: "local",
		Auth: httpx.HeaderAuth{"OSF-TOKEN": {token}}, Retry: httpx.Retry{Attempts: 1}})
}

// takeOver opens the first transaction, with which the root key goes over to
// the operator.
func takeOver(t *testing.T, b *backend) *rotation {
	t.Helper()
	r := &rotation{t: t, b: b, api: b.operatorAPI(b.operator)}
	u, err := r.api.BeginRootUpdate(t.Context(), "take over", true)
	if err != nil {
		t.Fatal(err)
	}
	if r.key, err = tuf.ParsePrivateKey(u.FirstSec); err != nil {
		t.Fatal(err)
	}
	r.txid = u.TxID
	return r
}

func (r *rotation) begin() {
	r.t.Helper()
	u, err := r.api.BeginRootUpdate(r.t.Context(), "again", false)
	if err != nil {
		r.t.Fatal(err)
	}
	r.txid = u.TxID
}

func (r *rotation) updates() *author.Updates {
	r.t.Helper()
	u, err := r.api.RootUpdates(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

// stage changes the draft and puts it.
func (r *rotation) stage(change func(d *author.Draft) error) error {
	r.t.Helper()
	d, err := r.updates().Draft()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := change(d); err != nil {
		r.t.Fatal(err)
	}
	return r.api.PutRootUpdate(r.t.Context(), r.txid, d.Updated, factory.StagedSignatures{})
}

func (r *rotation) mustStage(change func(d *author.Draft) error) {
	r.t.Helper()
	if err := r.stage(change); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rotation) apply() error { return r.api.ApplyRootUpdate(r.t.Context(), r.txid) }

func (r *rotation) mustApply() {
	r.t.Helper()
	if err := r.apply(); err != nil {
		r.t.Fatal(err)
	}
}

func freshKey(t *testing.T) *tuf.PrivateKey {
	t.Helper()
	k, err := tuf.GenerateKey(tuf.ED25519)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// rotateRoot puts a new root key in the place of the one in force.
func (r *rotation) rotateRoot() (old, fresh *tuf.PrivateKey) {
	r.t.Helper()
	old, fresh = r.key, freshKey(r.t)
	r.mustStage(func(d *author.Draft) error {
		return d.RotateKey(tuf.RoleRoot, old.Public().ID, fresh.Public(), author.Owner{PolisID: "operator", CreatedAt: r.b.time()})
	})
	r.key = fresh
	return old, fresh
}

func (r *rotation) sign(keys ...*tuf.PrivateKey) {
	r.t.Helper()
	r.mustStage(func(d *author.Draft) error {
		for _, k := range keys {
			if err := d.Sign(k); err != nil {
				return err
			}
		}
		return nil
	})
}

func keyFiles(t *testing.T, b *backend) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(b.dir, "tuf"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
	return names
}

func TestDeviceFollowsRotatedKeysAndRefusesTheOldOnes(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	online := fetcher{t: t, b: b}
	dev := device(t)
	before := mustRefresh(t, online, dev)

	r := takeOver(t, b)
	old, fresh := r.rotateRoot()
	offline := freshKey(t)
	r.mustStage(func(d *author.Draft) error {
		return d.AddKey(tuf.RoleTargets, offline.Public(), author.Owner{PolisID: "operator", CreatedAt: b.time()})
	})
	all := []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}
	if err := r.api.NewOnlineKeys(t.Context(), r.txid, tuf.ED25519, all); err != nil {
		t.Fatal(err)
	}
	r.sign(old, fresh)
	r.mustApply()

	after := mustRefresh(t, online, dev)
	if after.Root().Version != 2 || after.Timestamp().Version <= before.Timestamp().Version ||
		after.Targets().Version <= before.Targets().Version || len(after.Targets().Targets) != 1 {
		t.Errorf("the device is at root %d, timestamp %d, targets %d", after.Root().Version, after.Timestamp().Version, after.Targets().Version)
	}
	for _, role := range all {
		if slices.Equal(before.Root().Roles[role].KeyIDs, after.Root().Roles[role].KeyIDs) {
			t.Errorf("%s still has the old key", role)
		}
	}
	if end := after.Root().Expires.Sub(b.time()); end < 364*24*time.Hour || end > 367*24*time.Hour {
		t.Errorf("the new root lives for %s", end)
	}
	sameButForTargets(t, b.roots(t, "").Root(), b.roots(t, "?production=1").Root(), 2)
	names := keyFiles(t, b)
	if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "root") || !strings.Contains(n, "-") }) || len(names) != 3 {
		t.Errorf("the server keeps %v, want three new online keys", names)
	}
	b.restart(t)
	b.add(t, token, target("demo-2", 2, l.commit, "main")).want(t, 201)
	if trust := mustRefresh(t, online, dev); len(trust.Targets().Targets) != 2 {
		t.Error("after a restart the server signs no more targets")
	}
	r.api = b.operatorAPI(b.operator)
	if u := r.updates(); u.Status != author.StatusNone || u.Updated != nil {
		t.Errorf("the transaction is still %s", u.Status)
	}
	// Whoever holds the old root key can't take the fleet back.
	trust := b.roots(t, "")
	forged := tuf.NewRoot(3, b.time().Add(time.Hour), tuf.Changelog{})
	forged.Keys, forged.Roles = before.Root().Keys, before.Root().Roles
	file, err := tuf.Sign(forged, old)
	if err != nil {
		t.Fatal(err)
	}
	if err := trust.AddRoot(file); !errors.Is(err, tuf.ErrSignature) {
		t.Errorf("a root by the revoked key: %v", err)
	}
}

func TestRootTransactionIsForWhoOpenedItOrKnowsItsID(t *testing.T) {
	b := start(t)
	r := takeOver(t, b)
	_, err := r.api.BeginRootUpdate(t.Context(), "second", false)
	if httpx.Code(err) != 409 {
		t.Errorf("a second transaction: %v", err)
	}
	const other = "token-of-somebody-else"
	b.withDB(t, func(db *store.DB) error {
		return db.AddToken(t.Context(), other, store.Token{Scope: store.ScopeOperator, Subject: "somebody else"})
	})
	body := func(txid string) []byte {
		d, err := r.updates().Draft()
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(map[string]any{"txid": txid, "ci-root": json.RawMessage(d.Updated.CI), "prod-root": json.RawMessage(d.Updated.Prod)})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	keys := func(txid string) []byte {
		return []byte(`{"txid":"` + txid + `","key-type":"ed25519","targets":true}`)
	}
	for _, c := range []struct {
		token, txid string
		code        int
	}{
		{b.operator, "", 200}, {b.operator, r.txid, 200}, {b.operator, "wrong", 403},
		{other, "", 403}, {other, "wrong", 403}, {other, r.txid, 200},
	} {
		b.call(t, c.token, "PUT", updatesPath, body(c.txid)).want(t, c.code)
		if c.code == 403 {
			b.call(t, c.token, "POST", updatesPath+"/gen-online-keys", keys(c.txid)).refused(t, 403, "wrong_txid")
			b.call(t, c.token, "POST", updatesPath+"/apply", []byte(`{"txid":"`+c.txid+`"}`)).refused(t, 403, "wrong_txid")
		}
	}
	if names := keyFiles(t, b); len(names) != 4 {
		t.Errorf("strangers made keys: %v", names)
	}
	for _, path := range []string{updatesPath, updatesPath + "/cancel", updatesPath + "/apply"} {
		b.call(t, b.publisher(t), "POST", path, []byte("{}")).refused(t, 403, "forbidden")
		b.call(t, "", "POST", path, []byte("{}")).refused(t, 401, "unauthorized")
	}
	b.call(t, other, "GET", updatesPath, nil).want(t, 200)
	b.call(t, other, "POST", updatesPath+"/cancel", nil).want(t, 200)
	b.call(t, other, "POST", updatesPath+"/cancel", nil).refused(t, 404, "no_root_update")
	b.call(t, b.operator, "PUT", updatesPath, []byte(`{}`)).refused(t, 400, "bad_request")
	db, err := os.ReadFile(filepath.Join(b.dir, "server.db"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(db), r.txid) {
		t.Error("the transaction id lies in the database")
	}
}

func TestStagedRootsThatBreakARuleAreRefused(t *testing.T) {
	b := start(t)
	r := takeOver(t, b)
	stranger := freshKey(t)
	set := func(value any, path ...string) func(m map[string]any) {
		return func(m map[string]any) {
			for _, p := range path[:len(path)-1] {
				m = m[p].(map[string]any)
			}
			m[path[len(path)-1]] = value
		}
	}
	online := r.updates().Current.Online
	for what, edit := range map[string]func(m map[string]any){
		"a version left out":            set(3, "version"),
		"the version in force":          set(1, "version"),
		"another author":                set(map[string]any{"polis-id": "x", "message": "y", "timestamp": "2026-01-01T00:00:00Z"}, "x-changelog"),
		"no online snapshot key":        set([]string{online[tuf.RoleTargets]}, "roles", "snapshot", "keyids"),
		"a second snapshot key":         set([]string{online[tuf.RoleSnapshot], online[tuf.RoleTargets]}, "roles", "snapshot", "keyids"),
		"no online targets key":         set([]string{online[tuf.RoleSnapshot]}, "roles", "targets", "keyids"),
		"two signatures on CI targets":  set(2, "roles", "targets", "threshold"),
		"a root threshold out of reach": set(2, "roles", "root", "threshold"),
		"another type":                  set("Targets", "_type"),
		"text that is not ASCII":        set("ü", "x-note"),
	} {
		err := r.stage(func(d *author.Draft) error {
			ci := editSigned(t, d.Updated.CI, edit)
			prod := editSigned(t, ci, set(2, "roles", "targets", "threshold"))
			d.Updated = author.Pair{CI: ci, Prod: prod}
			return nil
		})
		if httpx.Code(err) != 400 {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, edit := range map[string]func(m map[string]any){
		"production targets by one key": set(1, "roles", "targets", "threshold"),
		"a twin that is no twin":        set("2040-01-01T00:00:00Z", "expires"),
	} {
		err := r.stage(func(d *author.Draft) error {
			d.Updated.Prod = editSigned(t, d.Updated.Prod, edit)
			return nil
		})
		if httpx.Code(err) != 400 {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, by := range map[string]*tuf.PrivateKey{"a stranger's signature": stranger} {
		err := r.stage(func(d *author.Draft) error {
			var err error
			d.Updated.CI, err = tuf.AddSignature(d.Updated.CI, by)
			return err
		})
		if httpx.Code(err) != 400 {
			t.Errorf("%s: %v", what, err)
		}
	}
	r.sign(r.key) // all of that left the draft as it was
	r.mustApply()
}

// editSigned changes the signed part of a file and drops its signatures.
func editSigned(t *testing.T, file []byte, edit func(m map[string]any)) []byte {
	t.Helper()
	var doc struct {
		Signed     map[string]any `json:"signed"`
		Signatures []any          `json:"signatures"`
	}
	if err := json.Unmarshal(file, &doc); err != nil {
		t.Fatal(err)
	}
	edit(doc.Signed)
	doc.Signatures = []any{}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUnsignedRootIsNotAppliedAndChangesNothing(t *testing.T) {
	b := start(t)
	r := takeOver(t, b)
	old, fresh := r.rotateRoot()
	before := b.call(t, b.operator, "GET", userRepo+"root.json", nil).body
	for _, keys := range [][]*tuf.PrivateKey{{}, {fresh}} {
		r.sign(keys...)
		if err := r.apply(); httpx.Code(err) != 422 || httpx.Reason(err) != "root_update_incomplete" {
			t.Errorf("with %d signatures: %v", len(keys), err)
		}
	}
	if issues := r.updates().Issues.Errors; len(issues) != 2 || !strings.Contains(issues[0].Message, old.Public().ID) {
		t.Errorf("the review does not say whose signature is missing: %+v", issues)
	}
	if b.call(t, b.operator, "GET", userRepo+"root.json", nil).body != before {
		t.Error("the root is another one")
	}
	r.sign(old)
	r.mustApply()
	if b.roots(t, "").Root().Version != 2 {
		t.Error("the root was not applied")
	}
}

func TestFirstRootKeyIsHandedOutUntilItIsTakenOver(t *testing.T) {
	b := start(t)
	first := takeOver(t, b)
	if err := first.api.CancelRootUpdate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := takeOver(t, b) // the answer may have been lost
	if !r.key.Public().Equal(first.key.Public()) {
		t.Error("the second time another key came")
	}
	r.sign(r.key)
	r.mustApply()
	if slices.Contains(keyFiles(t, b), "root.key") {
		t.Error("the server kept the root key")
	}
	if _, err := r.api.BeginRootUpdate(t.Context(), "again", true); httpx.Reason(err) != "no_root_key" {
		t.Errorf("handed out again: %v", err)
	}
	// From here on the server can't renew the root, and goes on without.
	b.pass(500 * 24 * time.Hour)
	b.restart(t)
	if v := b.roots(t, "").Root().Version; v != 2 {
		t.Errorf("somebody made root %d", v)
	}
}

func TestRootIsNotRenewedUnderAnOpenTransaction(t *testing.T) {
	b := start(t)
	r := takeOver(t, b)
	r.sign(r.key)
	b.pass(400 * 24 * time.Hour)
	b.restart(t)
	r.api = b.operatorAPI(b.operator)
	r.mustApply()
	if v := b.roots(t, "").Root().Version; v != 2 {
		t.Errorf("the chain ends with %d", v)
	}
}

func TestCancelledTransactionLeavesNoKeys(t *testing.T) {
	b := start(t)
	before := keyFiles(t, b)
	r := &rotation{t: t, b: b, api: b.operatorAPI(b.operator)}
	r.begin()
	for range 2 {
		if err := r.api.NewOnlineKeys(t.Context(), r.txid, tuf.ED25519, []tuf.Role{tuf.RoleTimestamp}); err != nil {
			t.Fatal(err)
		}
		if names := keyFiles(t, b); len(names) != len(before)+1 {
			t.Errorf("the server keeps %v", names)
		}
	}
	if err := r.api.CancelRootUpdate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := keyFiles(t, b); !slices.Equal(names, before) {
		t.Errorf("the server keeps %v", names)
	}
	mustRefresh(t, fetcher{t: t, b: b}, device(t))
}

// What was retired goes at the next start at the latest, and nothing else: a key
// that the database does not know may be that of a newer one.
func TestOnlyRetiredKeysAreDeletedAtTheNextStart(t *testing.T) {
	b := start(t)
	before := keyFiles(t, b)
	b.stop()
	write := func(name string, k *tuf.PrivateKey) {
		data, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(b.dir, "tuf", name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newer, retired, own := freshKey(t), freshKey(t), freshKey(t)
	newerFile := "timestamp-" + newer.Public().ID + ".key"
	write(newerFile, newer)
	write("snapshot.key.old.key", own) // no name of ours
	if err := os.Rename(filepath.Join(b.dir, "tuf", "root.key"), filepath.Join(b.dir, "root.key")); err != nil {
		t.Fatal(err)
	}
	write("root.key", retired)
	b.withDB(t, func(db *store.DB) error {
		return db.SetSetting(t.Context(), "retired-keys", `["root:`+retired.Public().ID+`"]`)
	})
	b.run(t)
	want := slices.DeleteFunc(append(before, "snapshot.key.old.key", newerFile), func(n string) bool { return n == "root.key" })
	slices.Sort(want)
	if got := keyFiles(t, b); !slices.Equal(got, want) {
		t.Errorf("the server keeps %v, want %v", got, want)
	}
	b.stop()
	write("root.key", own) // no root names it, and it is not ours to delete
	b.run(t)
	if !slices.Contains(keyFiles(t, b), "root.key") {
		t.Error("a key that a person put there is gone")
	}
	mustRefresh(t, fetcher{t: t, b: b}, device(t))
}

// A key whose file could not be deleted is not forgotten by the next root.
func TestKeyThatCouldNotBeDeletedIsDeletedLater(t *testing.T) {
	b := start(t)
	r := takeOver(t, b)
	file := filepath.Join(b.dir, "tuf", "root.key")
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(file), os.MkdirAll(filepath.Join(file, "in", "the", "way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	r.sign(r.rotateRoot())
	r.mustApply()
	r.begin()
	r.sign(r.rotateRoot())
	r.mustApply()
	b.stop()
	if err := errors.Join(os.RemoveAll(file), os.WriteFile(file, saved, 0o600)); err != nil {
		t.Fatal(err)
	}
	b.run(t)
	if slices.Contains(keyFiles(t, b), "root.key") {
		t.Error("the root key that was taken over is still on the server")
	}
}

// A root must not name an online key that nobody has any more.
func TestRootWithAnOnlineKeyThatIsGoneIsNotApplied(t *testing.T) {
	b := start(t)
	r := takeOver(t, b)
	if err := r.api.NewOnlineKeys(t.Context(), r.txid, tuf.ED25519, []tuf.Role{tuf.RoleSnapshot}); err != nil {
		t.Fatal(err)
	}
	r.sign(r.key)
	b.stop()
	id := ""
	for _, name := range keyFiles(t, b) {
		if strings.HasPrefix(name, "snapshot-") {
			id = name
			if err := os.Remove(filepath.Join(b.dir, "tuf", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.run(t)
	r.api = b.operatorAPI(b.operator)
	if err := r.apply(); id == "" || httpx.Code(err) != 422 || !strings.Contains(err.Error(), "snapshot role is not on this server") {
		t.Errorf("without %q: %v", id, err)
	}
	mustRefresh(t, fetcher{t: t, b: b}, device(t))
}

func TestLongRootsAreRefused(t *testing.T) {
	b := start(t)
	r := takeOver(t, b)
	err := r.stage(func(d *author.Draft) error {
		long := func(m map[string]any) { m["x-long"] = strings.Repeat("x", 64<<10) }
		d.Updated = author.Pair{CI: editSigned(t, d.Updated.CI, long), Prod: editSigned(t, d.Updated.Prod, long)}
		return nil
	})
	if httpx.Code(err) != 400 {
		t.Errorf("%v", err)
	}
	err = r.stage(func(d *author.Draft) error {
		d.Updated.CI = editSigned(t, d.Updated.CI, func(m map[string]any) { m["x-long"] = strings.Repeat("x", 1<<20) })
		return nil
	})
	if httpx.Code(err) != 413 {
		t.Errorf("%v", err)
	}
}
