package offline

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// archive reads an archive repo inside a bundle. It is an ostree.Source of its
// own, and not ostree.Repo, for two reasons: it stays within the bundle, whatever that
// lies on, and verify shares no code with what wrote the objects.
type archive struct {
	files medium.Files // the bundle
	dir   string
}

// openArchive opens the repo in dir, of which the config must say archive.
func openArchive(_ context.Context, files medium.Files, dir string) (*archive, error) {
	config, err := medium.ReadFile(files, path.Join(dir, "config"), limits.RepoConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no config: %w", dir, ostree.ErrNotARepo)
	}
	if err != nil {
		return nil, err
	}
	if err := checkConfig(config); err != nil {
		return nil, fmt.Errorf("%s/config: %w: %w", dir, err, ostree.ErrNotARepo)
	}
	return &archive{files: files, dir: dir}, nil
}

// checkConfig wants the two keys that decide how objects are read, once each.
// All others may say what they like: nothing here or on the device obeys them.
func checkConfig(config []byte) error {
	core, err := coreSection(config)
	if err != nil {
		return err
	}
	if v := core["repo_version"]; v != "1" {
		return fmt.Errorf("repo_version is %.20q, want 1", v)
	}
	if m := core["mode"]; m != "archive-z2" && m != "archive" {
		return fmt.Errorf("mode is %.40q, want archive", m)
	}
	// A parent repo would lend objects from outside the bundle.
	if _, ok := core["parent"]; ok {
		return errors.New("it names a parent repo")
	}
	return nil
}

// coreSection is the keys of [core] in a keyfile.
func coreSection(config []byte) (map[string]string, error) {
	keys := map[string]string{}
	section := ""
	lines := bufio.NewScanner(bytes.NewReader(config))
	lines.Buffer(nil, limits.RepoConfig)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = line
		case section == "[core]":
			key, value, ok := strings.Cut(line, "=")
			key = strings.TrimSpace(key)
			if _, twice := keys[key]; !ok || twice {
				return nil, fmt.Errorf("line %.60q: want key=value, once", line)
			}
			keys[key] = strings.TrimSpace(value)
		}
	}
	return keys, lines.Err()
}

// Has implements ostree.Source.
func (a *archive) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	have := make([]bool, len(ids))
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		_, err := a.stat(id)
		if _, missing := errors.AsType[*ostree.MissingError](err); err != nil && !missing {
			return nil, err
		}
		have[i] = err == nil
	}
	return have, nil
}

// Object implements ostree.Source.
func (a *archive) Object(_ context.Context, id ostree.ObjectID) (ostree.Object, error) {
	if _, err := a.stat(id); err != nil {
		return nil, err
	}
	return ostree.NewArchived(id, func(context.Context) (io.ReadCloser, int64, error) { return a.open(id) }), nil
}

// open opens the object's file. The length is that of the file as opened.
func (a *archive) open(id ostree.ObjectID) (io.ReadCloser, int64, error) {
	if _, err := a.stat(id); err != nil {
		return nil, 0, err
	}
	f, err := a.files.Open(a.path(id))
	if err != nil {
		return nil, 0, a.unreadable(id, err)
	}
	st, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(a.unreadable(id, err), f.Close())
	}
	return &sectors{f, a, id}, st.Size(), nil
}

// unreadable says of one object that the medium does not give it, so that a bad
// sector under one hides no other.
func (a *archive) unreadable(id ostree.ObjectID, err error) error {
	return &ostree.CorruptError{ID: id, Where: a.path(id), Why: fmt.Sprintf("cannot be read: %v", medium.Cause(err))}
}

// sectors is an object's file.
type sectors struct {
	fs.File
	repo *archive
	id   ostree.ObjectID
}

func (s *sectors) Read(p []byte) (int, error) {
	n, err := s.File.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.repo.unreadable(s.id, err)
	}
	return n, err
}

// Ref implements ostree.Source.
func (a *archive) Ref(_ context.Context, name string) (ostree.Checksum, error) {
	if !fs.ValidPath(name) {
		return ostree.Checksum{}, fmt.Errorf("ref %.80q: %w", name, ostree.ErrRefNotFound)
	}
	text, err := medium.ReadFile(a.files, path.Join(a.dir, "refs/heads", name), limits.Ref)
	if errors.Is(err, fs.ErrNotExist) {
		return ostree.Checksum{}, fmt.Errorf("ref %s: %w", name, ostree.ErrRefNotFound)
	}
	if err != nil {
		return ostree.Checksum{}, err
	}
	c, err := ostree.ParseChecksum(strings.TrimRight(string(text), "\n"))
	if err != nil {
		return c, fmt.Errorf("ref %s: %w", name, err)
	}
	return c, nil
}

// partial says whether a marker in state/ says that c may lack objects.
func (a *archive) partial(c ostree.Checksum) (bool, error) {
	_, err := a.files.Stat(path.Join(a.dir, partialMarker(c)))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func partialMarker(c ostree.Checksum) string { return "state/" + c.String() + ".commitpartial" }

func (a *archive) path(id ostree.ObjectID) string { return path.Join(a.dir, id.ArchivePath()) }

// stat is the object's size. A missing object is a *ostree.MissingError, one
// that is no plain file a *ostree.CorruptError.
func (a *archive) stat(id ostree.ObjectID) (int64, error) {
	st, err := a.files.Stat(a.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, &ostree.MissingError{ID: id, Where: a.path(id)}
	}
	if err != nil {
		return 0, a.unreadable(id, err)
	}
	if !st.Mode().IsRegular() {
		return 0, &ostree.CorruptError{ID: id, Where: a.path(id), Why: "not a regular file"}
	}
	return st.Size(), nil
}
