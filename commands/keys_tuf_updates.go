package commands

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// updatesCommands are the steps of a root transaction.
func updatesCommands(rt *runtime) []*cli.Command {
	return []*cli.Command{
		updatesInitCommand(rt), addOfflineCommand(rt), deleteOfflineCommand(rt), rotateOfflineCommand(rt),
		rotateOnlineCommand(rt), thresholdCommand(rt), signRootCommand(rt), signProdTargetsCommand(rt),
		reviewCommand(rt), applyCommand(rt), cancelCommand(rt),
	}
}

func txidFlag() cli.Flag {
	return &cli.StringFlag{Name: "txid", Aliases: []string{"x"}, Usage: "the transaction's `ID`, for all but the one who opened it"}
}

func roleFlag() cli.Flag {
	return &cli.StringFlag{Name: "role", Aliases: []string{"r"}, Required: true, Usage: "the `ROLE`: root or targets"}
}

func changelogFlag(required bool) cli.Flag {
	return &cli.StringFlag{Name: "changelog", Aliases: []string{"m"}, Required: required, Usage: "why the root changes: `TEXT` that goes into it"}
}

func firstTimeFlag() cli.Flag {
	return &cli.BoolFlag{Name: "first-time", Usage: "take over the root key that the server made; it goes into the archive of --keys"}
}

func signFlag() cli.Flag {
	return &cli.BoolFlag{Name: "sign", Aliases: []string{"s"}, Usage: "sign the new root with the root keys in --keys as well"}
}

func archiveFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "keys", Aliases: []string{"k"}, Usage: usage}
}

func targetsKeysFlag() cli.Flag {
	return &cli.StringFlag{Name: "targets-keys", Aliases: []string{"K"}, Usage: "the archive `FILE` of the targets key, where that is another one than --keys"}
}

// updateFlags are those of a step, and which backend it is about.
func updateFlags(rt *runtime, more ...cli.Flag) []cli.Flag {
	return append(append(more, txidFlag()), accountFlags()...)
}

// offlineRole is --role of commands about offline keys, in any case.
func offlineRole(c *cli.Context) (tuf.Role, error) {
	switch role := tuf.Role(strings.ToLower(c.String("role"))); role {
	case tuf.RoleRoot, tuf.RoleTargets:
		return role, nil
	}
	return "", fail.New(fail.Usage, "give root or targets", "--role %q: not a role whose keys are kept offline", c.String("role"))
}

func updatesInitCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "open a root transaction",
		Description: "Prints the transaction's id. Keep it to those who take part: everybody else can review and cancel\n" +
			"the transaction, and nothing more.",
		Flags: append(append([]cli.Flag{changelogFlag(true), firstTimeFlag(),
			archiveFlag("with --first-time: the archive `FILE` to make for the root key")}, newArchiveFlags(rt)...), accountFlags()...),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			if c.Bool("first-time") != (c.String("keys") != "") {
				return fail.New(fail.Usage, "give both, or neither", "--first-time and --keys go together")
			}
			w := &rootWork{rt: rt, api: api}
			if err := w.begin(c.Context, c.String("changelog"), c.String("keys"), c.Bool("no-passphrase")); err != nil {
				return err
			}
			return rt.render(begunView{TxID: w.txid, Keys: c.String("keys")})
		},
	}
}

type begunView struct {
	TxID string `json:"txid"`
	Keys string `json:"keys,omitempty"` // the archive that was made
}

// Table tells what the id is for.
func (v begunView) Table(w io.Writer) {
	fmt.Fprintf(w, "transaction: %s\n", v.TxID)
	fmt.Fprintln(w, "Others take part with --txid; keep it to those who shall.")
	if v.Keys != "" {
		fmt.Fprintf(w, "The root key is in %s. Once this transaction is applied there is no other copy.\n", v.Keys)
	}
}

// work is what a step works with.
func (rt *runtime) work(c *cli.Context) (*rootWork, error) {
	api, err := rt.factory(c)
	return &rootWork{rt: rt, api: api, txid: c.String("txid")}, err
}

func addOfflineCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "add-offline-key",
		Usage: "stage one more offline key of root or targets",
		Description: "The key is made here and put into an archive, which is made if it is not there. Production targets\n" +
			"are not signed with it by that: sign-prod-targets does.",
		Flags: updateFlags(rt, append([]cli.Flag{roleFlag(), archiveFlag("the archive `FILE` for the new key, or the pkcs11: URI of one in a token (required)"), tufKeyTypeFlag()},
			newArchiveFlags(rt)...)...),
		Action: func(c *cli.Context) error {
			role, err := offlineRole(c)
			if err != nil {
				return err
			}
			if c.String("keys") == "" {
				return fail.New(fail.Usage, "name the archive with --keys FILE", "add-offline-key: no archive for the new key")
			}
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			kind, err := tufKeyType(c)
			if err != nil {
				return err
			}
			return w.then(c.Context, w.addKey(c.Context, role, newKey{c.String("keys"), kind, c.Bool("no-passphrase")}))
		},
	}
}

func deleteOfflineCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "delete-offline-key",
		Usage: "stage the removal of an offline key of root or targets",
		Flags: updateFlags(rt, roleFlag(), archiveFlag("delete the one active key of the role in the archive `FILE`"), passphraseFlag(rt),
			&cli.StringFlag{Name: "key-id", Aliases: []string{"i"}, Usage: "delete the key with this `ID`"}),
		Action: func(c *cli.Context) error {
			role, err := offlineRole(c)
			if err != nil {
				return err
			}
			if (c.String("keys") == "") == (c.String("key-id") == "") {
				return fail.New(fail.Usage, "name the key by its archive or by its id", "delete-offline-key: give either --keys or --key-id")
			}
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			return w.then(c.Context, w.deleteKey(c.Context, role, c.String("key-id"), c.String("keys")))
		},
	}
}

func rotateOfflineCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "rotate-offline-key",
		Usage: "stage a new key in place of an offline key of root or targets",
		Description: "The new key goes into the archive of the old one, which stays in there: a new root key has to be\n" +
			"signed by both. It makes the root good for one more year. Production targets and waves that the\n" +
			"old targets key has signed are signed with the new one.",
		Flags: updateFlags(rt, append([]cli.Flag{roleFlag(), archiveFlag("the archive `FILE` of the root key"), targetsKeysFlag(),
			tufKeyTypeFlag(), signFlag()}, newArchiveFlags(rt)...)...),
		Action: func(c *cli.Context) error {
			role, err := offlineRole(c)
			if err != nil {
				return err
			}
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			r, err := rotationOf(c, role, c.Bool("sign"))
			if err != nil {
				return err
			}
			return w.then(c.Context, w.rotateKey(c.Context, r))
		},
	}
}

func rotateOnlineCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "rotate-online-key",
		Usage: "stage new keys, made by the server, in place of its online keys",
		Flags: updateFlags(rt, &cli.StringSliceFlag{Name: "role", Aliases: []string{"r"}, Required: true,
			Usage: "the `ROLES`: targets, snapshot, timestamp; several with commas"},
			archiveFlag("the archive `FILE` of the root key, for --sign"), passphraseFlag(rt), tufKeyTypeFlag(), signFlag()),
		Action: func(c *cli.Context) error {
			roles, err := onlineRoles(words(c.StringSlice("role")))
			if err != nil {
				return err
			}
			if c.Bool("sign") != (c.String("keys") != "") {
				return fail.New(fail.Usage, "give both, or neither", "--sign and --keys go together")
			}
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			kind, err := tufKeyType(c)
			if err != nil {
				return err
			}
			return w.then(c.Context, w.rotateOnline(c.Context, roles, kind, c.String("keys")))
		},
	}
}

func onlineRoles(names []string) ([]tuf.Role, error) {
	var roles []tuf.Role
	for _, name := range names {
		switch role := tuf.Role(strings.ToLower(name)); role {
		case tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp:
			roles = append(roles, role)
		default:
			return nil, fail.New(fail.Usage, "give targets, snapshot or timestamp", "--role %q: the server has no online key of it", name)
		}
	}
	return roles, nil
}

func thresholdCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "set-threshold",
		Usage:     "stage how many keys have to sign root, or production targets",
		ArgsUsage: "NUMBER",
		Description: "The threshold of root is at least 1 and holds for both roots; that of targets is at least 2 and holds\n" +
			"for production: CI targets are signed by the server's key alone. Add the keys first.",
		Flags: updateFlags(rt, roleFlag(), archiveFlag("the archive `FILE` of the root key, for --sign"), passphraseFlag(rt), signFlag()),
		Action: func(c *cli.Context) error {
			role, err := offlineRole(c)
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(c.Args().First())
			if err != nil {
				return fail.New(fail.Usage, "give a number such as 2", "threshold %q: not a number", c.Args().First())
			}
			if c.Bool("sign") != (c.String("keys") != "") {
				return fail.New(fail.Usage, "give both, or neither", "--sign and --keys go together")
			}
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			return w.then(c.Context, w.setThreshold(c.Context, role, n, c.String("keys")))
		},
	}
}

func signRootCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "sign",
		Usage: "sign the new roots with a root key, in force or new",
		Flags: updateFlags(rt, keyFlags(rt, true)...),
		Action: func(c *cli.Context) error {
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			return w.then(c.Context, w.sign(c.Context, c.StringSlice("keys")))
		},
	}
}

func signProdTargetsCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "sign-prod-targets",
		Usage: "stage signatures on production targets and waves, by a targets key of the new root",
		Flags: updateFlags(rt, append(keyFlags(rt, true),
			&cli.StringFlag{Name: "tags", Usage: "only the production targets of `TAGS`, several with commas"},
			&cli.StringFlag{Name: "waves", Usage: "only the waves `NAMES`, several with commas"})...),
		Action: func(c *cli.Context) error {
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			return w.then(c.Context, w.signProdTargets(c.Context, c.StringSlice("keys"),
				words([]string{c.String("tags")}), words([]string{c.String("waves")})))
		},
	}
}

func reviewCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "review",
		Usage: "show what is staged, and what is still missing",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "diff", Usage: "show line by line how the new root differs from the one in force"},
			&cli.BoolFlag{Name: "raw", Usage: "print the new root"},
			prodFlag("with --diff or --raw: show"),
		}, accountFlags()...),
		Action: func(c *cli.Context) error {
			if c.Bool("diff") && c.Bool("raw") {
				return fail.New(fail.Usage, "give one of them", "--diff and --raw exclude each other")
			}
			if c.Bool("prod") && !c.Bool("diff") && !c.Bool("raw") {
				return fail.New(fail.Usage, "add --diff or --raw", "--prod: the review itself is about both roots")
			}
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			return w.review(c.Context, c.Bool("diff"), c.Bool("raw"), c.Bool("prod"))
		},
	}
}

func applyCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "apply",
		Usage: "bring the new roots into force",
		Flags: updateFlags(rt),
		Action: func(c *cli.Context) error {
			w, err := rt.work(c)
			if err != nil {
				return err
			}
			return w.apply(c.Context)
		},
	}
}

func cancelCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "cancel",
		Usage:       "drop what is staged; the roots stay as they are",
		Description: "Whoever may operate the factory may cancel. Keys that were made meanwhile stay in their archives.",
		Flags:       accountFlags(),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			if err := answer(api.CancelRootUpdate(c.Context)); err != nil {
				return err
			}
			return rt.render(doneView{Done: "cancelled", text: "The transaction was cancelled; the roots are as before."})
		},
	}
}

type doneView struct {
	Done    string `json:"done"`
	Version int    `json:"version,omitempty"` // of the root in force
	text    string
}

// Table says it in a sentence.
func (v doneView) Table(w io.Writer) { fmt.Fprintln(w, v.text) }
