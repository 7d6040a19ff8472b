package delta

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
)

func sum(t testing.TB, s string) ostree.Checksum {
	t.Helper()
	c, err := ostree.ParseChecksum(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// options are the defaults, with the program xz if it is installed, and
// nothing left out of the delta.
func options(t testing.TB) GenerateOptions {
	t.Helper()
	opt := DefaultOptions(time.Unix(1700000000, 0))
	opt.MinFallback = 0
	opt.XZ, _ = exec.LookPath("xz")
	return opt
}

func TestLibostreeAppliesWhatWeMake(t *testing.T) {
	repo, from, to := pairOf(t, "archive")
	kinds := map[string]func(*GenerateOptions, *Name){
		"parts":    func(*GenerateOptions, *Name) {},
		"inline":   func(o *GenerateOptions, _ *Name) { o.Inline = true },
		"big":      func(o *GenerateOptions, _ *Name) { o.Order = Big },
		"nobsdiff": func(o *GenerateOptions, _ *Name) { o.MaxBsdiff = 0 },
		"scratch":  func(_ *GenerateOptions, n *Name) { n.From = ostree.Checksum{} },
		"small":    func(o *GenerateOptions, n *Name) { n.From = ostree.Checksum{}; o.MaxChunk = 100_000 },
		"pure Go":  func(o *GenerateOptions, n *Name) { o.XZ = "" },
	}
	for kind, change := range kinds {
		t.Run(kind, func(t *testing.T) {
			n, opt := Name{sum(t, from), sum(t, to)}, options(t)
			opt.File = filepath.Join(t.TempDir(), "delta")
			change(&opt, &n)
			report, err := Generate(t.Context(), openRepo(t, repo), n, opt)
			if err != nil {
				t.Fatal(err)
			}
			if kind == "small" && len(report.Parts) < 3 {
				t.Errorf("%d parts", len(report.Parts))
			}
			base := from
			if n.Scratch() {
				base = ""
			}
			for _, theirs := range []bool{true, false} {
				r := holding(t, "bare-user", repo, base)
				if theirs {
					command(t, "ostree", "--repo="+r.Path(), "static-delta", "apply-offline", opt.File)
				} else {
					applyFile(t, r, opt.File)
				}
				command(t, "ostree", "--repo="+r.Path(), "fsck")
				command(t, "ostree", "--repo="+r.Path(), "ls", "-R", to)
			}
		})
	}
}

func applyFile(t testing.TB, r *ostree.Repo, path string) {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := ApplyFile(t.Context(), r, f, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
}

// Of two who make, delete or list the deltas of a repo at once one waits.
func TestDeltasOfARepoAreReplacedByOneAtATime(t *testing.T) {
	path, from, to := pairOf(t, "archive")
	repo, n := openRepo(t, path), Name{sum(t, from), sum(t, to)}
	if _, err := Generate(t.Context(), repo, n, options(t)); err != nil {
		t.Fatal(err)
	}
	digest, err := Digest(repo, n)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := repo.LockDeltas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	for name, use := range map[string]func(context.Context) error{
		"make": func(ctx context.Context) error {
			opt := options(t)
			opt.Inline = true
			_, err := Generate(ctx, openRepo(t, path), n, opt)
			return err
		},
		"delete": func(ctx context.Context) error { return Delete(ctx, openRepo(t, path), n) },
		"index":  func(ctx context.Context) error { _, err := Reindex(ctx, openRepo(t, path), nil); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if err := use(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if now, err := Digest(repo, n); err != nil || now != digest {
			t.Errorf("%s: the superblock is %s now (%v)", name, now, err)
		}
	}
}
