package archive

import (
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otactl/otactl/offline/medium"
)

// find is the member of a name, nil where there is none. Of what is the
// archive's own, index.json is there like a file of the bundle, since it is
// signed like one; the list is not.
func (a *File) find(name string) *Member {
	for i := range a.papers {
		if a.papers[i].Name == name {
			return &a.papers[i]
		}
	}
	if i := a.list.from(name); i < a.list.len() && a.list.name(i) == name {
		return a.list.member(i)
	}
	return nil
}

// Holds says whether there are files in a folder.
func (a *File) Holds(folder string) bool { return a.isFolder(folder) && a.find(folder) == nil }

// isFolder says whether members are below name.
func (a *File) isFolder(name string) bool {
	if name == "." || name == "tuf" {
		return true
	}
	i := a.list.from(name + "/")
	return i < a.list.len() && strings.HasPrefix(a.list.name(i), name+"/")
}

// Stat implements fs.StatFS.
func (a *File) Stat(name string) (fs.FileInfo, error) {
	if m := a.find(name); m != nil {
		return info{name: m.Name, size: m.Size}, nil
	}
	if fs.ValidPath(name) && a.isFolder(name) {
		return info{name: name, folder: true}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// Open implements fs.FS.
func (a *File) Open(name string) (fs.File, error) {
	m := a.find(name)
	if m == nil {
		st, err := a.Stat(name)
		if err == nil && st.IsDir() {
			err = medium.ErrNotRegular
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: medium.Cause(err)}
	}
	return &reading{archive: a, member: m, held: -1}, nil
}

// ReadDir implements fs.ReadDirFS.
func (a *File) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) || !a.isFolder(name) || a.find(name) != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	prefix, at := name+"/", 0
	if name == "." {
		prefix = ""
	} else {
		at = a.list.from(prefix)
	}
	children := map[string]info{}
	add := func(member string, size int64) (folder bool) {
		child, _, deeper := strings.Cut(member[len(prefix):], "/")
		children[child] = info{name: child, size: size, folder: deeper}
		return deeper
	}
	for _, m := range a.papers {
		if strings.HasPrefix(m.Name, prefix) {
			add(m.Name, m.Size)
		}
	}
	for at < a.list.len() && strings.HasPrefix(a.list.name(at), prefix) {
		m := a.list.member(at)
		if !add(m.Name, m.Size) {
			at++
			continue
		}
		child, _, _ := strings.Cut(m.Name[len(prefix):], "/")
		at = a.list.from(prefix + child + afterSlash) // past all that is below it
	}
	var entries []fs.DirEntry
	for _, child := range slices.Sorted(maps.Keys(children)) {
		entries = append(entries, fs.FileInfoToDirEntry(children[child]))
	}
	return entries, nil
}

// afterSlash is the character that sorts next after a slash.
const afterSlash = "0"

// info is what is known of a name; all modes and times are the same.
type info struct {
	name   string
	size   int64
	folder bool
}

func (i info) Name() string       { return path.Base(i.name) }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.folder }
func (i info) Sys() any           { return nil }

// Mode implements fs.FileInfo.
func (i info) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// reading is an open member. It holds the piece that was read last.
type reading struct {
	archive *File
	member  *Member
	at      int64 // of the next Read

	mu   sync.Mutex
	held int64 // which piece body is, -1 for none
	body []byte
}

// Stat implements fs.File.
func (r *reading) Stat() (fs.FileInfo, error) {
	return info{name: r.member.Name, size: r.member.Size}, nil
}

// Close implements fs.File.
func (r *reading) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held, r.body = -1, nil
	return nil
}

// Read implements fs.File.
func (r *reading) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p, r.at)
	r.at += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadAt implements io.ReaderAt. No byte comes out whose piece is not as the
// index says.
func (r *reading) ReadAt(p []byte, off int64) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if off < 0 {
		return 0, &fs.PathError{Op: "read", Path: r.member.Name, Err: fs.ErrInvalid}
	}
	n := 0
	for n < len(p) && off+int64(n) < r.member.Size {
		at := off + int64(n)
		if err := r.hold(at / pieceSize); err != nil {
			return n, err
		}
		n += copy(p[n:], r.body[at%pieceSize:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (r *reading) hold(piece int64) error {
	if r.held == piece {
		return nil
	}
	body, err := r.archive.piece(r.member, piece)
	if err != nil {
		return err
	}
	r.held, r.body = piece, body
	return nil
}
