package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/offline"
)

// productionFlags say of which targets a bundle is made, where it isn't CI's.
func productionFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "prod", Usage: "take the target from the production targets of the tag, for production devices"},
		&cli.StringFlag{Name: "wave", Usage: "take the target from the active wave `NAME`, for production devices that follow its tag"},
	}
}

// maxTag is how long a tag may be.
const maxTag = 128

// checkBundleTag wants a tag, or a wave, which has one; and a tag that devices
// can have in the comma-separated list that they follow.
func checkBundleTag(c *cli.Context) error {
	tag, wave := c.String("tag"), c.String("wave")
	switch {
	case wave != "" && (tag != "" || c.Bool("prod")):
		return fail.New(fail.Usage, "a wave has a tag of its own, and is of production: give --wave alone", "--wave: not together with --tag or --prod")
	case wave == "" && tag == "":
		return fail.New(fail.Usage, "give the tag that the devices follow, such as --tag main", "targets offline-update: flag --tag is missing")
	}
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`,"\`, r) }
	for flag, word := range map[string]string{"tag": tag, "wave": wave} {
		if len(word) > maxTag || strings.ContainsFunc(word, odd) {
			return fail.New(fail.Usage, fmt.Sprintf("use at most %d letters, digits and signs of ASCII; no space, comma, quote or backslash", maxTag),
				"--%s %.80q: not a name that devices could follow", flag, word)
		}
	}
	return nil
}

func isProduction(opt offline.BuildOptions) bool { return opt.Production || opt.Wave != "" }

// hasProduction looks whether production has the target, before anything is
// signed for it. What is asked here is not trusted: it only makes for a clear
// answer, since backends say little when asked to sign for what they don't have.
func hasProduction(ctx context.Context, api *factory.Client, opt offline.BuildOptions) error {
	if !isProduction(opt) {
		return nil
	}
	key, hint := opt.Tag, "they begin with the first complete wave of it: otactl waves list"
	get, what := api.ProductionTargets, fmt.Sprintf("tag %s: it has no production targets", opt.Tag)
	if opt.Wave != "" {
		key, hint = opt.Wave, "otactl waves list shows which are active"
		get, what = api.WaveTargets, fmt.Sprintf("wave %s: there is no active wave of this name", opt.Wave)
	}
	files, err := get(ctx, key)
	if err != nil && httpx.Code(err) != http.StatusNotFound {
		return err
	}
	file, ok := files[key]
	if !ok {
		return fail.New(fail.NotFound, hint, "%s", what)
	}
	var doc struct {
		Signed struct {
			Targets map[string]json.RawMessage `json:"targets"`
		} `json:"signed"`
	}
	if err := json.Unmarshal(file, &doc); err != nil {
		return fail.As(fmt.Errorf("targets of %s: %w", key, err), fail.Network, "check that the URL is that of the backend's API")
	}
	if doc.Signed.Targets[opt.Target] == nil {
		return fail.New(fail.NotFound, "otactl targets list --production --by-tag TAG and waves show -s list what there is",
			"target %s: not among the targets of %s", opt.Target, key)
	}
	return nil
}
