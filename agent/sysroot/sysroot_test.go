package sysroot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

func setup(t *testing.T) (*testkit.Sysroot, *Sysroot, Sentinel) {
	t.Helper()
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		t.Setenv("TMPDIR", "/dev/shm") // syncs cost nothing there
	}
	k := testkit.NewSysroot(t, testkit.SmallOS(t, "1"), "os/main", "version=1")
	sentinel := Sentinel{Dir: filepath.Join(t.TempDir(), "session"), Name: "need_reboot"}
	s, err := Open(Options{Path: k.Dir, Sentinel: sentinel})
	if err != nil {
		t.Fatal(err)
	}
	return k, s, sentinel
}

func read(t *testing.T, s *Sysroot) *State {
	t.Helper()
	st, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestTheOnlyStaterootIsTheDefault(t *testing.T) {
	k, s, _ := setup(t)
	if s.OS() != k.Stateroot {
		t.Errorf("stateroot %q", s.OS())
	}
	k.Admin(t, "os-init", "other")
	if _, err := Open(Options{Path: k.Dir}); err == nil {
		t.Error("one of two stateroots was chosen")
	}
	k.Admin(t, "os-init", "lmp")
	if s, err := Open(Options{Path: k.Dir}); err != nil || s.OS() != "lmp" {
		t.Errorf("stateroot of three: %v, %v", s, err)
	}
	if _, err := Open(Options{Path: t.TempDir()}); !errors.Is(err, ErrNoSysroot) {
		t.Errorf("empty folder: %v", err)
	}
}

func TestDeploymentsAreReadAsOstreeWritesThem(t *testing.T) {
	k, s, sentinel := setup(t)
	st := read(t, s)
	if len(st.Deployments) != 1 || st.Booted.Commit != k.Commit || st.Pending != nil || st.Rollback != nil {
		t.Fatalf("one deployment: %+v", st)
	}
	second := testkit.Commit(t, k.Repo, testkit.SmallOS(t, "2"), "os/main", "version=2")
	if err := s.Deploy(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	st = read(t, s)
	if st.Booted.Commit != k.Commit || st.Pending == nil || st.Pending.Commit != second {
		t.Errorf("before the reboot: %+v", st)
	}
	if status := k.Admin(t, "status"); strings.Index(status, second) > strings.Index(status, k.Commit) {
		t.Errorf("ostree boots another one first:\n%s", status)
	}
	if err := sentinel.Clear(); err != nil {
		t.Fatal(err)
	}
	st = read(t, s)
	if st.Booted.Commit != second || st.Pending != nil || st.Rollback == nil || st.Rollback.Commit != k.Commit {
		t.Errorf("after the reboot: %+v", st)
	}
}

func TestAnotherDeploymentTakesTheWaitingOnesPlace(t *testing.T) {
	k, s, _ := setup(t)
	second := testkit.Commit(t, k.Repo, testkit.SmallOS(t, "2"), "os/main", "version=2")
	third := testkit.Commit(t, k.Repo, testkit.SmallOS(t, "3"), "os/main", "version=3")
	for _, commit := range []string{second, third, third} {
		if err := s.Deploy(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
		st := read(t, s)
		if st.Booted.Commit != k.Commit || st.Pending.Commit != commit || len(st.Deployments) != 2 {
			t.Errorf("after deploying %.8s: %+v", commit, st.Deployments)
		}
	}
}

func TestFailedDeploymentLeavesNoMark(t *testing.T) {
	_, s, sentinel := setup(t)
	err := s.Deploy(t.Context(), strings.Repeat("ab", 32))
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	if sentinel.Present() {
		t.Error("a reboot is asked for")
	}
}

func TestSentinelCountsOnlyInAFolderOfOurOwn(t *testing.T) {
	s := Sentinel{Dir: filepath.Join(t.TempDir(), "a", "session"), Name: "need_reboot"}
	if s.Present() || !s.MayTell() {
		t.Error("a folder that is not there holds a sentinel, or its absence says nothing")
	}
	if err := s.Set("x.0"); err != nil || !s.Present() || s.recorded() != "x.0" {
		t.Errorf("set: %v, %v, %q", err, s.Present(), s.recorded())
	}
	if err := s.Set("y.0"); err != nil || s.recorded() != "x.0" {
		t.Errorf("a mark that is there was replaced: %q", s.recorded())
	}
	if err := os.Chmod(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if s.Present() || s.MayTell() || s.Prepare() == nil {
		t.Error("a folder that others can read counts")
	}
}

func TestStagedTakesTheFirstDeploymentAsRunning(t *testing.T) {
	k, s, sentinel := setup(t)
	second := testkit.Commit(t, k.Repo, testkit.SmallOS(t, "2"), "os/main", "version=2")
	if err := s.Deploy(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	staged, err := Open(Options{Path: k.Dir, Booted: "0", Sentinel: sentinel})
	if err != nil {
		t.Fatal(err)
	}
	if st := read(t, staged); st.Booted.Commit != second || st.Pending != nil {
		t.Errorf("staged: %+v", st)
	}
}

func TestBootEntriesThatMakeNoSenseAreErrors(t *testing.T) {
	k, s, _ := setup(t)
	entries := filepath.Join(k.Dir, "boot/loader/entries")
	for _, text := range []string{
		"title x\nversion 1\noptions quiet\n",
		"title x\nversion one\noptions ostree=/ostree/boot.1/os/x/0\n",
		"title x\nversion 1\noptions ostree=/ostree/boot.1/../../../etc/passwd\n",
		"title x\nversion 1\noptions ostree=/ostree/boot.1/os/x/0\n",
	} {
		if err := os.WriteFile(filepath.Join(entries, "ostree-9-x.conf"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
	if err := os.Rename(filepath.Join(entries, "ostree-9-x.conf"), filepath.Join(entries, "windows.conf")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); err != nil {
		t.Errorf("somebody else's entry: %v", err)
	}
}
