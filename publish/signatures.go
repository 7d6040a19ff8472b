package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/variant"
)

// signCommits has the Signers sign the commits here, or in a dry run counts what
// they would have to.
func (r *run) signCommits(ctx context.Context) error {
	if len(r.Signers) == 0 {
		return nil
	}
	s := signing{r.Repo, r.Remote, r.Signers}
	for _, c := range r.plan.commits() {
		add := s.here
		if r.DryRun {
			add = s.missing
		}
		n, err := add(ctx, c)
		r.report.Signatures += n
		if err != nil {
			return err
		}
	}
	return nil
}

// deliverSignatures sees that the remote has them too.
func (r *run) deliverSignatures(ctx context.Context) error {
	if len(r.Signers) == 0 || r.DryRun {
		return nil
	}
	s := signing{r.Repo, r.Remote, r.Signers}
	for _, c := range r.plan.commits() {
		sent, err := s.deliver(ctx, c)
		if err != nil {
			return err
		}
		if sent {
			r.report.Delivered++
		}
	}
	return nil
}

// signing adds signatures to commits: first in the local repo, so that they
// travel with the commit, then in the store, where the commit may be since long.
type signing struct {
	repo    *ostree.Repo
	remote  Remote
	signers []sign.Signer
}

// here signs commit c in the local repo, and says how many did that had not.
// Signatures that the store has and the repo lacks are taken over before, so
// that none gets lost when the store's detached metadata is replaced.
func (s signing) here(ctx context.Context, c ostree.Checksum) (added int, err error) {
	theirs, err := s.there(ctx, c)
	if err != nil {
		return 0, err
	}
	if err := s.adopt(ctx, c, theirs); err != nil {
		return 0, err
	}
	added, err = sign.EnsureCommit(ctx, s.repo, c, s.signers)
	if err != nil {
		return added, fmt.Errorf("sign: %w", explain(err, s.repo))
	}
	return added, nil
}

// missing is how many of the signers have not signed commit c.
func (s signing) missing(ctx context.Context, c ostree.Checksum) (int, error) {
	data, err := sign.CommitData(ctx, s.repo, c)
	if err != nil {
		return 0, explain(err, s.repo)
	}
	detached, err := ostree.ReadDetached(ctx, s.repo, c)
	n := 0
	for _, signer := range s.signers {
		if err == nil && !sign.SignedBy(detached, data, signer) {
			n++
		}
	}
	return n, err
}

// there is the store's detached metadata of a commit.
func (s signing) there(ctx context.Context, c ostree.Checksum) (variant.Value, error) {
	detached, err := ostree.ReadDetached(ctx, s.remote, c)
	if err != nil {
		return detached, fmt.Errorf("signatures at %s: %w", s.remote.URL(), err)
	}
	return detached, nil
}

// adopt adds to the local repo what theirs has more.
func (s signing) adopt(ctx context.Context, c ostree.Checksum, theirs variant.Value) error {
	unlock, err := s.repo.LockDetached(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	mine, err := ostree.ReadDetached(ctx, s.repo, c)
	if err != nil {
		return explain(err, s.repo)
	}
	if sign.Contains(mine, theirs) {
		return nil
	}
	if mine, err = sign.Merge(mine, theirs); err != nil {
		return fmt.Errorf("signatures of commit %s at %s: %w", c, s.remote.URL(), err)
	}
	return s.repo.WriteDetached(ctx, c, mine)
}

// deliveries is how often signatures are sent: once, and again for each of
// those who sign the same commit meanwhile.
const deliveries = 4

// deliver sees that the store has all signatures that the repo has, and fails
// where it does not take them: devices that ask for one would refuse the
// commit. It is called once the commit is there, before a ref moves.
func (s signing) deliver(ctx context.Context, c ostree.Checksum) (sent bool, err error) {
	for range deliveries {
		mine, err := ostree.ReadDetached(ctx, s.repo, c)
		if err != nil {
			return sent, explain(err, s.repo)
		}
		theirs, err := s.there(ctx, c)
		if err != nil || sign.Contains(theirs, mine) {
			return sent, err
		}
		if err := s.adopt(ctx, c, theirs); err != nil {
			return sent, err
		}
		if err := s.send(ctx, c); err != nil {
			return sent, err
		}
		sent = true
	}
	return false, fail.New(fail.Unsupported, "a treehub takes signatures only along with a new commit: sign before the first publish, or commit again",
		"%s keeps the signatures of commit %s as they are", s.remote.URL(), c)
}

// send puts the local repo's detached metadata into the store.
func (s signing) send(ctx context.Context, c ostree.Checksum) error {
	mine, err := ostree.ReadDetached(ctx, s.repo, c)
	if err != nil {
		return explain(err, s.repo)
	}
	session, err := s.remote.Begin(ctx)
	if err != nil {
		return err
	}
	defer session.Abort()
	id := ostree.ObjectID{Sum: c, Type: ostree.TypeCommitMeta}
	err = session.Put(ctx, ostree.NewNamedMetadata(id, mine.Data()))
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // deliver says so
	}
	if err == nil {
		err = session.Close(ctx)
	}
	if err != nil {
		return fmt.Errorf("send signatures of commit %s: %w", c, err)
	}
	return nil
}
