package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/offline/local"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/targets"
	"github.com/otactl/otactl/tuf"
)

// localFlags make a bundle without a backend.
func localFlags(rt *runtime) []cli.Flag {
	return append(keyFlags(rt, false),
		&cli.StringFlag{Name: "from", Usage: "without a backend: take the commit from the repo in a folder, at an https:// or in an s3:// `URL`"},
		&cli.StringFlag{Name: "tuf", Usage: "with --from: the TUF repository that --keys sign lies in `DIR`, which outlives the bundles"},
		&cli.BoolFlag{Name: "init", Usage: "with --from: make that TUF repository, with its first root"},
		&cli.StringFlag{Name: "ref", Usage: "with --from: a target that is not there yet is made of `REF` (default: the only one, or the hardware's)"},
		&cli.StringSliceFlag{Name: "hardware-id", Usage: "with --from: the new target is for hardware `ID`; repeat for more (default: NAME without its version)"},
		&cli.StringSliceFlag{Name: "app", Usage: "with --from: the new target has the Compose App at `URI`, HOST/PATH/APP@sha256:DIGEST; repeat"},
		s3EndpointFlag(),
	)
}

// onlyLocal are the flags that mean nothing where a backend signs.
var onlyLocal = []string{"keys", "tuf", "init", "ref", "hardware-id", "app"}

// localBackend is a repo, keys in hand, and the folder of what they sign. The
// first time it is made, once all else is known to be in order.
func (rt *runtime) localBackend(c *cli.Context, opt offline.BuildOptions, names []string) (bundleOrigin, error) {
	dir := c.String("tuf")
	switch {
	case dir == "":
		return bundleOrigin{}, fail.New(fail.Usage, "name a folder that you keep and back up: --tuf DIR, the first time with --init", "--from: where do the signed metadata lie?")
	case len(c.StringSlice("keys")) == 0:
		return bundleOrigin{}, fail.New(fail.Usage, "name your key archive with --keys FILE; otactl keys generate makes one", "--from: no keys to sign with")
	case opt.Wave != "":
		return bundleOrigin{}, fail.New(fail.Usage, "waves are a backend's", "--from: not together with --wave")
	case c.Bool("init") && opt.DryRun:
		return bundleOrigin{}, fail.New(fail.Usage, "leave one of them out", "--init: not in a dry run")
	}
	objects, err := rt.localObjects(c)
	if err != nil {
		return bundleOrigin{}, err
	}
	made := map[string]*local.NewTarget{}
	for _, name := range names {
		if made[name], err = rt.newTarget(c, objects, name); err != nil {
			return bundleOrigin{}, err
		}
	}
	if c.Bool("init") {
		if err := rt.initTUF(c, dir, opt); err != nil {
			return bundleOrigin{}, err
		}
	}
	repo, err := local.Open(local.Options{
		Dir: dir, Objects: objects, Signers: rt.signersInHand(c), New: made, Now: opt.Now, DryRun: opt.DryRun,
	})
	if err != nil {
		return bundleOrigin{}, err
	}
	return bundleOrigin{Backend: repo, done: func() { _ = repo.Close() }}, nil
}

// localObjects is the store that --from names.
func (rt *runtime) localObjects(c *cli.Context) (ostree.Source, error) {
	from := c.String("from")
	if strings.Contains(from, "://") && !strings.HasPrefix(from, "file:") {
		o, err := rt.syncSource(c, c.Int("jobs"))
		if err != nil {
			return nil, err
		}
		return o.store, nil
	}
	repo, err := ostree.OpenRepo(strings.TrimPrefix(from, "file://"))
	return repo, fail.Hint(err, "give the folder that holds config, objects and refs with --from")
}

// newTarget is what a target is made of that is not there yet; nil where nobody
// said and nothing goes without saying.
func (rt *runtime) newTarget(c *cli.Context, objects ostree.Source, name string) (*local.NewTarget, error) {
	base, _, err := local.SplitName(name)
	if err != nil {
		return nil, err
	}
	made := &local.NewTarget{Asked: c.String("ref") != "", HardwareIDs: words(c.StringSlice("hardware-id"))}
	check := publish.TargetRequest{HardwareIDs: append(made.HardwareIDs, base), Tags: []string{c.String("tag")}}
	if err := check.Check(); err != nil {
		return nil, err
	}
	ref, err := newTargetRef(c, objects, check.HardwareIDs)
	if err != nil || ref == "" {
		return nil, err
	}
	if made.Commit, err = ostree.ParseChecksum(ref); err != nil {
		if made.Commit, err = objects.Ref(c.Context, ref); err != nil {
			return nil, fail.As(fmt.Errorf("--ref %s: %w", ref, err), fail.NotFound, "ostree refs --repo=REPO lists what there is")
		}
	}
	if uris := c.StringSlice("app"); len(uris) > 0 {
		made.Apps, err = targets.ParseApps(uris)
	}
	return made, err
}

// newTargetRef is the ref that was named, or that a folder's repo leaves no
// choice of; else "".
func newTargetRef(c *cli.Context, objects ostree.Source, hardware []string) (string, error) {
	repo, isFolder := objects.(*ostree.Repo)
	if ref := c.String("ref"); ref != "" || !isFolder {
		return ref, nil
	}
	ref, err := publish.DefaultRef(c.Context, repo, hardware)
	if fail.ClassOf(err) == fail.Usage {
		return "", nil // the target may be there already
	}
	return ref, err
}

// signersInHand finds in all that --keys name whatever root lets sign for a role.
func (rt *runtime) signersInHand(c *cli.Context) local.Signers {
	return func(ctx context.Context, root *tuf.Root, role tuf.Role) ([]tuf.Signer, error) {
		var list []tuf.Signer
		for _, ref := range c.StringSlice("keys") {
			some, err := rt.signersOf(ctx, ref, root, role)
			if err != nil {
				return nil, err
			}
			for _, s := range some {
				if !hasKey(list, s) {
					list = append(list, s)
				}
			}
		}
		return list, nil
	}
}

func hasKey(list []tuf.Signer, s tuf.Signer) bool {
	for _, other := range list {
		if other.Public().Equal(s.Public()) {
			return true
		}
	}
	return false
}

func (rt *runtime) signersOf(ctx context.Context, ref string, root *tuf.Root, role tuf.Role) ([]tuf.Signer, error) {
	if !isToken(ref) {
		f, err := rt.keyFile(ctx, ref)
		if err != nil {
			return nil, err
		}
		return f.Signers(root, role), nil
	}
	k, err := rt.tokenKey(ctx, ref)
	if err != nil {
		return nil, err
	}
	if s, err := root.WithRootID(role, k); err == nil {
		return []tuf.Signer{s}, nil
	}
	return nil, nil
}

// initTUF makes the TUF repository of all keys that --keys name. What each key of
// an archive is for its name says; one in a token is for targets.
func (rt *runtime) initTUF(c *cli.Context, dir string, opt offline.BuildOptions) error {
	keys := map[tuf.Role][]*tuf.PublicKey{}
	for _, ref := range c.StringSlice("keys") {
		if isToken(ref) {
			k, err := rt.tokenKey(c.Context, ref)
			if err != nil {
				return err
			}
			keys[tuf.RoleTargets] = append(keys[tuf.RoleTargets], k.Public())
			continue
		}
		f, err := rt.keyFile(c.Context, ref)
		if err != nil {
			return err
		}
		for _, k := range f.Keys {
			if role := k.Role(); role != "" {
				keys[role] = append(keys[role], k.Public)
			}
		}
	}
	err := local.Init(c.Context, local.InitOptions{
		Dir: dir, Keys: keys, Signers: rt.signersInHand(c), Production: opt.Production, Now: opt.Now,
	})
	if err == nil {
		rt.say("devices of these bundles have to trust %s/%s", dir, tuf.RootName(1))
	}
	return err
}
