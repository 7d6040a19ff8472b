package commands

import (
	"context"

	"github.com/otactl/otactl/client/ostreehub"
)

// fiopush is the mode in which this program is fiopush.
func fiopush(ctx context.Context, rt *runtime, args []string) int {
	const tool = "fiopush"
	f := newFioCall(rt, tool)
	f.withVersion()
	repo := f.String("repo", ".", "the archive repo")
	factory := f.String("factory", "", "the factory")
	creds := f.String("creds", "", "credentials.zip or treehub.json")
	summary := f.Bool("summary", false, "have the server make its summary anew afterwards")
	if code, ok := f.parse(args); !ok {
		return code
	}
	return rt.fioEnd(tool, rt.fioPush(ctx, f, *repo, side{*factory, *creds}, *summary))
}

func (rt *runtime) fioPush(ctx context.Context, f *fioCall, repo string, to side, summary bool) error {
	contents, err := ostreehub.OpenContents(ctx, repo)
	if err != nil {
		return err
	}
	st, err := rt.fioStore(f, to, contents.Source())
	if err != nil {
		return err
	}
	rt.say("Pushing %s to %s, correlation ID: %s ...", repo, st.URL(), st.CorrelationID())
	r, err := contents.Push(ctx, st, ostreehub.PushOptions{Progress: rt.progress(), Log: rt.log})
	if err != nil {
		return err
	}
	rt.sayPushed(st, r)
	if !summary {
		return nil
	}
	rt.say("Updating summary...")
	if err := st.UpdateSummary(ctx); err != nil {
		return err
	}
	rt.say("Summary has been successfully updated")
	return nil
}
