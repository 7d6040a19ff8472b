package factory

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
)

// SBOM is a list of what a target is made of, which the backend keeps: that of
// an artifact of a run of a build.
type SBOM struct {
	Build    string `json:"ci-build"`
	Run      string `json:"ci-run"`
	Artifact string `json:"artifact"` // such as "alpine:latest/arm.spdx.json"
}

// Name is what tells an SBOM from the others of its target.
func (s SBOM) Name() string { return path.Join(s.Build, s.Run, s.Artifact) }

// SBOMs lists the SBOMs of a target: GET targets/NAME/sboms/.
func (c *Client) SBOMs(ctx context.Context, target string) ([]SBOM, error) {
	var list []SBOM
	if err := c.get(ctx, c.path("targets", target, "sboms")+"/", nil, &list); err != nil {
		return nil, fmt.Errorf("SBOMs of target %s: %w", target, err)
	}
	if len(list) > limits.SBOMs {
		return nil, fail.New(fail.Verification, "", "target %s: it has %d SBOMs, more than the %d allowed", target, len(list), limits.SBOMs)
	}
	return list, nil
}

// spdx is the form in which SBOMs are asked for.
const spdx = "application/spdx.json"

// OpenSBOM fetches one, in SPDX.
func (c *Client) OpenSBOM(ctx context.Context, target string, s SBOM) (io.ReadCloser, error) {
	at := c.opt.URL + c.path("targets", target, "sboms")
	for _, part := range strings.Split(s.Name(), "/") {
		at += "/" + url.PathEscape(part)
	}
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	f := c.fileAt(u)
	f.accept = spdx
	if err := f.look(ctx); err != nil {
		return nil, err
	}
	return f.read(ctx, progress.Start(nil, "fetching "+s.Name(), progress.Bytes, 0)), nil
}
