package ostreehub

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/keyfile"
)

// Contents is all of a repo on this machine that an ostreehub keeps: the
// commits that are whole, with what they reach, static deltas and their
// indexes, the config, and the local refs.
type Contents struct {
	dir     string
	repo    *ostree.Repo // nil: no objects are left, only deltas
	commits []ostree.Checksum
	refs    map[string]ostree.Checksum
	config  []byte

	onlyCommits bool // and no deltas
}

// OpenContents opens the archive repo at dir. One without the folder objects is
// taken for its deltas alone, and its refs are not looked at.
func OpenContents(ctx context.Context, dir string) (*Contents, error) {
	c := &Contents{dir: dir}
	if c.onlyDeltas() {
		return c, c.readConfig()
	}
	if err := c.openRepo(); err != nil {
		return nil, err
	}
	if err := c.findCommits(ctx); err != nil {
		return nil, err
	}
	if err := c.findRefs(ctx); err != nil {
		return nil, err
	}
	return c, c.readConfig()
}

// OpenCommit is OpenContents for one commit of the repo: nothing else in it, and
// no ref, is looked at.
func OpenCommit(dir string, commit ostree.Checksum) (*Contents, error) {
	c := &Contents{dir: dir, commits: []ostree.Checksum{commit}, onlyCommits: true}
	if err := c.openRepo(); err != nil {
		return nil, err
	}
	return c, c.readConfig()
}

func (c *Contents) openRepo() (err error) {
	if c.repo, err = ostree.OpenRepo(c.dir); err != nil {
		return err
	}
	return CheckRepo(c.repo)
}

// CheckRepo refuses a repo that does not keep objects in archive form.
func CheckRepo(r *ostree.Repo) error {
	if r.Mode() == ostree.ModeArchive {
		return nil
	}
	return fail.New(fail.Usage, "pull it into an archive repo first: ostree init --mode=archive, then ostree pull-local",
		"%s: repo mode is %s, and an ostreehub takes objects as an archive repo keeps them", r.Path(), r.Mode())
}

func (c *Contents) onlyDeltas() bool {
	st, err := os.Stat(filepath.Join(c.dir, "deltas"))
	_, gone := os.Stat(filepath.Join(c.dir, "objects"))
	return err == nil && st.IsDir() && errors.Is(gone, fs.ErrNotExist)
}

func (c *Contents) findCommits(ctx context.Context) error {
	return c.repo.ListObjects(ctx, func(id ostree.ObjectID) error {
		if id.Type == ostree.TypeCommit && !c.repo.IsPartial(id.Sum) {
			c.commits = append(c.commits, id.Sum)
		}
		return nil
	})
}

// findRefs leaves out what other repos' refs were when they were pulled.
func (c *Contents) findRefs(ctx context.Context) error {
	all, err := c.repo.Refs(ctx)
	if err != nil {
		return err
	}
	c.refs = map[string]ostree.Checksum{}
	for name, commit := range all {
		if strings.Contains(name, ":") {
			continue
		}
		if !slices.Contains(c.commits, commit) {
			return fail.New(fail.Verification, "pull it again to its end", "%s: ref %s names commit %s, which is not all there", c.dir, name, commit)
		}
		c.refs[name] = commit
	}
	return nil
}

// readConfig keeps the section [core]: the others may hold what is nobody
// else's business, such as how this machine reaches remotes.
func (c *Contents) readConfig() error {
	data, err := fsx.ReadFile(filepath.Join(c.dir, configPath), limits.RepoConfig)
	if err != nil {
		return err
	}
	c.config, err = SharedConfig(data)
	if err != nil {
		return fmt.Errorf("%s: config: %w", c.dir, err)
	}
	return nil
}

// SharedConfig is what of a repo's config is sent along with it.
func SharedConfig(config []byte) ([]byte, error) {
	f, err := keyfile.Parse(config)
	if err != nil {
		return nil, err
	}
	changed := false
	for _, group := range f.Groups() {
		if group != "core" {
			changed = f.RemoveGroup(group) || changed
		}
	}
	if !changed {
		return config, nil
	}
	return f.Bytes(), nil
}

// Source is where the objects are; nil where there are none.
func (c *Contents) Source() ostree.Source {
	if c.repo == nil {
		return nil
	}
	return c.repo
}

// PushOptions tune Push. The zero value works.
type PushOptions struct {
	Progress progress.Sink
	Log      *slog.Logger // nil is silent
}

// PushReport says what Push did.
type PushReport struct {
	Checked int   // files that the server was asked about
	Files   int   // that were sent, objects and all others
	Objects int   // of those
	Bytes   int64 // of the files that were sent
}

// Push sends what the server lacks: objects, then deltas, indexes and config,
// and the refs last.
func (c *Contents) Push(ctx context.Context, st *Store, opt PushOptions) (PushReport, error) {
	var r PushReport
	if c.repo != nil {
		copied, err := ostree.CopyAll(ctx, st, c.repo, c.commits, ostree.CopyOptions{FullCheck: true, Progress: opt.Progress, Log: opt.Log})
		sent := st.Tally()
		r = PushReport{Checked: copied.Asked, Files: int(sent.Stored), Objects: int(sent.Stored), Bytes: sent.Bytes}
		if err != nil {
			return r, err
		}
	}
	if err := c.pushFiles(ctx, st, &r); err != nil {
		return r, err
	}
	return r, c.pushRefs(ctx, st, &r)
}

func (c *Contents) pushFiles(ctx context.Context, st *Store, r *PushReport) error {
	files, err := c.files(ctx)
	if err != nil {
		return err
	}
	lacking, err := c.lacking(ctx, st, files)
	if err != nil {
		return err
	}
	r.Checked += len(files)
	for _, f := range files {
		if !lacking[f.path] {
			continue
		}
		if err := st.sendFile(ctx, f.path, f.size, f.crc, f.open); err != nil {
			return err
		}
		r.Files++
		r.Bytes += f.size
	}
	return nil
}

func (c *Contents) pushRefs(ctx context.Context, st *Store, r *PushReport) error {
	lacking, err := c.lacking(ctx, st, c.refFiles())
	if err != nil {
		return err
	}
	r.Checked += len(c.refs)
	for name, commit := range c.refs {
		if !lacking[refPath(name)] {
			continue
		}
		if err := st.SetRef(ctx, name, commit, nil); err != nil {
			return err
		}
		r.Files++
		r.Bytes += int64(len(refText(commit)))
	}
	return nil
}

func (c *Contents) refFiles() []extra {
	var list []extra
	for name, commit := range c.refs {
		list = append(list, extra{path: refPath(name), crc: crc32.Checksum(refText(commit), castagnoli())})
	}
	return list
}

// CheckReport says what Check found.
type CheckReport struct {
	Checked, Lacking int // files
}

// Check asks about all that Push would send, and calls lacking for each file
// that the server has not got as it is here.
func (c *Contents) Check(ctx context.Context, st *Store, lacking func(path string)) (CheckReport, error) {
	var r CheckReport
	note := func(asked int, paths map[string]bool) {
		r.Checked += asked
		r.Lacking += len(paths)
		for p := range paths {
			lacking(p)
		}
	}
	if err := c.checkObjects(ctx, st, note); err != nil {
		return r, err
	}
	files, err := c.files(ctx)
	if err != nil {
		return r, err
	}
	files = append(files, c.refFiles()...)
	some, err := c.lacking(ctx, st, files)
	if err == nil {
		note(len(files), some)
	}
	return r, err
}

func (c *Contents) checkObjects(ctx context.Context, st *Store, note func(int, map[string]bool)) error {
	seen := map[ostree.ObjectID]bool{}
	var batch []ostree.ObjectID
	ask := func() error {
		have, err := st.Has(ctx, batch)
		if err != nil {
			return err
		}
		lacking := map[string]bool{}
		for i, id := range batch {
			if !have[i] {
				lacking[id.ArchivePath()] = true
			}
		}
		note(len(batch), lacking)
		batch = batch[:0]
		return nil
	}
	for _, commit := range c.commits {
		err := ostree.Closure(ctx, c.repo, commit, func(id ostree.ObjectID) error {
			if seen[id] {
				return nil
			}
			seen[id] = true
			if batch = append(batch, id); len(batch) < st.Traits().Batch {
				return nil
			}
			return ask()
		})
		if err != nil {
			return err
		}
	}
	return ask()
}

// extra is a file that is no object.
type extra struct {
	path string
	size int64
	crc  uint32
	open func() (io.ReadCloser, error)
}

func (c *Contents) lacking(ctx context.Context, st *Store, files []extra) (map[string]bool, error) {
	asked := make(map[string]uint32, len(files))
	for _, f := range files {
		asked[f.path] = f.crc
	}
	return st.lacking(ctx, asked)
}

// files are the config, deltas and indexes, each after what it needs: a reader
// looks for a delta's superblock before its parts, and for an index before
// either.
func (c *Contents) files(ctx context.Context) ([]extra, error) {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	list := []extra{{path: configPath, size: int64(len(c.config)), crc: crc32.Checksum(c.config, castagnoli()),
		open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.config)), nil }}}
	for _, top := range c.folders() {
		err := fs.WalkDir(root.FS(), top, func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist) && path == top:
				return nil
			case err != nil:
				return err
			case !d.Type().IsRegular():
				return ctx.Err()
			}
			f, err := c.onDisk(root, path)
			list = append(list, f)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.dir, err)
		}
	}
	slices.SortStableFunc(list, func(a, b extra) int { return cmp.Compare(rank(a.path), rank(b.path)) })
	return list, nil
}

func (c *Contents) folders() []string {
	if c.onlyCommits {
		return nil
	}
	return []string{"deltas", "delta-indexes"}
}

func rank(path string) int {
	switch {
	case strings.HasPrefix(path, "delta-indexes/"):
		return 2
	case strings.HasSuffix(path, "/superblock"):
		return 1
	}
	return 0
}

func (c *Contents) onDisk(root *os.Root, path string) (extra, error) {
	f, err := fsx.OpenIn(root, path)
	if err != nil {
		return extra{}, err
	}
	defer f.Close()
	sum := crc32.New(castagnoli())
	size, err := io.Copy(sum, f)
	return extra{path: path, size: size, crc: sum.Sum32(), open: func() (io.ReadCloser, error) {
		root, err := os.OpenRoot(c.dir)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return fsx.OpenIn(root, path)
	}}, err
}
