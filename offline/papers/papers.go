// Package papers is the metadata of a bundle without its content: one small
// file that goes from one person who signs to the next, while the bundle stays
// where it is.
//
//	{"format":1,"papers":{"tuf/1.root.json":"…","tuf/bundle-targets.json":"…",…}}
//
// Each member is a file of the bundle, byte for byte. A file of papers is read
// like a bundle and can be changed like one. This room verifies nothing, and
// takes no name that is not one of a bundle's metadata files.
package papers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
)

// format is the number of the present form of the file.
const format = 1

// Papers are an open file of papers. They implement medium.Changer.
type Papers struct {
	path  string
	files map[string][]byte
}

// document is the file as it is written.
type document struct {
	Format int               `json:"format"`
	Papers map[string]string `json:"papers"`
}

// paper matches what may be in a file of papers.
var paper = regexp.MustCompile(`^(tuf/([1-9][0-9]{0,8}\.root|timestamp|snapshot|targets|bundle-targets)\.json|index\.json)$`)

// Export makes a file of papers of the metadata of a bundle. A file at path is
// replaced.
func Export(files medium.Files, path string) error {
	doc := document{Format: format, Papers: map[string]string{}}
	names, err := metadata(files)
	if err != nil {
		return err
	}
	left := int64(limits.Papers)
	for _, name := range names {
		data, err := medium.ReadFile(files, name, left)
		if err != nil {
			return err
		}
		left -= int64(len(data))
		doc.Papers[name] = string(data)
	}
	return doc.write(path)
}

// metadata lists the metadata files of a bundle.
func metadata(files medium.Files) ([]string, error) {
	var names []string
	for _, dir := range []string{".", "tuf"} {
		entries, err := files.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, medium.Cause(err))
		}
		for _, e := range entries {
			if name := path.Join(dir, e.Name()); paper.MatchString(name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

func (d document) write(path string) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if len(data) > limits.Papers {
		return &fsx.TooLargeError{Name: path, Max: limits.Papers}
	}
	return fsx.WriteFile(path, data, 0o644)
}

// Is says whether the file at path looks like papers and not like an archive.
func Is(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // nobody waits for a pipe
	if err != nil {
		return false
	}
	defer f.Close()
	first := make([]byte, 1)
	_, err = io.ReadFull(f, first)
	return err == nil && first[0] == '{'
}

// Open reads a file of papers.
func Open(path string) (*Papers, error) {
	data, err := fsx.ReadFile(path, limits.Papers)
	if err != nil {
		return nil, err
	}
	files, err := parse(data)
	if fail.ClassOf(err) == fail.Unsupported {
		return nil, err
	}
	if err != nil {
		return nil, fail.As(err, fail.Verification, "have it exported again: otactl targets offline-update sign BUNDLE --export FILE")
	}
	return &Papers{path: path, files: files}, nil
}

func parse(data []byte) (map[string][]byte, error) {
	var doc document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("not the metadata of a bundle: %w", err)
	}
	if dec.More() {
		return nil, errors.New("something follows the metadata")
	}
	if doc.Format > format {
		return nil, fail.New(fail.Unsupported, "take a newer otactl", "it has the format %d, which is newer than this program", doc.Format)
	}
	if doc.Format != format {
		return nil, fmt.Errorf("it has the format %d", doc.Format)
	}
	files := map[string][]byte{}
	for name, text := range doc.Papers {
		if !paper.MatchString(name) {
			return nil, fmt.Errorf("%.80q is no metadata file of a bundle", name)
		}
		files[name] = []byte(text)
	}
	return files, nil
}

// Lock implements medium.Changer, and reads the file again: somebody may have
// signed since. The lock is on the folder, for the file is replaced.
func (p *Papers) Lock() (io.Closer, error) {
	folder, err := medium.OpenFolder(filepath.Dir(p.path))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	lock, err := folder.Lock()
	if err != nil {
		return nil, err
	}
	now, err := Open(p.path)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	p.files = now.files
	return lock, nil
}

// Replace implements medium.Changer; all files are replaced at once.
func (p *Papers) Replace(files ...medium.File) error {
	next := maps.Clone(p.files)
	doc := document{Format: format, Papers: map[string]string{}}
	for _, f := range files {
		if !paper.MatchString(f.Name) {
			return fmt.Errorf("%s: %w", f.Name, fs.ErrInvalid)
		}
		next[f.Name] = f.Data
	}
	for name, data := range next {
		doc.Papers[name] = string(data)
	}
	if err := doc.write(p.path); err != nil {
		return err
	}
	p.files = next
	return nil
}

// Close implements medium.Files.
func (*Papers) Close() error { return nil }

// Open implements fs.FS.
func (p *Papers) Open(name string) (fs.File, error) {
	data, ok := p.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &sheet{Reader: bytes.NewReader(data), info: info{name: path.Base(name), size: int64(len(data))}}, nil
}

// Stat implements fs.StatFS.
func (p *Papers) Stat(name string) (fs.FileInfo, error) {
	if data, ok := p.files[name]; ok {
		return info{name: path.Base(name), size: int64(len(data))}, nil
	}
	if list, err := p.ReadDir(name); err == nil && (name == "." || len(list) > 0) {
		return info{name: path.Base(name), dir: true}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// ReadDir implements fs.ReadDirFS.
func (p *Papers) ReadDir(dir string) ([]fs.DirEntry, error) {
	entries := map[string]fs.DirEntry{}
	for name, data := range p.files {
		in, base := path.Split(name)
		switch in = path.Clean(in); {
		case in == dir:
			entries[base] = fs.FileInfoToDirEntry(info{name: base, size: int64(len(data))})
		case dir == ".":
			entries[in] = fs.FileInfoToDirEntry(info{name: in, dir: true})
		}
	}
	if len(entries) == 0 && dir != "." {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: fs.ErrNotExist}
	}
	list := []fs.DirEntry{}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		list = append(list, entries[name])
	}
	return list, nil
}

// sheet is one open file.
type sheet struct {
	*bytes.Reader
	info info
}

// Stat implements fs.File.
func (s *sheet) Stat() (fs.FileInfo, error) { return s.info, nil }

// Close implements fs.File.
func (*sheet) Close() error { return nil }

// info describes a file or a folder of papers.
type info struct {
	name string
	size int64
	dir  bool
}

// Name implements fs.FileInfo.
func (i info) Name() string { return i.name }

// Size implements fs.FileInfo.
func (i info) Size() int64 { return i.size }

// Mode implements fs.FileInfo.
func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// ModTime implements fs.FileInfo: none is kept.
func (info) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo.
func (i info) IsDir() bool { return i.dir }

// Sys implements fs.FileInfo.
func (info) Sys() any { return nil }
