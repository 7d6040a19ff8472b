package plumbing

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/ostree"
)

func lsCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "ls",
		Usage:     "list what a commit holds",
		ArgsUsage: "COMMIT [PATH...]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dironly", Aliases: []string{"d"}, Usage: "show directories themselves, not what is in them"},
			&cli.BoolFlag{Name: "recursive", Aliases: []string{"R"}, Usage: "show all below a directory"},
			&cli.BoolFlag{Name: "checksum", Aliases: []string{"C"}, Usage: "show checksums"},
			&cli.BoolFlag{Name: "xattrs", Aliases: []string{"X"}, Usage: "show extended attributes"},
			&cli.BoolFlag{Name: "nul-filenames-only", Usage: "print names only, each ended by a zero byte"},
		},
		Action: e.onRepo(e.ls),
	}
}

func (e *Env) ls(c *cli.Context, repo *ostree.Repo) error {
	commit, err := repo.Resolve(c.Context, c.Args().First())
	if err != nil {
		return err
	}
	paths := c.Args().Tail()
	if len(paths) == 0 {
		paths = []string{"/"}
	}
	look := looks{checksums: c.Bool("checksum"), xattrs: c.Bool("xattrs"), namesOnly: c.Bool("nul-filenames-only")}
	return e.RenderList(render.List{Key: "entries", Items: func(yield func(render.View, error) bool) {
		for _, p := range paths {
			err := eachListed(c, repo, commit, p, func(at *ostree.Entry) error {
				l, err := look.at(c, repo, at)
				if err == nil && !yield(l, nil) {
					err = errEnough
				}
				return err
			})
			if err != nil {
				if !errors.Is(err, errEnough) {
					yield(nil, err)
				}
				return
			}
		}
	}})
}

// errEnough ends a walk of which nobody wants more.
var errEnough = errors.New("enough")

// looks are what ls shows of an entry.
type looks struct{ checksums, xattrs, namesOnly bool }

type listed struct {
	Path     string  `json:"path"`
	Type     string  `json:"type"` // file, symlink or directory
	Mode     string  `json:"mode"` // permission bits in octal
	UID      uint32  `json:"uid"`
	GID      uint32  `json:"gid"`
	Size     uint64  `json:"size"`
	Target   string  `json:"target,omitempty"`
	Checksum string  `json:"checksum"`                // of a directory, its dirtree
	DirMeta  string  `json:"meta_checksum,omitempty"` // of a directory
	Xattrs   []xattr `json:"xattrs,omitempty"`

	looks looks
}

type xattr struct {
	Name  string `json:"name"`
	Value []byte `json:"value"` // base64 in JSON
}

// eachListed calls fn for what a path shows the way the flags ask for.
func eachListed(c *cli.Context, repo *ostree.Repo, commit ostree.Checksum, p string, fn func(*ostree.Entry) error) error {
	if p == "" {
		return usage("a PATH is empty")
	}
	at, err := ostree.Lookup(c.Context, repo, commit, p)
	if err != nil {
		return err
	}
	switch {
	case at.IsDir() && c.Bool("recursive"):
		return ostree.WalkTree(c.Context, repo, at, fn)
	case !at.IsDir() || c.Bool("dironly"):
		return fn(at)
	}
	if err := fn(at); err != nil {
		return err
	}
	children, err := ostree.Children(c.Context, repo, at)
	if err != nil {
		return err
	}
	for _, e := range children {
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}

func (v looks) at(c *cli.Context, repo *ostree.Repo, e *ostree.Entry) (*listed, error) {
	if v.namesOnly {
		return &listed{Path: e.Path, looks: v}, nil
	}
	h, err := ostree.Stat(c.Context, repo, e)
	if err != nil {
		return nil, err
	}
	l := &listed{Path: e.Path, Type: "file", Mode: fmt.Sprintf("%05o", h.Mode&0o7777), UID: h.UID, GID: h.GID,
		Size: h.Size, Target: h.Target, Checksum: e.Sum.String(), looks: v}
	switch {
	case e.IsDir():
		l.Type, l.Checksum, l.DirMeta = "directory", e.Tree.String(), e.Meta.String()
	case h.IsSymlink():
		l.Type = "symlink"
	}
	for _, x := range h.Xattrs {
		l.Xattrs = append(l.Xattrs, xattr(x))
	}
	return l, nil
}

// Table prints what ostree ls prints.
func (e *listed) Table(w io.Writer) {
	if e.looks.namesOnly {
		fmt.Fprintf(w, "%s\x00", e.Path)
		return
	}
	kind := map[string]string{"file": "-", "symlink": "l", "directory": "d"}[e.Type]
	fmt.Fprintf(w, "%s%s %d %d %6d ", kind, e.Mode, e.UID, e.GID, e.Size)
	if e.looks.checksums {
		fmt.Fprint(w, strings.TrimSpace(e.Checksum+" "+e.DirMeta)+" ")
	}
	if e.looks.xattrs {
		fmt.Fprint(w, "{ "+variantText(e.Xattrs)+" } ")
	}
	fmt.Fprint(w, shownName(path.Clean(e.Path)))
	if e.Type == "symlink" {
		fmt.Fprint(w, " -> "+shownName(e.Target))
	}
	fmt.Fprintln(w)
}

// variantText is the GVariant text form of a(ayay), as ostree ls -X prints it:
// names end in a zero byte and so are byte strings.
func variantText(attrs []xattr) string {
	if len(attrs) == 0 {
		return "@a(ayay) []"
	}
	items := make([]string, len(attrs))
	for i, x := range attrs {
		items[i] = fmt.Sprintf("(%s, %s)", byteString(x.Name), byteArray(x.Value, i == 0))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// byteString is a byte string literal.
func byteString(s string) string {
	quote := "'"
	if strings.Contains(s, "'") {
		quote = `"`
	}
	letters := map[byte]string{'\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\v': `\v`, '\\': `\\`, '"': `\"`}
	var b strings.Builder
	for _, c := range []byte(s) {
		switch letter, ok := letters[c]; {
		case ok:
			b.WriteString(letter)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return "b" + quote + b.String() + quote
}

// byteArray is a value as an array; the type is named once.
func byteArray(value []byte, typed bool) string {
	if len(value) == 0 {
		if typed {
			return "@ay []"
		}
		return "[]"
	}
	if last := len(value) - 1; value[last] == 0 && !strings.Contains(string(value[:last]), "\x00") {
		return byteString(string(value[:last]))
	}
	items := make([]string, len(value))
	for i, c := range value {
		items[i] = fmt.Sprintf("0x%02x", c)
	}
	if typed {
		items[0] = "byte " + items[0]
	}
	return "[" + strings.Join(items, ", ") + "]"
}
