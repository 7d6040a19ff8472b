package ostree

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/variant"
)

// Keys of a commit's metadata.
const (
	KeyVersion           = "version"                   // s
	KeyRefBinding        = "ostree.ref-binding"        // as, sorted
	KeyCollectionBinding = "ostree.collection-binding" // s
	KeyBootable          = "ostree.bootable"           // b
	KeyLinux             = "ostree.linux"              // s, the kernel's version
	KeySizes             = "ostree.sizes"              // aay, see ParseSizes
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
	// Metadata is kept in this order, which is part of the commit's name. After
	// it come the values of the keys in Keep, out of the parent.
	Metadata []variant.Entry
	Keep     []string
	// NoBindings leaves out what comes after that: ostree.ref-binding, which
	// names Branch and BindRefs, and the repo's collection.
	NoBindings bool
	BindRefs   []string
	// Bootable says in the metadata that the tree has a kernel, and which.
	Bootable bool
	// Sizes lists the sizes of all objects; only an archive repo knows them.
	Sizes bool
	// Detached is stored beside the commit, under no checksum.
	Detached []variant.Entry
	// SkipUnchanged makes no commit when the parent has the same tree.
	SkipUnchanged bool
	// BeforeRef is called when the commit is stored and its branch does not
	// point at it yet: the time to sign it.
	BeforeRef func(ctx context.Context, commit Checksum) error
}

// WriteCommit makes a commit of a tree that BuildTree stored, and points the
// branch at it. It returns the parent, and made as false, when SkipUnchanged
// applies. ErrRefMoved means that somebody else moved the branch meanwhile.
func WriteCommit(ctx context.Context, repo *Repo, tree, meta Checksum, opt CommitOptions) (sum Checksum, made bool, err error) {
	tip, err := branchTip(ctx, repo, opt.Branch)
	if err != nil {
		return Checksum{}, false, err
	}
	c := &Commit{Parent: opt.Parent, Subject: opt.Subject, Body: opt.Body,
		Time: opt.Time.UTC().Truncate(time.Second), Tree: tree, Meta: meta}
	if c.Parent == nil && !opt.NoParent && !tip.IsZero() {
		c.Parent = &tip
	}
	if opt.SkipUnchanged && c.Parent != nil {
		before, err := LoadCommit(ctx, repo, *c.Parent)
		if err != nil {
			return Checksum{}, false, fmt.Errorf("parent: %w", err)
		}
		if before.Tree == tree && before.Meta == meta {
			return *c.Parent, false, nil
		}
	}
	if err := checkTree(ctx, repo, tree, meta); err != nil {
		return Checksum{}, false, err
	}
	if c.Metadata, err = commitMetadata(ctx, repo, c, &opt); err != nil {
		return Checksum{}, false, err
	}
	if sum, err = putCommit(ctx, repo, c, opt.Detached); err != nil {
		return Checksum{}, false, err
	}
	if opt.BeforeRef != nil {
		if err := opt.BeforeRef(ctx, sum); err != nil {
			return Checksum{}, false, err
		}
	}
	if opt.Branch == "" {
		return sum, true, nil
	}
	return sum, true, repo.SetRef(ctx, opt.Branch, sum, &tip)
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

// checkTree refuses a tree whose root is not there.
func checkTree(ctx context.Context, repo *Repo, tree, meta Checksum) error {
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
	return nil
}

// commitMetadata is the metadata in the order that ostree commit has it in.
func commitMetadata(ctx context.Context, repo *Repo, c *Commit, opt *CommitOptions) (variant.Value, error) {
	entries := slices.Clone(opt.Metadata)
	for _, e := range entries {
		if e.Key == "" {
			return variant.Value{}, fail.New(fail.Usage, "", "Empty metadata key")
		}
	}
	kept, err := keptMetadata(ctx, repo, c.Parent, opt.Keep)
	if err != nil {
		return variant.Value{}, err
	}
	entries = append(entries, kept...)
	if !opt.NoBindings {
		entries = append(entries, bindings(repo, opt)...)
	}
	if opt.Bootable {
		kernel, err := kernelOf(ctx, repo, c)
		if err != nil {
			return variant.Value{}, err
		}
		entries = dictOrder(append(entries, variant.Entry{Key: KeyBootable, Value: variant.Bool(true)},
			variant.Entry{Key: KeyLinux, Value: variant.Text(kernel)}))
	}
	if opt.Sizes && repo.mode == ModeArchive {
		sizes, err := treeSizes(ctx, repo, c)
		if err != nil {
			return variant.Value{}, err
		}
		entries = append(entries, variant.Entry{Key: KeySizes, Value: sizes})
	}
	return variant.Dict(entries...), nil
}

// keptMetadata takes keys over from the parent.
func keptMetadata(ctx context.Context, repo *Repo, parent *Checksum, keys []string) ([]variant.Entry, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if parent == nil {
		return nil, fail.New(fail.Usage, "", "Either --branch or --parent must be specified when using --keep-metadata")
	}
	before, err := LoadCommit(ctx, repo, *parent)
	if err != nil {
		return nil, fmt.Errorf("parent: %w", err)
	}
	var kept []variant.Entry
	for _, key := range keys {
		v, ok := before.Lookup(key)
		if !ok {
			return nil, fail.New(fail.NotFound, "", "Missing metadata key '%s' from commit '%s'", key, parent)
		}
		kept = append(kept, variant.Entry{Key: key, Value: v})
	}
	return kept, nil
}

// bindings name the refs, and the collection, that the commit is made for. The
// caller's own metadata may name another collection, as that of a commit that
// is made for a mirror does.
func bindings(repo *Repo, opt *CommitOptions) []variant.Entry {
	refs := slices.Clone(opt.BindRefs)
	if opt.Branch != "" {
		refs = append(refs, opt.Branch)
	}
	slices.Sort(refs)
	list := []variant.Entry{{Key: KeyRefBinding, Value: variant.Texts(refs...)}}
	named := slices.ContainsFunc(opt.Metadata, func(e variant.Entry) bool { return e.Key == KeyCollectionBinding })
	if id := repo.CollectionID(); id != "" && !named {
		list = append(list, variant.Entry{Key: KeyCollectionBinding, Value: variant.Text(id)})
	}
	return list
}

const modulesDir = "/usr/lib/modules"

// kernelOf is the version of the one kernel that a bootable tree has.
func kernelOf(ctx context.Context, repo *Repo, c *Commit) (string, error) {
	root := &Entry{Path: "/", Tree: c.Tree, Meta: c.Meta}
	dir, err := lookupIn(ctx, repo, root, modulesDir)
	if err != nil {
		return "", err
	}
	if !dir.IsDir() {
		return "", fail.New(fail.NotFound, "", "%s is no directory", modulesDir)
	}
	versions, err := LoadDirTree(ctx, repo, dir.Tree)
	if err != nil {
		return "", err
	}
	kernel := ""
	for _, v := range versions.Dirs {
		t, err := LoadDirTree(ctx, repo, v.Tree)
		if err != nil {
			return "", err
		}
		if _, ok := t.File("vmlinuz"); !ok {
			continue
		}
		if kernel != "" {
			return "", fail.New(fail.Usage, "keep one", "Multiple kernels found in %s", modulesDir)
		}
		kernel = v.Name
	}
	if kernel == "" {
		return "", fail.New(fail.NotFound, "a bootable tree has "+modulesDir+"/VERSION/vmlinuz", "No kernel found in %s", modulesDir)
	}
	return kernel, nil
}

// putCommit stores a commit whose tree is there, after its detached metadata.
func putCommit(ctx context.Context, repo *Repo, c *Commit, detached []variant.Entry) (Checksum, error) {
	data, err := c.Marshal()
	if err != nil {
		return Checksum{}, err
	}
	commit := NewMetadata(TypeCommit, data)
	list := []Object{commit}
	if len(detached) > 0 {
		beside := NewNamedMetadata(ObjectID{commit.ID().Sum, TypeCommitMeta}, variant.Dict(detached...).Data())
		list = []Object{beside, commit}
	}
	session, err := repo.Begin(ctx)
	if err != nil {
		return Checksum{}, err
	}
	for _, obj := range list {
		if err := session.Put(ctx, obj); err != nil {
			session.Abort()
			return Checksum{}, err
		}
	}
	return commit.ID().Sum, session.Close(ctx)
}
