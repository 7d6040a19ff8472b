package testkit

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type census struct {
	files    map[string][32]byte
	bytes    int64
	symlinks int
	setuid   int
	empty    int
}

func count(t *testing.T, dir string) census {
	t.Helper()
	c := census{files: map[string][32]byte{}}
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			c.symlinks++
		case d.Type().IsRegular():
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			c.files[strings.TrimPrefix(p, dir)] = sha256.Sum256(append(b, info.Mode().String()...))
			c.bytes += info.Size()
			if info.Mode()&fs.ModeSetuid != 0 {
				c.setuid++
			}
			if info.Size() == 0 {
				c.empty++
			}
		}
		return nil
	}))
	return c
}

func TestRootFSIsLargeOddAndChangesEnough(t *testing.T) {
	v1, v2 := RootFS(t)
	a, b := count(t, v1), count(t, v2)
	if len(a.files) < 10_000 || a.bytes < 300_000_000 {
		t.Errorf("version 1 has %d files and %d bytes; want 10,000 and 300 MB at least", len(a.files), a.bytes)
	}
	if a.symlinks < 100 || a.setuid < 5 || a.empty < 2 {
		t.Errorf("version 1 is too tame: %d symlinks, %d setuid files, %d empty ones", a.symlinks, a.setuid, a.empty)
	}
	changed := 0
	for name, sum := range b.files {
		if a.files[name] != sum {
			changed++
		}
	}
	if changed*100 < 3*len(a.files) {
		t.Errorf("%d of %d files changed; want 3 %% at least", changed, len(a.files))
	}
	t.Logf("version 1: %d files, %d bytes; version 2: %d files, %d bytes, %d changed", len(a.files), a.bytes, len(b.files), b.bytes, changed)
}

func TestSysrootHasADeploymentAndTakesASecond(t *testing.T) {
	s := NewSysroot(t, SmallOS(t, "1"), "small/main", "version=1")
	second := Commit(t, s.Repo, SmallOS(t, "2"), "small/main", "version=2")
	s.Admin(t, "upgrade", "--os=testos")
	status := s.Admin(t, "status")
	if !strings.Contains(status, s.Commit) || !strings.Contains(status, second) {
		t.Errorf("status shows not both deployments:\n%s", status)
	}
	if n := len(s.Deployments(t)); n != 2 {
		t.Errorf("%d deployments, want 2", n)
	}
}

func TestArchiveRepoIsReproducible(t *testing.T) {
	tree := SmallOS(t, "1")
	a, b := ArchiveRepo(t, tree, "main", "version=1"), ArchiveRepo(t, tree, "main", "version=1")
	if x, y := OSTree(t, "--repo="+a, "rev-parse", "main"), OSTree(t, "--repo="+b, "rev-parse", "main"); x != y {
		t.Errorf("two commits of one tree differ: %s, %s", x, y)
	}
	OSTree(t, "--repo="+a, "fsck")
}
