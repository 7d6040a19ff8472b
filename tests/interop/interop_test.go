// Package interop holds otactl against libostree's own program, both ways, on
// a root file system of real packages.
package interop

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
	"github.com/otactl/otactl/internal/testkit"
)

// run calls otactl in this process.
func run(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	noEnv := func(string) string { return "" }
	std := term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
	code = commands.Main(context.Background(), append([]string{"otactl"}, args...), noEnv, std, clock.System)
	return strings.TrimSuffix(out.String(), "\n"), errs.String(), code
}

// otactl is run for calls that have to succeed.
func otactl(t *testing.T, args ...string) string {
	t.Helper()
	out, stderr, code := run(args...)
	if code != 0 {
		t.Fatalf("otactl %s: exit code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return out
}

// newRepo makes an empty repo with the original program.
func newRepo(t *testing.T, mode string) string {
	t.Helper()
	repo := filepath.Join(t.TempDir(), "repo-"+mode)
	testkit.OSTree(t, "init", "--repo="+repo, "--mode="+mode)
	return repo
}

// ourRepo makes an empty repo with otactl.
func ourRepo(t *testing.T, mode string) string {
	t.Helper()
	repo := filepath.Join(t.TempDir(), "our-repo-"+mode)
	otactl(t, "ostree", "init", "--repo="+repo, "--mode="+mode)
	return repo
}

// commitFlags make the same commit of both programs.
func commitFlags(tree string) []string {
	return []string{"--branch=os/main", "--tree=dir=" + tree, "--timestamp=@1700000000", "--subject=Über uns",
		"--body=first\nsecond", "--add-metadata-string=version=1.2", "--add-metadata-string=a=", "--add-metadata-string=zz=ü"}
}

func theirCommit(t *testing.T, repo string, flags ...string) string {
	t.Helper()
	return testkit.OSTree(t, append([]string{"commit", "--repo=" + repo}, flags...)...)
}

func ourCommit(t *testing.T, repo string, flags ...string) string {
	t.Helper()
	return otactl(t, append([]string{"ostree", "commit", "--repo=" + repo}, flags...)...)
}
