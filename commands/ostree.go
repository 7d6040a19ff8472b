package commands

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// systemRepo is the repo of a running OSTree system.
const systemRepo = "/sysroot/ostree/repo"

// ostreeCommand is the engine by hand. Names of verbs and flags, and what they
// print, are those of the ostree program where scripts depend on them.
func ostreeCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "ostree",
		Usage: "work on OSTree repos by hand",
		Description: "Commits, checks and copies what the ostree program does, in the same repos and with the same\n" +
			"names of verbs and flags, without it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "repo", Usage: "`DIR` of the repo (default: OSTREE_REPO, the current folder, or " + systemRepo + ")"},
		},
		Subcommands: []*cli.Command{
			ostreeInitCommand(rt), ostreeCommitCommand(rt), ostreeRevParseCommand(rt), ostreeRefsCommand(rt),
			ostreeLsCommand(rt), ostreeCheckoutCommand(rt), ostreePullLocalCommand(rt), ostreeFsckCommand(rt),
		},
	}
}

// repoPath is where the repo is, given or guessed.
func (rt *runtime) repoPath(c *cli.Context) string {
	if p := first(c.String("repo"), rt.env("OSTREE_REPO")); p != "" {
		return p
	}
	if _, err := os.Stat("objects"); err == nil {
		return "."
	}
	return systemRepo
}

// openRepo opens the repo that the command works on.
func (rt *runtime) openRepo(c *cli.Context) (*ostree.Repo, error) {
	return openRepoAt(rt.repoPath(c))
}

func openRepoAt(path string) (*ostree.Repo, error) {
	repo, err := ostree.OpenRepo(path)
	if errors.Is(err, ostree.ErrNotARepo) || errors.Is(err, os.ErrNotExist) {
		return nil, fail.As(err, fail.NotFound, "name the repo with --repo, or make one with otactl ostree init")
	}
	return repo, err
}

// aboutRepo gives errors of the engine the class and the hint that they lack.
func aboutRepo(err error) error {
	if err == nil || fail.HintOf(err) != "" {
		return err
	}
	_, corrupt := errors.AsType[*ostree.CorruptError](err)
	_, missing := errors.AsType[*ostree.MissingError](err)
	switch {
	case corrupt, missing:
		return fail.As(err, fail.Verification, "find all damage with otactl ostree fsck --all; fetch the commit again from where it came")
	case errors.Is(err, ostree.ErrRefNotFound):
		return fail.As(err, fail.NotFound, "list what there is with otactl ostree refs")
	case errors.Is(err, ostree.ErrNoPath):
		return fail.As(err, fail.NotFound, "list what there is with otactl ostree ls")
	case errors.Is(err, ostree.ErrRefMoved):
		return fail.As(err, fail.Conflict, "run it again on top of the new commit")
	case errors.Is(err, ostree.ErrExists):
		return fail.As(err, fail.Conflict, "")
	case errors.Is(err, ostree.ErrNotBound):
		return fail.As(err, fail.Verification, "pull the commit by its checksum, or give --disable-verify-bindings")
	}
	return err
}

// onRepo makes an action out of what works on an open repo.
func (rt *runtime) onRepo(do func(c *cli.Context, repo *ostree.Repo) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		repo, err := rt.openRepo(c)
		if err != nil {
			return err
		}
		return aboutRepo(do(c, repo))
	}
}

func ostreeInitCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "make a new repo",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "mode", Usage: "store objects as `archive|archive-z2|bare`", Value: "bare"},
		},
		Action: func(c *cli.Context) error {
			path := first(c.String("repo"), rt.env("OSTREE_REPO"), ".")
			mode := ostree.Mode(strings.TrimSuffix(c.String("mode"), "-z2"))
			if err := os.MkdirAll(filepath.Clean(path), 0o777); err != nil {
				return err
			}
			_, err := ostree.CreateRepo(path, mode)
			return aboutRepo(err)
		},
	}
}

// keyValue takes KEY=VALUE apart.
func keyValue(flag, s string) (key, value string, err error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok || key == "" {
		return "", "", fail.As(fmt.Errorf("flag --%s: %q is not KEY=VALUE", flag, s), fail.Usage, "")
	}
	return key, value, nil
}

// shownName makes a name out of a repo safe for a terminal. With
// --nul-filenames-only and in JSON it comes as it is.
func shownName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, name)
}
