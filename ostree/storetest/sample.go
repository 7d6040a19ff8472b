package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
)

// Sample is a commit in memory, and what it is made of.
type Sample struct {
	*Memory
	Commit ostree.Checksum
	Root   ostree.Checksum // its root dirtree
	Files  []ostree.ObjectID
}

// NewSample makes a commit of dirs directories with files files in each, a
// symlink, an empty file and one with mode and xattrs. Equal numbers and texts
// give equal commits; another text changes the first file and nothing else.
func NewSample(t testing.TB, dirs, files int, text string) *Sample {
	t.Helper()
	return newSample(t, dirs, files, text, &ostree.FileHeader{Mode: 0o104755, UID: 1, GID: 2,
		Xattrs: []ostree.Xattr{{Name: "user.a", Value: []byte("b")}}})
}

// NewPlainSample is NewSample without owners, xattrs and setuid.
func NewPlainSample(t testing.TB, dirs, files int, text string) *Sample {
	t.Helper()
	return newSample(t, dirs, files, text, &ostree.FileHeader{Mode: 0o100755})
}

func newSample(t testing.TB, dirs, files int, text string, odd *ostree.FileHeader) *Sample {
	t.Helper()
	s := &Sample{Memory: &Memory{}}
	meta := s.metadata(t, ostree.TypeDirMeta, &ostree.DirMeta{Mode: 0o40755})
	root := &ostree.DirTree{Files: []ostree.TreeFile{
		{Name: "empty", Sum: s.file(t, &ostree.FileHeader{Mode: 0o100600}, "")},
		{Name: "first", Sum: s.file(t, &ostree.FileHeader{Mode: 0o100644}, "first "+text)},
		{Name: "link", Sum: s.file(t, &ostree.FileHeader{Mode: 0o120777, Target: "../first"}, "")},
		{Name: "suid", Sum: s.file(t, odd, string(bytes.Repeat([]byte("large "), 40000)))},
	}}
	for d := range dirs {
		sub := &ostree.DirTree{}
		for f := range files {
			name := fmt.Sprintf("file%d-%d", d, f)
			sub.Files = append(sub.Files, ostree.TreeFile{Name: name, Sum: s.file(t, &ostree.FileHeader{Mode: 0o100644}, name)})
		}
		root.Dirs = append(root.Dirs, ostree.TreeDir{Name: fmt.Sprintf("dir%d", d),
			Tree: s.metadata(t, ostree.TypeDirTree, sub), Meta: meta})
	}
	s.Root = s.metadata(t, ostree.TypeDirTree, root)
	s.Commit = s.metadata(t, ostree.TypeCommit, &ostree.Commit{Subject: "sample", Time: time.Unix(1600000000, 0),
		Tree: s.Root, Meta: meta})
	return s
}

type marshaler interface{ Marshal() ([]byte, error) }

func (s *Sample) metadata(t testing.TB, typ ostree.ObjectType, m marshaler) ostree.Checksum {
	t.Helper()
	data, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	id := ostree.NewMetadata(typ, data).ID()
	s.SetRaw(id, data)
	return id.Sum
}

func (s *Sample) file(t testing.TB, h *ostree.FileHeader, payload string) ostree.Checksum {
	t.Helper()
	obj := fileObject(t, h, payload)
	data, err := read(context.Background(), obj)
	if err != nil {
		t.Fatal(err)
	}
	s.SetRaw(obj.ID(), data)
	s.Files = append(s.Files, obj.ID())
	return obj.ID().Sum
}

// fileObject is a file object that is stored plain.
func fileObject(t testing.TB, h *ostree.FileHeader, payload string) ostree.Object {
	t.Helper()
	h.Size = uint64(len(payload))
	sum, err := ostree.ContentChecksum(h, bytes.NewReader([]byte(payload)))
	if err != nil {
		t.Fatal(err)
	}
	return ostree.NewFile(sum, h, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader([]byte(payload))), nil
	})
}

// Object is the sample's object, which must be there.
func (s *Sample) object(t testing.TB, id ostree.ObjectID) ostree.Object {
	t.Helper()
	obj, err := s.Object(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return obj
}
