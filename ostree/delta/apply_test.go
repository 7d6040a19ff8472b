package delta

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// pairOf makes a repo of libostree's with two commits.
func pairOf(t testing.TB, mode string) (repo, from, to string) {
	t.Helper()
	dir := t.TempDir()
	repo = filepath.Join(dir, "repo")
	initRepo(t, repo, mode)
	tree := filepath.Join(dir, "tree")
	write := func(name string, data []byte, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	bash, err := os.ReadFile("/bin/bash")
	if err != nil {
		t.Fatal(err)
	}
	random := noise(1, 700_000)
	commit := func() string {
		return command(t, "ostree", "--repo="+repo, "commit", "-b", "main", "-s", "x", "--tree=dir="+tree)
	}
	write("bin/bash", bash, 0o755)
	write("bin/suid", []byte("#!/bin/sh\n"), 0o4755)
	write("lib/big.so.1", random, 0o644)
	write("etc/empty", nil, 0o600)
	write("etc/conf", []byte("a=1\n"), 0o644)
	write("etc/attr", []byte("with xattr\n"), 0o644)
	command(t, "setfattr", "-n", "user.foo", "-v", "bar", filepath.Join(tree, "etc/attr"))
	if err := os.Symlink("bash", filepath.Join(tree, "bin/sh")); err != nil {
		t.Fatal(err)
	}
	from = commit()
	changed := append([]byte(nil), bash...)
	for i := 1000; i < len(changed); i += 5003 {
		changed[i] ^= byte(i)
	}
	write("bin/bash", changed, 0o755)
	write("lib/big.so.1", append(append(append([]byte(nil), random[:300_000]...), noise(2, 50_000)...), random[300_000:]...), 0o644)
	write("etc/conf", []byte("a=2\n"), 0o640)
	write("new/dir/file", noise(3, 30_000), 0o644)
	write("new/dir/empty", nil, 0o644)
	if err := os.Symlink("../bash", filepath.Join(tree, "bin/zsh")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(tree, "bin/suid")); err != nil {
		t.Fatal(err)
	}
	return repo, from, commit()
}

// noise is random bytes, the same for the same seed.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	x := seed*0x9e3779b97f4a7c15 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 32)
	}
	return b
}

// initRepo makes a repo that doesn't wait for the disk.
func initRepo(t testing.TB, path, mode string) {
	t.Helper()
	command(t, "ostree", "--repo="+path, "init", "--mode="+mode)
	command(t, "ostree", "--repo="+path, "config", "set", "core.fsync", "false")
}

// holding makes a repo that has commit from of another.
func holding(t testing.TB, mode, repo, from string) *ostree.Repo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "repo")
	initRepo(t, path, mode)
	if from != "" {
		command(t, "ostree", "--repo="+path, "pull-local", "--untrusted", repo, from)
	}
	return openRepo(t, path)
}

func TestAppliesWhatLibostreeMakes(t *testing.T) {
	repo, from, to := pairOf(t, "archive")
	kinds := map[string][]string{
		"parts":    {"--from=" + from},
		"inline":   {"--from=" + from, "--inline"},
		"swapped":  {"--from=" + from, "--swap-endianness"},
		"big":      {"--from=" + from, "--set-endianness=B", "--inline"},
		"nobsdiff": {"--from=" + from, "--disable-bsdiff"},
		"scratch":  {"--empty"},
		"small":    {"--empty", "--max-chunk-size=1"},
	}
	for kind, args := range kinds {
		file := filepath.Join(t.TempDir(), "delta")
		command(t, "ostree", append([]string{"--repo=" + repo, "static-delta", "generate", "--min-fallback-size=0", "--to=" + to, "--filename=" + file}, args...)...)
		modes := []string{"bare-user"}
		if kind == "parts" {
			modes = []string{"bare", "bare-user", "archive"}
		}
		for _, mode := range modes {
			t.Run(kind+" "+mode, func(t *testing.T) {
				base := from
				if args[0] == "--empty" {
					base = ""
				}
				r := holding(t, mode, repo, base)
				f, err := Open(file)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if _, err := ApplyFile(t.Context(), r, f, ApplyOptions{}); err != nil {
					t.Fatal(err)
				}
				command(t, "ostree", "--repo="+r.Path(), "fsck")
				command(t, "ostree", "--repo="+r.Path(), "ls", "-R", to)
			})
		}
	}
}

func TestADeltaLeavesTheSignaturesOfACommitThatIsThere(t *testing.T) {
	repo, from, to := pairOf(t, "archive")
	signed := func(by string) variant.Value {
		return variant.Dict(variant.Entry{Key: "signed", Value: variant.Text(by)})
	}
	if err := openRepo(t, repo).WriteDetached(t.Context(), sum(t, to), signed("the maker of the delta")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "delta")
	command(t, "ostree", "--repo="+repo, "static-delta", "generate", "--min-fallback-size=0", "--inline", "--from="+from, "--to="+to, "--filename="+file)
	for name, partial := range map[string]bool{"whole": false, "partial": true} {
		r := holding(t, "bare-user", repo, from)
		applyFile(t, r, file)
		if v, err := ostree.ReadDetached(t.Context(), r, sum(t, to)); err != nil || !bytes.Equal(v.Data(), signed("the maker of the delta").Data()) {
			t.Errorf("%s: a new commit has %v, %v", name, v, err)
		}
		own := signed("who has it")
		if err := r.WriteDetached(t.Context(), sum(t, to), own); err != nil {
			t.Fatal(err)
		}
		if partial {
			if err := r.MarkPartial(sum(t, to), ostree.PartialPull); err != nil {
				t.Fatal(err)
			}
		}
		applyFile(t, r, file)
		if v, err := ostree.ReadDetached(t.Context(), r, sum(t, to)); err != nil || !bytes.Equal(v.Data(), own.Data()) {
			t.Errorf("%s: the commit has %v now, %v", name, v, err)
		}
	}
}
