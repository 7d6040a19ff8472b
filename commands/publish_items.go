package commands

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/targets"
	"github.com/otactl/otactl/tuf"
)

// targetFlags say what a new target holds besides a commit.
func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "hardware-id", Aliases: []string{"m"}, Usage: "the target is for `HWID`; repeat or separate by commas"},
		&cli.StringSliceFlag{Name: "tag", Aliases: []string{"t"}, Usage: "devices that follow `TAG` take the target; repeat or separate by commas"},
		&cli.IntFlag{Name: "version", Usage: "the target's version is `N` (default: the next free one)"},
		&cli.StringFlag{Name: "name", Usage: "the target is called `NAME`-VERSION (default: the first hardware id)"},
		&cli.StringFlag{Name: "uri", Usage: "the build this came from is at `URL`"},
		&cli.StringSliceFlag{Name: "app", Usage: "the target has the Compose App at `URI`, HOST/PATH/APP@sha256:DIGEST; repeat"},
		&cli.StringSliceFlag{Name: "custom", Usage: "the target has the custom field `KEY=JSON`; repeat"},
	}
}

// targetRequest is the target that the flags of targetFlags describe.
func targetRequest(c *cli.Context, creator string) (*publish.TargetRequest, error) {
	t := &publish.TargetRequest{
		HardwareIDs: words(c.StringSlice("hardware-id")), Tags: words(c.StringSlice("tag")), Name: c.String("name"),
		Version: c.Int("version"), URI: c.String("uri"), Creator: creator,
	}
	if c.IsSet("version") && t.Version < 1 {
		return nil, fail.New(fail.Usage, "", "--version %d: want a whole number above 0", t.Version)
	}
	var err error
	if uris := c.StringSlice("app"); len(uris) > 0 {
		if t.Apps, err = targets.ParseApps(uris); err != nil {
			return nil, err
		}
	}
	t.Custom, err = customFields(c.StringSlice("custom"))
	return t, err
}

func customFields(list []string) (publish.CustomFields, error) {
	fields := publish.CustomFields{}
	for _, kv := range list {
		key, value, ok := strings.Cut(kv, "=")
		canon, err := tuf.Canonical([]byte(value))
		if !ok || key == "" || err != nil {
			return nil, fail.New(fail.Usage, `give KEY=JSON, a text in quotes: --custom 'branch="main"'`, "--custom %.80q: no field with a JSON value", kv)
		}
		fields[key] = json.RawMessage(canon)
	}
	return fields, nil
}

// pair is a value of --ref: what to publish, and the hardware it is for.
type pair struct {
	rev   string
	hwids []string
}

// refPairs reads --ref REF or --ref REF=HWID,….
func refPairs(list []string) ([]pair, error) {
	var out []pair
	for _, v := range list {
		rev, ids, given := strings.Cut(v, "=")
		p := pair{rev: rev, hwids: words([]string{ids})}
		if rev == "" || given && len(p.hwids) == 0 {
			return nil, fail.New(fail.Usage, "give REF, or REF=HWID,…", "--ref %.80q: no ref, or no hardware for it", v)
		}
		out = append(out, p)
	}
	return out, nil
}

// publishItems puts refs and hardware together. One ref is for all of -m;
// several say for themselves what they are for, or are called like it. Where
// none is named, the only item has no Rev yet.
func publishItems(c *cli.Context, target *publish.TargetRequest) ([]publish.Item, error) {
	pairs, err := refPairs(c.StringSlice("ref"))
	if err != nil {
		return nil, err
	}
	if len(pairs) == 0 {
		pairs = []pair{{}}
	}
	if target != nil {
		if err := share(pairs, target.HardwareIDs); err != nil {
			return nil, err
		}
		if len(pairs) > 1 && target.Name != "" {
			return nil, fail.New(fail.Usage, "leave it out: each target is then called like its first hardware id", "--name %s: several targets cannot share a name", target.Name)
		}
	}
	items := make([]publish.Item, len(pairs))
	for i, p := range pairs {
		items[i] = publish.Item{Rev: p.rev}
		if target != nil {
			own := *target
			own.HardwareIDs = p.hwids
			items[i].Target = &own
		}
	}
	return items, nil
}

// share gives the hardware ids of -m to the refs that name none.
func share(pairs []pair, hwids []string) error {
	if len(pairs) == 1 {
		if len(pairs[0].hwids) > 0 && len(hwids) > 0 {
			return fail.New(fail.Usage, "give the hardware ids in one of them", "--ref %s=…: and -m as well", pairs[0].rev)
		}
		pairs[0].hwids = append(pairs[0].hwids, hwids...)
		return nil
	}
	left := slices.Clone(hwids)
	for i := range pairs {
		p := &pairs[i]
		if len(p.hwids) > 0 {
			continue
		}
		if len(hwids) > 0 && !slices.Contains(hwids, p.rev) || len(hwids) == 0 {
			return fail.New(fail.Usage, "give --ref "+p.rev+"=HWID", "ref %s: it does not say for which hardware it is", p.rev)
		}
		p.hwids = []string{p.rev}
		left = slices.DeleteFunc(left, func(id string) bool { return id == p.rev })
	}
	if len(left) > 0 {
		return fail.New(fail.Usage, "give --ref REF="+left[0], "hardware id %s: no ref is for it", left[0])
	}
	return nil
}
