package delta

import (
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
