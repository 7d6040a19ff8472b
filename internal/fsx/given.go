package fsx

import (
	"context"
	"fmt"
	"io"
	"os"
)

// ReadGiven reads at most max bytes of what somebody gave as a file: one, or a
// pipe or device such as /dev/stdin, for whose writer it waits until ctx ends.
// More is a *TooLargeError.
func ReadGiven(ctx context.Context, path string, max int64) ([]byte, error) {
	f, err := OpenGiven(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(Until(ctx, f), path, max)
}

// OpenGiven opens what ReadGiven reads.
func OpenGiven(ctx context.Context, path string) (*os.File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(path)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done(): // the pipe has no writer, and stays open as long as the program goes on
		return nil, fmt.Errorf("open %s: %w", path, ctx.Err())
	}
}

// Until is r up to the end of ctx, also in the middle of a read that waits. That
// one goes on by itself and takes what comes next: r is lost to others.
func Until(ctx context.Context, r io.Reader) io.Reader {
	return &until{ctx: ctx, r: r, done: make(chan readResult, 1)}
}

// readAhead is how much Until reads at a time.
const readAhead = 64 << 10

type until struct {
	ctx  context.Context
	r    io.Reader
	done chan readResult
	buf  []byte // nobody else's: a read that is given up may still write here
	left []byte // the part of buf that is still to be read
	err  error  // behind left
}

type readResult struct {
	n   int
	err error
}

func (u *until) Read(p []byte) (int, error) {
	if len(u.left) == 0 && u.err == nil {
		u.fill()
	}
	n := copy(p, u.left)
	if u.left = u.left[n:]; n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, u.err
}

// fill reads once.
func (u *until) fill() {
	if u.buf == nil {
		u.buf = make([]byte, readAhead)
	}
	go func() {
		n, err := u.r.Read(u.buf)
		u.done <- readResult{n, err}
	}()
	select {
	case got := <-u.done:
		u.left, u.err = u.buf[:got.n], got.err
	case <-u.ctx.Done():
		u.err = u.ctx.Err()
	}
}
