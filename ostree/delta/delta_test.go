package delta

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/ostree"
)

const suite = "/usr/libexec/installed-tests/libostree"

// command is the real ostree, or another program that tests lean on.
func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// unpack gives a repo that libostree made before superblocks named their byte
// order.
func unpack(t testing.TB, tarball string) string {
	t.Helper()
	dir := t.TempDir()
	command(t, "tar", "xf", filepath.Join(suite, tarball), "-C", dir)
	return dir
}

func openRepo(t testing.TB, path string) *ostree.Repo {
	t.Helper()
	r, err := ostree.OpenRepo(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
