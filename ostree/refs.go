package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

var (
	// Letters and digits of any script, as GLib's \w has them.
	refComponent = regexp.MustCompile(`^[\p{L}\p{M}\p{N}\p{Pc}][-.\p{L}\p{M}\p{N}\p{Pc}]*$`)
	hexDigits    = regexp.MustCompile(`^[0-9a-f]{1,63}$`)
)

// CheckRef refuses what is no name of a ref: "main", "os/amd64/main", or with
// its remote "origin:main". What passes may be used as a path.
func CheckRef(name string) error {
	remote, ref, ok := strings.Cut(name, ":")
	if !ok {
		ref = name
	} else if !refComponent.MatchString(remote) || len(remote) > limits.NameLength {
		return badRef(name)
	}
	if len(ref) > limits.Ref {
		return badRef(name)
	}
	for part := range strings.SplitSeq(ref, "/") {
		if !refComponent.MatchString(part) || len(part) > limits.NameLength {
			return badRef(name)
		}
	}
	if _, err := ParseChecksum(ref); err == nil {
		return badRef(name)
	}
	return nil
}

func badRef(name string) error {
	return fail.New(fail.Usage, "use letters, digits, - . _ and / between components", "ref %.120q is not a ref's name", name)
}

// refPath is where a ref that CheckRef took is, below the repo.
func refPath(name string) string {
	if remote, ref, ok := strings.Cut(name, ":"); ok {
		return "refs/remotes/" + remote + "/" + ref
	}
	return "refs/heads/" + name
}

// Ref reads a local ref, or with "remote:" before it one of a remote. One that
// is not there, and not in a parent repo, is ErrRefNotFound. An alias is read as
// what it stands for.
func (r *Repo) Ref(_ context.Context, name string) (Checksum, error) {
	if err := CheckRef(name); err != nil {
		return Checksum{}, err
	}
	return r.refAt(name, refPath(name))
}

// refAt reads the ref file at path, below the repo or its parents.
func (r *Repo) refAt(name, path string) (Checksum, error) {
	root, err := os.OpenRoot(r.path)
	if err != nil {
		return Checksum{}, err
	}
	defer root.Close()
	c, err := readRef(root, name, path)
	if errors.Is(err, ErrRefNotFound) && r.parent != nil {
		if c, err := r.parent.refAt(name, path); !errors.Is(err, ErrRefNotFound) {
			return c, err
		}
	}
	return c, err
}

func readRef(root *os.Root, name, path string) (Checksum, error) {
	var data []byte
	st, err := root.Stat(path)
	if err == nil && !st.IsDir() {
		data, err = fsx.ReadFileIn(root, path, limits.Ref)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), isNotDir(err), err == nil && st.IsDir():
		return Checksum{}, fail.New(fail.NotFound, "", "ref %s: %w in %s", name, ErrRefNotFound, root.Name())
	case err != nil:
		return Checksum{}, fmt.Errorf("ref %s: %w", name, err)
	}
	c, err := parseRef(data)
	if err != nil {
		return c, fail.New(fail.Verification, "", "ref %s in %s: %w", name, root.Name(), err)
	}
	return c, nil
}

// parseRef reads the content of a ref file.
func parseRef(data []byte) (Checksum, error) {
	return ParseChecksum(strings.TrimRight(string(data), " \t\r\n"))
}

// Refs are all local refs ("main") and those of remotes ("origin:main"), of
// this repo and not of its parent.
func (r *Repo) Refs(ctx context.Context) (map[string]Checksum, error) {
	refs := map[string]Checksum{}
	add := func(root *os.Root, name, path string) error {
		c, err := readRef(root, name, path)
		if err == nil {
			refs[name] = c
		}
		return err
	}
	if err := r.eachRef(ctx, "refs/heads", add); err != nil {
		return nil, err
	}
	err := r.eachRef(ctx, "refs/remotes", func(root *os.Root, name, path string) error {
		return add(root, strings.Replace(name, "/", ":", 1), path)
	})
	return refs, err
}

// eachRef calls fn for each ref file below top; name is its path from there.
// Files that are no refs by their names are of somebody at work, or of some
// tool, and passed over, and so are those that go before fn has read them.
func (r *Repo) eachRef(ctx context.Context, top string, fn func(root *os.Root, name, path string) error) error {
	root, err := os.OpenRoot(r.path)
	if err != nil {
		return err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return errors.Join(ctx.Err(), ignoreMissing(err))
		}
		if path == top {
			return nil
		}
		if !refComponent.MatchString(d.Name()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return ctx.Err()
		}
		err = fn(root, strings.TrimPrefix(path, top+"/"), path)
		if errors.Is(err, ErrRefNotFound) && went(root, path, d) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("list refs of %s: %w", r.path, err)
	}
	return nil
}

// went says whether an entry in which no ref was found is gone: somebody deleted
// it, or it was what libostree links beside a ref to rename it. An alias of
// nothing is still there.
func went(root *os.Root, path string, d fs.DirEntry) bool {
	if d.Type().IsRegular() {
		return true
	}
	_, err := root.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Resolve finds a commit by what a person calls it: a ref, "remote:ref", a
// full checksum, the unique beginning of one, each with a ^ behind it for the
// parent. A ref without its remote is looked for in the remotes too, and
// "remote/ref" is read as that of the remote when there is no such local ref.
func (r *Repo) Resolve(ctx context.Context, rev string) (Checksum, error) {
	if base, ok := strings.CutSuffix(rev, "^"); ok {
		return r.resolveParent(ctx, base)
	}
	if c, err := ParseChecksum(rev); err == nil {
		return c, nil
	}
	c, err := r.Ref(ctx, rev)
	if !errors.Is(err, ErrRefNotFound) {
		return c, err
	}
	if c, ok, err := r.resolveInRemotes(ctx, rev); ok || err != nil {
		return c, err
	}
	if hexDigits.MatchString(rev) {
		return r.resolvePartial(ctx, rev)
	}
	return Checksum{}, err
}

func (r *Repo) resolveParent(ctx context.Context, base string) (Checksum, error) {
	c, err := r.Resolve(ctx, base)
	if err != nil {
		return c, err
	}
	commit, err := LoadCommit(ctx, r, c)
	if err != nil {
		return c, err
	}
	if commit.Parent == nil {
		return c, fail.New(fail.NotFound, "", "%s^: commit %s has no parent", base, c)
	}
	return *commit.Parent, nil
}

func (r *Repo) resolveInRemotes(ctx context.Context, rev string) (Checksum, bool, error) {
	if strings.Contains(rev, ":") {
		return Checksum{}, false, nil
	}
	refs, err := r.Refs(ctx)
	if err != nil {
		return Checksum{}, false, err
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if remote, ref, ok := strings.Cut(name, ":"); ok && (ref == rev || remote+"/"+ref == rev) {
			return refs[name], true, nil
		}
	}
	return Checksum{}, false, nil
}

func (r *Repo) resolvePartial(ctx context.Context, rev string) (Checksum, error) {
	var found []Checksum
	for _, fan := range fans(rev) {
		err := r.listFan(ctx, fan, func(name string, _ fs.DirEntry) error {
			id, ok := r.parseName(fan, name)
			if ok && id.Type == TypeCommit && strings.HasPrefix(id.Sum.String(), rev) {
				found = append(found, id.Sum)
			}
			return nil
		})
		if err != nil {
			return Checksum{}, err
		}
	}
	switch {
	case len(found) > 1:
		return Checksum{}, fail.New(fail.Usage, "give more digits", "commit %s…: %d commits begin like that", rev, len(found))
	case len(found) == 0:
		return Checksum{}, fail.New(fail.NotFound, "", "%s: %w in %s, nor does a commit begin like that", rev, ErrRefNotFound, r.path)
	}
	return found[0], nil
}

// fans are the folders that may hold objects whose checksum begins with digits.
func fans(digits string) []string {
	if len(digits) > 1 {
		return []string{digits[:2]}
	}
	var list []string
	for _, second := range "0123456789abcdef" {
		list = append(list, digits+string(second))
	}
	return list
}
