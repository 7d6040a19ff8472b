package objects

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/api"
)

// postRef moves a ref. The commit has to be complete in the repo. Without
// x-ats-ostree-force the commit has to descend from what the ref names now.
// If-Match: "HEX" and If-None-Match: * make the move conditional.
func (s *Store) postRef(w http.ResponseWriter, r *http.Request) error {
	name, err := api.ParseRef(r.PathValue("ref"))
	if err != nil {
		return err
	}
	body, err := api.Body(w, r, limits.Ref)
	if err != nil {
		return err
	}
	commit, err := trimHex(body)
	if err != nil {
		return api.Refuse(http.StatusBadRequest, "bad_commit", "the body must be a commit: 64 hex digits")
	}
	api.AllowWork(w) // past the deadline the request's context would end, and with it the walk
	if err := s.Complete(r.Context(), commit); err != nil {
		return incomplete(err)
	}
	if err := s.moveRef(r, name, commit); err != nil {
		return err
	}
	s.summarize(r.Context())
	s.log.Info("ref moved", "ref", name, "commit", commit.String(), "by", api.IdentityOf(r.Context()).Subject)
	w.WriteHeader(http.StatusOK)
	return nil
}

func incomplete(err error) error {
	if e, ok := errors.AsType[*IncompleteError](err); ok {
		code := "commit_incomplete"
		if e.Missing.Sum == e.Commit && e.Missing.Type == ostree.TypeCommit {
			code = "commit_missing"
		}
		return api.Refuse(http.StatusPreconditionFailed, code, e.Error())
	}
	return corrupt(err)
}

func (s *Store) moveRef(r *http.Request, name string, commit ostree.Checksum) error {
	s.refs.Lock()
	defer s.refs.Unlock()
	old, err := s.repo.Ref(r.Context(), name)
	if err != nil && !errors.Is(err, ostree.ErrRefNotFound) {
		return err
	}
	there := err == nil
	if err := precondition(r.Header, old, there); err != nil {
		return err
	}
	if !there {
		if err := s.nameFree(r.Context(), name); err != nil {
			return err
		}
	}
	if there && old == commit {
		return nil
	}
	if there && r.Header.Get("x-ats-ostree-force") != "true" {
		if err := s.fastForward(r.Context(), old, commit); err != nil {
			return err
		}
	}
	err = s.repo.SetRef(r.Context(), name, commit, &old)
	if errors.Is(err, ostree.ErrRefMoved) {
		return moved()
	}
	return err
}

func moved() error {
	return api.Refuse(http.StatusPreconditionFailed, "ref_moved", "the ref is not where the request expects it: somebody else moved it")
}

// precondition checks If-Match and If-None-Match against what the ref names.
func precondition(h http.Header, old ostree.Checksum, there bool) error {
	if m := strings.TrimSpace(h.Get("If-Match")); m != "" {
		if !there || (m != "*" && m != `"`+old.String()+`"`) {
			return moved()
		}
	}
	if m := strings.TrimSpace(h.Get("If-None-Match")); m != "" {
		if there && (m == "*" || m == `"`+old.String()+`"`) {
			return moved()
		}
	}
	return nil
}

// nameFree refuses a ref that would be a folder of another, or the reverse.
func (s *Store) nameFree(ctx context.Context, name string) error {
	refs, err := s.repo.Refs(ctx)
	if err != nil {
		return err
	}
	for other := range refs {
		if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
			return api.Refuse(http.StatusConflict, "ref_name", "ref "+name+" cannot be next to ref "+other)
		}
	}
	return nil
}

// maxHistory is how far back a fast-forward is looked for.
const maxHistory = 1000

// fastForward holds that commit descends from old, as far as its ancestors are
// in the repo.
func (s *Store) fastForward(ctx context.Context, old, commit ostree.Checksum) error {
	for range maxHistory {
		c, err := ostree.LoadCommit(ctx, s.repo, commit)
		if _, gone := isMissing(err); gone {
			break
		}
		if err != nil {
			return corrupt(err)
		}
		if c.Parent == nil {
			break
		}
		if *c.Parent == old {
			return nil
		}
		commit = *c.Parent
	}
	return api.Refuse(http.StatusPreconditionFailed, "not_fast_forward",
		"Cannot force push: the commit does not descend from what the ref names")
}
