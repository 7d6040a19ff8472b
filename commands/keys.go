package commands

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/keystore"
)

func keysCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "keys",
		Usage:       "the keys that metadata is signed with",
		Subcommands: []*cli.Command{keysListCommand(rt), keysGenerateCommand(rt), keysPassphraseCommand(rt), keysTUFCommand(rt)},
	}
}

func keysListCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "list the keys in an archive, a file or a token",
		ArgsUsage: "KEYS",
		Description: "KEYS is an archive, a plain key file, or the pkcs11: URI of one key. With --root it says which\n" +
			"roles each key may sign for. No secret is shown.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "root", Usage: "say what the root in `FILE` lets each key sign"},
			passphraseFlag(rt),
		},
		Action: func(c *cli.Context) error {
			var root *tuf.Root
			if path := c.String("root"); path != "" {
				var err error
				if root, err = readRoot(path); err != nil {
					return err
				}
			}
			view, err := rt.listKeys(c, c.Args().First())
			if err != nil {
				return err
			}
			for i, k := range view.Keys {
				if root != nil {
					view.Keys[i].Roles = append([]string{}, root.RolesOf(k.public)...)
				}
			}
			return rt.render(view)
		},
	}
}

func (rt *runtime) listKeys(c *cli.Context, ref string) (keysView, error) {
	if isToken(ref) {
		k, err := rt.tokenKey(c.Context, ref)
		if err != nil {
			return keysView{}, err
		}
		return keysView{File: k.String(), Form: "token", Keys: []keyView{newKeyView("", k.Public(), true)}}, nil
	}
	f, err := rt.keyFile(c.Context, ref)
	if err != nil {
		return keysView{}, err
	}
	return newKeysView(f), nil
}

func newKeysView(f *keystore.File) keysView {
	view := keysView{File: f.Path, Form: string(f.Form), Keys: []keyView{}}
	for _, k := range f.Keys {
		view.Keys = append(view.Keys, newKeyView(k.Name, k.Public, k.Private()))
	}
	return view
}

type keysView struct {
	File string    `json:"file"`
	Form string    `json:"form"` // "plain archive", "encrypted archive", "plain key", "token"
	Keys []keyView `json:"keys"`
}

type keyView struct {
	ID      string   `json:"keyid"`
	Type    string   `json:"type"`
	Private bool     `json:"private"`
	Name    string   `json:"name,omitempty"`  // of the entry in the archive
	Roles   []string `json:"roles,omitempty"` // by the root that was given

	public *tuf.PublicKey
}

func newKeyView(name string, k *tuf.PublicKey, private bool) keyView {
	return keyView{ID: k.ID, Type: string(k.Type), Private: private, Name: name, public: k}
}

// Table shows the file, and a line for each key.
func (v keysView) Table(w io.Writer) {
	render.Fields(w, "keys", v.File, "form", v.Form)
	var rows [][]string
	for _, k := range v.Keys {
		half := "public half only"
		if k.Private {
			half = "can sign"
		}
		signs := "-"
		if len(k.Roles) > 0 {
			signs = strings.Join(k.Roles, " ")
		}
		rows = append(rows, []string{k.ID, k.Type, half, signs, k.Name})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"KEY ID", "TYPE", "", "SIGNS", "ENTRY"}, rows)
	}
}

func keysGenerateCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "generate",
		Usage:     "make a key and put it into an archive",
		ArgsUsage: "FILE",
		Description: "Makes FILE, encrypted with a passphrase, where it is not there yet, and adds to it where it is.\n" +
			"Prints the public half, for whoever edits the root.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "role", Required: true, Usage: "the role that the key is meant for: `root|targets|snapshot|timestamp`"},
			keyTypeFlag(),
		}, newArchiveFlags(rt)...),
		Action: func(c *cli.Context) error {
			f, err := rt.archive(c.Context, c.Args().First(), c.Bool("no-passphrase"))
			if err != nil {
				return err
			}
			k, staged, err := addKey(f, tuf.Role(c.String("role")), keyType(c))
			if err != nil {
				return err
			}
			if err := staged.Commit(); err != nil {
				return err
			}
			return rt.render(newKeyMade{File: f.Path, Form: string(f.Form), Role: c.String("role"), ID: k.Public().ID, Public: k.Public()})
		},
	}
}

// keyTypeFlag chooses the type of a new key; keyType is what was chosen.
func keyTypeFlag() cli.Flag {
	return &cli.StringFlag{Name: "key-type", Aliases: []string{"y"}, Value: "ed25519", Usage: "make a key of type `ed25519|rsa`"}
}

func keyType(c *cli.Context) tuf.KeyType {
	return tuf.KeyType(strings.ToUpper(c.String("key-type")))
}

type newKeyMade struct {
	File   string         `json:"file"`
	Form   string         `json:"form"`
	Role   string         `json:"role"`
	ID     string         `json:"keyid"`
	Public *tuf.PublicKey `json:"key"` // as it stands in a root
}

// Table says where the key is and what it is called.
func (v newKeyMade) Table(w io.Writer) {
	render.Fields(w, "key", v.ID, "type", string(v.Public.Type), "for", v.Role, "in", v.File, "form", v.Form)
}

func keysPassphraseCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "passphrase",
		Usage:     "give an archive a passphrase, another one, or none",
		ArgsUsage: "FILE",
		Flags: []cli.Flag{
			passphraseFlag(rt),
			&cli.StringFlag{Name: "new-passphrase-file", Usage: "take the new passphrase from the first line of `FILE` (default: OTACTL_KEYS_NEW_PASSPHRASE, or asked for)"},
			&cli.BoolFlag{Name: "remove", Usage: "leave the archive without a passphrase, as fioctl reads it"},
		},
		Action: func(c *cli.Context) error {
			if c.Bool("remove") && c.String("new-passphrase-file") != "" {
				return fail.New(fail.Usage, "leave one of them out", "--remove and --new-passphrase-file: both were given")
			}
			f, err := rt.keyFile(c.Context, c.Args().First())
			if err != nil {
				return err
			}
			passphrase := ""
			if !c.Bool("remove") {
				spec := secretSpec{what: "passphrase of " + f.Path, file: c.String("new-passphrase-file"), variable: envNewPassphrase, flag: "--new-passphrase-file"}
				if passphrase, err = rt.newPassphrase(c.Context, spec); err != nil {
					return err
				}
			}
			if err := f.SetPassphrase(passphrase); err != nil {
				return err
			}
			if err := f.Save(); err != nil {
				return err
			}
			return rt.render(newKeysView(f))
		},
	}
}
