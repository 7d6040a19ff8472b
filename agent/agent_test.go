package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
	"github.com/otactl/otactl/tuf"
)

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
		{"no bundle-targets.json", func(d *device) { d.must(os.Remove(d.bundle + "/tuf/bundle-targets.json")) }, CheckinInvalidBundleMetadata},
		{"no timestamp", func(d *device) { d.must(os.Remove(d.bundle + "/tuf/timestamp.json")) }, CheckinMetadataNotFound},
		{"no metadata", func(d *device) { d.must(os.RemoveAll(d.bundle + "/tuf")) }, CheckinMetadataNotFound},
		{"no root of trust", func(d *device) { d.must(os.RemoveAll(d.dir + "/roots")) }, CheckinMetadataNotFound},
		{"provided root is empty", func(d *device) { d.must(os.Truncate(d.dir+"/roots/ci/1.root.json", 0)) }, CheckinFailure},
		{"provided root can't be read", func(d *device) { d.unreadable("roots/ci/1.root.json") }, CheckinFailure},
		{"provided root has no keys", func(d *device) { d.emptyKeys("roots/ci/1.root.json") }, CheckinFailure},
		{"imported root is empty", func(d *device) { d.importRoot(nil) }, CheckinFailure},
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
			d.rehearsed(tt.want)
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

// unsignedIndex is a bundle in one file of which nobody signed the index.
type unsignedIndex struct{ Source }

func (unsignedIndex) HasIndex() bool              { return true }
func (unsignedIndex) VerifyIndex(*tuf.Root) error { return tuf.ErrMalformed }

// The index of a bundle that is one file is checked before anything in it is
// believed, also where the bundle need not say what it is for, and where the
// metadata is that which is stored.
func TestNoWayLeadsPastTheIndexOfABundle(t *testing.T) {
	d := newDevice(t)
	d.extra = "[otactl]\naccept_unlisted_bundle = true\n"
	_, err := d.check()
	d.must(err)
	for _, file := range []string{"", "tuf/bundle-targets.json"} {
		if file != "" {
			d.must(os.Remove(filepath.Join(d.bundle, file)))
		}
		a := d.open()
		src, err := a.OpenBundle(d.bundle)
		d.must(err)
		for name, do := range map[string]func(context.Context, Source, UpdateRequest) (Result, error){"update": a.Update, "pull": a.Pull, "install": a.Install} {
			r, err := do(t.Context(), unsignedIndex{src}, UpdateRequest{})
			wantCode(t, name+" without "+file, r, err, CheckinInvalidBundleMetadata)
		}
		if _, err := a.List(t.Context(), unsignedIndex{src}); CodeOf(err) != CheckinInvalidBundleMetadata {
			t.Errorf("list: %v", err)
		}
		d.must(src.Close())
		d.must(a.Close())
	}
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install from a folder", r, err, InstallNeedsReboot)
}

// unreadable puts a folder where a file should be: root may read any file.
func (d *device) unreadable(name string) {
	d.t.Helper()
	d.must(os.Remove(filepath.Join(d.dir, name)))
	d.must(os.Mkdir(filepath.Join(d.dir, name), 0o755))
}

// emptyKeys leaves a root without a key.
func (d *device) emptyKeys(name string) {
	d.t.Helper()
	var doc struct {
		Signatures []any          `json:"signatures"`
		Signed     map[string]any `json:"signed"`
	}
	data, err := os.ReadFile(filepath.Join(d.dir, name))
	d.must(err)
	d.must(json.Unmarshal(data, &doc))
	doc.Signatures, doc.Signed["keys"] = []any{}, map[string]any{}
	for _, role := range doc.Signed["roles"].(map[string]any) {
		role.(map[string]any)["keyids"] = []any{}
	}
	data, err = json.Marshal(doc)
	d.must(err)
	d.must(os.WriteFile(filepath.Join(d.dir, name), data, 0o644))
}

// importRoot gives the device a root as a factory floor does, and no other.
func (d *device) importRoot(file []byte) {
	d.t.Helper()
	d.must(os.RemoveAll(filepath.Join(d.dir, "roots")))
	dir := filepath.Join(d.dir, "sota/import/repo")
	d.must(os.MkdirAll(dir, 0o700))
	d.must(os.WriteFile(filepath.Join(dir, "root.json"), file, 0o644))
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

func TestTornStoredRootHealsBeforeTheBundleIsJudged(t *testing.T) {
	m := newMold(t)
	for _, newest := range []int{1, 2} {
		d := m.device(t)
		if newest == 2 {
			d.meta.NextRoot()
			d.publish()
		}
		_, err := d.check()
		d.must(err)
		a := d.open()
		name := tuf.RootName(newest)
		whole, err := a.db.Metadata().Load(t.Context(), name)
		d.must(err)
		d.must(a.db.Metadata().Store(t.Context(), name, whole[:len(whole)/2]))
		d.must(a.Close())
		r, err := d.install(UpdateRequest{})
		wantCode(t, "install with a torn "+name, r, err, InstallNeedsReboot)
		a = d.open()
		if healed, err := a.db.Metadata().Load(t.Context(), name); err != nil || string(healed) != string(whole) {
			t.Errorf("%s is not whole again: %v", name, err)
		}
		d.must(a.Close())
	}
}

func TestClockBeforeTheMetadataIsNoFaultOfTheBundle(t *testing.T) {
	d := newDevice(t)
	_, err := d.check()
	d.must(err)
	d.now = d.now.Add(-10000 * time.Hour)
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, CheckinFailure)
	if !errors.Is(err, tuf.ErrClock) {
		t.Errorf("error %v", err)
	}
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

func TestStickDoesNotReplaceTheSignaturesThatADeviceHolds(t *testing.T) {
	d := newDevice(t)
	commit, err := ostree.ParseChecksum(d.meta.Targets["board-lmp-2"].Commit())
	d.must(err)
	place := ostree.ObjectID{Sum: commit, Type: ostree.TypeCommitMeta}.ArchivePath()
	own := filepath.Join(d.root.Repo, place)
	d.must(os.MkdirAll(filepath.Dir(own), 0o755))
	d.must(os.WriteFile(own, nil, 0o644))
	theirs := variant.Dict(variant.Entry{Key: "ostree.gpgsigs", Value: variant.Text("none of ours")}).Data()
	d.must(os.WriteFile(filepath.Join(d.bundle, "ostree_repo", place), theirs, 0o644))
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, InstallNeedsReboot)
	if held, err := os.ReadFile(own); err != nil || len(held) != 0 {
		t.Errorf("the device holds %q now, %v", held, err)
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

func TestErrorKeepsItsCode(t *testing.T) {
	err := fmt.Errorf("outer: %w", coded(DownloadFailure, errors.New("inner")))
	if CodeOf(coded(UnknownError, err)) != DownloadFailure {
		t.Error("a deeper code was lost")
	}
	if CodeOf(nil) != Ok || CodeOf(context.Canceled) != UnknownError {
		t.Error("nil or a foreign error have the wrong code")
	}
}
