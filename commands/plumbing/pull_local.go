package plumbing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
)

func pullLocalCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:        "pull-local",
		Usage:       "copy commits from another repo on this machine",
		ArgsUsage:   "SRC [REV...]",
		Description: "Copies the refs or checksums named, or all refs. Every object is verified on its way; refs move last.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "remote", Usage: "write refs as `REMOTE`:REF"},
			&cli.IntFlag{Name: "depth", Usage: "copy `N` parents too; -1 is all there are"},
			&cli.BoolFlag{Name: "disable-verify-bindings", Usage: "take a commit that was made for other refs"},
			&cli.BoolFlag{Name: "untrusted", Usage: "verify what is read, which is always done", Hidden: true},
		},
		Action: e.onRepo(e.pullLocal),
	}
}

// localPull is one run of pull-local.
type localPull struct {
	dst, src *ostree.Repo
	opt      ostree.CopyOptions
	depth    int
	total    pullView
}

type pullView struct {
	Metadata int   `json:"metadata"` // objects copied
	Content  int   `json:"content"`
	Bytes    int64 `json:"bytes"` // of them, as the source stores them
}

// Table prints what ostree pull-local prints.
func (v pullView) Table(w io.Writer) {
	fmt.Fprintf(w, "%d metadata, %d content objects imported; %d bytes content written\n", v.Metadata, v.Content, v.Bytes)
}

func (e *Env) pullLocal(c *cli.Context, dst *ostree.Repo) error {
	src, err := e.openRepoAt(c.Args().First())
	if err != nil {
		return err
	}
	revs := c.Args().Tail()
	verify := len(revs) > 0 && !c.Bool("disable-verify-bindings")
	if len(revs) == 0 {
		if revs, err = allRefs(c.Context, src, c.String("remote")); err != nil {
			return err
		}
	}
	hold, err := dst.Begin(c.Context) // no ref names what is copied yet: keep a prune away
	if err != nil {
		return err
	}
	defer hold.Abort()
	p := &localPull{dst: dst, src: src, depth: c.Int("depth"), opt: ostree.CopyOptions{Progress: e.Progress(), Log: e.Log}}
	for _, rev := range revs {
		if err := p.pull(c.Context, rev, c.String("remote"), verify); err != nil {
			return err
		}
	}
	return e.Render(p.total)
}

// allRefs are the refs of repo; those that it has from remotes cannot be given
// to another remote and are left out then.
func allRefs(ctx context.Context, repo *ostree.Repo, remote string) ([]string, error) {
	refs, err := repo.Refs(ctx)
	if remote != "" {
		maps.DeleteFunc(refs, func(name string, _ ostree.Checksum) bool { return strings.Contains(name, ":") })
	}
	return slices.Sorted(maps.Keys(refs)), err
}

// pull copies one rev and moves the ref, if it is one.
func (p *localPull) pull(ctx context.Context, rev, remote string, verify bool) error {
	tip, err := p.src.Ref(ctx, rev)
	isRef := err == nil
	if !isRef {
		var bad error
		if tip, bad = ostree.ParseChecksum(rev); bad != nil {
			return err
		}
	}
	name := rev
	if remote != "" {
		name = remote + ":" + rev
	}
	if isRef {
		if err := ostree.CheckRef(name); err != nil {
			return err
		}
	}
	commit, err := ostree.LoadCommit(ctx, p.src, tip)
	if err != nil {
		return err
	}
	if isRef && verify {
		if err := commit.CheckBinding(rev); err != nil {
			return fmt.Errorf("commit %s: %w", tip, err)
		}
	}
	if err := p.history(ctx, tip, commit); err != nil {
		return err
	}
	if !isRef {
		return nil
	}
	return p.dst.SetRef(ctx, name, tip, nil)
}

// history copies a commit and as many parents as asked for. A parent that the
// source does not have ends it.
func (p *localPull) history(ctx context.Context, at ostree.Checksum, commit *ostree.Commit) error {
	for left := p.depth; ; left-- {
		report, err := ostree.Copy(ctx, p.dst, p.src, at, p.opt)
		if err != nil {
			return err
		}
		p.total.Metadata += report.Metadata
		p.total.Content += report.Copied - report.Metadata
		p.total.Bytes += report.Bytes
		if left == 0 || commit.Parent == nil {
			return nil
		}
		at = *commit.Parent
		commit, err = ostree.LoadCommit(ctx, p.src, at)
		if _, missing := errors.AsType[*ostree.MissingError](err); missing {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
