package commands

import (
	"context"
	"errors"
	"os"

	"github.com/otactl/otactl/client/ostreehub"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// fiosync is the mode in which this program is fiosync.
func fiosync(ctx context.Context, rt *runtime, args []string) int {
	const tool = "fiosync"
	f := newFioCall(rt, tool)
	srcFactory := f.String("src-factory", "", "the factory to take the commit from")
	srcCreds := f.String("src-creds", "", "its credentials.zip or treehub.json")
	dstFactory := f.String("dst-factory", "", "the factory to bring the commit to")
	dstCreds := f.String("dst-creds", "", "its credentials.zip or treehub.json")
	dir := f.String("repo-dir", "", "archive repo to keep the commit in (default: a folder that is removed afterwards)")
	commit := f.String("commit", "", "the commit")
	if code, ok := f.parse(args); !ok {
		return code
	}
	return rt.fioEnd(tool, rt.fioSync(ctx, f, side{*srcFactory, *srcCreds}, side{*dstFactory, *dstCreds}, *dir, *commit))
}

func (rt *runtime) fioSync(ctx context.Context, f *fioCall, from, to side, dir, commit string) (err error) {
	c, err := ostree.ParseChecksum(commit)
	if err != nil {
		return fail.New(fail.Usage, "", "-commit: %w", err)
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "fiosync-*"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if err := rt.fioFetch(ctx, f, from, dir, c); err != nil {
		return err
	}
	contents, err := ostreehub.OpenCommit(dir, c)
	if err != nil {
		return err
	}
	st, err := rt.fioStore(f, to, contents.Source())
	if err != nil {
		return err
	}
	rt.say("Pushing %s to %s, correlation ID: %s ...", dir, st.URL(), st.CorrelationID())
	r, err := contents.Push(ctx, st, ostreehub.PushOptions{Progress: rt.progress(), Log: rt.log})
	if err != nil {
		return err
	}
	rt.sayPushed(st, r)
	return nil
}

// fioFetch brings the commit from where the ostreehub has it downloaded to an
// archive repo on this machine.
func (rt *runtime) fioFetch(ctx context.Context, f *fioCall, from side, dir string, c ostree.Checksum) error {
	repo, err := ostree.OpenRepo(dir)
	if errors.Is(err, ostree.ErrNotARepo) {
		repo, err = ostree.CreateRepo(dir, ostree.ModeArchive)
	}
	if err != nil {
		return err
	}
	st, err := rt.fioStore(f, from, nil)
	if err != nil {
		return err
	}
	rt.say("pulling %s from %s...", c, st.URL())
	src, err := st.Download(ctx)
	if err != nil {
		return err
	}
	_, err = ostree.Copy(ctx, repo, src, c, ostree.CopyOptions{Progress: rt.progress(), Log: rt.log})
	return err
}
