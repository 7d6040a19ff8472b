package ostree

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otactl/otactl/ostree/variant"
)

// Keys of a commit's metadata.
const (
	KeyVersion    = "version"            // s
	KeyRefBinding = "ostree.ref-binding" // as, sorted
)

// CommitOptions are what a commit says besides its tree.
type CommitOptions struct {
	// Branch is the ref to move; "" makes an orphan.
	Branch string
	// Parent is the commit before; when nil it is what Branch points at,
	// unless NoParent is set.
	Parent   *Checksum
	NoParent bool
	Subject  string
	Body     string
	Time     time.Time // cut to seconds
	// Metadata is kept in this order, which is part of the commit's name.
	Metadata []variant.Entry
	// NoBindings leaves out ostree.ref-binding, which names Branch and
	// BindRefs and comes after Metadata.
	NoBindings bool
	BindRefs   []string
	// SkipUnchanged makes no commit when the parent has the same tree.
	SkipUnchanged bool
}

// WriteCommit makes a commit of a tree that CommitTree stored, and points the
// branch at it. It returns the parent, and made as false, when SkipUnchanged
// applies. ErrRefMoved means that somebody else moved the branch meanwhile.
func WriteCommit(ctx context.Context, repo *Repo, tree, meta Checksum, opt CommitOptions) (sum Checksum, made bool, err error) {
	tip, err := branchTip(ctx, repo, opt.Branch)
	if err != nil {
		return Checksum{}, false, err
	}
	parent := opt.Parent
	if parent == nil && !opt.NoParent && !tip.IsZero() {
		parent = &tip
	}
	if opt.SkipUnchanged && parent != nil {
		before, err := LoadCommit(ctx, repo, *parent)
		if err != nil {
			return Checksum{}, false, fmt.Errorf("parent: %w", err)
		}
		if before.Tree == tree && before.Meta == meta {
			return *parent, false, nil
		}
	}
	data, err := newCommit(tree, meta, parent, opt)
	if err != nil {
		return Checksum{}, false, err
	}
	obj := NewMetadata(TypeCommit, data)
	if err := putCommit(ctx, repo, obj, tree, meta); err != nil {
		return Checksum{}, false, err
	}
	if opt.Branch == "" {
		return obj.ID().Sum, true, nil
	}
	return obj.ID().Sum, true, repo.SetRef(ctx, opt.Branch, obj.ID().Sum, &tip)
}

// branchTip is where branch points; zero when it does not exist.
func branchTip(ctx context.Context, repo *Repo, branch string) (Checksum, error) {
	if branch == "" {
		return Checksum{}, nil
	}
	tip, err := repo.Ref(ctx, branch)
	if errors.Is(err, ErrRefNotFound) {
		return Checksum{}, nil
	}
	return tip, err
}

func newCommit(tree, meta Checksum, parent *Checksum, opt CommitOptions) ([]byte, error) {
	entries := slices.Clone(opt.Metadata)
	if !opt.NoBindings {
		refs := slices.Clone(opt.BindRefs)
		if opt.Branch != "" {
			refs = append(refs, opt.Branch)
		}
		slices.Sort(refs)
		entries = append(entries, variant.Entry{Key: KeyRefBinding, Value: variant.Texts(refs...)})
	}
	c := &Commit{Metadata: variant.Dict(entries...), Parent: parent, Subject: opt.Subject, Body: opt.Body,
		Time: opt.Time.UTC().Truncate(time.Second), Tree: tree, Meta: meta}
	return c.Marshal()
}

// putCommit stores a commit whose tree is there.
func putCommit(ctx context.Context, repo *Repo, commit Object, tree, meta Checksum) error {
	ids := []ObjectID{{Sum: tree, Type: TypeDirTree}, {Sum: meta, Type: TypeDirMeta}}
	has, err := repo.Has(ctx, ids)
	if err != nil {
		return err
	}
	for i, ok := range has {
		if !ok {
			return &MissingError{ID: ids[i], Where: repo.Path()}
		}
	}
	session, err := repo.Begin(ctx)
	if err != nil {
		return err
	}
	if err := session.Put(ctx, commit); err != nil {
		session.Abort()
		return err
	}
	return session.Close(ctx)
}
