package factory

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// Targets are all targets by name, as the server says: for planning, not for
// trusting. What is signed is in the file that Fetcher gets.
func (c *Client) Targets(ctx context.Context) (map[string]tuf.Target, error) {
	var m map[string]tuf.Target
	return m, c.get(ctx, c.path("targets")+"/", nil, &m)
}

// TargetsByVersion are the targets with that custom.version.
func (c *Client) TargetsByVersion(ctx context.Context, version string) (map[string]tuf.Target, error) {
	var m map[string]tuf.Target
	return m, c.get(ctx, c.path("targets")+"/", url.Values{"version": {version}}, &m)
}

// Target is one target by name.
func (c *Client) Target(ctx context.Context, name string) (tuf.Target, error) {
	var t tuf.Target
	err := c.get(ctx, c.path("targets", name), nil, &t)
	if httpx.Code(err) == http.StatusNotFound {
		return t, fail.As(fmt.Errorf("target %s: not found", name), fail.NotFound, "otactl targets list shows what there is")
	}
	return t, err
}

// Added says what AddTargets did.
type Added struct {
	// Created is false when identical targets were there already.
	Created bool
	// Version is that of targets.json now.
	Version int
}

// AddTargets adds targets and has the server sign them. creator says who did
// it. A target of that name, or of the same hardware id and version, with
// other content is a conflict (409, code target_exists); a commit with holes
// is a 412, code commit_incomplete.
func (c *Client) AddTargets(ctx context.Context, targets map[string]tuf.Target, creator string) (Added, error) {
	body := struct {
		Targets map[string]tuf.Target `json:"targets"`
		Creator string                `json:"targets-creator"`
	}{targets, creator}
	r, err := c.call(ctx, http.MethodPost, c.path("targets")+"/", nil, body)
	if err != nil {
		return Added{}, refused(err)
	}
	var out struct {
		Version int `json:"targets-version"`
	}
	if len(r.body) > 0 {
		if err := r.decode("targets", &out); err != nil {
			return Added{}, err
		}
	}
	return Added{Created: r.code == http.StatusCreated, Version: out.Version}, nil
}

// BundleMeta asks for the signed metadata of an offline bundle. request is
// marshalled to the body of POST …/targets/NAME/meta/; the reply holds
// timestamp, snapshot, targets and bundle-targets, each as the server sent it.
func (c *Client) BundleMeta(ctx context.Context, target string, request any) (map[string]json.RawMessage, error) {
	r, err := c.call(ctx, http.MethodPost, c.path("targets", target, "meta")+"/", nil, request)
	if err != nil {
		return nil, err
	}
	var m map[string]json.RawMessage
	return m, r.decode("bundle metadata", &m)
}

// SignBundleIndex has the index of a bundle that is one file signed. request is
// its signed part; the reply is the whole file, with as many signatures as the
// server has keys.
func (c *Client) SignBundleIndex(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
	r, err := c.call(ctx, http.MethodPost, c.path("bundle-index")+"/", nil, request)
	if err != nil {
		return nil, err
	}
	var file json.RawMessage
	return file, r.decode("bundle index", &file)
}

// Root is root file n, or the newest for n = 0, byte for byte.
func (c *Client) Root(ctx context.Context, n int) ([]byte, error) {
	name := "root.json"
	if n > 0 {
		name = fmt.Sprintf("%d.root.json", n)
	}
	return c.Fetcher(nil).Fetch(ctx, name, limits.Root)
}

// Fetcher reads the TUF metadata of the target repository.
type Fetcher struct {
	c     *Client
	query url.Values

	mu   sync.Mutex
	sums map[string]string // what the backend called each file that came
}

// Fetcher makes a tuf.Fetcher; query ("tag", "production") is sent with each
// request and may be nil.
func (c *Client) Fetcher(query url.Values) *Fetcher {
	return &Fetcher{c: c, query: query, sums: map[string]string{}}
}

// Checksum is what the backend called the file of a name that came last, or "".
// It is not checked: it serves to tell the backend which file is meant.
func (f *Fetcher) Checksum(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sums[name]
}

// Fetch gets a role file, byte for byte. One that is not there is
// tuf.ErrNotFound; one longer than maxBytes is tuf.ErrTooLarge.
func (f *Fetcher) Fetch(ctx context.Context, name string, maxBytes int64) ([]byte, error) {
	r, err := f.c.call(ctx, http.MethodGet, f.c.repo(name), f.query, nil)
	if httpx.Code(err) == http.StatusNotFound {
		return nil, fmt.Errorf("%s at %s: %w", name, f.c.URL(), tuf.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if int64(len(r.body)) > maxBytes {
		return nil, fmt.Errorf("%s at %s: %w: more than %d bytes", name, f.c.URL(), tuf.ErrTooLarge, maxBytes)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sums[name] = r.header.Get(roleChecksum)
	return r.body, nil
}
