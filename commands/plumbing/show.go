package plumbing

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"

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
			&cli.BoolFlag{Name: "print-hex", Usage: "with either of these, print bytes in hex and without quotes"},
			&cli.BoolFlag{Name: "print-sizes", Usage: "print how much a pull of the commit fetches, if the commit says it"},
			&cli.BoolFlag{Name: "list-metadata-keys", Usage: "print only the keys of the metadata"},
			&cli.BoolFlag{Name: "list-detached-metadata-keys", Usage: "print only the keys of the detached metadata"},
			&cli.BoolFlag{Name: "raw", Usage: "print a commit, or the metadata of a directory, as a GVariant"},
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
	case c.IsSet("print-metadata-key"), c.IsSet("print-detached-metadata-key"):
		return e.showKey(c, repo, name, text)
	case c.Bool("list-metadata-keys"), c.Bool("list-detached-metadata-keys"):
		return e.showKeys(c, repo, name)
	case c.IsSet("print-variant-type") && !c.Bool("print-related"):
		return e.showFile(c.String("print-variant-type"), name)
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
	view, err := newCommitShown(sum, commit, asVariant(c), text)
	if err != nil {
		return err
	}
	view.both = c.Bool("no-byteswap")
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
	key, beside := c.String("print-metadata-key"), c.IsSet("print-detached-metadata-key") // which rules
	if beside {
		key = c.String("print-detached-metadata-key")
	}
	dict, err := metadataOf(c, repo, sum, beside)
	if err != nil {
		return err
	}
	if beside && dict.Len() == 0 {
		return fail.New(fail.NotFound, "", "commit %s has no detached metadata", sum)
	}
	v, ok := dict.Lookup(key)
	if !ok {
		return fail.New(fail.NotFound, "", "commit %s has no metadata key %q", sum, key)
	}
	if c.Bool("print-hex") && v.Type().String() == "ay" {
		return e.Render(valueView{"ay", hex.EncodeToString(v.Bytes())})
	}
	return e.Render(valueView{v.Type().String(), text(v)})
}

// metadataOf is the metadata of a commit, or what is beside it.
func metadataOf(c *cli.Context, repo *ostree.Repo, sum ostree.Checksum, beside bool) (variant.Value, error) {
	if beside {
		return ostree.ReadDetached(c.Context, repo, sum)
	}
	commit, err := ostree.LoadCommit(c.Context, repo, sum)
	if err != nil {
		return variant.Value{}, err
	}
	if !commit.Metadata.IsValid() {
		return variant.Dict(), nil
	}
	return commit.Metadata, nil
}

// showKeys lists the keys of the metadata, or of the detached metadata.
func (e *Env) showKeys(c *cli.Context, repo *ostree.Repo, rev string) error {
	sum, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	dict, err := metadataOf(c, repo, sum, c.Bool("list-detached-metadata-keys"))
	if err != nil {
		return err
	}
	view := metadataKeysView{Keys: []string{}}
	for _, entry := range dict.All() {
		view.Keys = append(view.Keys, entry.At(0).Text())
	}
	slices.Sort(view.Keys)
	return e.Render(view)
}

type metadataKeysView struct {
	Keys []string `json:"keys"`
}

// Table prints a key a line.
func (v metadataKeysView) Table(w io.Writer) {
	for _, key := range v.Keys {
		fmt.Fprintln(w, shownName(key))
	}
}

// asVariant says whether an object is shown as a GVariant; numbers that are not
// turned around are only seen so.
func asVariant(c *cli.Context) bool { return c.Bool("raw") || c.Bool("no-byteswap") }

// valuePrinter prints values as the original does: unless told not to, it takes
// all numbers for big-endian, as those of the formats themselves are.
func valuePrinter(asStored bool) func(variant.Value) string {
	if asStored {
		return variant.Value.Print
	}
	return func(v variant.Value) string { return v.Byteswapped().Print() }
}

// showFile prints a file that holds a value of a type; --no-byteswap is not for
// that.
func (e *Env) showFile(typ, path string) error {
	v, err := readVariant(typ, path)
	if err != nil {
		return err
	}
	return e.Render(valueView{v.Type().String(), valuePrinter(false)(v)})
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
			return e.showMetadata(c, repo, id)
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

// showMetadata prints a dirtree or a dirmeta.
func (e *Env) showMetadata(c *cli.Context, repo *ostree.Repo, id ostree.ObjectID) error {
	view := objectView{Object: id.Sum.String(), Type: id.Type.String()}
	var parsed interface{ Marshal() ([]byte, error) }
	var err error
	typ := variant.MustType("(uuua(ayay))")
	if id.Type == ostree.TypeDirTree {
		typ = variant.MustType("(a(say)a(sayay))")
		parsed, err = ostree.LoadDirTree(c.Context, repo, id.Sum)
	} else {
		parsed, err = ostree.LoadDirMeta(c.Context, repo, id.Sum)
	}
	if err != nil {
		return err
	}
	if asVariant(c) {
		data, err := parsed.Marshal()
		if err != nil {
			return err
		}
		v, err := variant.Parse(typ, data)
		if err != nil {
			return err
		}
		view.Raw = valuePrinter(c.Bool("no-byteswap"))(v)
	}
	return e.Render(view)
}

type objectView struct {
	Object string `json:"object"`
	Type   string `json:"type"`
	Raw    string `json:"raw,omitempty"` // in GVariant text format, if asked for
}

// Table prints kind and name.
func (v objectView) Table(w io.Writer) {
	fmt.Fprintf(w, "%s %s\n", v.Type, v.Object)
	if v.Raw != "" {
		fmt.Fprintln(w, v.Raw)
	}
}

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
	v := fileShown{objectView{Object: sum.String(), Type: "file"}, "regular", h.Size, fmt.Sprintf("0%o", h.Mode), h.UID, h.GID, h.Target, nil}
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
