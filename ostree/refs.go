package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

var (
	refComponent = regexp.MustCompile(`^\w[-._\w]*$`)
	hexDigits    = regexp.MustCompile(`^[0-9a-f]{2,63}$`)
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
// is not there is ErrRefNotFound.
func (r *Repo) Ref(_ context.Context, name string) (Checksum, error) {
	if err := CheckRef(name); err != nil {
		return Checksum{}, err
	}
	root, err := os.OpenRoot(r.path)
	if err != nil {
		return Checksum{}, err
	}
	defer root.Close()
	return readRef(root, name)
}

func readRef(root *os.Root, name string) (Checksum, error) {
	path := refPath(name)
	st, err := root.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || isNotDir(err) || err == nil && st.IsDir() {
		return Checksum{}, fail.New(fail.NotFound, "", "ref %s: %w in %s", name, ErrRefNotFound, root.Name())
	}
	if err != nil {
		return Checksum{}, fmt.Errorf("ref %s: %w", name, err)
	}
	data, err := fsx.ReadFileIn(root, path, limits.Ref)
	if err != nil {
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

// Refs are all local refs ("main") and those of remotes ("origin:main").
func (r *Repo) Refs(ctx context.Context) (map[string]Checksum, error) {
	root, err := os.OpenRoot(r.path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	refs := map[string]Checksum{}
	for _, top := range []string{"refs/heads", "refs/remotes"} {
		err := fs.WalkDir(root.FS(), top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return errors.Join(ctx.Err(), ignoreMissing(err))
			}
			name := strings.TrimPrefix(path, top+"/")
			if top == "refs/remotes" {
				name = strings.Replace(name, "/", ":", 1)
			}
			if CheckRef(name) != nil {
				return nil // a temporary file of somebody at work
			}
			c, err := readRef(root, name)
			if err != nil {
				return err
			}
			refs[name] = c
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list refs of %s: %w", r.path, err)
		}
	}
	return refs, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Resolve finds a commit by what a person calls it: a ref, "remote:ref", a
// full checksum, the unique beginning of one, each with a ^ behind it for the
// parent. A ref without its remote is looked for in the remotes too.
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
		if _, ref, ok := strings.Cut(name, ":"); ok && ref == rev {
			return refs[name], true, nil
		}
	}
	return Checksum{}, false, nil
}

func (r *Repo) resolvePartial(ctx context.Context, rev string) (Checksum, error) {
	var found []Checksum
	err := r.listFan(ctx, rev[:2], func(name string, _ fs.DirEntry) error {
		id, ok := r.parseName(rev[:2], name)
		if ok && id.Type == TypeCommit && strings.HasPrefix(id.Sum.String(), rev) {
			found = append(found, id.Sum)
		}
		return nil
	})
	switch {
	case err != nil:
		return Checksum{}, err
	case len(found) > 1:
		return Checksum{}, fail.New(fail.Usage, "give more digits", "commit %s…: %d commits begin like that", rev, len(found))
	case len(found) == 0:
		return Checksum{}, fail.New(fail.NotFound, "", "%s: %w in %s, nor does a commit begin like that", rev, ErrRefNotFound, r.path)
	}
	return found[0], nil
}

// SetRef points name at c, which must be there and complete. With want the ref
// must still be *want, or not exist if *want is zero, else ErrRefMoved. Two
// processes that both use SetRef never both succeed with the same want.
func (r *Repo) SetRef(ctx context.Context, name string, c Checksum, want *Checksum) error {
	if err := CheckRef(name); err != nil {
		return err
	}
	if err := r.acquire(ctx); err != nil { // a prune would take the commit away meanwhile
		return fmt.Errorf("set ref %s: %w", name, err)
	}
	defer r.release()
	ok, err := r.isComplete(c)
	if err != nil {
		return fmt.Errorf("set ref %s: %w", name, err)
	}
	if !ok {
		return fail.New(fail.Conflict, "copy or pull the commit again", "set ref %s in %s: commit %s is missing or not complete", name, r.path, c)
	}
	return r.changeRef(ctx, name, want, func() error { return r.writeRef(name, c) })
}

// DeleteRef removes a ref; want as in SetRef. One that is not there is
// ErrRefNotFound.
func (r *Repo) DeleteRef(ctx context.Context, name string, want *Checksum) error {
	if err := CheckRef(name); err != nil {
		return err
	}
	return r.changeRef(ctx, name, want, func() error {
		if _, err := r.Ref(ctx, name); err != nil {
			return err
		}
		path := filepath.Join(r.path, filepath.FromSlash(refPath(name)))
		if err := os.Remove(path); err != nil {
			return err
		}
		return fsx.SyncDir(filepath.Dir(path))
	})
}

// changeRef runs change while no other change of a ref of this repo runs, and
// only if the ref is what the caller thinks it is.
func (r *Repo) changeRef(ctx context.Context, name string, want *Checksum, change func() error) error {
	unlock, err := lockFolder(ctx, filepath.Join(r.path, "refs"))
	if err != nil {
		return fmt.Errorf("set ref %s: %w", name, err)
	}
	defer unlock()
	if want != nil {
		now, err := r.Ref(ctx, name)
		if err != nil && !errors.Is(err, ErrRefNotFound) {
			return err
		}
		if now != *want {
			return fail.New(fail.Conflict, "look at what is there now and decide again",
				"set ref %s in %s: %w: it is %s", name, r.path, ErrRefMoved, refText(now))
		}
	}
	return change()
}

func refText(c Checksum) string {
	if c.IsZero() {
		return "not there"
	}
	return c.String()
}

// writeRef makes the ref file in tmp, so that nobody who lists refs sees half
// of it, and renames it into place.
func (r *Repo) writeRef(name string, c Checksum) error {
	if err := faults.At(r.faults, "repo.ref"); err != nil {
		return err
	}
	path := filepath.Join(r.path, filepath.FromSlash(refPath(name)))
	if err := r.makeRefFolder(path); err != nil {
		return fail.New(fail.Conflict, "delete the ref that is in the way", "set ref %s in %s: %w", name, r.path, err)
	}
	temp := filepath.Join(r.path, "tmp", "otactl-ref-"+c.String())
	if err := fsx.WriteFile(temp, []byte(c.String()+"\n"), 0o644); err != nil {
		return fmt.Errorf("set ref %s: %w", name, fullDisk(err, r.path))
	}
	if err := os.Rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("set ref %s: %w", name, fullDisk(err, r.path))
	}
	return fsx.SyncDir(filepath.Dir(path))
}

// makeRefFolder makes the folder of the ref file at path, durably. An empty
// folder where the file belongs goes away; a ref that is in the way stays.
func (r *Repo) makeRefFolder(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o775); err != nil {
		return err
	}
	if st, err := os.Lstat(path); err == nil && st.IsDir() {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for top := filepath.Join(r.path, "refs"); dir != top && len(dir) > len(top); dir = filepath.Dir(dir) {
		if err := fsx.SyncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}
