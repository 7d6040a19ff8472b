package commands

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

func rotateOfflineShortcut(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "rotate-offline-key",
		Usage: "replace an offline key of root or targets, in one go",
		Description: "Opens a transaction, puts a new key in place of the one in the archive, signs the new root with the\n" +
			"root keys and applies it. To stage it alone: otactl keys tuf updates rotate-offline-key.",
		Flags: append(append([]cli.Flag{roleFlag(), archiveFlag("the archive `FILE` of the root key (required)"), targetsKeysFlag(),
			firstTimeFlag(), tufKeyTypeFlag(), changelogFlag(false)}, newArchiveFlags(rt)...), accountFlags()...),
		Action: func(c *cli.Context) error {
			role, err := offlineRole(c)
			if err != nil {
				return err
			}
			if c.Bool("first-time") && role != tuf.RoleRoot {
				return fail.New(fail.Usage, "rotate the root key first", "--first-time is for the role root")
			}
			r, err := rotationOf(c, role, true)
			if err != nil {
				return err
			}
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			w := &rootWork{rt: rt, api: api}
			message := first(c.String("changelog"), "Rotate the offline key of "+string(role))
			return w.inOneGo(c.Context, message, firstKeys(c), r.plain, func(ctx context.Context) error { return w.rotateKey(ctx, r) })
		},
	}
}

// firstKeys is the archive that is made for the first root key, or "".
func firstKeys(c *cli.Context) string {
	if c.Bool("first-time") {
		return c.String("keys")
	}
	return ""
}

// inOneGo opens a transaction, stages what steps do, and applies it.
func (w *rootWork) inOneGo(ctx context.Context, message, firstKeys string, plain bool, steps ...func(context.Context) error) error {
	if err := w.begin(ctx, message, firstKeys, plain); err != nil {
		return err
	}
	for _, step := range append(steps, w.apply) {
		if err := step(ctx); err != nil {
			return w.brokeOff(ctx, err, firstKeys)
		}
	}
	return nil
}

// brokeOff drops a transaction into which nothing went, and says of another
// what to do with it. The first root key that was handed out stays with it.
func (w *rootWork) brokeOff(ctx context.Context, err error, firstKeys string) error {
	if !w.sent && firstKeys == "" {
		return errors.Join(err, answer(w.api.CancelRootUpdate(context.WithoutCancel(ctx))))
	}
	if fail.ClassOf(err) != fail.Partial {
		w.rt.say("Nothing has changed so far, and the transaction is open: go on with it step by step, or drop it with otactl keys tuf cancel.")
	}
	return err
}

func rotateAllShortcut(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "rotate-all-keys",
		Usage: "replace the offline and online keys of all roles, in one go",
		Flags: append(append([]cli.Flag{archiveFlag("the archive `FILE` of the root key (required)"), targetsKeysFlag(),
			firstTimeFlag(), tufKeyTypeFlag(), changelogFlag(false)}, newArchiveFlags(rt)...), accountFlags()...),
		Action: func(c *cli.Context) error {
			root, err := rotationOf(c, tuf.RoleTargets, false)
			if err != nil {
				return err
			}
			if root.rootFile == "" {
				return fail.New(fail.Usage, "name it with --keys FILE", "rotate-all-keys: the archive of the root key is missing")
			}
			targets := root
			root.role, root.file = tuf.RoleRoot, root.rootFile
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			w := &rootWork{rt: rt, api: api}
			message := first(c.String("changelog"), "Rotate all keys")
			return w.inOneGo(c.Context, message, firstKeys(c), root.plain,
				func(ctx context.Context) error { return w.rotateKey(ctx, root) },
				func(ctx context.Context) error { return w.rotateKey(ctx, targets) },
				func(ctx context.Context) error {
					return w.rotateOnline(ctx, []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}, root.kind, "")
				},
				func(ctx context.Context) error { return w.sign(ctx, []string{root.rootFile}) })
		},
	}
}
