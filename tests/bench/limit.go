package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/inflate"
)

// limit does what no verb can do without, and nothing else, with the libraries
// that the engine uses.
//
//	bench limit hash REPO           read and hash all objects as they lie
//	bench limit inflate REPO        inflate and hash all objects of an archive repo
//	bench limit write REPO OUT      the same, and write what was inflated as a bare repo has it: owner, mode, time and name
//	bench limit send REPO URL       the same without writing, and POST each object to a treehub
//	bench limit fetch REPO URL OUT  GET what the archive repo REPO has, inflate and hash it, and write it as it came
//	bench limit deflate DIR OUT     read and hash all files of a folder, deflate each content once and write it
func limit(args []string) error {
	kinds := map[string]struct {
		args int
		run  func(args []string) error
	}{
		"hash":    {1, func(a []string) error { return overObjects(a[0], "", false) }},
		"inflate": {1, func(a []string) error { return overObjects(a[0], "", true) }},
		"write":   {2, func(a []string) error { return overObjects(a[0], a[1], true) }},
		"send":    {2, func(a []string) error { return send(a[0], a[1]) }},
		"fetch":   {3, func(a []string) error { return fetch(a[0], a[1], a[2]) }},
		"deflate": {2, func(a []string) error { return deflate(a[0], a[1]) }},
	}
	if len(args) > 0 {
		if kind, ok := kinds[args[0]]; ok && len(args) == 1+kind.args {
			return kind.run(args[1:])
		}
	}
	return errors.New("usage: bench limit hash|inflate|write|send|fetch|deflate REPO|DIR [URL] [OUT]")
}

// overObjects reads and hashes a repo's objects, and writes what they hold to
// folders in out unless that is empty.
func overObjects(repo, out string, inflated bool) error {
	if out != "" {
		if err := makeFans(out); err != nil {
			return err
		}
	}
	return each(filepath.Join(repo, "objects"), runtime.GOMAXPROCS(0), func(w *work, path string, n int) error {
		packed := inflated && strings.HasSuffix(path, ".filez")
		if out == "" {
			return w.read(path, io.Discard, packed)
		}
		return w.write(path, fmt.Sprintf("%s/.%d", out, n), fmt.Sprintf("%s/%02x/%d", out, n%fans, n), packed)
	})
}

// fans is how many folders a repo's objects lie in.
const fans = 256

func makeFans(out string) error {
	for i := range fans {
		if err := os.MkdirAll(fmt.Sprintf("%s/%02x", out, i), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// each calls do with what lies in dir and below and is no folder, and its
// number, as many at once as there are jobs.
func each(dir string, jobs int, do func(w *work, path string, n int) error) error {
	var g errgroup.Group
	g.SetLimit(jobs)
	pool := sync.Pool{New: func() any { return newWork() }}
	n := 0
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		number := n
		g.Go(func() error {
			w := pool.Get().(*work)
			defer pool.Put(w)
			return do(w, p, number)
		})
		return nil
	})
	return errors.Join(err, g.Wait())
}

type work struct {
	inflate *inflate.Reader
	deflate *flate.Writer
	out     *bufio.Writer
	buf     []byte
}

func newWork() *work {
	w := &work{inflate: new(inflate.Reader), out: bufio.NewWriterSize(nil, 64<<10), buf: make([]byte, 64<<10)}
	w.deflate, _ = flate.NewWriter(w.out, deflateLevel) // that is a level
	return w
}

// deflateLevel is the engine's.
const deflateLevel = 6

// read hashes one file, out of its archive form if packed, and copies that to
// the writer to.
func (w *work) read(path string, to io.Writer, packed bool) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, unix.ELOOP) { // a symlink of a bare repo
		target, err := os.Readlink(path)
		return errors.Join(err, w.hash(strings.NewReader(target), to, false))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return w.hash(f, to, packed)
}

// write is read into a new file, which gets what an object of a bare repo has,
// and its name when it is complete.
func (w *work) write(path, temp, name string, packed bool) error {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(w.read(path, f, packed), f.Chown(os.Getuid(), os.Getgid()), f.Chmod(0o644), f.Close())
	return errors.Join(err, os.Chtimes(temp, time.Unix(0, 0), time.Unix(0, 0)), os.Rename(temp, name))
}

// hash hashes what r gives, out of its archive form if packed, and copies that
// to the writer to.
func (w *work) hash(r io.Reader, to io.Writer, packed bool) error {
	sum := sha256.New()
	if packed {
		header, err := w.unframe(r)
		if err != nil {
			return err
		}
		_, _ = sum.Write(header)
		if more, err := w.inflate.More(); !more {
			return err // a symlink
		}
		r = w.inflate
	}
	_, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(sum, to)}, struct{ io.Reader }{r}, w.buf)
	return err
}

// unframe reads the header before a deflate stream.
func (w *work) unframe(r io.Reader) ([]byte, error) {
	w.inflate.Reset(r)
	var frame [8]byte
	if err := w.inflate.Before(frame[:]); err != nil {
		return nil, err
	}
	header := make([]byte, binary.BigEndian.Uint32(frame[:4]))
	return header, w.inflate.Before(header)
}

// deflate hashes the files of a folder and compresses what differs.
func deflate(dir, out string) error {
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	var seen sync.Map
	return each(dir, runtime.GOMAXPROCS(0), func(w *work, path string, n int) error {
		data, err := content(path)
		if err != nil {
			return err
		}
		if _, again := seen.LoadOrStore(sha256.Sum256(data), true); again {
			return nil
		}
		return w.pack(data, fmt.Sprintf("%s/%d", out, n))
	})
}

// content is what a file holds, or what a symlink names.
func content(path string) ([]byte, error) {
	if target, err := os.Readlink(path); err == nil {
		return []byte(target), nil
	}
	return os.ReadFile(path)
}

// pack writes data, compressed, to a new file.
func (w *work) pack(data []byte, to string) error {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	w.out.Reset(f)
	w.deflate.Reset(w.out)
	_, err = w.deflate.Write(data)
	return errors.Join(err, w.deflate.Close(), w.out.Flush(), f.Close())
}
