package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// copied is a copy of /var/sota of the device, with the roots of its image.
func (d *device) copied() string {
	d.t.Helper()
	dir := filepath.Join(d.t.TempDir(), "copy")
	d.must(os.MkdirAll(filepath.Join(dir, d.dir), 0o755))
	for from, to := range map[string]string{filepath.Join(d.dir, "sota") + "/.": dir, filepath.Join(d.dir, "roots"): filepath.Join(dir, d.dir)} {
		if _, err := os.Stat(from); err != nil {
			continue
		}
		if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
			d.t.Fatalf("cp: %v: %s", err, out)
		}
	}
	conf, err := os.ReadFile(d.conf())
	d.must(err)
	d.must(os.WriteFile(filepath.Join(dir, "sota.toml"), conf, 0o600))
	return dir
}

// rehearse asks what the device would do, going by copy.
func (d *device) rehearse(copy string, change func(*RehearseOptions)) (*Rehearsal, error) {
	d.t.Helper()
	cfg, err := config.LoadCopy(copy)
	d.must(err)
	b, err := offline.Open(d.bundle)
	d.must(err)
	defer b.Close()
	o := RehearseOptions{Config: cfg, Scratch: d.t.TempDir(), Clock: clock.At(d.now), Content: func(ctx context.Context, t Target, w Wants) error {
		repo, err := b.Repo(ctx)
		if err != nil {
			return err
		}
		commit, err := t.checksum()
		if err == nil && !w.Has(commit) {
			_, err = ostree.Verify(ctx, repo, commit, ostree.VerifyOptions{})
		}
		return err
	}}
	if change != nil {
		change(&o)
	}
	return Rehearse(d.t.Context(), b, o)
}

// rehearsed wants the rehearsal to end as the device will, and to change
// nothing that it was given.
func (d *device) rehearsed(want Code) *Rehearsal {
	d.t.Helper()
	dir := d.copied()
	before := d.tree(dir, d.bundle)
	r, err := d.rehearse(dir, nil)
	d.must(err)
	if slices.ContainsFunc(r.Unknown, func(s string) bool { return strings.HasPrefix(s, "which root") }) {
		return r // a device that knows none refuses; whether it knows one is not known
	}
	if r.Code != want || r.Takes != (want == InstallNeedsReboot || want == InstallAppsNeedFinalization) || r.Reason == "" {
		d.t.Errorf("the rehearsal says %+v, want %d", r, want)
	}
	if after := d.tree(dir, d.bundle); after != before {
		d.t.Errorf("the rehearsal changed what it was given:\n%s\nwas\n%s", after, before)
	}
	return r
}

// tree lists what is in folders, with sizes and times.
func (d *device) tree(dirs ...string) string {
	d.t.Helper()
	var b strings.Builder
	for _, dir := range dirs {
		d.must(filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			st, err := e.Info()
			if err == nil {
				b.WriteString(p + " " + st.Mode().String() + " " + st.ModTime().String() + "\n")
			}
			return err
		}))
	}
	return b.String()
}

// registered gives the device a client certificate, and if it is one of
// production has its image made for that.
func (d *device) registered(production bool) {
	d.t.Helper()
	d.certified(production)
	if production {
		d.must(os.Rename(filepath.Join(d.dir, "roots/ci"), filepath.Join(d.dir, "roots/prod")))
	}
}

// certified gives the device a client certificate.
func (d *device) certified(production bool) {
	d.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	d.must(err)
	name := pkix.Name{CommonName: "dev-1"}
	if production {
		name.ExtraNames = []pkix.AttributeTypeAndValue{{Type: businessCategory(), Value: "production"}}
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name, NotBefore: d.now, NotAfter: d.now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	d.must(err)
	d.must(os.MkdirAll(filepath.Join(d.dir, "sota"), 0o700))
	d.must(os.WriteFile(filepath.Join(d.dir, "sota/client.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	d.extra += "[import]\ntls_clientcert_path = \"" + filepath.Join(d.dir, "sota/client.pem") + "\"\n"
}

// TestRehearsalEndsAsTheDeviceDoes lets devices in each state meet bundles that
// are not for them, and those that are: the rehearsal on a copy first, the
// device then.
func TestRehearsalEndsAsTheDeviceDoes(t *testing.T) {
	updated := func(d *device) {
		_, err := d.install(UpdateRequest{})
		d.must(err)
		d.reboot()
		_, err = d.run()
		d.must(err)
	}
	tests := []struct {
		name    string
		prepare func(d *device)
		want    Code
		target  string
		change  string
		says    string // in the reason or the remedy
	}{
		{"newer target", nil, InstallNeedsReboot, "board-lmp-2", ChangeUpdate, "Updating from Initial Target to board-lmp-2"},
		{"same target as runs", updated, InstallAppsNeedFinalization, "board-lmp-2", ChangeSame, "Syncing"},
		{"same target as runs, damaged in the bundle", func(d *device) {
			updated(d)
			d.eachFile("filez", func(p string) { d.must(os.Truncate(p, 20)) })
		}, InstallAppsNeedFinalization, "board-lmp-2", ChangeSame, ""},
		{"older target than runs", func(d *device) {
			updated(d)
			delete(d.meta.Targets, "board-lmp-2")
			d.publish()
		}, InstallDowngradeAttempt, "board-lmp-1", ChangeDowngrade, "--force"},
		{"another installation waits", func(d *device) {
			_, err := d.install(UpdateRequest{})
			d.must(err)
		}, InstallationInProgress, "", "", "waits to be finalized"},
		{"target that failed here before", func(d *device) {
			_, err := d.install(UpdateRequest{})
			d.must(err)
			d.rollBack()
			if _, err := d.run(); err == nil {
				d.t.Fatal("no rollback")
			}
		}, InstallNeedsReboot, "board-lmp-2", ChangeUpdate, ""},
		{"two targets for different hardware", func(d *device) {
			d.meta.AddTarget("other-lmp-9", d.root.Commit, "other", "9", tag)
			d.publish()
		}, InstallNeedsReboot, "board-lmp-2", ChangeUpdate, ""},
		{"two targets, none for this hardware", func(d *device) {
			d.meta.Targets = map[string]tuf.Target{}
			d.meta.AddTarget("a-lmp-9", d.root.Commit, "a", "9", tag)
			d.meta.AddTarget("b-lmp-9", d.root.Commit, "b", "9", tag)
			d.publish()
		}, CheckinNoMatchingTargets, "", "", "no target for hardware id"},
		{"target with another tag", func(d *device) {
			d.meta.Targets = map[string]tuf.Target{}
			d.meta.AddTarget("board-lmp-9", d.root.Commit, board, "9", "devel")
			d.publish()
		}, CheckinNoMatchingTargets, "", "", ""},
		{"CI bundle on a production device", func(d *device) { d.registered(true) }, CheckinInvalidBundleMetadata, "", "", "this is a prod device"},
		{"CI bundle without signatures on a production device", func(d *device) {
			d.registered(true)
			d.rewrite(func() { d.meta.Files[tuf.BundleTargetsFile] = d.meta.SignWith(tuf.BundleTargetsFile, d.bundleDoc()) })
		}, CheckinInvalidBundleMetadata, "", "", ""},
		{"production bundle on a CI device", func(d *device) {
			d.registered(false)
			d.rewrite(func() { d.meta.Bundle("prod", tag, "board-lmp-2") })
		}, CheckinInvalidBundleMetadata, "", "", "this is a ci device"},
		{"bundle of another factory", func(d *device) {
			_, err := d.check()
			d.must(err)
			other := newRepoLike(d)
			d.rewrite(func() { d.meta.Files = other })
		}, CheckinInvalidBundleMetadata, "", "", ""},
		{"clock before the metadata", func(d *device) {
			_, err := d.check()
			d.must(err)
			d.now = d.now.Add(-10000 * time.Hour)
		}, CheckinFailure, "", "", "clock"},
		{"clock behind the expiry", func(d *device) { d.now = d.now.Add(10000 * time.Hour) }, CheckinExpiredMetadata, "", "", "expired"},
		{"a hundred roots", func(d *device) {
			for range 99 {
				d.meta.NextRoot()
			}
			d.publish()
		}, InstallNeedsReboot, "board-lmp-2", ChangeUpdate, ""},
	}
	m := newMold(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := m.device(t)
			if tt.prepare != nil {
				tt.prepare(d)
			}
			r := d.rehearsed(tt.want)
			if r.Target != tt.target || r.Change != tt.change || !strings.Contains(r.Reason+r.Remedy, tt.says) {
				t.Errorf("the rehearsal says %+v", r)
			}
			got, err := d.install(UpdateRequest{NameOnly: true, Downgrade: DowngradeRefuse})
			wantCode(t, "install", got, err, tt.want)
		})
	}
}

// newRepoLike is the metadata of another factory with the same targets.
func newRepoLike(d *device) map[string][]byte {
	other := &device{t: d.t, meta: tuftest.New(d.t), bundle: d.t.TempDir(), now: d.now}
	other.meta.Targets = d.meta.Targets
	other.publish()
	return other.meta.Files
}

func TestRehearsalSaysWhatItDoesNotKnow(t *testing.T) {
	d := newDevice(t)
	conf := filepath.Join(t.TempDir(), "sota.toml")
	d.must(os.WriteFile(conf, []byte("[provision]\nprimary_ecu_hardware_id = board\n[pacman]\ntags = main\n"), 0o600))
	r, err := d.rehearse(conf, nil)
	d.must(err)
	if !r.Takes || r.Code != InstallNeedsReboot || r.Running != "" || r.HardwareID != board {
		t.Errorf("%+v", r)
	}
	for _, what := range []string{"which root it trusts", "no sql.db", "production device", "runs apps", "space"} {
		if !slices.ContainsFunc(r.Unknown, func(s string) bool { return strings.Contains(s, what) }) {
			t.Errorf("nothing about %q among %q", what, r.Unknown)
		}
	}
	r, err = d.rehearse(conf, func(o *RehearseOptions) { o.Roots = [][]byte{tuftest.New(t).Files["1.root.json"]} })
	if err != nil || r.Takes || r.Code != CheckinInvalidBundleMetadata {
		t.Errorf("with the root of another factory: %+v, %v", r, err)
	}

	d.must(os.WriteFile(conf, []byte("[pacman]\ntags = main\n"), 0o600))
	if _, err := d.rehearse(conf, nil); fail.ClassOf(err) != fail.Usage || !strings.Contains(fail.HintOf(err), "--hardware-id") {
		t.Errorf("without a hardware id: %v", err)
	}
	r, err = d.rehearse(conf, func(o *RehearseOptions) { o.HardwareID = "other" })
	if err != nil || r.Code != CheckinNoMatchingTargets {
		t.Errorf("for other hardware: %+v, %v", r, err)
	}
}

func TestRehearsalOfADeviceInTheMiddleOfAnInstallation(t *testing.T) {
	d := newDevice(t)
	_, err := d.check()
	d.must(err)
	a := d.open()
	target, err := fromTUF("board-lmp-2", d.meta.Targets["board-lmp-2"])
	d.must(err)
	d.must(a.db.BeginInstall(t.Context(), target.row("x")))
	d.must(a.Close())
	r := d.rehearsed(InstallNeedsReboot)
	if !slices.ContainsFunc(r.Unknown, func(s string) bool { return strings.Contains(s, `installation of "board-lmp-2"`) }) {
		t.Errorf("%q", r.Unknown)
	}
}

func TestDatabaseThatIsNoneIsNamed(t *testing.T) {
	d := newDevice(t)
	dir := d.copied()
	db := filepath.Join(dir, "sql.db")
	d.must(os.WriteFile(db, []byte("not a database, although it is long enough to be looked at: "+strings.Repeat("x", 4096)), 0o600))
	if r, err := d.rehearse(dir, nil); err == nil || !strings.Contains(err.Error(), "sql.db") {
		t.Errorf("%+v, %v", r, err)
	}
	d.must(os.Remove(db))
	d.must(os.Mkdir(db, 0o700))
	if r, err := d.rehearse(dir, nil); err == nil || !strings.Contains(err.Error(), db) {
		t.Errorf("%+v, %v", r, err)
	}
	d.must(os.Remove(db))
	d.must(exec.Command("mkfifo", db).Run())
	if r, err := d.rehearse(dir, nil); err == nil || !strings.Contains(err.Error(), db) {
		t.Errorf("a pipe: %+v, %v", r, err)
	}
}
