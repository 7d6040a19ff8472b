package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// Signers are the keys in hand that root lets sign for role, each once; none is
// no error.
type Signers func(ctx context.Context, root *tuf.Root, role tuf.Role) ([]tuf.Signer, error)

// Options of Open.
type Options struct {
	Dir     string        // the TUF repository, made by Init
	Objects ostree.Source // holds the commits
	Signers Signers
	// New are targets to make, by name, where the repository does not have them.
	New map[string]*NewTarget
	// Now is the one clock reading of the run.
	Now time.Time
	// DryRun signs and keeps nothing of it.
	DryRun bool
}

// Repository is a TUF repository in a folder, and a bundle's backend. Runs at
// once wait for each other.
type Repository struct {
	opt  Options
	root *os.Root
}

// The files of the folder besides the roles'.
const (
	numbersFile = "numbers.json"
	pendingFile = "targets.pending.json" // waits for signatures
	lockFile    = ".lock"
)

// Open opens a repository that Init has made.
func Open(opt Options) (*Repository, error) {
	root, err := os.OpenRoot(opt.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noRepository(opt.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("TUF repository: %w", err)
	}
	if _, err := root.Stat(tuf.RootName(1)); errors.Is(err, fs.ErrNotExist) {
		_ = root.Close()
		return nil, noRepository(opt.Dir)
	}
	return &Repository{opt: opt, root: root}, nil
}

func noRepository(dir string) error {
	return fail.New(fail.NotFound, "name the folder that it was made in, or make it with --init", "TUF repository %s: there is no 1.root.json", dir)
}

// Close releases the folder.
func (r *Repository) Close() error { return r.root.Close() }

// Roots implements offline.Backend.
func (r *Repository) Roots() tuf.Fetcher { return tuf.DirFetcher{Root: r.root} }

// Objects implements offline.Backend.
func (r *Repository) Objects(context.Context) (ostree.Source, error) { return r.opt.Objects, nil }

// BundleMeta implements offline.Backend: it makes the target if need be, signs
// what is not signed for long enough, and a timestamp and a list in any case.
func (r *Repository) BundleMeta(ctx context.Context, target string, req offline.MetaRequest) (map[string]json.RawMessage, error) {
	var files map[string]json.RawMessage
	err := r.alone(ctx, func(s *state) (err error) {
		files, err = s.bundle(ctx, target, req)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("TUF repository %s: %w", r.opt.Dir, err)
	}
	return files, nil
}

// SignIndex signs the index of a bundle that is one file.
func (r *Repository) SignIndex(ctx context.Context, signed json.RawMessage) (json.RawMessage, error) {
	trust, err := offline.Roots(ctx, r.Roots())
	if err != nil {
		return nil, err
	}
	signers, err := r.signers(ctx, trust.Root(), tuf.RoleTargets)
	if err != nil {
		return nil, err
	}
	return tuf.Sign(signed, signers...)
}

// signers are the keys in hand for a role, of which there is at least one.
func (r *Repository) signers(ctx context.Context, root *tuf.Root, role tuf.Role) ([]tuf.Signer, error) {
	list, err := r.opt.Signers(ctx, root, role)
	if err == nil && len(list) == 0 {
		err = fail.New(fail.NotFound, "name an archive that holds one with --keys; repeat it for several", "none of the keys may sign %s by root %d", role, root.Version)
	}
	return list, err
}

// alone runs do with what is in the folder, while nobody else changes it.
func (r *Repository) alone(ctx context.Context, do func(*state) error) error {
	if !r.opt.DryRun {
		unlock, err := fsx.Lock(ctx, filepath.Join(r.opt.Dir, lockFile))
		if err != nil {
			return err
		}
		defer unlock()
	}
	s, err := r.load(ctx)
	if err != nil {
		return err
	}
	return do(s)
}

// numbers are the last versions that were given out.
type numbers struct {
	Targets   int `json:"targets"`
	Snapshot  int `json:"snapshot"`
	Timestamp int `json:"timestamp"`
	Bundle    int `json:"bundle-targets"`
	// Root is the newest by which targets.json had all its signatures. What keys
	// of an earlier one have signed since is not theirs to sign any more.
	Root int `json:"root,omitempty"`
}

// highest is a number that every client of the field can still count on from.
const highest = 1<<31 - 2

func (n numbers) check() error {
	for _, last := range []int{n.Targets, n.Snapshot, n.Timestamp, n.Bundle, n.Root} {
		if last < 0 || last > highest {
			return fmt.Errorf("%d is no version", last)
		}
	}
	return nil
}

// state is what is in the folder, verified.
type state struct {
	r       *Repository
	trust   *tuf.Trust
	numbers numbers

	targets, snapshot, timestamp, pending []byte // nil where there is none
}

func (r *Repository) load(ctx context.Context) (*state, error) {
	s := &state{r: r}
	var err error
	if s.trust, err = offline.Roots(ctx, r.Roots()); err != nil {
		return nil, err
	}
	data, err := r.read(numbersFile, limits.ConfigFile)
	if err == nil && data != nil {
		err = json.Unmarshal(data, &s.numbers)
	}
	if err == nil {
		err = s.numbers.check()
	}
	if err != nil {
		return nil, fail.As(fmt.Errorf("%s: %w", numbersFile, err), fail.Verification, "take the folder's newest backup, or write into it the highest versions that were ever signed")
	}
	for _, f := range []struct {
		name string
		role tuf.Role
		max  int64
		to   *[]byte
		seen func(file []byte) error
	}{
		{tuf.TargetsFile, tuf.RoleTargets, limits.Targets, &s.targets, s.sawTargets},
		{pendingFile, "", limits.Targets, &s.pending, s.sawTargets},
		{tuf.SnapshotFile, tuf.RoleSnapshot, limits.Snapshot, &s.snapshot, s.sawSnapshot},
		{tuf.TimestampFile, tuf.RoleTimestamp, limits.Timestamp, &s.timestamp, s.sawTimestamp},
	} {
		if *f.to, err = r.read(f.name, f.max); err != nil || *f.to == nil {
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			continue
		}
		if f.role != "" && !s.vouched(f.role, *f.to) {
			return nil, fail.New(fail.Verification, "take the folder's backup; nothing is signed upon this", "%s: no root of the folder vouches for it", f.name)
		}
		if err := f.seen(*f.to); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// read reads a file; nil where there is none.
func (r *Repository) read(name string, max int64) ([]byte, error) {
	data, err := fsx.ReadFileIn(r.root, name, max)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// vouched says whether some root of the chain has its say about a file: after
// keys were replaced, the one before.
func (s *state) vouched(role tuf.Role, file []byte) bool {
	for _, raw := range s.trust.RootFiles() {
		root, err := tuf.ParseRoot(raw)
		if err == nil && role == tuf.RoleTargets && root.Version < s.numbers.Root {
			continue
		}
		if err == nil && root.Verify(role, file) == nil {
			return true
		}
	}
	return false
}

// The numbers are never below what a file has: the folder may be of another
// program, which keeps none.

func (s *state) sawTargets(file []byte) error {
	d, err := tuf.DraftTargets(file)
	if err == nil {
		s.numbers.Targets = max(s.numbers.Targets, d.Version())
	}
	return err
}

func (s *state) sawSnapshot(file []byte) error {
	f, err := tuf.ParseSnapshot(file)
	if err == nil {
		s.numbers.Snapshot = max(s.numbers.Snapshot, f.Version)
	}
	return err
}

func (s *state) sawTimestamp(file []byte) error {
	f, err := tuf.ParseTimestamp(file)
	if err == nil {
		s.numbers.Timestamp = max(s.numbers.Timestamp, f.Version)
	}
	return err
}

// next gives out a version, which is on the disk before it is used.
func (s *state) next(last *int) (int, error) {
	*last++
	data, err := json.Marshal(s.numbers)
	if err != nil {
		return 0, err
	}
	return *last, s.keep(numbersFile, append(data, '\n'))
}

// keep writes a file of the folder, all of it or nothing, and durably.
func (s *state) keep(name string, data []byte) error {
	if s.r.opt.DryRun {
		return nil
	}
	return fsx.WriteFile(filepath.Join(s.r.opt.Dir, name), data, 0o644)
}
