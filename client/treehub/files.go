package treehub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

var (
	_ ostree.Files     = (*Store)(nil)
	_ ostree.RefLister = (*Store)(nil)
)

// TakesFiles says whether the server takes files at all. It asks only if no
// answer has told yet.
func (s *Store) TakesFiles(ctx context.Context) (bool, error) {
	err := s.Probe(ctx)
	return s.far.batches.Load(), err
}

// ReadFile implements ostree.Files.
func (s *Store) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	if err := ostree.CheckFilePath(path); err != nil {
		return nil, err
	}
	data, _, err := s.File(ctx, path, limit, ostree.FileVersion{})
	return data, err
}

// PutFile implements ostree.Files for static deltas, their indexes and sizes; the
// server makes the summary itself. A treehub that is not otactl's takes no
// files, which is errors.ErrUnsupported.
func (s *Store) PutFile(ctx context.Context, path string, size int64, open func() (io.ReadCloser, error)) error {
	if err := ostree.CheckFilePath(path); err != nil {
		return err
	}
	takes, err := s.TakesFiles(ctx)
	if err != nil {
		return err
	}
	if !takes || !strings.HasPrefix(path, "delta") {
		return fail.As(fmt.Errorf("%s: this treehub takes no such file: %w", path, errors.ErrUnsupported), fail.Unsupported,
			"publish static deltas to otactl serve, a bucket or a folder")
	}
	resp, err := s.send(ctx, http.MethodPut, path, func(req *http.Request) error {
		body, err := open()
		if err != nil {
			return err
		}
		req.Body, req.ContentLength, req.GetBody = body, size, open
		req.Header.Set("Content-Type", "application/octet-stream")
		return nil
	})
	switch {
	case err == nil:
		httpx.Discard(resp)
		return nil
	case httpx.Code(err) == http.StatusInsufficientStorage:
		return fmt.Errorf("send %s: %w: %w", path, ostree.ErrNoSpace, err)
	}
	return fmt.Errorf("send %s: %w", path, err)
}

// Refs implements ostree.RefLister where the server is known to list them;
// elsewhere it asks nothing and is errors.ErrUnsupported.
func (s *Store) Refs(ctx context.Context) (map[string]ostree.Checksum, error) {
	if !s.far.batches.Load() {
		return nil, fmt.Errorf("%s: it does not list its refs: %w", s.URL(), errors.ErrUnsupported)
	}
	data, _, err := s.File(ctx, "refs", limits.JSON, ostree.FileVersion{})
	if err != nil {
		return nil, fmt.Errorf("list refs: %w", err)
	}
	var named map[string]string
	if err := json.Unmarshal(data, &named); err != nil {
		return nil, fail.New(fail.Network, "check that nothing between here and the server changes its answers", "list refs of %s: the answer is no list", s.URL())
	}
	refs := make(map[string]ostree.Checksum, len(named))
	for name, commit := range named {
		if _, err := httprepo.RefPath(name); err != nil {
			return nil, err
		}
		if refs[name], err = ostree.ParseChecksum(commit); err != nil {
			return nil, fail.New(fail.Verification, "", "ref %.200q of %s: no checksum", name, s.URL())
		}
	}
	return refs, nil
}
