package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// extremes are trees that a repo holds once in its life, and a program that
// keeps things in memory does not survive.
var (
	large = extreme("one object of 2 GiB", "large", func(dir string) error {
		f, err := os.Create(filepath.Join(dir, "object"))
		if err != nil {
			return err
		}
		defer f.Close()
		w := bufio.NewWriterSize(f, 1<<20)
		rng := rand.New(rand.NewPCG(1, 1))
		var b [8]byte
		for range (2 << 30) / 64 { // an eighth is noise
			binary.LittleEndian.PutUint64(b[:], rng.Uint64())
			if _, err := fmt.Fprintf(w, "%-56.56s", "what compresses well, and then"); err != nil {
				return err
			}
			if _, err := w.Write(b[:]); err != nil {
				return err
			}
		}
		return w.Flush()
	})
	wide = extreme("one directory of 100,000 names", "wide", func(dir string) error {
		return numbered(dir, 100_000)
	})
	many = extreme("repo of 200,000 objects", "many", func(dir string) error { return directories(dir, 400) })
	few  = extreme("repo of 20,000 objects", "few", func(dir string) error { return directories(dir, 40) })
)

// directories makes n directories of 500 small files.
func directories(dir string, n int) error {
	for d := range n {
		sub := filepath.Join(dir, fmt.Sprintf("directory %03d", d))
		if err := os.Mkdir(sub, 0o755); err != nil {
			return err
		}
		if err := numbered(sub, 500); err != nil {
			return err
		}
	}
	return nil
}

// numbered makes n small files, none like another of the same folder name.
func numbered(dir string, n int) error {
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("file %06d", i))
		if err := os.WriteFile(name, fmt.Appendf(nil, "%s %d\n", filepath.Base(dir), i), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// extreme is a tree, and an archive repo of it with a web server before it.
func extreme(what, name string, fill func(dir string) error) fixture {
	return fixture{what, func(ctx context.Context, b *bench) error {
		dir := filepath.Join(b.dir, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		if err := fill(dir); err != nil {
			return err
		}
		at := "{dir}/" + name
		return lines("", "ostree init --repo="+at+"-repo --mode=archive",
			"ostree commit --repo="+at+"-repo -b v1 --tree=dir="+at+" --timestamp=@1700000000 -s 1",
			"ostree summary -u --repo="+at+"-repo").make(ctx, b)
	}}
}

// memoryClaims run each verb once on each extreme. What counts is our peak; the
// rest is shown.
func memoryClaims() []comparison {
	var all []comparison
	for _, e := range []struct {
		at fixture
		in string
	}{{large, "large"}, {wide, "wide"}, {many, "many"}} {
		from := " && ostree --repo={out} remote add --no-gpg-verify o {h1}/" + e.in + "-repo"
		repo := "{dir}/" + e.in + "-repo"
		for _, verb := range []struct {
			name, before, line string
			most               int64
		}{
			{"commit", newArchive, "{ostree} commit --repo={out} -b m --tree=dir={dir}/" + e.in, anyVerb},
			{"fsck", "", "{ostree} fsck --repo=" + repo, anyVerb},
			{"pull-local into bare", newBare, "{ostree} pull-local --untrusted --repo={out} " + repo + " v1", onDevice},
			{"pull into bare", newBare + from, "{ostree} --repo={out} pull o v1", onDevice},
			{"mirror", newArchive + from, "{ostree} --repo={out} pull --mirror o v1", anyVerb},
			{"checkout", "", "{ostree} checkout -U --disable-cache --repo=" + repo + " v1 {out}", anyVerb},
			{"list", "", "{ostree} ls -R --repo=" + repo + " v1", anyVerb},
			{"prune", "", "{ostree} prune --refs-only --repo=" + repo, anyVerb},
		} {
			c := same("memory, "+e.at.name+": "+verb.name, claims{rss: verb.most}, verb.before, verb.line, e.at, web)
			c.once = true
			all = append(all, c)
		}
	}
	return all
}
