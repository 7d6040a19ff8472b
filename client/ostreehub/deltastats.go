package ostreehub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
)

// PutDeltaStats sends the sizes of static deltas, JSON that the target then
// names by its SHA-256 and length.
func (s *Store) PutDeltaStats(ctx context.Context, stats []byte) error {
	_, err := s.hub.call(ctx, http.MethodPut, "delta-stats", func(req *http.Request) error {
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(stats)), nil }
		req.Body, _ = open()
		req.GetBody, req.ContentLength = open, int64(len(stats))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Content-Digest", fmt.Sprintf("sha-256=:%x:", sha256.Sum256(stats)))
		return nil
	})
	if err != nil {
		return errorOf("send the sizes of static deltas", err)
	}
	return nil
}
