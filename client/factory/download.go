package factory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/progress"
)

// file is a large file behind HTTP, which does not go through resty: that keeps
// replies in memory.
type file struct {
	url    *url.URL
	accept string // the content type asked for, "" for any
	auth   httpx.Auth
	http   *http.Client
	retry  httpx.Retry

	size      int64  // -1: not known
	kind      string // content type
	validator string // what If-Range takes, "" where there is none
}

// open asks for the file from offset on. Each request is for the address that
// was given: a redirect to storage may be good for a short time only.
func (f *file) open(ctx context.Context, offset int64) (*http.Response, error) {
	resp, err := httpx.DoAuth(ctx, f.http, f.retry, f.auth, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url.String(), nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept-Encoding", "identity")
		if f.accept != "" {
			req.Header.Set("Accept", f.accept)
		}
		if offset > 0 {
			req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
			if f.validator != "" {
				req.Header.Set("If-Range", f.validator)
			}
		}
		return req, nil
	})
	if err != nil {
		return nil, err
	}
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		_ = resp.Body.Close()
		return nil, fail.New(fail.Network, "turn compression off for artifacts on the server or proxy", "the reply is packed with %.40q, which nobody asked for", enc)
	}
	return resp, nil
}

// look asks for the file, reads nothing of it, and takes down what the reply
// says.
func (f *file) look(ctx context.Context) error {
	resp, err := f.open(ctx, 0)
	if err != nil {
		return err
	}
	f.learn(resp)
	return resp.Body.Close()
}

// learn takes down what a first reply says of the file.
func (f *file) learn(resp *http.Response) {
	f.size, f.kind, f.validator = resp.ContentLength, resp.Header.Get("Content-Type"), validatorOf(resp)
}

// validatorOf is what tells one state of a file from another: a strong ETag, or
// else the time of the last change.
func validatorOf(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return resp.Header.Get("Last-Modified")
}

// read reads the file from its beginning. A connection that breaks is taken up
// where it was.
func (f *file) read(ctx context.Context, task progress.Task) io.ReadCloser {
	ctx, cancel := context.WithCancel(ctx)
	return &download{file: f, ctx: ctx, cancel: cancel, task: task}
}

// download is a file on its way.
type download struct {
	file   *file
	ctx    context.Context
	cancel context.CancelFunc
	task   progress.Task

	body   io.ReadCloser // nil: to be opened
	offset int64
	broke  int   // how often the connection did, without much progress
	since  int64 // offset at which it last broke
}

// How often a connection may break before this many bytes have come.
const (
	breaks       = 5
	breakForgets = 1 << 20
)

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	for {
		for d.body == nil {
			if err := d.reopen(); err != nil {
				return 0, err
			}
		}
		n, err := d.body.Read(p)
		d.offset += int64(n)
		d.task.Add(int64(n))
		if over := d.file.size >= 0 && d.offset > d.file.size; over {
			return 0, errChanged
		}
		if err == nil || err == io.EOF && (d.file.size < 0 || d.offset == d.file.size) {
			return n, err
		}
		if err := d.broken(err); err != nil || n > 0 {
			return n, err
		}
	}
}

// broken gives the connection up, and says whether that was once too often.
func (d *download) broken(err error) error {
	_ = d.body.Close()
	d.body = nil
	if d.ctx.Err() != nil {
		return context.Cause(d.ctx)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if d.offset-d.since >= breakForgets {
		d.broke = 0
	}
	d.since = d.offset
	if d.broke++; d.broke > breaks || d.file.size < 0 {
		return fail.As(fmt.Errorf("broke off after %d bytes: %w", d.offset, err), fail.Network, "run this again: what is there is kept")
	}
	return nil
}

// reopen asks for what is missing.
func (d *download) reopen() error {
	resp, err := d.file.open(d.ctx, d.offset)
	if httpx.Code(err) == http.StatusRequestedRangeNotSatisfiable {
		err = errChanged
	}
	if err == nil {
		err = d.takeUp(resp)
	}
	if errors.Is(err, errChanged) {
		return fail.As(err, fail.Conflict, "run this again")
	}
	return err
}

// takeUp holds a reply against what is known of the file, and passes over what
// was read already where the server begins anew.
func (d *download) takeUp(resp *http.Response) error {
	d.body = resp.Body
	again := validatorOf(resp)
	if d.file.validator != "" && again != "" && again != d.file.validator {
		return errChanged
	}
	if resp.StatusCode == http.StatusPartialContent {
		return d.checkRange(resp.Header.Get("Content-Range"))
	}
	if resp.ContentLength != d.file.size {
		return errChanged
	}
	_, err := io.CopyN(io.Discard, resp.Body, d.offset)
	if err != nil {
		return d.broken(err)
	}
	return nil
}

// checkRange wants "bytes OFFSET-LAST/SIZE".
func (d *download) checkRange(header string) error {
	text, total, ok := strings.Cut(strings.TrimPrefix(header, "bytes "), "/")
	first, _, ok2 := strings.Cut(text, "-")
	at, err := strconv.ParseInt(first, 10, 64)
	if !ok || !ok2 || err != nil || at != d.offset {
		return fail.New(fail.Network, "the server, or a proxy on the way, does not do what it says", "asked for the bytes from %d on, got %.80q", d.offset, header)
	}
	if total != "*" && total != strconv.FormatInt(d.file.size, 10) {
		return errChanged
	}
	return nil
}

// Close gives the download up; a Read that is waiting returns. The request's
// own context closes the connection, unless all was read.
func (d *download) Close() error {
	d.cancel()
	return nil
}
