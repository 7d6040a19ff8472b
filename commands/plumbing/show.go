package plumbing

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

func showCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:        "show",
		Usage:       "print a commit, or another object",
		ArgsUsage:   "OBJECT",
		Description: "OBJECT is a commit, named as for rev-parse, the checksum of any object, or with --print-variant-type a file.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "print-related", Usage: "print related commits, of which there are none"},
			&cli.StringFlag{Name: "print-variant-type", Usage: "read a file as a GVariant of `TYPE` and print it"},
			&cli.StringFlag{Name: "print-metadata-key", Usage: "print only the value of the metadata `KEY`"},
			&cli.StringFlag{Name: "print-detached-metadata-key", Usage: "print only the value of the detached metadata `KEY`"},
			&cli.BoolFlag{Name: "print-sizes", Usage: "print how much a pull of the commit fetches, if the commit says it"},
			&cli.BoolFlag{Name: "raw", Usage: "print a commit as a GVariant"},
			&cli.StringFlag{Name: "gpg-homedir", Usage: "take the GPG keys in `DIR` for trusted too, besides those of the remotes and the system"},
			&cli.StringFlag{Name: "gpg-verify-remote", Usage: "take the keys of remote `NAME` for trusted, and no others"},
			&cli.BoolFlag{Name: "no-byteswap", Aliases: []string{"B"}, Usage: "print numbers as they are stored, not as big-endian ones"},
		},
		Action: e.onRepo(e.show),
	}
}

func (e *Env) show(c *cli.Context, repo *ostree.Repo) error {
	name := c.Args().First()
	text := valuePrinter(c.Bool("no-byteswap"))
	switch {
	case c.String("print-variant-type") != "":
		v, err := readVariant(c.String("print-variant-type"), name)
		if err != nil {
			return err
		}
		return e.Render(valueView{v.Type().String(), text(v)})
	case c.IsSet("print-metadata-key"), c.IsSet("print-detached-metadata-key"):
		return e.showKey(c, repo, name, text)
	}
	sum, err := repo.Resolve(c.Context, name)
	if err != nil {
		return e.showObject(c, repo, name, err)
	}
	commit, err := ostree.LoadCommit(c.Context, repo, sum)
	if err != nil {
		if full, perr := ostree.ParseChecksum(name); perr == nil && full == sum {
			return e.showObject(c, repo, name, err)
		}
		return err
	}
	switch {
	case c.Bool("print-related"):
		return nil
	case c.Bool("print-sizes"):
		return e.showSizes(c, repo, sum, commit)
	}
	view, err := newCommitShown(sum, commit, c.Bool("raw"), text)
	if err != nil {
		return err
	}
	view.Signatures, err = e.commitSignatures(c, repo, sum)
	if err != nil {
		return err
	}
	return e.Render(view)
}

// showKey prints one value of the metadata or the detached metadata.
func (e *Env) showKey(c *cli.Context, repo *ostree.Repo, rev string, text func(variant.Value) string) error {
	sum, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	key, dict := c.String("print-metadata-key"), variant.Value{}
	if c.IsSet("print-metadata-key") {
		commit, err := ostree.LoadCommit(c.Context, repo, sum)
		if err != nil {
			return err
		}
		dict = commit.Metadata
	} else {
		key = c.String("print-detached-metadata-key")
		if dict, err = ostree.ReadDetached(c.Context, repo, sum); err != nil {
			return err
		}
	}
	v, ok := variant.Value{}, false
	if dict.IsValid() {
		v, ok = dict.Lookup(key)
	}
	if !ok {
		return fail.New(fail.NotFound, "", "commit %s has no metadata key %q", sum, key)
	}
	return e.Render(valueView{v.Type().String(), text(v)})
}

// valuePrinter prints values as the original does: unless told not to, it takes
// all numbers for big-endian, as those of the formats themselves are.
func valuePrinter(asStored bool) func(variant.Value) string {
	if asStored {
		return variant.Value.Print
	}
	return func(v variant.Value) string { return v.Byteswapped().Print() }
}

func readVariant(typ, path string) (variant.Value, error) {
	t, err := variant.ParseType(typ)
	if err != nil {
		return variant.Value{}, fail.As(fmt.Errorf("--print-variant-type: %w", err), fail.Usage, "")
	}
	data, err := fsx.ReadFile(path, limits.OSTreeMetadata)
	if err != nil {
		return variant.Value{}, err
	}
	v, err := variant.Parse(t, data)
	if err != nil {
		return v, fail.As(fmt.Errorf("%s: %w", path, err), fail.Verification, "")
	}
	return v, nil
}

type valueView struct {
	Type string `json:"type"`
	Text string `json:"text"` // in GVariant text format
}

// Table prints the text alone.
func (v valueView) Table(w io.Writer) { fmt.Fprintln(w, v.Text) }

// showObject prints what is not a commit; otherwise is the error if there is
// no such object.
func (e *Env) showObject(c *cli.Context, repo *ostree.Repo, name string, otherwise error) error {
	sum, err := ostree.ParseChecksum(name)
	if err != nil {
		return otherwise
	}
	types := []ostree.ObjectType{ostree.TypeDirTree, ostree.TypeDirMeta, ostree.TypeFile}
	ids := make([]ostree.ObjectID, len(types))
	for i, t := range types {
		ids[i] = ostree.ObjectID{Sum: sum, Type: t}
	}
	there, err := repo.Has(c.Context, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		switch {
		case !there[i]:
		case id.Type != ostree.TypeFile:
			return e.Render(objectView{Object: sum.String(), Type: id.Type.String()})
		default:
			h, err := ostree.Stat(c.Context, repo, &ostree.Entry{Sum: sum})
			if err != nil {
				return err
			}
			return e.Render(newFileShown(sum, h))
		}
	}
	return otherwise
}

type objectView struct {
	Object string `json:"object"`
	Type   string `json:"type"`
}

// Table prints kind and name.
func (v objectView) Table(w io.Writer) { fmt.Fprintf(w, "%s %s\n", v.Type, v.Object) }

type fileShown struct {
	objectView
	Kind   string  `json:"kind"` // regular or symlink
	Size   uint64  `json:"size"`
	Mode   string  `json:"mode"` // in octal, with the type
	UID    uint32  `json:"uid"`
	GID    uint32  `json:"gid"`
	Target string  `json:"target,omitempty"`
	Xattrs []xattr `json:"xattrs,omitempty"`
}

func newFileShown(sum ostree.Checksum, h *ostree.FileHeader) fileShown {
	v := fileShown{objectView{sum.String(), "file"}, "regular", h.Size, fmt.Sprintf("0%o", h.Mode), h.UID, h.GID, h.Target, nil}
	if h.IsSymlink() {
		v.Kind = "symlink"
	}
	for _, x := range h.Xattrs {
		v.Xattrs = append(v.Xattrs, xattr(x))
	}
	return v
}

// Table prints one fact a line.
func (v fileShown) Table(w io.Writer) {
	fmt.Fprintf(w, "Object: %s\nType: %s\nFile Type: %s\n", v.Object, v.Type, v.Kind)
	if v.Kind == "symlink" {
		fmt.Fprintf(w, "Target: %s\n", shownName(v.Target))
	} else {
		fmt.Fprintf(w, "Size: %d\n", v.Size)
	}
	fmt.Fprintf(w, "Mode: %s\nUid: %d\nGid: %d\nExtended Attributes: { %s }\n", v.Mode, v.UID, v.GID, variantText(v.Xattrs))
}
