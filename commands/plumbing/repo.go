package plumbing

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// onRepo makes an action out of what works on an open repo.
func (e *Env) onRepo(do func(c *cli.Context, repo *ostree.Repo) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		repo, err := e.openRepo(c)
		if err == nil {
			err = checkCacheDir(c)
		}
		if err != nil {
			return err
		}
		return e.about(do(c, repo))
	}
}

// checkCacheDir refuses a --cache-dir that is not there: none is made where a
// name was mistyped.
func checkCacheDir(c *cli.Context) error {
	if !c.IsSet("cache-dir") {
		return nil
	}
	dir := c.String("cache-dir")
	st, err := os.Stat(dir)
	switch {
	case err != nil:
		return fail.As(fmt.Errorf("cache %q: %w", dir, err), fail.NotFound, "make the folder first")
	case !st.IsDir():
		return fail.New(fail.Usage, "name a folder", "cache %q: not a directory", dir)
	}
	return nil
}

// openRepo opens the repo that the verb works on.
func (e *Env) openRepo(c *cli.Context) (*ostree.Repo, error) { return e.openRepoAt(e.repoPath(c)) }

// openRepoAt opens another one.
func (e *Env) openRepoAt(path string) (*ostree.Repo, error) {
	repo, err := ostree.OpenRepo(path)
	if errors.Is(err, ostree.ErrNotARepo) || errors.Is(err, os.ErrNotExist) {
		return nil, fail.As(err, fail.NotFound, "name the repo with --repo, or make one with "+e.Program+" init")
	}
	if err != nil {
		return nil, err
	}
	// As the original does, where it may: temporary files go there.
	_ = os.Mkdir(filepath.Join(path, "tmp"), 0o775)
	addSystemRemotes(repo)
	repo.SetBootID(e.Getenv("OSTREE_BOOTID"))
	return repo, nil
}

// addSystemRemotes lets the repo of the running system, also where it is the
// parent of another, find its remotes in /etc too, and puts new ones there
// unless its config says otherwise.
func addSystemRemotes(repo *ostree.Repo) {
	for at := repo; at != nil; at = at.Parent() {
		if isSystemRepo(at.Path()) {
			at.SetRemotesDir("/etc/ostree/remotes.d", at.Keyfile().Bool("core", "add-remotes-config-dir", true))
		}
	}
}

func isSystemRepo(path string) bool {
	a, err := os.Stat(path)
	return err == nil && slices.ContainsFunc([]string{"/ostree/repo", systemRepo}, func(system string) bool {
		b, err := os.Stat(system)
		return err == nil && os.SameFile(a, b)
	})
}

// repoPath is where the repo is, given or guessed.
func (e *Env) repoPath(c *cli.Context) string {
	if root := c.String("sysroot"); root != "" { // some verbs have it; it overrides --repo
		return filepath.Join(root, "ostree", "repo")
	}
	if p := cmp.Or(c.String("repo"), e.Getenv("OSTREE_REPO")); p != "" {
		return p
	}
	if _, err := os.Stat("objects"); err == nil {
		return "."
	}
	return systemRepo
}
