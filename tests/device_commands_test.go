package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// ostree runs the real program and returns what it prints.
func ostree(ts *testscript.TestScript, args ...string) string {
	cmd := exec.Command("ostree", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		ts.Fatalf("ostree %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// osversion commits a tree that can be deployed to the ref os/main of the
// archive repo "repo".
func osversion(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "osversion VERSION")
	version, repo, tree := args[0], ts.MkAbs("repo"), ts.MkAbs("tree-"+args[0])
	for _, dir := range []string{"usr/etc", "usr/lib/modules/1.0", "usr/share", "boot", "dev", "proc", "sys", "run", "tmp", "sysroot", "var"} {
		ts.Check(os.MkdirAll(filepath.Join(tree, dir), 0o755))
	}
	ts.Check(os.Symlink("sysroot/ostree", filepath.Join(tree, "ostree")))
	for name, text := range map[string]string{
		"usr/lib/modules/1.0/vmlinuz":       "kernel",
		"usr/lib/modules/1.0/initramfs.img": "initramfs",
		"usr/lib/os-release":                fmt.Sprintf("ID=demo\nPRETTY_NAME=\"Demo %s\"\n", version),
		"usr/etc/version":                   version,
		"usr/share/data":                    strings.Repeat("version "+version+"\n", 1000),
	} {
		ts.Check(os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644))
	}
	parent := []string{}
	if _, err := os.Stat(repo); err != nil {
		ostree(ts, "init", "--repo="+repo, "--mode=archive")
	} else {
		parent = []string{"--parent=" + ostree(ts, "rev-parse", "--repo="+repo, "os/main")}
	}
	ostree(ts, append([]string{"commit", "--repo=" + repo, "-b", "os/main", "--tree=dir=" + tree, "--add-metadata-string=version=" + version}, parent...)...)
}

// device makes a device in DIR that runs the newest version: DIR/sysroot, not
// booted, and DIR/sota with what a registration does not write.
func device(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "device DIR")
	dir, repo := ts.MkAbs(args[0]), ts.MkAbs("repo")
	root := filepath.Join(dir, "sysroot")
	ts.Check(os.MkdirAll(root, 0o755))
	ts.Check(os.MkdirAll(filepath.Join(dir, "sota/import"), 0o700))
	commit := ostree(ts, "rev-parse", "--repo="+repo, "os/main")
	ostree(ts, "admin", "init-fs", "--modern", root)
	ostree(ts, "admin", "os-init", "--sysroot="+root, "lmp")
	ostree(ts, "pull-local", "--repo="+filepath.Join(root, "ostree/repo"), repo, commit)
	ostree(ts, "admin", "deploy", "--sysroot="+root, "--os=lmp", "--karg=root=LABEL=otaroot", commit)
	ts.Defer(func() {
		dirs, _ := filepath.Glob(filepath.Join(root, "ostree/deploy/*/deploy/*"))
		for _, d := range dirs {
			_ = exec.Command("chattr", "-i", d).Run() // not every file system has it
		}
	})
	conf := fmt.Sprintf("[pacman]\ntype = \"ostree\"\nsysroot = \"%s\"\n[storage]\npath = \"%s/sota\"\nuptane_metadata_path = \"%s/roots\"\n"+
		"[bootloader]\nreboot_sentinel_dir = \"%s/run\"\n[otactl]\nlock_file = \"%s/lock\"\n", root, dir, dir, dir, dir)
	ts.Check(os.WriteFile(filepath.Join(dir, "sota/z-device.toml"), []byte(conf), 0o600))
}
