package offline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// ArtifactBackend is a Backend with a CI that keeps as tars what it built. A tar
// that is not there is of class NotFound.
type ArtifactBackend interface {
	// RepoArtifact is the OSTree repo with the commit of a target.
	RepoArtifact(ctx context.Context, of ArtifactOf) (Artifact, error)
	// AppsArtifact are the apps of a target, as blobs.
	AppsArtifact(ctx context.Context, of ArtifactOf) (Artifact, error)
}

// ArtifactOf says of what an artifact is wanted.
type ArtifactOf struct {
	Target string
	Custom tuf.Custom
	// Production says that the target comes from production targets or from a
	// wave, where its tags are not those that it was built with.
	Production bool
}

// Artifact is a tar that somebody keeps. Nothing in it is believed.
type Artifact interface {
	// URL is where it is, for messages.
	URL() string
	// Size is its length as it is kept, -1 if that is not known.
	Size() int64
	// Files fetches it, anew each time, and calls fn for each plain file in its
	// order. Names are clean and relative, and each comes once. Until Files has
	// returned nil the tar may turn out to be cut off.
	Files(ctx context.Context, sink progress.Sink, fn func(name string, size int64, content io.Reader) error) error
}

// artifactOf is what an artifact of the target being built is asked for with.
func (b *builder) artifactOf() (ArtifactOf, error) {
	_, custom, err := b.meta.target(b.opt.Target)
	return ArtifactOf{Target: b.opt.Target, Custom: custom, Production: b.meta.bundle.Type != typeCI}, err
}

// orArtifact is for a source that lacks the commit, or to which we have no
// access: the CI's tar takes its place. Without one, why stays the answer.
func (b *builder) orArtifact(ctx context.Context, why error) error {
	ci, ok := b.backend.(ArtifactBackend)
	if !ok || b.opt.RepoSource != nil || !instead(why) {
		return why
	}
	of, err := b.artifactOf()
	if err != nil {
		return err
	}
	a, err := ci.RepoArtifact(ctx, of)
	if fail.ClassOf(err) == fail.NotFound {
		return fmt.Errorf("%w; nor is there an artifact of the CI: %w", why, err)
	}
	if err != nil {
		return fmt.Errorf("%w; and of the CI: %w", why, err)
	}
	b.opt.Log.Info("the objects come from an artifact of the CI", "url", a.URL(), "because", why)
	b.repoTar, b.source = a, nothing{} // until it is unpacked
	b.report.Artifact, b.report.ArtifactSize = a.URL(), a.Size()
	return nil
}

// planRepoTar counts the tar of the repo for as long as it is.
func (b *builder) planRepoTar(ctx context.Context) error {
	others, err := b.othersObjects(ctx)
	if err != nil {
		return err
	}
	return b.planTar(b.repoTar.Size(), dirRepo+"/objects", func(name string) bool {
		id, err := ostree.ParseArchivePath(strings.TrimPrefix(name, dirRepo+"/"))
		return err != nil || others[id]
	})
}

// planTar counts a tar of size bytes, whose content goes into dir. What a run has
// left there that was cut off while it unpacked is not written again: that is all
// but the files that other targets need. It is a plan: whether they are good is
// seen later, and what is bad goes before it is replaced.
func (b *builder) planTar(size int64, dir string, others func(name string) bool) error {
	if b.folder != nil {
		err := walk(b.folder, dir, func(name string, n int64) error {
			if !others(name) {
				size -= n
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	size = max(0, size)
	b.wants(size, size)
	return nil
}

// othersObjects are those of the bundle's other targets, as far as their
// directories can be read.
func (b *builder) othersObjects(ctx context.Context) (map[ostree.ObjectID]bool, error) {
	ids := map[ostree.ObjectID]bool{}
	others, err := b.otherCommits()
	if err != nil || len(others) == 0 {
		return ids, err
	}
	repo, err := openArchive(ctx, b.folder, dirRepo)
	if err != nil {
		return nil, err
	}
	for _, commit := range others {
		_ = ostree.Closure(ctx, repo, commit, func(id ostree.ObjectID) error {
			ids[id] = true
			return nil
		})
	}
	return ids, ctx.Err()
}

// instead says whether an artifact may take the place of a source that failed
// like this: not where nothing can be reached, or somebody lies.
func instead(why error) bool {
	switch fail.ClassOf(why) {
	case fail.NotFound, fail.Auth, fail.Unsupported:
		return true
	}
	_, missing := errors.AsType[*ostree.MissingError](why)
	return missing
}

// appsArtifactSize finds out how long the CI's tar with the target's apps is, -1
// if that is not known. ok is false where there is no CI.
func (b *builder) appsArtifactSize(ctx context.Context) (size int64, ok bool, err error) {
	ci, ok := b.backend.(ArtifactBackend)
	if !ok {
		return 0, false, nil
	}
	of, err := b.artifactOf()
	if err != nil {
		return 0, false, err
	}
	if b.appsTar, err = ci.AppsArtifact(ctx, of); err != nil {
		return 0, false, err
	}
	return b.appsTar.Size(), true, nil
}

// blobWriter keeps blobs that are what their digest says.
type blobWriter interface {
	PutBlob(ctx context.Context, digest string, size int64, r io.Reader) error
}

// appsArtifact puts the blobs of the tar that appsArtifactSize found into w. All
// else in the tar is made of them, and is not taken over.
func (b *builder) appsArtifact(ctx context.Context, w blobWriter) (ok bool, err error) {
	if b.appsTar == nil {
		return false, nil
	}
	return true, b.appsTar.Files(ctx, b.opt.Progress, func(name string, size int64, content io.Reader) error {
		hex, blob := strings.CutPrefix(name, "blobs/sha256/")
		if !blob {
			return nil
		}
		if _, err := ostree.ParseChecksum(hex); err != nil {
			return fail.New(fail.Verification, "have the artifact built again", "member %.200q: not the name of a blob", name)
		}
		return w.PutBlob(ctx, "sha256:"+hex, size, content)
	})
}

// stays says what an artifact that was of no use has left: n objects or blobs
// that are what they claim to be, of which the next run may need some.
func (b *builder) stays(err error, n int, what string) error {
	if n == 0 || mediumFailed(err) {
		return err
	}
	rid := "otactl targets offline-update prune removes what no target needs"
	if b.old.bundle == nil {
		rid = "delete the folder if there will be none"
	}
	return fmt.Errorf("%w; %d %s out of it are good and stay for the next run: %s", err, n, what, rid)
}
