package offline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/offline/medium"
)

// want notes that a blob is needed. One that is missing, or not as long as
// whoever needs it says, is a finding.
func (c *appCheck) want(hex string, size int64, by string) {
	before, known := c.need[hex]
	if !known {
		before.size = -1
	}
	length, there := c.v.inv.apps[blobPath(hex)]
	switch {
	case known && (size < 0 || before.size == size):
		return
	case !there && !known:
		c.v.found.bad(RuleApps, blobPath(hex), "missing; %s needs it", by)
	case there && size >= 0 && length != size:
		c.v.found.bad(RuleApps, blobPath(hex), "has %d bytes, and %s says %d", length, by, size)
	}
	c.need[hex] = blobNeed{size: max(size, before.size), by: by}
}

// wantIfThere is want for a blob that devices do without.
func (c *appCheck) wantIfThere(d descriptor, by string) {
	hex, err := d.hex()
	if err != nil {
		return
	}
	if _, there := c.v.inv.apps[blobPath(hex)]; there {
		c.want(hex, *d.Size, by)
	}
}

// load reads a needed blob whole, of at most max bytes, and verifies it.
func (c *appCheck) load(ctx context.Context, digest string, max int64) ([]byte, bool) {
	name := blobPath(digest)
	if _, there := c.v.inv.apps[name]; !there || ctx.Err() != nil {
		return nil, false // want has said so
	}
	data, err := medium.ReadFile(c.v.bundle.files, name, max)
	if err == nil && hexSum(data) != digest {
		err = errNotItsName
	}
	if err != nil {
		if !c.read[digest] {
			c.v.found.bad(RuleApps, name, "%s", readProblem(err))
		}
		c.read[digest] = true
		return nil, false
	}
	c.count(digest, int64(len(data)))
	return data, true
}

func (c *appCheck) count(digest string, size int64) {
	if c.read[digest] {
		return
	}
	c.read[digest] = true
	c.v.report.Blobs++
	c.v.report.AppBytes += size
}

// file reads a file of a view, which is required, and notes that it belongs.
func (c *appCheck) file(name string, max int64) (string, bool) {
	c.claimed[name] = true
	data, err := medium.ReadFile(c.v.bundle.files, name, max)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.v.found.bad(RuleApps, name, "missing")
	case err != nil:
		c.v.found.bad(RuleApps, name, "%s", readProblem(err))
	}
	return string(data), err == nil
}

// contentError is what is wrong with a file that could be read.
type contentError string

func (e contentError) Error() string { return string(e) }

func badContent(format string, args ...any) error { return contentError(fmt.Sprintf(format, args...)) }

const errNotItsName contentError = "corrupt: it does not hash to its name"

// readProblem is an error about a file, in a finding that names the file.
func readProblem(err error) string {
	if e, ok := errors.AsType[*fsx.TooLargeError](err); ok {
		return fmt.Sprintf("is longer than the %d bytes allowed", e.Max)
	}
	if e, ok := errors.AsType[contentError](err); ok {
		return string(e)
	}
	return fmt.Sprintf("cannot be read: %v", medium.Cause(err))
}

// hashBlobs verifies every blob that was not read yet, if asked for also those
// that nobody needs: several at once, in turn with the objects.
func (c *appCheck) hashBlobs(ctx context.Context, idle bool) error {
	var todo []string
	var total int64
	for name, size := range c.v.inv.apps {
		digest, ok := strings.CutPrefix(name, dirBlobs+"/")
		if _, needed := c.need[digest]; ok && isHex(digest) && !c.read[digest] && (needed || idle) {
			todo, total = append(todo, digest), total+size
		}
	}
	slices.Sort(todo)
	task := progress.Start(c.v.opt.Progress, "verifying app blobs", progress.Bytes, total)
	defer task.Done()
	var mu sync.Mutex
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(c.v.opt.Jobs)
	for _, digest := range todo {
		work.Go(func() error {
			size := c.v.inv.apps[blobPath(digest)]
			err := c.hashBlob(ctx, digest, size, task)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			c.hashed(digest, size, err)
			return nil
		})
	}
	return work.Wait()
}

// hashed records what came of a blob. One that nobody needs does not make the
// bundle bad.
func (c *appCheck) hashed(digest string, size int64, err error) {
	_, wanted := c.need[digest]
	switch {
	case err == nil:
		c.count(digest, size)
	case wanted:
		c.v.found.bad(RuleApps, blobPath(digest), "%s", readProblem(err))
	default:
		c.v.found.warn(RuleApps, blobPath(digest), remedyPrune, "%s; no app needs it", readProblem(err))
	}
}

func (c *appCheck) hashBlob(ctx context.Context, digest string, size int64, task progress.Task) error {
	select {
	case c.v.turns <- struct{}{}:
		defer func() { <-c.v.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return c.v.readFile(blobPath(digest), size, func(r io.ReaderAt, size int64) error {
		return hashIs(ctx, &counted{io.NewSectionReader(r, 0, size), task}, size, digest)
	})
}

// readFile hands over one open file: all that is asked of it is asked of that
// one handle. It has to have size bytes, before and after.
func (v *verifier) readFile(name string, size int64, fn func(io.ReaderAt, int64) error) error {
	f, err := v.bundle.files.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() != size {
		return badContent("has %d bytes, and is to have %d", st.Size(), size)
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		return errors.ErrUnsupported
	}
	if err := fn(r, size); err != nil {
		return err
	}
	if n, _ := r.ReadAt(make([]byte, 1), size); n > 0 {
		return badContent("became longer while it was read")
	}
	return nil
}

// hashBuffer is how much of a file is read at once.
const hashBuffer = 128 << 10

// hashIs reads r, of size bytes, to its end and wants it to hash to digest.
func hashIs(ctx context.Context, r io.Reader, size int64, digest string) error {
	h := sha256.New()
	buf := make([]byte, min(size+1, hashBuffer))
	for {
		n, err := r.Read(buf)
		h.Write(buf[:n])
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			if hex.EncodeToString(h.Sum(nil)) != digest {
				return errNotItsName
			}
			return nil
		case err != nil:
			return err
		}
	}
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// counted tells a task of what is read.
type counted struct {
	r    io.Reader
	task progress.Task
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.task.Add(int64(n))
	return n, err
}
