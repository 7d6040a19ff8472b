package ostree

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

// childOf is a new repo of a mode whose objects are all in a parent.
func childOf(t *testing.T, parent string, mode Mode) *Repo {
	t.Helper()
	r := newRepo(t, mode)
	setCore(t, r, "parent", parent)
	return openRepo(t, r.Path())
}

// TestCheckoutsFromAParentAreThoseOfOSTree: what a link gives depends on the
// mode of the repo that the object lies in, not of the one that was opened.
func TestCheckoutsFromAParentAreThoseOfOSTree(t *testing.T) {
	dir, modes := shell(t, variety), []Mode{ModeBare, ModeBareUser, ModeBareUserOnly, ModeArchive}
	for _, above := range modes {
		parent := filepath.Join(t.TempDir(), "parent")
		testkit.OSTree(t, "--repo="+parent, "init", "--mode="+string(above))
		testkit.OSTree(t, "--repo="+parent, "commit", "-b", "tree", "--tree=dir="+filepath.Join(dir, "t"))
		sum, err := openRepo(t, parent).Ref(t.Context(), "tree")
		if err != nil {
			t.Fatal(err)
		}
		for _, below := range modes {
			if above == ModeArchive && below != above {
				continue // the original dies of a failed assertion
			}
			t.Run(string(below)+" of "+string(above), func(t *testing.T) {
				path := childOf(t, parent, below).Path()
				checkoutBoth(t, path, "tree", sum, "", CheckoutOptions{Links: LinkAllowed}, "", Checksum{})
				checkoutBoth(t, path, "tree", sum, "-U", CheckoutOptions{UserMode: true, Links: LinkAllowed, Cache: true}, "", Checksum{})
			})
		}
	}
}

func TestNoCheckoutIsLinkedToCompressedFiles(t *testing.T) {
	parent := newRepo(t, ModeArchive)
	sum := layerOf(t, parent, "echo f > f; ln -s f l; : > zero")
	for below, user := range map[Mode]bool{ModeBare: false, ModeBareUser: true, ModeBareUserOnly: true} {
		dest := filepath.Join(t.TempDir(), "out")
		report, err := Checkout(t.Context(), childOf(t, parent.Path(), below), sum, dest, CheckoutOptions{UserMode: user, Links: LinkAllowed})
		if err != nil || report.Linked != 0 {
			t.Errorf("%s: %+v, %v", below, report, err)
		}
		if got, err := os.ReadFile(filepath.Join(dest, "l")); string(got) != "f\n" {
			t.Errorf("%s: f holds %q, %v", below, got, err)
		}
	}
}

func TestFilesThatAParentOfAnotherModeHasAreRefusedWhereLinksAreRequired(t *testing.T) {
	for below, user := range map[Mode]bool{ModeBare: false, ModeBareUser: true, ModeBareUserOnly: true} {
		for _, above := range []Mode{ModeBare, ModeBareUser, ModeArchive} {
			parent := newRepo(t, above)
			content, none := layerOf(t, parent, "echo > f"), layerOf(t, parent, ": > empty; ln -s f l; echo > shut; chmod 0 shut")
			child, opt := childOf(t, parent.Path(), below), CheckoutOptions{UserMode: user, Links: LinkRequired}
			dest := filepath.Join(t.TempDir(), "out")
			if _, err := Checkout(t.Context(), child, content, dest, opt); (err == nil) != (above == ModeBare && !user || above == ModeBareUser && user) {
				t.Errorf("%s of %s: error is %v", below, above, err)
			}
			if _, err := Checkout(t.Context(), child, none, dest+"2", opt); err != nil {
				t.Errorf("%s of %s: nothing need be a link: %v", below, above, err)
			}
		}
	}
}

// filledCopy checks out twice by a cache that can't be had, and wants copies and
// nothing left in the repo.
func filledCopy(t *testing.T, what string, repo *Repo, sum Checksum) {
	t.Helper()
	for range 2 {
		dest := filepath.Join(t.TempDir(), "out")
		report, err := Checkout(t.Context(), repo, sum, dest, CheckoutOptions{UserMode: true, Links: LinkAllowed, Cache: true})
		if err != nil || report.Files != 2 || report.Linked != 0 {
			t.Errorf("%s: %+v, %v", what, report, err)
		}
		if got, err := os.ReadFile(filepath.Join(dest, "f")); string(got) != "f\n" {
			t.Errorf("%s: f holds %q, %v", what, got, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(repo.Path(), "tmp", "otactl-cache-*")); err != nil || len(left) > 0 {
		t.Errorf("%s: %v is left behind, %v", what, left, err)
	}
}

func TestACacheThatTheCallerMayNotWriteIsDoneWithout(t *testing.T) {
	if !testkit.AgainAsNobody(t) {
		return
	}
	for _, shut := range []string{".", "tmp"} {
		repo := newRepo(t, ModeArchive)
		sum, dir := layerOf(t, repo, "echo f > f; echo g > g"), filepath.Join(repo.Path(), shut)
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		filledCopy(t, shut, repo, sum)
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestACacheOnAnotherMountIsDoneWithout: the kernel makes no link across
// mounts, not even of one file system.
func TestACacheOnAnotherMountIsDoneWithout(t *testing.T) {
	for what, flags := range map[string][]uintptr{"writable": {syscall.MS_BIND}, "read only": {syscall.MS_BIND, syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY}} {
		repo := newRepo(t, ModeArchive)
		sum := layerOf(t, repo, "echo f > f; echo g > g")
		for i, f := range flags {
			if err := syscall.Mount(repo.Path(), repo.Path(), "", f, ""); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				t.Cleanup(func() {
					if err := syscall.Unmount(repo.Path(), syscall.MNT_DETACH); err != nil {
						t.Error(err)
					}
				})
			}
		}
		filledCopy(t, what, repo, sum)
	}
}

// cached is a repo whose cache holds the one file of a commit, and a checkout
// that fills and uses it.
func cached(t *testing.T, script string) (repo *Repo, again func() string) {
	t.Helper()
	repo = newRepo(t, ModeArchive)
	sum := layerOf(t, repo, script)
	return repo, func() string {
		dest := filepath.Join(t.TempDir(), "out")
		if _, err := Checkout(t.Context(), repo, sum, dest, CheckoutOptions{UserMode: true, Links: LinkAllowed, Cache: true}); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dest, "f")
	}
}

// TestWhatOthersMayWriteInACheckoutIsInNoOther: they would write into the cache.
func TestWhatOthersMayWriteInACheckoutIsInNoOther(t *testing.T) {
	for _, mode := range []string{"664", "646"} {
		repo, again := cached(t, "echo right > f; chmod "+mode+" f")
		for range 2 {
			path := again()
			if got, err := os.ReadFile(path); string(got) != "right\n" {
				t.Errorf("%s: f holds %q, %v", mode, got, err)
			}
			if err := os.WriteFile(path, []byte("WRONG\n"), 0); err != nil {
				t.Fatal(err)
			}
		}
		// libostree's cache has such a file.
		sum, err := filepath.Glob(filepath.Join(repo.Path(), "objects/*/*.filez"))
		if err != nil || len(sum) != 1 {
			t.Fatal(sum, err)
		}
		kept := filepath.Join(repo.Path(), cacheDir, filepath.Base(filepath.Dir(sum[0])), strings.TrimSuffix(filepath.Base(sum[0]), "z"))
		bits, err := strconv.ParseUint(mode, 8, 32)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(kept), 0o755), os.WriteFile(kept, []byte("WRONG\n"), 0o644), os.Chmod(kept, os.FileMode(bits))); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(again()); string(got) != "right\n" {
			t.Errorf("%s: f holds %q of the cache, %v", mode, got, err)
		}
	}
}

// TestACachedFileOfAStrangerIsMadeAnew: it stays the stranger's to change.
func TestACachedFileOfAStrangerIsMadeAnew(t *testing.T) {
	const stranger, owner = 4711, 4712
	for uid, want := range map[int]string{stranger: "right\n", owner: "WRONG\n", os.Geteuid(): "WRONG\n"} {
		repo, again := cached(t, "echo right > f")
		path := again()
		err := errors.Join(os.Chown(filepath.Join(repo.Path(), "objects"), owner, -1), os.Chown(path, uid, -1), os.WriteFile(path, []byte("WRONG\n"), 0))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(again()); string(got) != want {
			t.Errorf("owner %d: f holds %q, want %q, %v", uid, got, want, err)
		}
	}
}

// TestALinkToAnUnsureCachedFileIsCompared with what was committed.
func TestALinkToAnUnsureCachedFileIsCompared(t *testing.T) {
	repo, again := cached(t, "echo right > f")
	path := again()
	if err := errors.Join(os.Chown(path, 4711, -1), os.WriteFile(path, []byte("WRONG\n"), 0)); err != nil {
		t.Fatal(err)
	}
	refs, err := filepath.Glob(filepath.Join(repo.Path(), "objects/*/*.commit"))
	if err != nil || len(refs) != 1 {
		t.Fatal(refs, err)
	}
	sum, err := ParseChecksum(filepath.Base(filepath.Dir(refs[0])) + strings.TrimSuffix(filepath.Base(refs[0]), ".commit"))
	if err != nil {
		t.Fatal(err)
	}
	opt := CheckoutOptions{UserMode: true, Links: LinkAllowed, Cache: true, Overwrite: OverwriteIdentical}
	if _, err := Checkout(t.Context(), repo, sum, filepath.Dir(path), opt); !errors.Is(err, ErrExists) {
		t.Errorf("error is %v", err)
	}
}
