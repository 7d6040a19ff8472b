package testkit

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Sysroot is a device's root folder with one deployment, not booted.
type Sysroot struct {
	Dir       string // what --sysroot takes
	Repo      string // Dir/ostree/repo, mode bare
	Stateroot string // "testos"
	Ref       string // what the deployment was made from
	Commit    string // its checksum
}

// NewSysroot makes a sysroot with tree deployed from ref, all by the real
// ostree program. It needs root. meta are NAME=VALUE strings such as
// version=1.
func NewSysroot(tb testing.TB, tree, ref string, meta ...string) *Sysroot {
	tb.Helper()
	s := &Sysroot{Dir: filepath.Join(tb.TempDir(), "sysroot"), Stateroot: "testos", Ref: ref}
	s.Repo = filepath.Join(s.Dir, "ostree/repo")
	must(tb, exec.Command("mkdir", s.Dir).Run())
	tb.Cleanup(func() { s.unlock(tb) })
	OSTree(tb, "admin", "init-fs", "--modern", s.Dir)
	s.Admin(tb, "os-init", s.Stateroot)
	s.Commit = Commit(tb, s.Repo, tree, ref, meta...)
	s.Admin(tb, "deploy", "--os="+s.Stateroot, "--karg=root=LABEL=root", "--karg=quiet", ref)
	return s
}

// Admin runs ostree admin VERB on the sysroot and returns its output.
func (s *Sysroot) Admin(tb testing.TB, verb string, args ...string) string {
	tb.Helper()
	return OSTree(tb, append([]string{"admin", "--sysroot=" + s.Dir, verb}, args...)...)
}

// Deployments are the folders of all deployments.
func (s *Sysroot) Deployments(tb testing.TB) []string {
	tb.Helper()
	dirs, err := filepath.Glob(filepath.Join(s.Dir, "ostree/deploy/*/deploy/*.[0-9]"))
	must(tb, err)
	return dirs
}

// unlock takes the immutable bit off, or nobody can remove the folder.
func (s *Sysroot) unlock(tb testing.TB) {
	for _, d := range s.Deployments(tb) {
		_ = exec.Command("chattr", "-i", d).Run() // not every file system has it
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
