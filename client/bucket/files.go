package bucket

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// ReadFile implements ostree.Files.
func (s *Store) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	if err := ostree.CheckFilePath(path); err != nil {
		return nil, err
	}
	data, _, err := s.readFile(ctx, path, limit)
	return data, err
}

// readFile reads a file and its ETag.
func (s *Store) readFile(ctx context.Context, path string, limit int64) (data []byte, etag string, err error) {
	err = s.download(ctx, path, func(resp *http.Response) error {
		etag = resp.Header.Get("ETag")
		data, err = fsx.ReadSized(resp.Body, s.url+"/"+path, max(0, resp.ContentLength), limit)
		return err
	})
	return data, etag, err
}

// hashFile is the SHA-256 of a file, which is not kept in memory.
func (s *Store) hashFile(ctx context.Context, path string) (sum [sha256.Size]byte, err error) {
	err = s.download(ctx, path, func(resp *http.Response) error {
		h := sha256.New()
		n, err := io.Copy(h, io.LimitReader(resp.Body, limits.DeltaFile+1))
		if err == nil && n > limits.DeltaFile {
			err = &fsx.TooLargeError{Name: s.url + "/" + path, Max: limits.DeltaFile}
		}
		h.Sum(sum[:0])
		return err
	})
	return sum, err
}

// download hands a file to read, once more if its body breaks off.
func (s *Store) download(ctx context.Context, path string, read func(*http.Response) error) error {
	for attempt := 1; ; attempt++ {
		resp, err := s.do(ctx, http.MethodGet, path, nil, nil)
		if httpx.Code(err) == http.StatusNotFound && httpx.Reason(err) != "NoSuchBucket" {
			return fail.As(fmt.Errorf("%s/%s: %w", s.url, path, fs.ErrNotExist), fail.NotFound, "")
		}
		if err != nil {
			return err
		}
		err = read(resp)
		_ = resp.Body.Close()
		if err == nil {
			return nil
		}
		if _, long := errors.AsType[*fsx.TooLargeError](err); long || attempt == attempts || ctx.Err() != nil {
			return fail.As(err, fail.Network, "")
		}
	}
}

// PutFile implements ostree.Files. The file is read twice: the server refuses
// anything else than what the first reading gave.
func (s *Store) PutFile(ctx context.Context, path string, size int64, open func() (io.ReadCloser, error)) error {
	if err := ostree.CheckFilePath(path); err != nil {
		return err
	}
	if err := s.makeRepo(ctx); err != nil {
		return err
	}
	sum, err := hashOf(size, open)
	if err != nil {
		return fmt.Errorf("send %s: %w", path, err)
	}
	for _, name := range s.namesOf(path) {
		if _, err := s.put(ctx, name, body{size: size, sum: sum, open: open}, always); err != nil {
			return fmt.Errorf("send %s: %w", path, err)
		}
	}
	return nil
}

// namesOf are the keys under which devices ask for a file. Amazon takes a plus
// in a path for a space unless it is written as %2B, which no OSTree client does;
// three of four static deltas have one in their name. The file's own name is
// the last one: who lists the bucket sees it when the other is there.
func (s *Store) namesOf(path string) []string {
	if !s.plusIsSpace || !strings.Contains(path, "+") {
		return []string{path}
	}
	return []string{strings.ReplaceAll(path, "+", " "), path}
}

func hashOf(size int64, open func() (io.ReadCloser, error)) (sum [sha256.Size]byte, err error) {
	r, err := open()
	if err != nil {
		return sum, err
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(r, size+1))
	if err == nil && n != size {
		err = fail.New(fail.Verification, "run this again", "%d bytes were announced, and there are others", size)
	}
	h.Sum(sum[:0])
	return sum, err
}
