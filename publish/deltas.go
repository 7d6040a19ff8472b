package publish

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/variant"
)

// DeltaMaker makes static deltas in a repo and puts them beside the objects of
// a store, for devices that take the difference in a few files.
type DeltaMaker struct {
	Repo   *ostree.Repo
	Remote Remote // must be an ostree.Files, see Check
	// XZ is the path of the program xz, which packs faster and better than what
	// is built in; empty is without.
	XZ       string
	Clock    clock.Clock
	Progress progress.Sink
	Log      *slog.Logger
}

// DeltaReport is what became of the deltas that lead to one commit.
type DeltaReport struct {
	To     ostree.Checksum
	Deltas []DeltaInfo
	Stats  *DeltaStats // nil: the store keeps none, or there is no delta
}

// DeltaInfo is one delta.
type DeltaInfo struct {
	From        ostree.Checksum
	Size, USize uint64 // what a device fetches and what it writes, in bytes
	Made        bool   // now; false: it lay in the repo already
	Sent        int64  // bytes; 0: the store had it
}

// DeltaStats names a file of sizes, as a target's field delta-stats does.
type DeltaStats struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Sent is how many bytes went to the store.
func (r DeltaReport) Sent() int64 {
	var n int64
	for _, d := range r.Deltas {
		n += d.Sent
	}
	return n
}

// picky is a store that takes files or not, depending on the server.
type picky interface {
	TakesFiles(ctx context.Context) (bool, error)
}

// Check says whether the store takes deltas at all.
func (m *DeltaMaker) Check(ctx context.Context) error {
	_, takes := m.Remote.(ostree.Files)
	if p, ok := m.Remote.(picky); ok {
		var err error
		if takes, err = p.TakesFiles(ctx); err != nil {
			return err
		}
	}
	if !takes {
		return fail.New(fail.Unsupported, "publish without deltas, or to otactl serve, an ostreehub, a bucket or a folder", "%s takes no static deltas", m.Remote.URL())
	}
	return nil
}

// Make makes the deltas that lead to a commit from each of others, unless they
// lie in the repo or in the store, and sends what the store has not: of each
// delta the parts before the superblock, then the list of them. Commits that are
// needed and that the repo lacks are fetched from the store before. old is what the target of the commit said
// about its deltas so far, nil for nothing: those stay listed.
func (m *DeltaMaker) Make(ctx context.Context, to ostree.Checksum, from []ostree.Checksum, old *DeltaStats) (DeltaReport, error) {
	rep := DeltaReport{To: to}
	if err := m.Check(ctx); err != nil || len(from) == 0 {
		return rep, err
	}
	up := &deltaUpload{DeltaMaker: m, files: m.Remote.(ostree.Files), to: to, added: delta.Index{}}
	if err := up.readIndex(ctx); err != nil {
		return rep, err
	}
	for _, c := range from {
		info, err := up.one(ctx, c)
		if err != nil {
			return rep, err
		}
		rep.Deltas = append(rep.Deltas, info)
	}
	if err := up.writeIndex(ctx); err != nil {
		return rep, err
	}
	var err error
	rep.Stats, err = up.stats(ctx, rep.Deltas, old)
	return rep, err
}

// fetch gets a commit that the repo lacks from the store.
func (m *DeltaMaker) fetch(ctx context.Context, c ostree.Checksum) error {
	if local(ctx, m.Repo, c) {
		return nil
	}
	m.Log.InfoContext(ctx, "fetching a commit that the repo lacks", "commit", c)
	_, err := ostree.Copy(ctx, m.Repo, m.Remote, c, ostree.CopyOptions{Progress: m.Progress, Log: m.Log})
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return fail.As(fmt.Errorf("commit %s is neither in %s nor whole at %s: %w", c, m.Repo.Path(), m.Remote.URL(), err), fail.NotFound,
			"pull it into the repo, or make no delta from it")
	}
	if err != nil {
		return fmt.Errorf("commit %s, for a delta: %w", c, err)
	}
	return nil
}

// deltaUpload is the deltas to one commit on their way.
type deltaUpload struct {
	*DeltaMaker
	files  ostree.Files
	to     ostree.Checksum
	listed delta.Index // those that the store lists
	blind  bool        // it doesn't let its list be read, so it makes its own
	added  delta.Index // those that were sent now
}

func (u *deltaUpload) readIndex(ctx context.Context) error {
	u.listed = delta.Index{}
	data, err := u.files.ReadFile(ctx, delta.IndexPath(u.to), limits.DeltaIndex)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, errors.ErrUnsupported):
		u.blind = true
		return nil
	case err != nil:
		return fmt.Errorf("list of deltas: %w", err)
	}
	if u.listed, err = delta.ParseIndex(u.to, data); err != nil {
		u.Log.WarnContext(ctx, "the list of deltas at the store can't be read; it is made anew", "error", err)
		u.listed = delta.Index{}
	}
	return nil
}

// one sees that the store has one delta.
func (u *deltaUpload) one(ctx context.Context, from ostree.Checksum) (DeltaInfo, error) {
	n := delta.Name{From: from, To: u.to}
	fresh, err := u.fresh(ctx, n)
	if err != nil {
		return DeltaInfo{From: from}, err
	}
	if !fresh {
		there, err := u.atStore(ctx, n)
		if err != nil {
			return DeltaInfo{From: from}, err
		}
		if there != nil {
			return infoOf(there), nil
		}
		if err := u.generate(ctx, n); err != nil {
			return DeltaInfo{From: from}, explain(err, u.Repo)
		}
	}
	info, err := u.sendUnlessListed(ctx, n)
	info.Made = !fresh
	return info, err
}

// generate makes a delta in the repo.
func (u *deltaUpload) generate(ctx context.Context, n delta.Name) error {
	for _, c := range []ostree.Checksum{n.To, n.From} {
		if err := u.fetch(ctx, c); err != nil {
			return err
		}
	}
	opt := delta.DefaultOptions(u.Clock())
	opt.XZ, opt.Progress, opt.Log = u.XZ, u.Progress, u.Log
	_, err := delta.Generate(ctx, u.Repo, n, opt)
	return err
}

// infoOf is what is to be told of a delta by its superblock.
func infoOf(s *delta.Superblock) DeltaInfo {
	size := s.Sizes()
	return DeltaInfo{From: s.Name.From, Size: size.Fetch + size.Fallback, USize: size.Unpacked + size.FallbackPlain}
}

// atStore is the superblock of a delta that the store lists, if it holds the
// signatures that the commit has now; else nil.
func (u *deltaUpload) atStore(ctx context.Context, n delta.Name) (*delta.Superblock, error) {
	digest, ok := u.listed[n]
	if !ok {
		return nil, nil
	}
	data, err := u.files.ReadFile(ctx, n.Superblock(), limits.DeltaSuperblock)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a list that is older than what it lists
	}
	if err != nil {
		return nil, fmt.Errorf("static delta %s: %w", n, err)
	}
	s, err := delta.ParseFetched(n, &digest, data)
	if err != nil {
		u.Log.WarnContext(ctx, "a delta at the store can't be read; it is made anew", "delta", n, "error", err)
		return nil, nil
	}
	same, err := u.signedAsNow(ctx, s.Detached)
	if err != nil || !same {
		return nil, err
	}
	return s, nil
}

// signedAsNow says whether detached is what the commit has: in the repo, or at
// the store if it is there alone.
func (u *deltaUpload) signedAsNow(ctx context.Context, detached variant.Value) (bool, error) {
	var src ostree.Source = u.Remote
	if local(ctx, u.Repo, u.to) {
		src = u.Repo
	}
	now, err := ostree.ReadDetached(ctx, src, u.to)
	return err == nil && string(now.Data()) == string(detached.Data()), err
}

// sendUnlessListed sends a delta of the repo, unless the store has the same.
func (u *deltaUpload) sendUnlessListed(ctx context.Context, n delta.Name) (DeltaInfo, error) {
	f, err := delta.Load(u.Repo, n)
	if err != nil {
		return DeltaInfo{From: n.From}, err
	}
	defer f.Close()
	info := infoOf(f.Superblock)
	digest, err := delta.Digest(u.Repo, n)
	if err != nil || u.listed[n] == digest {
		return info, err
	}
	if info.Sent, err = u.send(ctx, n, f); err != nil {
		return info, err
	}
	u.listed[n], u.added[n] = digest, digest
	return info, nil
}

// fresh says whether the delta lies in the repo and holds the signatures that
// the commit has now.
func (u *deltaUpload) fresh(ctx context.Context, n delta.Name) (bool, error) {
	f, err := delta.Load(u.Repo, n)
	if errors.Is(err, delta.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		u.Log.WarnContext(ctx, "a delta in the repo can't be read; it is made anew", "delta", n, "error", err)
		return false, nil
	}
	defer f.Close()
	return u.signedAsNow(ctx, f.Detached)
}

// send puts the parts and then the superblock.
func (u *deltaUpload) send(ctx context.Context, n delta.Name, f *delta.File) (int64, error) {
	task := progress.Start(u.Progress, "sending delta", progress.Bytes, 0)
	defer task.Done()
	var sent int64
	for i, p := range f.Parts {
		if f.Inline(i) {
			continue
		}
		size, err := u.put(ctx, task, n.Dir()+"/"+strconv.Itoa(i), &p)
		if sent += size; err != nil {
			return sent, err
		}
	}
	size, err := u.put(ctx, task, n.Superblock(), nil)
	return sent + size, err
}

// put sends a file of the repo. Of a part the digest is verified before the
// first byte leaves.
func (u *deltaUpload) put(ctx context.Context, task progress.Task, path string, part *delta.Part) (int64, error) {
	size, sum, err := u.hash(path, part)
	if err == nil && part != nil && sum != part.Sum {
		err = u.damaged(path, fmt.Errorf("its checksum is %s, want %s", sum, part.Sum))
	}
	if err != nil {
		return 0, err
	}
	task.Grow(size)
	if err := u.files.PutFile(ctx, path, size, func() (io.ReadCloser, error) { return u.open(path, part) }); err != nil {
		return 0, fmt.Errorf("send %s: %w", path, err)
	}
	task.Add(size)
	return size, nil
}

func (u *deltaUpload) hash(path string, part *delta.Part) (size int64, sum ostree.Checksum, err error) {
	f, err := u.open(path, part)
	if err != nil {
		return 0, sum, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	h.Sum(sum[:0])
	return size, sum, err
}

// open opens a file of a delta in the repo. Nobody waits for what is no file, or
// reads one that is not as long as its part: the repo may be anybody's.
func (u *deltaUpload) open(path string, part *delta.Part) (io.ReadCloser, error) {
	root, err := os.OpenRoot(u.Repo.Path())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := fsx.OpenIn(root, filepath.FromSlash(path))
	if err != nil {
		return nil, u.damaged(path, err)
	}
	st, err := f.Stat()
	if err == nil && part != nil && uint64(st.Size()) != part.Size {
		err = fmt.Errorf("it has %d bytes, want %d", st.Size(), part.Size)
	}
	if err != nil {
		return nil, errors.Join(u.damaged(path, err), f.Close())
	}
	return f, nil
}

// damaged says of a file of a delta in the repo that it can't be sent.
func (u *deltaUpload) damaged(path string, why error) error {
	return fail.New(fail.Verification, "delete the delta with otactl ostree static-delta delete and run this again",
		"%s: %w", filepath.Join(u.Repo.Path(), filepath.FromSlash(path)), why)
}

// writeIndex sends the list of the deltas to the commit, with those that others
// made. It is read once more right before: making deltas takes long, and others
// may have made some meanwhile.
func (u *deltaUpload) writeIndex(ctx context.Context) error {
	if u.blind || len(u.added) == 0 {
		return nil
	}
	if err := u.readIndex(ctx); err != nil {
		return err
	}
	maps.Copy(u.listed, u.added)
	if err := u.putBytes(ctx, delta.IndexPath(u.to), u.listed.Marshal()); err != nil {
		return fmt.Errorf("list of deltas: %w", err)
	}
	return nil
}

func (u *deltaUpload) putBytes(ctx context.Context, path string, data []byte) error {
	return u.files.PutFile(ctx, path, int64(len(data)), bytesOpener(data))
}
