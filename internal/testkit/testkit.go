// Package testkit is what tests of several rooms share: a large and a small
// operating system tree, repos and sysroots made by the real ostree program.
//
// It is for tests only. It trusts its callers, runs ostree as found in PATH,
// and needs root for sysroots.
package testkit

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit/osimage"
)

// RootFS gives two versions of a root file system made from real packages:
// about 350 MB and 14,000 files, version 2 differing in a tenth of them, built
// once for all test processes (15 s, 115 MB of downloads). It is shared: never
// write to it.
func RootFS(tb testing.TB) (v1, v2 string) {
	tb.Helper()
	img, err := osimage.Ensure(context.Background(), osimage.CacheDir(), nil)
	if err != nil {
		tb.Fatalf("root file system: %v", err)
	}
	return img.V1, img.V2
}

// RootFSRepo gives an archive repo that holds both versions of RootFS, the
// second on top of the first, made by the real ostree program once for all
// test processes (a minute). The branch is "os/main". It is shared: never write
// to it, CopyRepo makes one of your own.
func RootFSRepo(tb testing.TB) string {
	tb.Helper()
	v1, v2 := RootFS(tb)
	name := "repo-of-" + filepath.Base(filepath.Dir(v1))
	dir, err := osimage.Once(osimage.CacheDir(), name, func(dir string) error {
		repo := filepath.Join(dir, "repo")
		OSTree(tb, "--repo="+repo, "init", "--mode=archive")
		Commit(tb, repo, v1, "os/main", "version=1")
		Commit(tb, repo, v2, "os/main", "version=2")
		return nil
	})
	must(tb, err)
	return filepath.Join(dir, "repo")
}

// CopyRepo makes a copy of a repo in a folder of its own.
func CopyRepo(tb testing.TB, repo string) string {
	tb.Helper()
	to := filepath.Join(tb.TempDir(), "repo")
	out, err := exec.Command("cp", "-a", "--reflink=auto", repo, to).CombinedOutput()
	if err != nil {
		tb.Fatalf("copy %s: %v: %s", repo, err, out)
	}
	return to
}

// SmallOS makes a tree of a few kilobytes that ostree admin deploy accepts, in
// a folder of its own. version goes into os-release and into a file's content;
// the kernel is the same for all versions.
func SmallOS(tb testing.TB, version string) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "os-"+version)
	for _, d := range []string{"boot", "dev", "proc", "run", "sys", "sysroot", "tmp", "usr/bin", "usr/etc", "usr/lib/modules/6.1.0-small", "var"} {
		must(tb, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	files := map[string]string{
		"usr/lib/os-release":                        "ID=small\nPRETTY_NAME=\"Small OS " + version + "\"\nVERSION_ID=" + version + "\n",
		"usr/lib/modules/6.1.0-small/vmlinuz":       "this is no kernel\n",
		"usr/lib/modules/6.1.0-small/initramfs.img": "this is no initramfs\n",
		"usr/etc/hostname":                          "small\n",
		"usr/bin/true":                              "#!/bin/sh\nexit 0\n",
		"usr/bin/version":                           "#!/bin/sh\necho " + version + "\n",
		"usr/lib/empty":                             "",
	}
	for name, content := range files {
		mode := os.FileMode(0o644)
		if strings.HasPrefix(name, "usr/bin/") {
			mode = 0o755
		}
		must(tb, os.WriteFile(filepath.Join(dir, name), []byte(content), mode))
	}
	must(tb, os.Symlink("sysroot/ostree", filepath.Join(dir, "ostree")))
	must(tb, os.Symlink("usr/bin", filepath.Join(dir, "bin")))
	return dir
}

// OSTree runs the real ostree program and returns its standard output without
// the final newline; the test ends when it fails.
func OSTree(tb testing.TB, args ...string) string {
	tb.Helper()
	out, stderr, err := TryOSTree(args...)
	if err != nil {
		tb.Fatalf("ostree %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return out
}

// TryOSTree is OSTree for calls that may fail.
func TryOSTree(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := exec.Command("ostree", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8") // else it refuses texts that are not ASCII
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return strings.TrimSuffix(out.String(), "\n"), strings.TrimSpace(errs.String()), err
}

// ArchiveRepo makes an archive repo in a folder of its own, with tree committed
// to ref by the real program; meta are NAME=VALUE strings such as version=1.
func ArchiveRepo(tb testing.TB, tree, ref string, meta ...string) string {
	tb.Helper()
	repo := filepath.Join(tb.TempDir(), "repo")
	OSTree(tb, "--repo="+repo, "init", "--mode=archive")
	Commit(tb, repo, tree, ref, meta...)
	return repo
}

// Commit commits tree to ref with the real program and returns the commit's
// checksum. Timestamps do not depend on the clock: each commit is a minute
// younger than its parent.
func Commit(tb testing.TB, repo, tree, ref string, meta ...string) string {
	tb.Helper()
	log, _, _ := TryOSTree("--repo="+repo, "log", ref) // fails for the first one
	when := 1_700_000_000 + 60*strings.Count("\n"+log, "\ncommit ")
	args := []string{"--repo=" + repo, "commit", "--branch=" + ref, "--tree=dir=" + tree,
		"--subject=" + ref, "--timestamp=@" + itoa(when)}
	for _, m := range meta {
		args = append(args, "--add-metadata-string="+m)
	}
	return OSTree(tb, args...)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
