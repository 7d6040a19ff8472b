package pull

import (
	"context"
	"errors"
	"io/fs"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/keyfile"
)

// remoteConfig is what the remote says of how it keeps its objects. Where the
// summary does not say it, it comes from the remote's config file, which is
// asked for while something else is under way.
type remoteConfig struct {
	done chan struct{}
	err  error
}

// readConfig begins to find out.
func (r *run) readConfig(ctx context.Context) *remoteConfig {
	c := &remoteConfig{done: make(chan struct{})}
	switch {
	case r.local != nil:
		// The engine reads repos of all modes.
	case r.sum != nil && r.sum.Mode != "":
		c.err = r.checkMode(r.sum.Mode)
	case r.allHere():
		// Nothing is fetched that could be kept in another way.
	default:
		go func() {
			defer close(c.done)
			c.err = r.fetchConfig(ctx)
		}()
		return c
	}
	close(c.done)
	return c
}

func (r *run) allHere() bool {
	for _, t := range r.targets {
		if !t.whole {
			return false
		}
	}
	return r.opt.Depth == 0
}

// leave ends the question, which a pull that ends early never wanted answered:
// nothing of it goes on behind the caller's back.
func (c *remoteConfig) leave(stop func()) {
	stop()
	<-c.done
}

func (c *remoteConfig) check(ctx context.Context) error {
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *run) checkMode(mode ostree.Mode) error {
	if mode == ostree.ModeArchive {
		return nil
	}
	return fail.New(fail.Unsupported, "pull from a repo of mode archive; one on this machine may be of any mode",
		"%s is a repo of mode %s, which cannot be pulled over a network", r.remote.URL(), mode)
}

func (r *run) fetchConfig(ctx context.Context) error {
	data, _, err := r.remote.File(ctx, "config", limits.RepoConfig, ostree.FileVersion{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // then it is taken to be like all that are served
	}
	if err != nil {
		return err
	}
	f, err := keyfile.Parse(data)
	if err != nil {
		return fail.New(fail.Verification, "check that the URL is that of an OSTree repository", "config of %s: %w", r.remote.URL(), err)
	}
	mode, ok := f.Get("core", "mode")
	if !ok {
		mode = string(ostree.ModeBare)
	}
	if mode == "archive-z2" {
		mode = string(ostree.ModeArchive)
	}
	return r.checkMode(ostree.Mode(mode))
}
