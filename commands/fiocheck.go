package commands

import (
	"context"

	"github.com/otactl/otactl/client/ostreehub"
)

// fiocheck is the mode in which this program is fiocheck.
func fiocheck(ctx context.Context, rt *runtime, args []string) int {
	const tool = "fiocheck"
	f := newFioCall(rt, tool)
	f.withVersion()
	repo := f.String("repo", ".", "the archive repo")
	factory := f.String("factory", "", "the factory")
	creds := f.String("creds", "", "credentials.zip or treehub.json")
	if code, ok := f.parse(args); !ok {
		return code
	}
	return rt.fioEnd(tool, rt.fioCheck(ctx, f, *repo, side{*factory, *creds}))
}

func (rt *runtime) fioCheck(ctx context.Context, f *fioCall, repo string, at side) error {
	contents, err := ostreehub.OpenContents(ctx, repo)
	if err != nil {
		return err
	}
	st, err := rt.fioStore(f, at, contents.Source())
	if err != nil {
		return err
	}
	rt.say("Checking if the repo %s is synced at %s, correlation ID: %s ...", repo, st.URL(), st.CorrelationID())
	r, err := contents.Check(ctx, st, func(path string) { rt.say("./%s", oneLine(path)) })
	if err != nil {
		return err
	}
	rt.say("Checked: %d", r.Checked)
	rt.say("Not synced %d files", r.Lacking)
	if r.Lacking > 0 {
		rt.say("Repo is not synced !!!")
		return codeError(fioFailed)
	}
	rt.say("Repo is synced")
	return nil
}
