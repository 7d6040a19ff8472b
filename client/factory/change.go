package factory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// Changed says what a change of targets led to; what the server does not say is
// empty.
type Changed struct {
	Version int    // of targets.json now
	WebURL  string // where a server that works on it later shows that
}

// roleChecksum is the header that says which targets.json a change was made
// from, by the hex SHA-256 of the file.
const roleChecksum = "x-ats-role-checksum"

// TagTargets gives targets, by name, other tags. base is the checksum of the
// targets.json that the change was made from: if the server has another one by
// now it is a conflict (412, code role_checksum_mismatch).
func (c *Client) TagTargets(ctx context.Context, base string, tags map[string][]string) (Changed, error) {
	type custom struct {
		Tags []string `json:"tags"`
	}
	type target struct {
		Custom custom `json:"custom"`
	}
	targets := map[string]target{}
	for name, list := range tags {
		targets[name] = target{custom{list}}
	}
	return c.change(ctx, http.MethodPatch, base, targets)
}

// PruneTargets takes targets out. base is as for TagTargets.
func (c *Client) PruneTargets(ctx context.Context, base string, names []string) (Changed, error) {
	return c.change(ctx, http.MethodDelete, base, names)
}

// ReplaceTargets makes the targets those of a map by name, all of them. base is
// as for TagTargets.
func (c *Client) ReplaceTargets(ctx context.Context, base string, targets map[string]json.RawMessage) (Changed, error) {
	return c.change(ctx, http.MethodPut, base, targets)
}

func (c *Client) change(ctx context.Context, method, base string, targets any) (Changed, error) {
	body := map[string]any{"targets": targets}
	r, err := c.call(ctx, method, c.path("targets")+"/", nil, body, roleChecksum, base)
	if err != nil {
		return Changed{}, refused(err)
	}
	var out struct {
		Version int    `json:"targets-version"`
		WebURL  string `json:"web-url"`
	}
	if len(r.body) > 0 {
		if err := r.decode("targets", &out); err != nil {
			return Changed{}, err
		}
	}
	return Changed{out.Version, out.WebURL}, nil
}

// PutTargets brings a targets.json that was signed here, byte for byte. base is
// as for TagTargets; "" where there was none yet. ErrSuperseded is that another
// one came meanwhile.
func (c *Client) PutTargets(ctx context.Context, base string, file []byte) error {
	var headers []string
	if base != "" {
		headers = []string{roleChecksum, base}
	}
	_, err := c.call(ctx, http.MethodPut, c.repo("targets"), nil, file, headers...)
	return refused(err)
}

// ErrSuperseded says that a change was made from a targets.json that is no
// longer the newest. Nothing was changed.
var ErrSuperseded = errors.New("targets were changed by somebody else meanwhile")

// LatestVersion is the highest version that any target has, or had, as far as
// the server keeps count, and at most 2^31-1; 0 where it does not. With hardware ids a server that
// counts for each says it for those.
func (c *Client) LatestVersion(ctx context.Context, hwids ...string) (int, error) {
	if c.MetadataOnly() {
		return 0, nil
	}
	query := url.Values{"all": {"1"}}
	if len(hwids) > 0 {
		query.Set("hardware-id", strings.Join(hwids, ","))
	}
	var out struct {
		Data struct {
			Build struct {
				ID int64 `json:"build_id"`
			} `json:"build"`
		} `json:"data"`
	}
	err := c.get(ctx, "/projects/"+url.PathEscape(c.opt.Factory)+"/lmp/builds/latest/", query, &out)
	if code := httpx.Code(err); code == http.StatusNotFound || code == http.StatusForbidden {
		return 0, nil
	}
	return int(min(out.Data.Build.ID, math.MaxInt32)), err
}

// refused gives what a server refused for its content another class than that
// of a broken line.
func refused(err error) error {
	switch httpx.Reason(err) {
	case "bad_target", "bad_request":
		return fail.As(err, fail.Usage, "")
	case "payload_signature_invalid":
		return fail.As(err, fail.Verification, "sign with keys that the current root names for targets, as many as its threshold")
	case "role_checksum_mismatch", "role_checksum_not_provided":
		return superseded(err)
	case "signed_elsewhere":
		return fail.As(err, fail.Conflict, "give the targets keys with --keys")
	case "target_in_use":
		return fail.As(err, fail.Conflict, "take it out of production first")
	case "":
		if code := httpx.Code(err); code == http.StatusPreconditionFailed || code == http.StatusPreconditionRequired {
			return superseded(err)
		}
	}
	return err
}

func superseded(err error) error {
	return fail.As(fmt.Errorf("%w: %w", ErrSuperseded, err), fail.Conflict, "somebody else was first: look at otactl targets list and run this again")
}
