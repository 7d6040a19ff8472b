package factory

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/server/objects"
	"github.com/otactl/otactl/tuf"
)

// tagTargets gives targets other tags. A checksum in x-ats-role-checksum says
// what the change was made from, as for all changes; here it may be left out.
func (a *API) tagTargets(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r, limits.ConfigFile)
	if err != nil {
		return err
	}
	tags, err := parseTags(body)
	if err != nil {
		return err
	}
	out, err := a.Author.TagTargets(r.Context(), base(r), tags)
	return a.changed(w, r, "targets tagged", out, err)
}

// pruneTargets takes targets out. Their commits stay in the repo.
func (a *API) pruneTargets(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r, limits.Targets)
	if err != nil {
		return err
	}
	names, err := parseNames(body)
	if err != nil {
		return err
	}
	out, err := a.Author.RemoveTargets(r.Context(), base(r), names)
	return a.changed(w, r, "targets pruned", out, err)
}

// replaceTargets makes the targets those of the body, all of them.
func (a *API) replaceTargets(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r, limits.Targets)
	if err != nil {
		return err
	}
	next, _, err := parseMap(body)
	if err != nil {
		return err
	}
	if err := a.checkChanges(w, r, next); err != nil {
		return err
	}
	out, err := a.Author.Replace(r.Context(), base(r), next)
	return a.changed(w, r, "targets edited", out, err)
}

// putTargets takes a targets.json that was signed elsewhere: 204 with its
// checksum, as garage-sign expects it.
func (a *API) putTargets(w http.ResponseWriter, r *http.Request) error {
	api.AllowTime(w, r.ContentLength)
	file, err := api.Body(w, r, limits.Targets)
	if err != nil {
		return err
	}
	next, err := tuf.DraftTargets(file)
	if err != nil {
		return refusal(err)
	}
	if err := a.checkChanges(w, r, next); err != nil {
		return err
	}
	out, err := a.Author.Accept(r.Context(), base(r), file)
	if err != nil {
		return refusal(err)
	}
	a.logChange(r, "targets.json that was signed elsewhere taken", out)
	w.Header().Set(roleChecksum, out.Checksum)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// base is which targets.json a request was made from, or "".
func base(r *http.Request) string { return r.Header.Get(roleChecksum) }

func (a *API) changed(w http.ResponseWriter, r *http.Request, what string, out metadata.Change, err error) error {
	if err != nil {
		return refusal(err)
	}
	if out.Changed {
		a.logChange(r, what, out)
	}
	answer(w, http.StatusOK, out)
	return nil
}

func (a *API) logChange(r *http.Request, what string, out metadata.Change) {
	a.Log.Info(what, "version", out.Version, "by", api.IdentityOf(r.Context()).Subject)
}

// checkChanges holds what is new or other in next to what devices and the repo
// need. What stays as it is was checked when it came. A change of what it is
// compared with, made meanwhile by somebody else, is for the author to find.
func (a *API) checkChanges(w http.ResponseWriter, r *http.Request, next *tuf.TargetsDraft) error {
	have, sum, err := a.Author.Targets(r.Context())
	if err != nil {
		return err
	}
	switch b := base(r); b {
	case sum:
	case "":
		return refusal(metadata.ErrNoBase)
	default:
		return refusal(metadata.ErrMoved)
	}
	var added []string
	for _, name := range next.Names() {
		old := have.Entry(name)
		if bytes.Equal(old, next.Entry(name)) {
			continue
		}
		t, err := next.Target(name)
		if err != nil {
			return refusal(err)
		}
		if err := checkTarget(name, t); err != nil {
			return err
		}
		if old == nil {
			added = append(added, name)
		}
	}
	api.AllowWork(w)
	return a.checkCommits(r.Context(), next, added)
}

// checkCommits holds that the commits of targets, by name, are whole in the
// repo.
func (a *API) checkCommits(ctx context.Context, targets *tuf.TargetsDraft, names []string) error {
	for _, name := range names {
		t, err := targets.Target(name)
		if err != nil {
			return refusal(err)
		}
		commit, err := ostree.ParseChecksum(t.Commit())
		if err != nil {
			return bad("target %s: %v", name, err)
		}
		err = a.Repo.Complete(ctx, commit)
		if e, ok := errors.AsType[*objects.IncompleteError](err); ok {
			return api.Refuse(http.StatusPreconditionFailed, "commit_incomplete",
				"target "+name+": "+e.Error()+": push the commit first")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
