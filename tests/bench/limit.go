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

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
)

// limit does what no verb can do without, and nothing else, with the libraries
// that the engine uses.
//
//	bench limit hash REPO           read and hash all objects as they lie
//	bench limit inflate REPO        inflate and hash all objects of an archive repo
//	bench limit write REPO OUT      the same, and write what was inflated
//	bench limit send REPO URL       the same without writing, and POST each object to a treehub
func limit(args []string) error {
	if len(args) < 2 || len(args) != 3 && (args[0] == "write" || args[0] == "send") {
		return errors.New("usage: bench limit hash|inflate|write|send REPO [OUT|URL]")
	}
	if args[0] == "send" {
		return send(args[1], args[2])
	}
	out := ""
	if args[0] == "write" {
		out = args[2]
		if err := os.Mkdir(out, 0o755); err != nil {
			return err
		}
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	pool := sync.Pool{New: func() any { return newWork() }}
	n := 0
	err := filepath.WalkDir(filepath.Join(args[1], "objects"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		n++
		to := ""
		if out != "" {
			to = fmt.Sprintf("%s/%d", out, n)
		}
		g.Go(func() error {
			w := pool.Get().(*work)
			defer pool.Put(w)
			return w.object(p, to, args[0] != "hash" && strings.HasSuffix(p, ".filez"))
		})
		return nil
	})
	return errors.Join(err, g.Wait())
}

type work struct {
	in      *bufio.Reader
	inflate io.ReadCloser
	buf     []byte
}

func newWork() *work {
	return &work{in: bufio.NewReaderSize(nil, 64<<10), inflate: flate.NewReader(nil), buf: make([]byte, 64<<10)}
}

// object hashes one file, out of its archive form if packed, and writes it to
// the path to unless that is empty.
func (w *work) object(path, to string, packed bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	from, sum := io.Reader(f), io.Writer(sha256.New())
	if packed {
		w.in.Reset(f)
		var frame [8]byte
		if _, err := io.ReadFull(w.in, frame[:]); err != nil {
			return err
		}
		header := make([]byte, binary.BigEndian.Uint32(frame[:4]))
		if _, err := io.ReadFull(w.in, header); err != nil {
			return err
		}
		_, _ = sum.Write(header)
		if err := w.inflate.(flate.Resetter).Reset(w.in, nil); err != nil {
			return err
		}
		from = w.inflate
		if _, err := w.in.Peek(1); err == io.EOF {
			from = w.in // a symlink
		}
	}
	if to != "" {
		made, err := os.Create(to)
		if err != nil {
			return err
		}
		defer made.Close()
		sum = io.MultiWriter(sum, made)
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{from}, w.buf)
	return err
}
