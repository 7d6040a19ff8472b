// Package tarball reads tars that somebody else made: a CI's artifacts, packed
// in whatever way. It is the only user of mholt/archiver.
//
// It believes nothing of a tar. Members are plain files with names that lie
// below the place where the tar would be unpacked, once each; everything else
// ends the walk, and so does a tar that is cut off, goes on after its end, or
// unpacks into more than it should. It writes no file, follows no name, and
// never guesses what an archive might be: the name says it, and the first bytes
// have to agree.
package tarball

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// Options say what a tar may be. The zero value works for one that is not
// packed.
type Options struct {
	// Name is the tar's file name; its ending says how it is packed.
	Name string
	// ContentType says it where the name does not.
	ContentType string
	// Jobs is how many processors unpack at once, where the packing allows it;
	// 0 is one for each that there is, at most four.
	Jobs int
	// Members is how many members there may be, Bytes how long the unpacked tar;
	// 0 are the limits of this program.
	Members int
	Bytes   int64
}

// mostJobs is how many unpack at once unless told otherwise: each takes some
// 10 MiB.
const mostJobs = 4

func (o Options) withDefaults() Options {
	if o.Jobs <= 0 {
		o.Jobs = min(runtime.GOMAXPROCS(0), mostJobs)
	}
	if o.Members <= 0 {
		o.Members = limits.ArtifactMembers
	}
	if o.Bytes <= 0 {
		o.Bytes = limits.RepoArchive
	}
	return o
}

// Walk calls fn for each plain file of the tar, in its order, with a name that
// is clean and relative. What fn does not read of content is skipped. An error
// of fn, or of r, is returned as it is. Walk closes r.
//
// Until Walk has returned nil the tar may turn out to be bad: what fn made of
// its members counts only then, unless something else vouches for it.
func Walk(ctx context.Context, r io.ReadCloser, opt Options, fn func(name string, size int64, content io.Reader) error) error {
	opt = opt.withDefaults()
	source := &source{r: r}
	unpacked, err := unpack(source, opt)
	if err != nil {
		_ = r.Close() // there is a better error
		return source.cause(err, true)
	}
	w := &walk{opt: opt, fn: fn, stream: &stream{r: unpacked, source: source, most: opt.Bytes}, seen: names{}}
	err = w.run(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	err = source.cause(err, w.stream.err != nil)
	// The source first: whoever unpacks may be waiting for it.
	closed := r.Close()
	_ = unpacked.Close() // says again what reading said
	if err != nil {
		return err
	}
	return closed
}

// walk is one run through a tar.
type walk struct {
	opt    Options
	fn     func(name string, size int64, content io.Reader) error
	stream *stream
	seen   names
	count  int
	err    error // why the walk was stopped
}

// errStop ends the library's loop. Its own errors, and those of fn, are kept
// aside: some would mean something to it.
var errStop = errors.New("stop")

func (w *walk) run(ctx context.Context) error {
	err := eachMember(ctx, w.stream, func(h *tar.Header, open func() (io.ReadCloser, error)) error {
		if w.err = w.member(h, open); w.err != nil {
			return errStop
		}
		return nil
	})
	switch {
	case w.stream.err != nil:
		return w.stream.err
	case w.stream.ended && err != nil:
		return bad("the tar is cut off in or after member %d", w.count)
	case w.err != nil:
		return w.err
	case errors.Is(err, tar.ErrHeader):
		return bad("no tar, or a damaged one, after %d members", w.count)
	case err != nil:
		return fail.As(fmt.Errorf("member %d: %w", w.count+1, err), fail.Verification, hintBad)
	}
	return w.end()
}

// member checks one member and hands it on if it is a file.
func (w *walk) member(h *tar.Header, open func() (io.ReadCloser, error)) error {
	if h == nil {
		return bad("member %d has no header", w.count+1)
	}
	if w.count++; w.count > w.opt.Members {
		return bad("it has more than the %d members allowed", w.opt.Members)
	}
	name, err := checkMember(h)
	if err == nil && name != "." {
		err = w.seen.add(name)
	}
	if err != nil {
		return fail.As(fmt.Errorf("member %.200q: %w", h.Name, err), fail.Verification, hintBad)
	}
	if h.Typeflag == tar.TypeDir {
		return nil
	}
	if h.Size > w.opt.Bytes {
		return bad("member %.200q: %d bytes, at most %d are allowed", h.Name, h.Size, w.opt.Bytes)
	}
	content, err := open()
	if err != nil {
		return err
	}
	if err := w.fn(name, h.Size, content); err != nil {
		return err
	}
	return content.Close()
}

// end wants the end mark to have been there, and nothing after it but zeros.
func (w *walk) end() error {
	if w.stream.ended {
		return bad("the tar is cut off after member %d: it has no end mark", w.count)
	}
	const most = 1 << 20 // far more than any tar fills up to
	buf := make([]byte, 32<<10)
	for rest := 0; rest <= most; {
		n, err := w.stream.Read(buf)
		for _, c := range buf[:n] {
			if c != 0 {
				return bad("something follows after the end of the tar")
			}
		}
		if rest += n; err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	return bad("the tar goes on after its end")
}

const hintBad = "have the artifact built again, or fetch it from where it was made"

func bad(format string, args ...any) error {
	return fail.New(fail.Verification, hintBad, format, args...)
}

// source is the packed tar, which is read by whoever unpacks it, maybe not in
// the walk's own goroutine. It remembers why it broke off, which is the error
// that counts, whatever unpacking made of it.
type source struct {
	r io.Reader

	mu  sync.Mutex
	n   int64
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// cause is err, or if that is about unpacking, why the source broke off.
func (s *source) cause(err error, unpacking bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil && err != nil && unpacking {
		return s.err
	}
	return err
}

// read is how many bytes were read.
func (s *source) read() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// stream is the unpacked tar. It notes where its bytes end, and ends itself when
// there are too many.
type stream struct {
	r      io.Reader
	source *source
	most   int64
	n      int64
	ended  bool  // somebody wanted more than there is
	err    error // it went on for too long, or could not be unpacked
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.n += int64(n)
	switch {
	case s.n > s.most:
		s.err = bad("it unpacks into more than the %d bytes allowed", s.most)
	case s.n > limits.ArtifactFree && s.n/limits.ArtifactRatio > s.source.read():
		s.err = bad("it unpacks into more than %d times its size", limits.ArtifactRatio)
	case err == io.EOF && n > 0:
		return n, nil
	case err == io.EOF:
		s.ended = true
		return 0, err
	case err != nil:
		s.err = fail.As(fmt.Errorf("unpack: %w", err), fail.Verification, hintBad)
	}
	return n, s.err
}
