package summary

import (
	"context"
	"fmt"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// MetadataRef is the ref under which a repo that has a collection id keeps the
// metadata of its summary, so that mirrors can pass it on, signed like any
// other commit.
const MetadataRef = "ostree-metadata"

// CommitMetadata makes a commit of metadata, with an empty tree, on
// MetadataRef. stored is called before the ref moves, to sign it.
func CommitMetadata(ctx context.Context, repo *ostree.Repo, metadata []variant.Entry, now time.Time, stored func(context.Context, ostree.Checksum) error) error {
	release, err := repo.Hold(ctx) // until the ref names the tree, a prune would take it away
	if err != nil {
		return fmt.Errorf("%s: %w", MetadataRef, err)
	}
	defer release()
	tree, meta, err := emptyTree(ctx, repo)
	if err != nil {
		return fmt.Errorf("%s: %w", MetadataRef, err)
	}
	_, _, err = ostree.WriteCommit(ctx, repo, tree, meta, ostree.CommitOptions{
		Branch: MetadataRef,
		Time:   now,
		Metadata: append([]variant.Entry{
			{Key: ostree.KeyRefBinding, Value: variant.Texts(MetadataRef)},
			{Key: ostree.KeyCollectionBinding, Value: variant.Text(repo.CollectionID())},
		}, metadata...),
		NoBindings: true, // they are there already, and first
		BeforeRef:  stored,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", MetadataRef, err)
	}
	return nil
}

// emptyTree stores a directory without anything in it, of root, mode 0755.
func emptyTree(ctx context.Context, repo *ostree.Repo) (tree, meta ostree.Checksum, err error) {
	list, err := (&ostree.DirTree{}).Marshal()
	if err != nil {
		return tree, meta, err
	}
	root, err := (&ostree.DirMeta{Mode: 0o40755}).Marshal()
	if err != nil {
		return tree, meta, err
	}
	session, err := repo.Begin(ctx)
	if err != nil {
		return tree, meta, err
	}
	defer session.Abort()
	t, m := ostree.NewMetadata(ostree.TypeDirTree, list), ostree.NewMetadata(ostree.TypeDirMeta, root)
	for _, obj := range []ostree.Object{m, t} {
		if err := session.Put(ctx, obj); err != nil {
			return tree, meta, err
		}
	}
	return t.ID().Sum, m.ID().Sum, session.Close(ctx)
}
