package ostreehub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

// hub is the wire: requests and what their answers mean.
type hub struct {
	base        *url.URL
	http        *http.Client
	auth        httpx.Auth
	retry       httpx.Retry
	correlation string
	// asking and pushing hold back what the service doesn't stand.
	asking, pushing chan struct{}
	welcome         atomic.Bool // it took a tar
}

func newHub(o Options, base *url.URL) *hub {
	return &hub{base: base, http: o.HTTP, auth: o.Auth, retry: o.Retry, correlation: o.CorrelationID,
		asking: make(chan struct{}, checks), pushing: make(chan struct{}, pushes)}
}

// call sends one request to sub below the repository, as often as it takes,
// and returns the whole answer. prepare (may be nil) completes each attempt.
func (h *hub) call(ctx context.Context, method, sub string, prepare func(*http.Request) error) ([]byte, error) {
	return h.judged(ctx, method, sub, prepare, func([]byte) error { return nil })
}

// judged is call for answers of which some mean that it should be tried again.
func (h *hub) judged(ctx context.Context, method, sub string, prepare func(*http.Request) error, judge func([]byte) error) ([]byte, error) {
	target := h.base
	if sub != "" {
		target = target.JoinPath(sub)
	}
	once := httpx.Retry{Attempts: 1}
	var data []byte
	err := httpx.Again(ctx, h.retry, func(ctx context.Context) error {
		resp, err := httpx.DoAuth(ctx, h.http, once, h.auth, func(ctx context.Context) (*http.Request, error) {
			return h.request(ctx, method, target, prepare)
		})
		if err != nil {
			return err
		}
		defer httpx.Discard(resp)
		if data, err = fsx.ReadAll(resp.Body, method+" "+httpx.Redact(target), limits.JSON); err != nil {
			return err
		}
		return judge(data)
	})
	return data, err
}

func (h *hub) request(ctx context.Context, method string, target *url.URL, prepare func(*http.Request) error) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Correlation-ID", h.correlation)
	req.Header.Set("X-Request-ID", uuid.NewString())
	if prepare != nil {
		err = prepare(req)
	}
	return req, err
}

// hold takes a place among the requests of a kind, and returns how to leave it.
func hold(ctx context.Context, places chan struct{}) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// check asks which of files, by path and CRC32C, the server has not got as
// they are.
func (h *hub) check(ctx context.Context, files map[string]uint32) (map[string]bool, error) {
	leave, err := hold(ctx, h.asking)
	if err != nil {
		return nil, err
	}
	defer leave()
	question := make(map[string]uint32, len(files))
	for path, crc := range files {
		question["./"+path] = crc
	}
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	answer, err := h.call(ctx, http.MethodPost, "check", func(req *http.Request) error {
		setBody(req, body)
		req.Header.Set("Content-Type", "application/json")
		return nil
	})
	if httpx.Code(err) == http.StatusNotFound {
		err = fail.Hint(err, "there is no ostreehub at this address; a backend without one is published to without --to")
	}
	if err != nil {
		return nil, errorOf("ask what is missing", err)
	}
	return parseMissing(answer, files)
}

// parseMissing reads the answer to check: some of what was asked about.
func parseMissing(answer []byte, asked map[string]uint32) (map[string]bool, error) {
	var missing map[string]uint32
	if err := json.Unmarshal(answer, &missing); err != nil {
		return nil, fail.New(fail.Network, "check that the URL is that of an ostreehub", "the answer to what is missing is not the JSON expected")
	}
	out := make(map[string]bool, len(missing))
	for path := range missing {
		if len(path) < 2 || path[:2] != "./" {
			return nil, strangerError(path)
		}
		if _, ok := asked[path[2:]]; !ok {
			return nil, strangerError(path)
		}
		out[path[2:]] = true
	}
	return out, nil
}

func strangerError(path string) error {
	return fail.New(fail.Network, "check that the URL is that of an ostreehub", "the server misses %.120q, which nobody asked about", path)
}

// body is what a PUT sends, opened anew for each attempt.
type body func(ctx context.Context) (io.ReadCloser, int64, error)

// push sends a tar. Until one was taken, the server is asked whether it wants
// it before it is sent.
func (h *hub) push(ctx context.Context, tar body) (Report, error) {
	leave, err := hold(ctx, h.pushing)
	if err != nil {
		return Report{}, err
	}
	defer leave()
	var report Report
	_, err = h.judged(ctx, http.MethodPut, "", func(req *http.Request) error {
		b, n, err := tar(ctx)
		if err != nil {
			return err
		}
		req.Body, req.ContentLength = b, n
		req.GetBody = func() (io.ReadCloser, error) { // for a kept connection that turns out to be closed
			again, _, err := tar(ctx)
			return again, err
		}
		if !h.welcome.Load() {
			req.Header.Set("Expect", "100-continue")
		}
		return nil
	}, func(answer []byte) (err error) {
		report, err = parseReport(answer)
		return err
	})
	if err == nil {
		h.welcome.Store(true)
	}
	return report, err
}

// Report is what a server says that it did with the files it was sent, in the
// terms of the service.
type Report struct {
	Uploaded     int64 // received
	Synced       int64 // stored where devices read them
	UploadSynced int64 // of those, moved there in the same request
}

func (r *Report) add(o Report) {
	r.Uploaded += o.Uploaded
	r.Synced += o.Synced
	r.UploadSynced += o.UploadSynced
}

// parseReport reads the answer to a tar. A file that was received and not
// stored is an error: sent again, it is.
func parseReport(answer []byte) (Report, error) {
	var a struct {
		Uploaded     uint32  `json:"uploaded"`
		Synced       uint32  `json:"synced"`
		UploadSynced uint32  `json:"upload_synced"`
		Failed       *uint32 `json:"sync_failed"`
	}
	if err := json.Unmarshal(answer, &a); err != nil || a.Failed == nil {
		return Report{}, fail.New(fail.Network, "check that the URL is that of an ostreehub", "the server doesn't say what it stored")
	}
	if *a.Failed > 0 {
		return Report{}, fail.New(fail.Network, "run this again; if it stays so, tell the service's makers the correlation id",
			"the server could not store %d of the files it was sent", *a.Failed)
	}
	return Report{int64(a.Uploaded), int64(a.Synced), int64(a.UploadSynced)}, nil
}

func setBody(req *http.Request, data []byte) {
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// errorOf says what could not be done.
func errorOf(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }
