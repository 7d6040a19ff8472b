package agent

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/testkit"
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

// conf writes the device's configuration.
func (d *device) conf() (path string) {
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
	return conf
}

func (d *device) tryOpen() (*Agent, error) {
	d.t.Helper()
	cfg, err := config.Load(d.conf())
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
