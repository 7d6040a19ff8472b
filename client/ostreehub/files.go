package ostreehub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/ostree"
)

// ErrIncomplete says that a ref was to name a commit that the server has not.
var ErrIncomplete = errors.New("the commit is not on the server")

func changed(path string) error {
	return fail.New(fail.Verification, "let nobody write to the repo meanwhile, and run this again", "%s: it changed while it was sent", path)
}

// PutFile sends config, or a file below deltas/ or delta-indexes/, unless the
// server has it as it is.
func (s *Store) PutFile(ctx context.Context, path string, size int64, open func() (io.ReadCloser, error)) error {
	if !mayPut(path) {
		return fail.As(fmt.Errorf("%s: an ostreehub takes no such file: %w", path, errors.ErrUnsupported), fail.Unsupported,
			"the server makes its summary itself; have it do so with UpdateSummary")
	}
	r, err := open()
	if err != nil {
		return err
	}
	crc, err := crcOf(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	lacking, err := s.hub.check(ctx, map[string]uint32{path: crc})
	if err != nil || !lacking[path] {
		return err
	}
	return s.sendFile(ctx, path, size, crc, open)
}

// sendFile is PutFile for a file that the server is known not to have.
func (s *Store) sendFile(ctx context.Context, path string, size int64, crc uint32, open func() (io.ReadCloser, error)) error {
	tar, err := single(path, size, crc, func(context.Context) (io.ReadCloser, int64, error) {
		r, err := open()
		return r, size, err
	})
	if err == nil {
		err = s.push(ctx, tar)
	}
	if err != nil {
		return fmt.Errorf("send %s: %w", path, err)
	}
	return nil
}

// configPath is where a repo's config is.
const configPath = "config"

func mayPut(path string) bool {
	return fs.ValidPath(path) && (path == configPath || strings.HasPrefix(path, "deltas/") || strings.HasPrefix(path, "delta-indexes/"))
}

// ReadFile reads a file from where the server lets it be downloaded; where it
// doesn't, that is errors.ErrUnsupported.
func (s *Store) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	from, err := s.downloads.open(ctx, s)
	if err != nil {
		return nil, err
	}
	data, _, err := from.File(ctx, path, limit, ostree.FileVersion{})
	return data, err
}

// maxAncestors is how far back it is looked for what a ref may still name.
const maxAncestors = 3

// Ref is what a ref names. The protocol answers only whether it names a commit
// that one thinks of, so it is asked for what the ref of that name in Local is;
// then the place for downloads is read, where there is one, and else it is
// asked for that commit's ancestors. A ref that names something else entirely
// is then ErrRefNotFound too.
func (s *Store) Ref(ctx context.Context, name string) (ostree.Checksum, error) {
	if err := ostree.CheckRef(name); err != nil {
		return ostree.Checksum{}, err
	}
	guess, err := s.localRef(ctx, name)
	if err != nil {
		return ostree.Checksum{}, err
	}
	if ok, err := s.names(ctx, name, guess); ok || err != nil {
		return guess, err
	}
	from, err := s.downloads.open(ctx, s)
	if err == nil {
		return from.Ref(ctx, name)
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		return ostree.Checksum{}, err
	}
	for range maxAncestors {
		if guess = s.parent(ctx, guess); guess.IsZero() {
			break
		}
		if ok, err := s.names(ctx, name, guess); ok || err != nil {
			return guess, err
		}
	}
	return ostree.Checksum{}, fail.As(fmt.Errorf("%w: %s at %s names nothing that is known here", ostree.ErrRefNotFound, name, s.URL()), fail.NotFound,
		"give the repo that it was published from: an ostreehub says only whether a ref names a certain commit")
}

// localRef is what the ref names here; zero: nothing.
func (s *Store) localRef(ctx context.Context, name string) (ostree.Checksum, error) {
	if s.opt.Local == nil {
		return ostree.Checksum{}, nil
	}
	c, err := s.opt.Local.Ref(ctx, name)
	if errors.Is(err, ostree.ErrRefNotFound) {
		return ostree.Checksum{}, nil
	}
	return c, err
}

// parent is the commit before c here; zero where there is none.
func (s *Store) parent(ctx context.Context, c ostree.Checksum) ostree.Checksum {
	if c.IsZero() || s.opt.Local == nil {
		return ostree.Checksum{}
	}
	commit, err := ostree.LoadCommit(ctx, s.opt.Local, c)
	if err != nil || commit.Parent == nil {
		return ostree.Checksum{}
	}
	return *commit.Parent
}

// names asks whether a ref names c.
func (s *Store) names(ctx context.Context, name string, c ostree.Checksum) (bool, error) {
	if c.IsZero() {
		return false, nil
	}
	path := refPath(name)
	lacking, err := s.hub.check(ctx, map[string]uint32{path: crc32.Checksum(refText(c), castagnoli())})
	return err == nil && !lacking[path], err
}

// refPath is where a ref that CheckRef took is, below the repo.
func refPath(name string) string {
	if remote, ref, ok := strings.Cut(name, ":"); ok {
		return "refs/remotes/" + remote + "/" + ref
	}
	return "refs/heads/" + name
}

func refText(c ostree.Checksum) []byte { return []byte(c.String() + "\n") }

// SetRef points name at c, and sends Config where the server's is another. The
// server knows no conditions: want is compared before, as far as it can be
// known, and whether the ref stayed where it was put is asked after. That it
// must not exist can be known only where refs can be downloaded.
func (s *Store) SetRef(ctx context.Context, name string, c ostree.Checksum, want *ostree.Checksum) error {
	if err := ostree.CheckRef(name); err != nil {
		return err
	}
	lacking, err := s.lackingFor(ctx, name, c)
	if err != nil || !lacking[refPath(name)] {
		return err
	}
	if want != nil {
		if err := s.expect(ctx, name, *want); err != nil {
			return err
		}
	}
	if err := faults.At(s.opt.Faults, "ostreehub.ref"); err != nil {
		return err
	}
	if lacking[configPath] {
		if err := s.sendBytes(ctx, configPath, s.opt.Config); err != nil {
			return err
		}
	}
	if err := s.sendBytes(ctx, refPath(name), refText(c)); err != nil {
		return err
	}
	ok, err := s.names(ctx, name, c)
	if err == nil && !ok {
		err = refMoved(name)
	}
	return err
}

// lackingFor asks in one question what a ref to c still wants: the ref itself
// and the config. That the commit is not there is ErrIncomplete; what it
// reaches was seen to by who sent it.
func (s *Store) lackingFor(ctx context.Context, name string, c ostree.Checksum) (map[string]bool, error) {
	commit := ostree.ObjectID{Sum: c, Type: ostree.TypeCommit}
	files, foreign, err := s.checksums(ctx, []ostree.ObjectID{commit})
	if err != nil {
		return nil, err
	}
	have := []bool{len(foreign) == 0}
	if err := s.lookElsewhere(ctx, []ostree.ObjectID{commit}, foreign, have); err != nil {
		return nil, err
	}
	files[refPath(name)] = crc32.Checksum(refText(c), castagnoli())
	if len(s.opt.Config) > 0 {
		files[configPath] = crc32.Checksum(s.opt.Config, castagnoli())
	}
	lacking, err := s.hub.check(ctx, files)
	if err == nil && (!have[0] || lacking[commit.ArchivePath()]) {
		err = fail.As(fmt.Errorf("ref %s: %w: %s", name, ErrIncomplete, c), fail.Verification, "run this again with --full-check to send what the server lost")
	}
	return lacking, err
}

func (s *Store) expect(ctx context.Context, name string, want ostree.Checksum) error {
	if !want.IsZero() {
		ok, err := s.names(ctx, name, want)
		if err == nil && !ok {
			err = refMoved(name)
		}
		return err
	}
	from, err := s.downloads.open(ctx, s)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = from.Ref(ctx, name)
	switch {
	case errors.Is(err, ostree.ErrRefNotFound):
		return nil
	case err == nil:
		return refMoved(name)
	}
	return err
}

func refMoved(name string) error {
	return fail.As(fmt.Errorf("%w: %s", ostree.ErrRefMoved, name), fail.Conflict,
		"somebody else published meanwhile; run this again to publish on top of it")
}

func (s *Store) sendBytes(ctx context.Context, path string, data []byte) error {
	return s.sendFile(ctx, path, int64(len(data)), crc32.Checksum(data, castagnoli()), func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	})
}
