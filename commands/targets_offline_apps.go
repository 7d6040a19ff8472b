package commands

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/offline/apps"
)

// appsFlags say what a bundle does about the apps of its target.
func appsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "no-apps", Usage: "leave the target's apps out"},
		&cli.StringFlag{Name: "apps-source", Usage: "take the apps from `DIR`: a store of composectl's, or another bundle"},
	}
}

// takeApps opens the store of --apps-source for opt; close what it returns.
func takeApps(c *cli.Context, opt *offline.BuildOptions) (io.Closer, error) {
	opt.NoApps = c.Bool("no-apps")
	dir := c.String("apps-source")
	switch {
	case dir == "":
		return io.NopCloser(nil), nil
	case opt.NoApps, opt.TUFOnly:
		return nil, fail.New(fail.Usage, "leave one of them out", "--apps-source: no apps are taken with --no-apps or --tuf-only")
	}
	if st, err := os.Stat(dir); err == nil && st.Mode().IsRegular() {
		bundle, err := offline.Open(dir)
		if err != nil {
			return nil, fmt.Errorf("--apps-source: %w", err)
		}
		opt.AppsSource = bundle.Apps()
		return bundle, nil
	}
	store, closer, err := apps.OpenStore(dir)
	if err != nil {
		return nil, fmt.Errorf("--apps-source: %w", err)
	}
	opt.AppsSource = store
	return closer, nil
}

// appsLine tells a person of the apps in a bundle.
func appsLine(r offline.BuildReport) string {
	switch {
	case r.AppsDisabled:
		return "none: the target turns them off for offline updates (fetched-apps has no uri)"
	case len(r.Apps) == 0:
		return ""
	case r.AppBlobs == 0: // the metadata alone was renewed
		return strings.Join(r.Apps, " ")
	case r.DryRun:
		return fmt.Sprintf("%s: %d blobs", strings.Join(r.Apps, " "), r.AppBlobs)
	}
	return fmt.Sprintf("%s: %d blobs, of them %d copied (%s) and %d there already",
		strings.Join(r.Apps, " "), r.AppBlobs, r.AppsCopied, size(r.AppBytes), r.AppsPresent)
}
