package commands

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
)

func bundleDeltaFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "delta-from", Usage: "put static deltas from `VERSIONS` into the bundle: numbers of earlier targets for the same hardware, or commits in hex; repeat or separate by commas"},
		&cli.BoolFlag{Name: "delta-only", Usage: "put no objects beside the deltas: only otactl on devices that have one of these versions takes the bundle"},
	}
}

// bundleDeltas reads the flags.
func bundleDeltas(c *cli.Context, opt *offline.BuildOptions) error {
	opt.DeltaFrom, opt.DeltaOnly = words(c.StringSlice("delta-from")), c.Bool("delta-only")
	opt.XZ, opt.Scratch = xzProgram(), os.TempDir()
	if c.Bool("tuf-only") && (opt.DeltaOnly || len(opt.DeltaFrom) > 0) {
		return fail.New(fail.Usage, "leave --tuf-only out", "targets offline-update: --tuf-only renews the metadata only, so no deltas go with it")
	}
	if opt.DeltaOnly && len(opt.DeltaFrom) == 0 {
		return fail.New(fail.Usage, "say from which versions with --delta-from", "targets offline-update: --delta-only needs at least one delta")
	}
	return nil
}

// deltasLine says which deltas a bundle got.
func deltasLine(list []offline.DeltaReport) string {
	var words []string
	for _, d := range list {
		from := "version " + d.Version
		if d.Version == "" {
			from = d.From[:12]
		}
		how := map[string]string{"bundle": "there already", "repo": "out of the repo", "made": "made"}[d.Origin]
		if d.Bytes == 0 {
			words = append(words, fmt.Sprintf("from %s (to be made)", from))
			continue
		}
		words = append(words, fmt.Sprintf("from %s (%s, %s)", from, size(d.Bytes), how))
	}
	return strings.Join(words, ", ")
}

// onlyForOtactl warns of a bundle without objects.
func onlyForOtactl(only bool) string {
	if !only {
		return ""
	}
	return "deltas only: for otactl on devices that have one of these versions"
}

// baseRepo opens what --base names.
func baseRepo(c *cli.Context, opt *offline.VerifyOptions) error {
	dir := c.String("base")
	if dir == "" {
		return nil
	}
	var err error
	if opt.Base, err = ostree.OpenRepo(dir); err != nil {
		return fail.As(fmt.Errorf("--base: %w", err), fail.NotFound, "name the folder that has config and objects/ in it")
	}
	return nil
}

func baseFlag() cli.Flag {
	return &cli.StringFlag{Name: "base", Usage: "apply static deltas to the commits of the repo in `DIR`, to see what they make"}
}

// verifiedDeltas says what verify found of the deltas to targets.
func verifiedDeltas(list []offline.VerifiedDelta) string {
	if len(list) == 0 {
		return ""
	}
	var bytes int64
	applied := 0
	for _, d := range list {
		bytes += d.Bytes
		if d.Applied {
			applied++
		}
	}
	return fmt.Sprintf("%d (%s), of them %d applied", len(list), size(bytes), applied)
}
