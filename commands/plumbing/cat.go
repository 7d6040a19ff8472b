package plumbing

import (
	"io"
	"path"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

func catCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "cat",
		Usage:     "print files of a commit",
		ArgsUsage: "COMMIT PATH...",
		Description: "Writes the content of each PATH to standard output as it is, whatever --output says. A file is verified\n" +
			"before its first byte is written.",
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			commit, err := repo.Resolve(c.Context, c.Args().First())
			if err != nil {
				return err
			}
			for _, path := range c.Args().Tail() {
				if err := e.catFile(c, repo, commit, path); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// catFile copies one file to standard output, read twice so that nothing of a
// file that is corrupt is written.
func (e *Env) catFile(c *cli.Context, repo *ostree.Repo, commit ostree.Checksum, name string) error {
	at, err := followed(c, repo, commit, name)
	if err != nil {
		return err
	}
	obj, err := repo.Object(c.Context, ostree.ObjectID{Sum: at.Sum, Type: ostree.TypeFile})
	if err != nil {
		return err
	}
	if err := ostree.VerifyObject(c.Context, obj); err != nil {
		return err
	}
	_, content, err := obj.OpenFile(c.Context)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(e.Stdout, content)
	return err
}

// maxLinks is how many symlinks may lead to a file, as in Linux.
const maxLinks = 40

// followed finds the file that a path leads to, through symlinks as its last
// component: /etc/os-release is one. They stay in the tree of the commit.
func followed(c *cli.Context, repo *ostree.Repo, commit ostree.Checksum, name string) (*ostree.Entry, error) {
	for range maxLinks {
		at, err := ostree.Lookup(c.Context, repo, commit, name)
		if err != nil {
			return nil, err
		}
		if at.IsDir() {
			return nil, usage("%s is a directory", at.Path)
		}
		h, err := ostree.Stat(c.Context, repo, at)
		if err != nil || !h.IsSymlink() {
			return at, err
		}
		if name = h.Target; !path.IsAbs(name) {
			name = path.Join(path.Dir(at.Path), name)
		}
	}
	return nil, fail.New(fail.NotFound, "", "%s: too many symlinks", name)
}
