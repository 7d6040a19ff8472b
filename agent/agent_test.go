package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

const (
	board = "board"
	tag   = "main"
)

// device is a sysroot with its configuration, a repository of metadata and a
// bundle, all in folders of the test.
type device struct {
	t      *testing.T
	dir    string
	root   *testkit.Sysroot
	meta   *tuftest.Repo
	bundle string
	now    time.Time
	faults faults.Injector
	ids    int
	extra  string // more configuration
}

// mold is what all devices of a table of tests begin with: a sysroot that runs
// version 1, and an archive repo with versions 1 and 2.
type mold struct {
	root     *testkit.Sysroot
	repo     string
	versions map[string]string // commits
}

func newMold(t *testing.T) *mold {
	t.Helper()
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		t.Setenv("TMPDIR", "/dev/shm") // hundreds of syncs cost nothing there
	}
	m := &mold{versions: map[string]string{}}
	one := testkit.SmallOS(t, "1")
	m.root = testkit.NewSysroot(t, one, "os/main", "version=1")
	m.repo = testkit.ArchiveRepo(t, one, "os/main", "version=1")
	m.versions["1"] = m.root.Commit
	m.versions["2"] = testkit.Commit(t, m.repo, testkit.SmallOS(t, "2"), "os/main", "version=2")
	return m
}

// device casts a device, and a bundle with both versions.
func (m *mold) device(t *testing.T) *device {
	t.Helper()
	d := &device{t: t, dir: t.TempDir(), meta: tuftest.New(t), now: tuftest.Start.Add(time.Hour)}
	root := *m.root
	root.Dir = filepath.Join(d.dir, "sysroot")
	root.Repo = filepath.Join(root.Dir, "ostree/repo")
	d.root = &root
	d.bundle = filepath.Join(d.dir, "bundle")
	d.must(os.MkdirAll(d.bundle, 0o755))
	for from, to := range map[string]string{m.root.Dir: root.Dir, m.repo: filepath.Join(d.bundle, "ostree_repo")} {
		if out, err := exec.Command("cp", "-a", "--reflink=auto", from, to).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v: %s", err, out)
		}
	}
	t.Cleanup(func() {
		for _, dir := range root.Deployments(t) {
			_ = exec.Command("chattr", "-i", dir).Run() // not every file system has it
		}
	})
	for version, commit := range m.versions {
		d.meta.AddTarget("board-lmp-"+version, commit, board, version, tag)
	}
	d.meta.WriteDir(filepath.Join(d.dir, "roots/ci")) // only N.root.json are looked at
	d.publish()
	return d
}

// newDevice is one device of its own mold.
func newDevice(t *testing.T) *device {
	t.Helper()
	return newMold(t).device(t)
}

func (d *device) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// publish signs the targets and rewrites the bundle's metadata.
func (d *device) publish(names ...string) {
	d.t.Helper()
	d.meta.Publish()
	if len(names) == 0 {
		for name := range d.meta.Targets {
			names = append(names, name)
		}
	}
	d.meta.Bundle("ci", tag, names...)
	d.must(os.RemoveAll(filepath.Join(d.bundle, "tuf")))
	d.meta.WriteDir(filepath.Join(d.bundle, "tuf"))
}

// open opens the device as a new process would.
func (d *device) open() *Agent {
	d.t.Helper()
	a, err := d.tryOpen()
	d.must(err)
	d.t.Cleanup(func() { a.Close() })
	return a
}

func (d *device) tryOpen() (*Agent, error) {
	d.t.Helper()
	conf := filepath.Join(d.dir, "conf.toml")
	d.must(os.WriteFile(conf, []byte(fmt.Sprintf(`
[provision]
primary_ecu_hardware_id = "%s"
[pacman]
type = "ostree"
sysroot = "%s"
tags = "%s"
[storage]
path = "%s"
uptane_metadata_path = "%s"
[bootloader]
reboot_sentinel_dir = "%s"
[otactl]
lock_file = "%s"
%s`, board, d.root.Dir, tag, filepath.Join(d.dir, "sota"), filepath.Join(d.dir, "roots"),
		filepath.Join(d.dir, "run"), filepath.Join(d.dir, "lock"), d.extra)), 0o600))
	cfg, err := config.Load(conf)
	d.must(err)
	return Open(d.t.Context(), Options{
		Config: cfg, Clock: clock.At(d.now), Faults: d.faults,
		NewID: func() string { d.ids++; return fmt.Sprintf("id-%d", d.ids) },
	})
}

// install is aklite-offline install, as a process of its own.
func (d *device) install(req UpdateRequest) (Result, error) {
	d.t.Helper()
	a, err := d.tryOpen()
	if err != nil {
		return Result{}, err
	}
	defer a.Close()
	src, err := a.OpenBundle(d.bundle)
	if err != nil {
		return Result{}, err
	}
	defer src.Close()
	req.Deferred = true
	return a.Update(d.t.Context(), src, req)
}

func (d *device) check() (Listing, error) {
	d.t.Helper()
	a, err := d.tryOpen()
	if err != nil {
		return Listing{}, err
	}
	defer a.Close()
	src, err := a.OpenBundle(d.bundle)
	if err != nil {
		return Listing{}, err
	}
	defer src.Close()
	return a.Check(d.t.Context(), src)
}

func (d *device) run() (Result, error) {
	d.t.Helper()
	a, err := d.tryOpen()
	if err != nil {
		return Result{}, err
	}
	defer a.Close()
	return a.Finalize(d.t.Context())
}

func (d *device) status() Status {
	d.t.Helper()
	a := d.open()
	defer a.Close()
	s, err := a.Status(d.t.Context())
	d.must(err)
	return s
}

// reboot empties the folder that a reboot empties.
func (d *device) reboot() {
	d.t.Helper()
	d.must(os.RemoveAll(filepath.Join(d.dir, "run")))
}

// rollBack is a reboot in which the boot loader chose what ran before: as no
// boot loader runs here, the newer deployment is taken away.
func (d *device) rollBack() {
	d.t.Helper()
	d.root.Admin(d.t, "undeploy", "0")
	d.reboot()
}

func wantCode(t *testing.T, what string, r Result, err error, want Code) {
	t.Helper()
	got := r.Code
	if err != nil {
		got = CodeOf(err)
	}
	if got != want {
		t.Fatalf("%s: code %d (%v), want %d", what, got, err, want)
	}
}

func TestInstallWaitsForTheRebootAndRunConfirmsIt(t *testing.T) {
	d := newDevice(t)
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, InstallNeedsReboot)
	if r.Target.Name != "board-lmp-2" || r.From.Name != initialName {
		t.Errorf("installed %q over %q", r.Target.Name, r.From.Name)
	}
	before := d.snapshot()
	r, err = d.run()
	wantCode(t, "run before the reboot", r, err, InstallNeedsReboot)
	if after := d.snapshot(); after != before {
		t.Errorf("run before the reboot changed something:\n%s\nwas\n%s", after, before)
	}
	if s := d.status(); s.Commit != d.root.Commit || s.Pending == nil || s.Pending.Name != "board-lmp-2" {
		t.Errorf("before the reboot: %+v", s)
	}
	r, err = d.install(UpdateRequest{})
	wantCode(t, "install while one is pending", r, err, InstallationInProgress)

	d.reboot()
	r, err = d.run()
	wantCode(t, "run after the reboot", r, err, Ok)
	if s := d.status(); s.Current.Name != "board-lmp-2" || s.Pending != nil {
		t.Errorf("after the reboot: %+v", s)
	}
	r, err = d.run()
	wantCode(t, "run again", r, err, NoPendingInstallation)
	current, err := os.ReadFile(filepath.Join(d.dir, "sota/current-target"))
	if err != nil || !strings.Contains(string(current), `TARGET_NAME="board-lmp-2"`) {
		t.Errorf("current-target: %q, %v", current, err)
	}
}

// snapshot is all that an operation could change: database, deployments,
// sentinel.
func (d *device) snapshot() string {
	d.t.Helper()
	dump, err := exec.Command("sh", "-c", "ls -R "+filepath.Join(d.root.Dir, "boot/loader/entries")+" "+filepath.Join(d.dir, "run")).Output()
	d.must(err)
	a := d.open()
	defer a.Close()
	log, err := a.db.Log(d.t.Context())
	d.must(err)
	flag, err := a.db.NeedReboot(d.t.Context())
	d.must(err)
	return fmt.Sprint(string(dump), log, flag)
}

func TestDeploymentKeepsKernelArgumentsAndNamesTheCommitAsOrigin(t *testing.T) {
	d := newDevice(t)
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, InstallNeedsReboot)
	a := d.open()
	st, err := a.root.Read()
	d.must(err)
	if got := strings.Join(st.Pending.Options, " "); got != "root=LABEL=root quiet" {
		t.Errorf("kernel arguments %q", got)
	}
	origin, err := os.ReadFile(filepath.Join(d.root.Dir, st.Pending.Dir()+".origin"))
	d.must(err)
	if want := "refspec=" + r.Target.Commit; !strings.Contains(string(origin), want) {
		t.Errorf("origin %q, want %q in it", origin, want)
	}
	if st.Booted.Commit != d.root.Commit {
		t.Errorf("before the reboot %s counts as booted", st.Booted.Commit)
	}
	testkit.OSTree(t, "fsck", "--repo="+d.root.Repo)
}

func TestRollbackOfTheBootLoaderMakesTheTargetFail(t *testing.T) {
	d := newDevice(t)
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, InstallNeedsReboot)
	d.rollBack()
	r, err = d.run()
	wantCode(t, "run", r, err, InstallRollbackOk)
	if s := d.status(); s.Commit != d.root.Commit || s.Pending != nil || s.Current.Name != initialName {
		t.Errorf("after the rollback: %+v", s)
	}
	l, err := d.check()
	d.must(err)
	for _, row := range l.Targets {
		if row.Name == "board-lmp-2" && !row.Failed {
			t.Error("the target does not count as failed")
		}
		if row.Selected {
			t.Errorf("check would install %s", row.Name)
		}
	}
	r, err = d.install(UpdateRequest{Name: "board-lmp-2"})
	wantCode(t, "install of a failed target by name", r, err, InstallNeedsReboot)
}

func TestSameTargetAgainIsFinalizedWithoutReboot(t *testing.T) {
	d := newDevice(t)
	r, err := d.install(UpdateRequest{Name: "board-lmp-1"})
	wantCode(t, "install of what runs", r, err, InstallAppsNeedFinalization)
	r, err = d.run()
	wantCode(t, "run", r, err, Ok)
	if s := d.status(); s.Current.Name != "board-lmp-1" {
		t.Errorf("current is %q", s.Current.Name)
	}
}

func TestDowngradeNeedsForce(t *testing.T) {
	d := newDevice(t)
	for _, step := range []func() (Result, error){
		func() (Result, error) { return d.install(UpdateRequest{}) },
		func() (Result, error) { d.reboot(); return d.run() },
	} {
		_, err := step()
		d.must(err)
	}
	r, err := d.install(UpdateRequest{Name: "board-lmp-1", Downgrade: DowngradeRefuse})
	wantCode(t, "named downgrade", r, err, InstallDowngradeAttempt)
	delete(d.meta.Targets, "board-lmp-2")
	d.publish()
	r, err = d.install(UpdateRequest{Downgrade: DowngradeRefuse})
	wantCode(t, "newest is older", r, err, InstallDowngradeAttempt)
	r, err = d.install(UpdateRequest{})
	wantCode(t, "newest is older, as aktualizr-lite sees it", r, err, Ok)
	r, err = d.install(UpdateRequest{Downgrade: DowngradeAllow})
	wantCode(t, "forced", r, err, InstallNeedsReboot)
}

func TestBundleCodes(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(d *device)
		want  Code
	}{
		{"expired bundle", func(d *device) { d.now = d.now.Add(3000 * time.Hour) }, CheckinExpiredMetadata},
		{"expired timestamp alone", func(d *device) { d.now = d.now.Add(200 * time.Hour) }, CheckinExpiredMetadata},
		{"no bundle-targets.json", func(d *device) { d.must(os.Remove(d.bundle + "/tuf/bundle-targets.json")) }, InstallNeedsReboot},
		{"no timestamp", func(d *device) { d.must(os.Remove(d.bundle + "/tuf/timestamp.json")) }, CheckinMetadataNotFound},
		{"no metadata", func(d *device) { d.must(os.RemoveAll(d.bundle + "/tuf")) }, CheckinMetadataNotFound},
		{"no root of trust", func(d *device) { d.must(os.RemoveAll(d.dir + "/roots")) }, CheckinMetadataNotFound},
		{"damaged provided root", func(d *device) { d.flip("../roots/ci/1.root.json") }, CheckinFailure},
		{"bundle for another tag", func(d *device) { d.rewrite(func() { d.meta.Bundle("ci", "other", "board-lmp-2") }) }, CheckinInvalidBundleMetadata},
		{"prod bundle on a device of unknown kind", func(d *device) { d.rewrite(func() { d.meta.Bundle("prod", tag, "board-lmp-2") }) }, InstallNeedsReboot},
		{"bundle names no known target", func(d *device) { d.rewrite(func() { d.meta.Bundle("ci", tag, "nothing") }) }, CheckinNoMatchingTargets},
		{"flipped bit in bundle-targets.json", func(d *device) { d.flip("tuf/bundle-targets.json") }, CheckinInvalidBundleMetadata},
		{"flipped bit in targets.json", func(d *device) { d.flip("tuf/targets.json") }, CheckinFailure},
		{"flipped bit in timestamp.json", func(d *device) { d.flip("tuf/timestamp.json") }, CheckinFailure},
		{"for other hardware", func(d *device) {
			d.rewrite(func() {
				d.meta.Targets = map[string]tuf.Target{}
				d.meta.AddTarget("x", d.root.Commit, "other-board", "9", tag)
				d.meta.Publish()
				d.meta.Bundle("ci", tag, "x")
			})
		}, CheckinNoMatchingTargets},
		{"commit is not in the bundle", func(d *device) {
			d.rewrite(func() {
				d.meta.Targets = map[string]tuf.Target{}
				d.meta.AddTarget("x", strings.Repeat("ab", 32), board, "9", tag)
				d.meta.Publish()
				d.meta.Bundle("ci", tag, "x")
			})
		}, CheckinNoTargetContent},
		{"an object is missing", func(d *device) { d.eachFile("filez", func(p string) { d.must(os.Remove(p)) }) }, DownloadFailure},
		{"objects are damaged", func(d *device) { d.eachFile("filez", func(p string) { d.must(os.Truncate(p, 20)) }) }, DownloadFailure},
		{"no repo", func(d *device) { d.must(os.RemoveAll(d.bundle + "/ostree_repo")) }, UnknownError},
		{"signed by a key that is not one of the root's", func(d *device) {
			d.rewrite(func() {
				d.meta.Files[tuf.BundleTargetsFile] = d.meta.SignWith(tuf.BundleTargetsFile, d.bundleDoc(), d.meta.Key(tuf.ED25519))
			})
		}, CheckinInvalidBundleMetadata},
	}
	m := newMold(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := m.device(t)
			tt.spoil(d)
			r, err := d.install(UpdateRequest{})
			wantCode(t, "install", r, err, tt.want)
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error has more than one line: %q", err)
			}
			if tt.want != InstallNeedsReboot && len(d.root.Deployments(t)) != 1 {
				t.Error("something was deployed")
			}
		})
	}
}

func TestNamedTargetThatIsNotThere(t *testing.T) {
	d := newDevice(t)
	r, err := d.install(UpdateRequest{Name: "nothing"})
	wantCode(t, "install", r, err, TufTargetNotFound)
	r, err = d.install(UpdateRequest{Name: "2", NameOnly: true})
	wantCode(t, "install by version where only names count", r, err, TufTargetNotFound)
	r, err = d.install(UpdateRequest{Name: "2"})
	wantCode(t, "install by version", r, err, InstallNeedsReboot)
}

func TestOlderBundleInstallsATargetThatNewerMetadataStillNames(t *testing.T) {
	d := newDevice(t)
	_, err := d.check()
	d.must(err)
	old := d.saveMetadata()
	d.publish()
	_, err = d.check() // the device knows newer metadata now
	d.must(err)
	d.restoreMetadata(old)
	l, err := d.check()
	d.must(err)
	if l.Code != CheckinUpdateNewVersion {
		t.Errorf("check says %d", l.Code)
	}
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, InstallNeedsReboot)
}

func TestOnlyOneAgentAtATime(t *testing.T) {
	d := newDevice(t)
	a := d.open()
	if _, err := d.run(); err == nil || !strings.Contains(err.Error(), "another update agent") {
		t.Errorf("second agent: %v", err)
	}
	d.must(a.Close())
	_, err := d.run()
	if CodeOf(err) != NoPendingInstallation {
		t.Errorf("after the first has ended: %v", err)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "lock")); err != nil {
		t.Errorf("the lock file was removed: %v", err)
	}
}

func TestCallbacksGetTheStoryInOrder(t *testing.T) {
	d := newDevice(t)
	log := filepath.Join(d.dir, "callbacks")
	script := filepath.Join(d.dir, "callback")
	d.must(os.WriteFile(script, []byte("#!/bin/sh\necho \"$MESSAGE|$INSTALL_TARGET_NAME|$RESULT\" >>"+log+"\n"), 0o755))
	d.extra = "[pacman]\ncallback_program = \"" + script + "\"\n"
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, InstallNeedsReboot)
	d.reboot()
	_, err = d.run()
	d.must(err)
	got, err := os.ReadFile(log)
	d.must(err)
	want := `check-for-update-pre||
check-for-update-post|board-lmp-2|OK
download-pre|board-lmp-2|
download-post|board-lmp-2|OK
install-pre|board-lmp-2|
install-post|board-lmp-2|NEEDS_COMPLETION
install-final-pre|board-lmp-2|
install-post|board-lmp-2|OK
`
	if string(got) != want {
		t.Errorf("callbacks:\n%swant\n%s", got, want)
	}
}

func TestReserveIsNeverTouched(t *testing.T) {
	d := newDevice(t)
	a := d.open()
	total, free, err := a.root.Space()
	d.must(err)
	d.must(a.checkSpace(0, 1))
	for _, err := range []error{a.checkSpace(100, 0), a.checkSpace(0, free+total)} {
		if !errors.Is(err, ostree.ErrNoSpace) || fail.ClassOf(err) != fail.NoSpace {
			t.Errorf("no room: %v", err)
		}
	}
	a.Close()
	d.extra = "[pacman]\nsysroot_ostree_reserved_space_percentage = 50\n"
	if free < total/2 {
		r, err := d.install(UpdateRequest{})
		wantCode(t, "install with too little room", r, err, DownloadFailureNoSpace)
	}
}

func TestObjectThatClaimsMoreThanThereIsRoomIsNotRead(t *testing.T) {
	read := false
	o := &roomy{Object: ostree.NewFile(ostree.Checksum{}, &ostree.FileHeader{Mode: 0o100644, Size: 1 << 60}, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(readerFunc(func([]byte) (int, error) { read = true; return 0, io.EOF })), nil
	}), check: func(need uint64) error {
		if need > 1<<40 {
			return ostree.ErrNoSpace
		}
		return nil
	}}
	if _, _, err := o.OpenFile(t.Context()); !errors.Is(err, ostree.ErrNoSpace) || read {
		t.Errorf("error %v, read %v", err, read)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestTargetWithAppsIsRefusedWhereAppsWouldHaveToRun(t *testing.T) {
	d := newDevice(t)
	target := d.meta.Targets["board-lmp-2"]
	target.Custom = []byte(strings.Replace(string(target.Custom), "{", `{"docker_compose_apps":{"web":{"uri":"hub/f/web@sha256:00"}},`, 1))
	d.meta.Targets["board-lmp-2"] = target
	d.publish("board-lmp-2")
	d.extra = "[pacman]\ntype = \"ostree+compose_apps\"\n"
	r, err := d.install(UpdateRequest{})
	wantCode(t, "app is not in the bundle", r, err, CheckinNoTargetContent)
	d.must(os.MkdirAll(d.bundle+"/apps/apps/web/00", 0o755))
	d.must(os.WriteFile(d.bundle+"/apps/apps/web/00/uri", []byte("hub/f/web@sha256:00"), 0o644))
	r, err = d.install(UpdateRequest{})
	wantCode(t, "app would have to run", r, err, UnknownError)
	d.extra = ""
	r, err = d.install(UpdateRequest{})
	wantCode(t, "apps are not this device's business", r, err, InstallNeedsReboot)
}

type dead struct{ point string }

// killer models a power cut: the process is gone at that point.
type killer struct {
	point string
	hit   bool
}

func (k *killer) At(point string) error {
	if point == k.point && !k.hit {
		k.hit = true
		panic(dead{point})
	}
	return nil
}

func (d *device) killedAt(point string, do func() (Result, error)) (hit bool) {
	k := &killer{point: point}
	d.faults = k
	defer func() {
		d.faults = nil
		if v := recover(); v != nil {
			if _, ours := v.(dead); !ours {
				panic(v)
			}
			hit = true
		}
	}()
	_, _ = do()
	return k.hit
}

// installPoints are the points that an installation passes on the main line.
var installPoints = []string{
	"copy.commit", "agent.fetch.after",
	"state.intent.before", "state.intent.commit", "state.intent.after",
	"sysroot.deploy.before", "sysroot.deploy.after",
	"state.pending.before", "state.pending.commit", "state.pending.after",
}

func TestInstallThatWasKilledIsDoneByTheNextOne(t *testing.T) {
	m := newMold(t)
	for _, point := range installPoints {
		t.Run(point, func(t *testing.T) {
			d := m.device(t)
			if !d.killedAt(point, func() (Result, error) { return d.install(UpdateRequest{}) }) {
				t.Fatal("the point was not passed")
			}
			d.bootable()
			r, err := d.install(UpdateRequest{})
			if point == "state.pending.after" {
				wantCode(t, "install again, though it was done", r, err, InstallationInProgress)
			} else {
				wantCode(t, "install again", r, err, InstallNeedsReboot)
			}
			d.reboot()
			r, err = d.run()
			wantCode(t, "run", r, err, Ok)
			d.runs("board-lmp-2")
		})
	}
}

func TestPowerCutDuringInstallLeavesTheTruth(t *testing.T) {
	m := newMold(t)
	for _, point := range installPoints {
		t.Run(point, func(t *testing.T) {
			d := m.device(t)
			if !d.killedAt(point, func() (Result, error) { return d.install(UpdateRequest{}) }) {
				t.Fatal("the point was not passed")
			}
			d.reboot()
			d.bootable()
			booted := d.status().Commit
			r, err := d.run()
			if booted == d.root.Commit {
				wantCode(t, "run on the old one", r, err, NoPendingInstallation)
				r, err = d.install(UpdateRequest{})
				wantCode(t, "install again", r, err, InstallNeedsReboot)
				d.reboot()
				r, err = d.run()
			}
			wantCode(t, "run on the new one", r, err, Ok)
			d.runs("board-lmp-2")
		})
	}
}

func TestFinalizationThatWasKilledIsDoneByTheNextOne(t *testing.T) {
	m := newMold(t)
	for _, point := range []string{"state.finish.before", "state.finish.commit", "state.finish.after"} {
		t.Run(point, func(t *testing.T) {
			d := m.device(t)
			_, err := d.install(UpdateRequest{})
			d.must(err)
			d.reboot()
			if !d.killedAt(point, d.run) {
				t.Fatal("the point was not passed")
			}
			r, err := d.run()
			if point == "state.finish.after" {
				wantCode(t, "run again, though it was done", r, err, NoPendingInstallation)
			} else {
				wantCode(t, "run again", r, err, Ok)
			}
			d.runs("board-lmp-2")
		})
	}
}

// bootable: each deployment that could boot is the old commit or the new one.
func (d *device) bootable() {
	d.t.Helper()
	a := d.open()
	defer a.Close()
	st, err := a.root.Read()
	d.must(err)
	if len(st.Deployments) == 0 {
		d.t.Fatal("nothing can boot")
	}
	for _, dep := range st.Deployments {
		if _, err := os.Stat(filepath.Join(d.root.Dir, dep.Dir(), "usr/lib/os-release")); err != nil {
			d.t.Errorf("deployment %s: %v", dep.ID(), err)
		}
	}
	if _, _, err := testkit.TryOSTree("fsck", "--repo="+d.root.Repo); err != nil {
		d.t.Errorf("fsck: %v", err)
	}
}

func (d *device) runs(name string) {
	d.t.Helper()
	if s := d.status(); s.Current.Name != name || s.Pending != nil {
		d.t.Errorf("runs %q with %v pending, want %q and nothing", s.Current.Name, s.Pending, name)
	}
}

func (d *device) bundleDoc() *tuf.BundleTargets {
	return &tuf.BundleTargets{Version: 1, Expires: d.now.Add(time.Hour), Type: "ci", Tag: tag, Targets: []string{"board-lmp-2"}}
}

// rewrite replaces the bundle's metadata by what change leaves in the repo.
func (d *device) rewrite(change func()) {
	d.t.Helper()
	change()
	d.must(os.RemoveAll(filepath.Join(d.bundle, "tuf")))
	d.meta.WriteDir(filepath.Join(d.bundle, "tuf"))
}

// flip changes a letter in the middle of a file's signed part.
func (d *device) flip(name string) {
	d.t.Helper()
	path := filepath.Join(d.bundle, name)
	data, err := os.ReadFile(path)
	d.must(err)
	at := strings.Index(string(data), `"expires":"20`)
	if at < 0 {
		d.t.Fatalf("%s has no expiry to change", name)
	}
	data[at+len(`"expires":"20`)] ^= 1
	d.must(os.WriteFile(path, data, 0o644))
}

func (d *device) eachFile(ext string, do func(path string)) {
	d.t.Helper()
	d.must(filepath.WalkDir(filepath.Join(d.bundle, "ostree_repo/objects"), func(p string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, "."+ext) {
			do(p)
		}
		return err
	}))
}

func (d *device) saveMetadata() map[string][]byte {
	out := map[string][]byte{}
	for name, file := range d.meta.Files {
		out[name] = file
	}
	return out
}

func (d *device) restoreMetadata(files map[string][]byte) {
	d.t.Helper()
	d.meta.Files = files
	d.rewrite(func() {})
}

func TestErrorKeepsItsCode(t *testing.T) {
	err := fmt.Errorf("outer: %w", coded(DownloadFailure, errors.New("inner")))
	if CodeOf(coded(UnknownError, err)) != DownloadFailure {
		t.Error("a deeper code was lost")
	}
	if CodeOf(nil) != Ok || CodeOf(context.Canceled) != UnknownError {
		t.Error("nil or a foreign error have the wrong code")
	}
}
