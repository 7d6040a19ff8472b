package plumbing

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/urfave/cli/v2"

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
	view := &listing{checksums: c.Bool("checksum"), xattrs: c.Bool("xattrs"), namesOnly: c.Bool("nul-filenames-only"), Entries: []listed{}}
	for _, p := range paths {
		if err := view.add(c, repo, commit, p); err != nil {
			return err
		}
	}
	return e.Render(view)
}

// listing is what ls shows.
type listing struct {
	Entries                      []listed `json:"entries"`
	checksums, xattrs, namesOnly bool
}

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
}

type xattr struct {
	Name  string `json:"name"`
	Value []byte `json:"value"` // base64 in JSON
}

// add lists one path the way the flags ask for.
func (v *listing) add(c *cli.Context, repo *ostree.Repo, commit ostree.Checksum, p string) error {
	at, err := ostree.Lookup(c.Context, repo, commit, p)
	if err != nil {
		return err
	}
	one := func(e *ostree.Entry) error { return v.entry(c, repo, e) }
	switch {
	case !at.IsDir() || c.Bool("dironly"):
		return one(at)
	case c.Bool("recursive"):
		return ostree.WalkTree(c.Context, repo, at, one)
	}
	if err := one(at); err != nil {
		return err
	}
	children, err := ostree.Children(c.Context, repo, at)
	if err != nil {
		return err
	}
	for _, e := range children {
		if err := one(e); err != nil {
			return err
		}
	}
	return nil
}

func (v *listing) entry(c *cli.Context, repo *ostree.Repo, e *ostree.Entry) error {
	if v.namesOnly {
		v.Entries = append(v.Entries, listed{Path: e.Path})
		return nil
	}
	h, err := ostree.Stat(c.Context, repo, e)
	if err != nil {
		return err
	}
	l := listed{Path: e.Path, Type: "file", Mode: fmt.Sprintf("%05o", h.Mode&0o7777), UID: h.UID, GID: h.GID,
		Size: h.Size, Target: h.Target, Checksum: e.Sum.String()}
	switch {
	case e.IsDir():
		l.Type, l.Checksum, l.DirMeta = "directory", e.Tree.String(), e.Meta.String()
	case h.IsSymlink():
		l.Type = "symlink"
	}
	for _, x := range h.Xattrs {
		l.Xattrs = append(l.Xattrs, xattr(x))
	}
	v.Entries = append(v.Entries, l)
	return nil
}

// Table prints what ostree ls prints.
func (v *listing) Table(w io.Writer) {
	for _, e := range v.Entries {
		if v.namesOnly {
			fmt.Fprintf(w, "%s\x00", e.Path)
			continue
		}
		fmt.Fprintln(w, v.line(e))
	}
}

func (v *listing) line(e listed) string {
	kind := map[string]string{"file": "-", "symlink": "l", "directory": "d"}[e.Type]
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s %d %d %6d ", kind, e.Mode, e.UID, e.GID, e.Size)
	if v.checksums {
		b.WriteString(strings.TrimSpace(e.Checksum+" "+e.DirMeta) + " ")
	}
	if v.xattrs {
		b.WriteString("{ " + variantText(e.Xattrs) + " } ")
	}
	b.WriteString(shownName(path.Clean(e.Path)))
	if e.Type == "symlink" {
		b.WriteString(" -> " + shownName(e.Target))
	}
	return b.String()
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
