package plumbing

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
)

func diffCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "compare two commits, or folders",
		ArgsUsage: "REV_OR_DIR [REV_OR_DIR]",
		Description: "An argument that begins with / or ./ is a folder, any other a commit. One alone is compared with the\n" +
			"commit before it.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "stats", Usage: "print how many objects both commits have"},
			&cli.BoolFlag{Name: "fs-diff", Usage: "print the differences, which --stats does not"},
			&cli.BoolFlag{Name: "no-xattrs", Usage: "leave extended attributes of files in folders out"},
			&cli.StringFlag{Name: "owner-uid", Usage: "take user `UID` for the owner of files in folders"},
			&cli.StringFlag{Name: "owner-gid", Usage: "take group `GID` for that of files in folders"},
		},
		Action: e.onRepo(e.diff),
	}
}

func (e *Env) diff(c *cli.Context, repo *ostree.Repo) error {
	from, to := c.Args().Get(0), c.Args().Get(1)
	if c.NArg() == 1 {
		from, to = from+"^", from
	}
	view := diffView{Changes: []changeView{}}
	if !c.Bool("stats") || c.Bool("fs-diff") {
		if err := e.compare(c, repo, from, to, &view); err != nil {
			return err
		}
	}
	if c.Bool("stats") {
		stats, err := diffStats(c, repo, from, to)
		if err != nil {
			return err
		}
		view.Stats = stats
	}
	return e.Render(view)
}

func isFolder(arg string) bool {
	return strings.HasPrefix(arg, "/") || strings.HasPrefix(arg, "./") || arg == "." || strings.HasPrefix(arg, "../")
}

func (e *Env) compare(c *cli.Context, repo *ostree.Repo, from, to string, view *diffView) error {
	opt := ostree.DiskOptions{NoXattrs: c.Bool("no-xattrs")}
	var err error
	if opt.UID, err = ownerFlag(c, "owner-uid"); err != nil {
		return err
	}
	if opt.GID, err = ownerFlag(c, "owner-gid"); err != nil {
		return err
	}
	side := func(arg string) (ostree.DiffTree, error) {
		if isFolder(arg) {
			return ostree.DiffFolder(arg, opt), nil
		}
		sum, err := repo.Resolve(c.Context, arg)
		return ostree.DiffCommit(repo, sum), err
	}
	a, err := side(from)
	if err != nil {
		return err
	}
	b, err := side(to)
	if err != nil {
		return err
	}
	changes, err := ostree.Diff(c.Context, a, b)
	if err != nil {
		return err
	}
	for _, ch := range changes {
		// Paths in a folder are shown below it, those in a commit from its root.
		path, arg := ch.Path, from
		if ch.Kind == ostree.Added {
			arg = to
		}
		if isFolder(arg) {
			path = strings.TrimPrefix(path, "/")
		}
		view.Changes = append(view.Changes, changeView{string(rune(ch.Kind)), path})
	}
	return nil
}

type changeView struct {
	Change string `json:"change"` // M, D or A
	Path   string `json:"path"`
}

type diffView struct {
	Changes []changeView `json:"changes"`
	Stats   *statsView   `json:"stats,omitempty"`
}

type statsView struct {
	A      int    `json:"objects_a"`
	B      int    `json:"objects_b"`
	Common int    `json:"objects_common"`
	Bytes  uint64 `json:"bytes_common"`
}

// Table prints what ostree diff prints.
func (v diffView) Table(w io.Writer) {
	for _, ch := range v.Changes {
		fmt.Fprintf(w, "%s    %s\n", ch.Change, shownName(ch.Path))
	}
	if s := v.Stats; s != nil {
		fmt.Fprintf(w, "[A] Object Count: %d\n[B] Object Count: %d\nCommon Object Count: %d\nCommon Object Size: %s\n", s.A, s.B, s.Common, sizeText(s.Bytes))
	}
}

// diffStats counts what two commits share.
func diffStats(c *cli.Context, repo *ostree.Repo, from, to string) (*statsView, error) {
	if isFolder(from) || isFolder(to) {
		return nil, usage("--stats is about two commits")
	}
	closure := func(rev string) (map[ostree.ObjectID]bool, error) {
		sum, err := repo.Resolve(c.Context, rev)
		if err != nil {
			return nil, err
		}
		all := map[ostree.ObjectID]bool{}
		err = ostree.Closure(c.Context, repo, sum, func(id ostree.ObjectID) error {
			all[id] = true
			return nil
		})
		return all, err
	}
	a, err := closure(from)
	if err != nil {
		return nil, err
	}
	b, err := closure(to)
	if err != nil {
		return nil, err
	}
	stats := &statsView{A: len(a), B: len(b)}
	for id := range a {
		if !b[id] {
			continue
		}
		n, err := storedSize(c, repo, id)
		if err != nil {
			return nil, err
		}
		stats.Common++
		stats.Bytes += n
	}
	return stats, nil
}

// storedSize is how long an object is as the repo keeps it.
func storedSize(c *cli.Context, repo *ostree.Repo, id ostree.ObjectID) (uint64, error) {
	if id.Type == ostree.TypeFile && repo.Mode() != ostree.ModeArchive {
		h, err := ostree.Stat(c.Context, repo, &ostree.Entry{Sum: id.Sum})
		if err != nil {
			return 0, err
		}
		return h.Size, nil
	}
	obj, err := repo.Object(c.Context, id)
	if err != nil {
		return 0, err
	}
	r, n, err := obj.OpenArchive(c.Context)
	if err != nil {
		return 0, err
	}
	return uint64(max(n, 0)), r.Close()
}
