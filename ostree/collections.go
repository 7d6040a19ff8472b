package ostree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
)

// CollectionRef names a ref in the whole world: that of a collection, wherever
// it is mirrored.
type CollectionRef struct{ Collection, Name string }

// String is "(collection, ref)", as ostree prints it.
func (c CollectionRef) String() string { return "(" + c.Collection + ", " + c.Name + ")" }

// Check refuses what is no collection id with a local ref's name.
func (c CollectionRef) Check() error {
	if err := CheckCollectionID(c.Collection); err != nil {
		return err
	}
	if strings.Contains(c.Name, ":") {
		return badRef(c.Name)
	}
	return CheckRef(c.Name)
}

func (c CollectionRef) path() string { return "refs/mirrors/" + c.Collection + "/" + c.Name }

// MirrorRef reads a ref that is mirrored from another collection. One of the
// repo's own collection is the local ref.
func (r *Repo) MirrorRef(ctx context.Context, ref CollectionRef) (Checksum, error) {
	if err := ref.Check(); err != nil {
		return Checksum{}, err
	}
	if ref.Collection == r.CollectionID() {
		return r.Ref(ctx, ref.Name)
	}
	return r.refAt(ref.String(), ref.path())
}

// MirrorRefs are all refs below refs/mirrors.
func (r *Repo) MirrorRefs(ctx context.Context) (map[CollectionRef]Checksum, error) {
	refs := map[CollectionRef]Checksum{}
	err := r.eachRef(ctx, "refs/mirrors", func(root *os.Root, name, path string) error {
		var ref CollectionRef
		ref.Collection, ref.Name, _ = strings.Cut(name, "/")
		if ref.Check() != nil {
			return nil
		}
		c, err := readRef(root, ref.String(), path)
		if err == nil {
			refs[ref] = c
		}
		return err
	})
	return refs, err
}

// CollectionRefs are all refs that belong to a collection: the repo's own, those
// of remotes that have a collection id, and mirrored ones.
func (r *Repo) CollectionRefs(ctx context.Context) (map[CollectionRef]Checksum, error) {
	refs, err := r.MirrorRefs(ctx)
	if err != nil {
		return nil, err
	}
	all, err := r.Refs(ctx)
	if err != nil {
		return nil, err
	}
	ids := map[string]string{"": r.CollectionID()}
	for name, c := range all {
		remote, ref, ok := strings.Cut(name, ":")
		if !ok {
			remote, ref = "", name
		}
		id, known := ids[remote]
		if !known {
			conf, err := r.RemoteConfig(remote)
			if err != nil && !errors.Is(err, ErrNoRemote) {
				return nil, err
			}
			id = conf.CollectionID
			ids[remote] = id
		}
		if id != "" {
			refs[CollectionRef{id, ref}] = c
		}
	}
	return refs, nil
}

// SetMirrorRef points a mirrored ref at c, which must be complete. One of the
// repo's own collection is the local ref.
func (r *Repo) SetMirrorRef(ctx context.Context, ref CollectionRef, c Checksum) error {
	return r.MoveMirrorRef(ctx, ref, c, RefOptions{})
}

// MoveMirrorRef is SetMirrorRef on other terms.
func (r *Repo) MoveMirrorRef(ctx context.Context, ref CollectionRef, c Checksum, opt RefOptions) error {
	if err := ref.Check(); err != nil {
		return err
	}
	if ref.Collection == r.CollectionID() {
		return r.MoveRef(ctx, ref.Name, c, opt)
	}
	return r.pointAt(ctx, ref.String(), ref.path(), c, opt)
}

// DeleteMirrorRef removes a mirrored ref; one that is not there is
// ErrRefNotFound.
func (r *Repo) DeleteMirrorRef(ctx context.Context, ref CollectionRef) error {
	if err := ref.Check(); err != nil {
		return err
	}
	if ref.Collection == r.CollectionID() {
		return r.DeleteRef(ctx, ref.Name, nil)
	}
	return r.changeRef(ctx, ref.String(), ref.path(), nil, func() error { return r.removeRef(ref.String(), ref.path()) })
}

// Aliases are the local refs that stand for another one, and for which.
func (r *Repo) Aliases(ctx context.Context) (map[string]string, error) {
	aliases := map[string]string{}
	err := r.eachRef(ctx, "refs/heads", func(root *os.Root, name, path string) error {
		target, err := root.Readlink(path)
		if err != nil {
			return nil // no link
		}
		to := filepath.ToSlash(filepath.Join(filepath.Dir(filepath.FromSlash(path)), target))
		to, ok := strings.CutPrefix(to, "refs/heads/")
		if !ok || filepath.IsAbs(target) || CheckRef(to) != nil {
			return fail.New(fail.Verification, "delete the link", "ref %s in %s is a link to %.120q, which is no ref", name, r.path, target)
		}
		aliases[name] = to
		return nil
	})
	return aliases, err
}

// SetAlias makes the local ref name stand for the local ref target, which must
// be there: whoever reads one gets the other.
func (r *Repo) SetAlias(ctx context.Context, name, target string) error {
	for _, s := range []string{name, target} {
		if err := CheckRef(s); err != nil {
			return err
		}
		if strings.Contains(s, ":") {
			return fail.New(fail.Usage, "create the alias for a local ref", "alias %s: neither it nor what it stands for may be a ref of a remote", s)
		}
	}
	link, err := filepath.Rel(filepath.Dir(filepath.FromSlash(refPath(name))), filepath.FromSlash(refPath(target)))
	if err != nil {
		return err
	}
	return r.changeRef(ctx, name, refPath(name), nil, func() error {
		if _, err := r.Ref(ctx, target); err != nil {
			return fmt.Errorf("alias %s: %w", name, err)
		}
		if to, ok, err := r.leadsTo(ctx, target, name); ok || err != nil {
			return errors.Join(err, fail.New(fail.Conflict, "", "alias %s: %s stands for it", name, to))
		}
		return r.writeAlias(name, link)
	})
}

// leadsTo says whether the ref from is name, or stands for it.
func (r *Repo) leadsTo(ctx context.Context, from, name string) (string, bool, error) {
	aliases, err := r.Aliases(ctx)
	if err != nil {
		return "", false, err
	}
	for range len(aliases) + 1 {
		if from == name {
			return from, true, nil
		}
		next, ok := aliases[from]
		if !ok {
			return "", false, nil
		}
		from = next
	}
	return from, true, nil
}

func (r *Repo) writeAlias(name, link string) error {
	path := filepath.Join(r.path, filepath.FromSlash(refPath(name)))
	if err := r.makeRefFolder(name, path); err != nil {
		return err
	}
	if err := r.inside("tmp"); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Join(r.path, "tmp"), "otactl-file-")
	if err != nil {
		return fullDisk(err, r.path)
	}
	defer os.RemoveAll(temp)
	if err := os.Symlink(link, filepath.Join(temp, "alias")); err != nil {
		return fullDisk(err, r.path)
	}
	if err := os.Rename(filepath.Join(temp, "alias"), path); err != nil {
		return fullDisk(err, r.path)
	}
	return fsx.SyncDir(filepath.Dir(path))
}
