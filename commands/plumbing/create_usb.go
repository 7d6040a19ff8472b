package plumbing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/pull"
	"github.com/otactl/otactl/ostree/summary"
)

func createUSBCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "create-usb",
		Usage:     "copy refs of collections to where a medium is mounted",
		ArgsUsage: "MOUNT COLLECTION REF [MORE...]",
		Description: "Makes or fills the repo .ostree/repo below MOUNT and its summary, in the layout in which ostree looks for\n" +
			"repos on media. A device that trusts TUF takes a bundle instead: otactl targets offline-update.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "destination-repo", Usage: "use the repo `DIR` below MOUNT, with a link to it where ostree looks"},
			&cli.StringFlag{Name: "commit", Usage: "copy `COMMIT` instead of where the one ref stands"},
			&cli.BoolFlag{Name: "disable-fsync", Usage: "leave it to the system when what came is on the disk"},
		},
		Action: e.onRepo(e.createUSB),
	}
}

func (e *Env) createUSB(c *cli.Context, repo *ostree.Repo) error {
	refs, err := usbRefs(c, repo)
	if err != nil {
		return err
	}
	mount := c.Args().First()
	if st, err := os.Stat(mount); err != nil || !st.IsDir() {
		return errors.Join(err, fail.New(fail.NotFound, "", "%s is no folder", mount))
	}
	below := filepath.Join(".ostree", "repo")
	if c.IsSet("destination-repo") {
		below = c.String("destination-repo")
	}
	if !filepath.IsLocal(below) {
		return usage("--destination-repo: %q does not lie below %s", below, mount)
	}
	path := filepath.Join(mount, below)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	dest, err := ostree.OpenRepo(path)
	if errors.Is(err, ostree.ErrNotARepo) {
		dest, err = ostree.CreateRepo(path, ostree.ModeArchive) // which every file system can hold
	}
	if err != nil {
		return err
	}
	if c.Bool("disable-fsync") {
		dest.DisableSync()
	}
	o := pull.Options{Mirror: true, Refs: refs, Trusted: true, Progress: e.Progress(), Log: e.Log, Now: e.Now(), NoCache: true}
	report, err := pull.Run(c.Context, dest, &pull.Local{Repo: repo}, o)
	if err != nil {
		return err
	}
	if err := summarize(c.Context, dest, e.Now()); err != nil {
		return err
	}
	if err := linkRepo(mount, below); err != nil {
		return err
	}
	from, err := filepath.Abs(repo.Path())
	if err != nil {
		return err
	}
	return e.Render(usbView{newPullView(report, 0), fmt.Sprintf("Copied %d/%d refs successfully from ‘%s’ to ‘%s’ repository in ‘%s’.",
		len(refs), len(refs), from, below, mount)})
}

// usbView is a pull that is told in the original's words.
type usbView struct {
	pullView
	text string
}

// Table prints what ostree create-usb prints.
func (v usbView) Table(w io.Writer) { fmt.Fprintln(w, v.text) }

// usbRefs are what to copy, and where each stands in repo.
func usbRefs(c *cli.Context, repo *ostree.Repo) ([]pull.Ref, error) {
	wanted, err := collectionArgs(c.Args().Tail())
	if err != nil {
		return nil, err
	}
	pinned := c.String("commit")
	if pinned != "" && len(wanted) != 1 {
		return nil, usage("--commit is about one ref")
	}
	have, err := repo.CollectionRefs(c.Context)
	if err != nil {
		return nil, err
	}
	var refs []pull.Ref
	for _, ref := range wanted {
		at, ok := have[ref]
		if pinned != "" {
			if at, err = repo.Resolve(c.Context, pinned); err != nil {
				return nil, err
			}
		} else if !ok {
			return nil, fail.New(fail.NotFound, "list them with refs --collections", "ref %s is not in %s", ref, repo.Path())
		}
		refs = append(refs, pull.Ref{Collection: ref.Collection, Name: ref.Name, Commit: &at})
	}
	return refs, nil
}

// summarize writes the summary of a repo that was filled, and the indexes of its
// deltas.
func summarize(ctx context.Context, repo *ostree.Repo, now time.Time) error {
	if _, err := delta.Reindex(ctx, repo, nil); err != nil {
		return err
	}
	return summary.Update(ctx, repo, summary.Options{Now: now}, nil)
}

// linkRepo leads from .ostree/repos.d to a repo that lies elsewhere on the
// medium, unless a link does already.
func linkRepo(mount, below string) error {
	switch filepath.ToSlash(filepath.Clean(below)) {
	case ".ostree/repo", "ostree/repo":
		return nil
	}
	dir := filepath.Join(mount, ".ostree", "repos.d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	target := filepath.Join("..", "..", below)
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, d := range list {
		if to, err := os.Readlink(filepath.Join(dir, d.Name())); err == nil && to == target {
			return nil
		}
	}
	for n := range 100 {
		err := os.Symlink(target, filepath.Join(dir, fmt.Sprintf("%02d-generated", n)))
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return fail.New(fail.Conflict, "", "%s: there are 100 links already", strings.TrimSuffix(dir, "/"))
}
