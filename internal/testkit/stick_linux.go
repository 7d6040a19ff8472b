package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ExFAT mounts the file system of a stick: no links, modes or owners, folded
// case, and no exchange of two names. The kernel of a test machine need not know
// FAT, so FUSE serves it.
func ExFAT(tb testing.TB) string {
	tb.Helper()
	return mountImage(tb, []string{"mkfs.exfat"}, []string{"mount.exfat-fuse"})
}

// Ext2 mounts a file system on which no file may be longer than 16 GiB.
func Ext2(tb testing.TB) string {
	tb.Helper()
	return mountImage(tb, []string{"mkfs.ext2", "-q", "-b", "1024"}, []string{"mount"})
}

// mountImage makes a file system of 64 MB and mounts it until the test ends.
func mountImage(tb testing.TB, mkfs, mount []string) string {
	tb.Helper()
	dir := tb.TempDir()
	image, at := filepath.Join(dir, "image"), filepath.Join(dir, "stick")
	must(tb, os.Mkdir(at, 0o755))
	run(tb, "truncate", "-s", "64M", image)
	run(tb, mkfs[0], append(mkfs[1:], image)...)
	loop := run(tb, "losetup", "-f", "--show", image)
	tb.Cleanup(func() { run(tb, "losetup", "-d", loop) })
	run(tb, mount[0], append(mount[1:], loop, at)...)
	tb.Cleanup(func() { run(tb, "umount", at) })
	return at
}

func run(tb testing.TB, name string, args ...string) string {
	tb.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		tb.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
