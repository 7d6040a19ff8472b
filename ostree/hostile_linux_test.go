package ostree

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

// evil is an archive repo that somebody made to harm whoever reads it. Objects
// have the names that their bytes give them, so no checksum gives it away.
type evil struct {
	t testing.TB
	*Repo
}

func newEvil(t testing.TB) *evil { return &evil{t, newRepo(t, ModeArchive)} }

// put writes an object under a name, whatever it is.
func (e *evil) put(id ObjectID, data []byte) ObjectID {
	e.t.Helper()
	path := e.objectPath(id)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
		e.t.Fatal(err)
	}
	return id
}

func (e *evil) raw(typ ObjectType, data []byte) ObjectID {
	return e.put(ObjectID{sha256.Sum256(data), typ}, data)
}

func (e *evil) value(typ ObjectType, v variant.Value) ObjectID { return e.raw(typ, v.Data()) }

func (e *evil) meta() Checksum {
	return e.raw(TypeDirMeta, mustMarshal(e.t, &DirMeta{Mode: 0o40755})).Sum
}

func mustMarshal(t testing.TB, m interface{ Marshal() ([]byte, error) }) []byte {
	t.Helper()
	data, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// entry is a line of a dirtree; tree and meta are of a directory, sum of a
// file.
type entry struct {
	name            string
	sum, tree, meta Checksum
}

// dirTree serialises what no writer of ours would.
func dirTree(files, dirs []entry) variant.Value {
	var f, d []variant.Value
	for _, e := range files {
		f = append(f, variant.Tuple(treeFileType, variant.Text(e.name), variant.Bytes(e.sum[:])))
	}
	for _, e := range dirs {
		d = append(d, variant.Tuple(treeDirType, variant.Text(e.name), variant.Bytes(e.tree[:]), variant.Bytes(e.meta[:])))
	}
	return variant.Tuple(dirTreeType, variant.Array(treeFileType, f...), variant.Array(treeDirType, d...))
}

// commit makes a sound commit of a root.
func (e *evil) commit(root Checksum) Checksum {
	return e.raw(TypeCommit, mustMarshal(e.t, &Commit{Time: time.Unix(1, 0), Tree: root, Meta: e.meta()})).Sum
}

// good is a file that is what it says.
func (e *evil) good(content string) Checksum {
	h := &FileHeader{Mode: 0o100644, Size: uint64(len(content))}
	return e.filez(h, content, nil).Sum
}

// filez writes a file object; lie changes its bytes, which do not make its
// name.
func (e *evil) filez(h *FileHeader, content string, lie func([]byte) []byte) ObjectID {
	e.t.Helper()
	sum, err := ContentChecksum(h, strings.NewReader(content))
	if err != nil {
		e.t.Fatal(err)
	}
	data := filezBytes(e.t, h, content)
	if lie != nil {
		data = lie(data)
	}
	return e.put(ObjectID{sum, TypeFile}, data)
}

// holding is a commit of one directory with one file.
func (e *evil) holding(file ObjectID) Checksum {
	return e.commit(e.value(TypeDirTree, dirTree([]entry{{name: "file", sum: file.Sum}}, nil)).Sum)
}

// rawHeader is a file whose header is not one; its name is made of it.
func (e *evil) rawHeader(mode uint32, target string, payload string) ObjectID {
	plain := variant.Tuple(fileHeaderType, variant.BigUint32(0), variant.BigUint32(0), variant.BigUint32(mode),
		variant.BigUint32(0), variant.Text(target), variant.Array(xattrType))
	sum := sha256.New()
	sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(plain.Data()))<<32))
	sum.Write(plain.Data())
	sum.Write([]byte(payload))
	packed := variant.Tuple(filezHeaderType, variant.BigUint64(uint64(len(payload))), variant.BigUint32(0), variant.BigUint32(0),
		variant.BigUint32(mode), variant.BigUint32(0), variant.Text(target), variant.Array(xattrType))
	data := binary.BigEndian.AppendUint64(nil, uint64(len(packed.Data()))<<32)
	return e.put(ObjectID{finish(sum), TypeFile}, append(append(data, packed.Data()...), deflated(e.t, strings.NewReader(payload))...))
}

func deflated(t testing.TB, r io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		_, err = io.Copy(w, r)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zeros is an endless payload.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// hostile are the attacks that a repo can hold: each makes a commit, and says
// which object is at fault.
var hostile = map[string]func(e *evil) (commit Checksum, bad ObjectID){
	"dirtree with bytes behind its end": func(e *evil) (Checksum, ObjectID) {
		bad := e.raw(TypeDirTree, append(dirTree([]entry{{name: "a", sum: e.good("a")}}, nil).Data(), 0))
		return e.commit(bad.Sum), bad
	},
	"dirtree with offsets out of range": func(e *evil) (Checksum, ObjectID) {
		data := slices.Clone(dirTree([]entry{{name: "a", sum: e.good("a")}}, nil).Data())
		data[len(data)-1] = 0xf0
		bad := e.raw(TypeDirTree, data)
		return e.commit(bad.Sum), bad
	},
	"dirtree with offsets that go back": func(e *evil) (Checksum, ObjectID) {
		data := slices.Clone(dirTree([]entry{{name: "a", sum: e.good("a")}, {name: "b", sum: e.good("b")}}, nil).Data())
		at := len(data) - 3 // the ends of both files, and that of the list
		data[at], data[at+1] = data[at+1], data[at]
		bad := e.raw(TypeDirTree, data)
		return e.commit(bad.Sum), bad
	},
	"commit with padding that is not zero": func(e *evil) (Checksum, ObjectID) {
		data := slices.Clone(mustMarshal(e.t, &Commit{Time: time.Unix(1, 0), Tree: e.value(TypeDirTree, dirTree(nil, nil)).Sum, Meta: e.meta()}))
		at := bytes.Index(data, []byte{0, 0, 0, 0, 0, 0, 0, 0, 1}) // what stands before the time
		data[at] = 1
		bad := e.raw(TypeCommit, data)
		return bad.Sum, bad
	},
	"commit whose metadata nests too deep": func(e *evil) (Checksum, ObjectID) {
		v := variant.Text("deep")
		for range 300 {
			v = variant.Boxed(v)
		}
		root, meta := e.value(TypeDirTree, dirTree(nil, nil)).Sum, e.meta()
		bad := e.value(TypeCommit, variant.Tuple(commitType, variant.Dict(variant.Entry{Key: "k", Value: v}), variant.Bytes(nil),
			variant.Array(relatedType), variant.Text(""), variant.Text(""), variant.BigUint64(1), variant.Bytes(root[:]), variant.Bytes(meta[:])))
		return bad.Sum, bad
	},
	"commit whose root has a name of half a checksum": func(e *evil) (Checksum, ObjectID) {
		meta := e.meta()
		bad := e.value(TypeCommit, variant.Tuple(commitType, variant.Dict(), variant.Bytes(nil), variant.Array(relatedType),
			variant.Text(""), variant.Text(""), variant.BigUint64(1), variant.Bytes(meta[:16]), variant.Bytes(meta[:])))
		return bad.Sum, bad
	},
	nestsTooDeep: func(e *evil) (Checksum, ObjectID) {
		meta := e.meta()
		var ids []ObjectID
		at := e.value(TypeDirTree, dirTree(nil, nil))
		for range limits.TreeDepth + 10 {
			ids = append(ids, at)
			at = e.value(TypeDirTree, dirTree(nil, []entry{{name: "d", tree: at.Sum, meta: meta}}))
		}
		return e.commit(at.Sum), ids[10]
	},
	"name twice": func(e *evil) (Checksum, ObjectID) {
		bad := e.value(TypeDirTree, dirTree([]entry{{name: "a", sum: e.good("a")}, {name: "a", sum: e.good("b")}}, nil))
		return e.commit(bad.Sum), bad
	},
	"names out of order": func(e *evil) (Checksum, ObjectID) {
		bad := e.value(TypeDirTree, dirTree([]entry{{name: "b", sum: e.good("a")}, {name: "a", sum: e.good("b")}}, nil))
		return e.commit(bad.Sum), bad
	},
	"directories out of order": func(e *evil) (Checksum, ObjectID) {
		empty := e.value(TypeDirTree, dirTree(nil, nil)).Sum
		bad := e.value(TypeDirTree, dirTree(nil, []entry{{name: "b", tree: empty, meta: e.meta()}, {name: "a", tree: empty, meta: e.meta()}}))
		return e.commit(bad.Sum), bad
	},
	"symlink and directory of one name": func(e *evil) (Checksum, ObjectID) {
		link := e.filez(&FileHeader{Mode: 0o120777, Target: "../../outside"}, "", nil)
		in := e.value(TypeDirTree, dirTree([]entry{{name: "file", sum: e.good("through the link")}}, nil))
		bad := e.value(TypeDirTree, dirTree([]entry{{name: "a", sum: link.Sum}}, []entry{{name: "a", tree: in.Sum, meta: e.meta()}}))
		return e.commit(bad.Sum), bad
	},
	"dirtree where a dirmeta belongs": func(e *evil) (Checksum, ObjectID) {
		data := dirTree([]entry{{name: "a", sum: e.good("a")}}, nil).Data()
		bad := e.raw(TypeDirMeta, data)
		root := e.value(TypeDirTree, dirTree(nil, []entry{{name: "d", tree: e.raw(TypeDirTree, data).Sum, meta: bad.Sum}}))
		return e.commit(root.Sum), bad
	},
	"dirmeta where a dirtree belongs": func(e *evil) (Checksum, ObjectID) {
		bad := e.raw(TypeDirTree, mustMarshal(e.t, &DirMeta{Mode: 0o40755}))
		return e.commit(bad.Sum), bad
	},
	"commit where a file belongs": func(e *evil) (Checksum, ObjectID) {
		data := mustMarshal(e.t, &Commit{Time: time.Unix(1, 0), Tree: Checksum{1}, Meta: Checksum{2}})
		bad := e.raw(TypeFile, data)
		return e.holding(bad), bad
	},
	"dirmeta of a file": func(e *evil) (Checksum, ObjectID) {
		bad := e.value(TypeDirMeta, variant.Tuple(dirMetaType, variant.BigUint32(0), variant.BigUint32(0), variant.BigUint32(0o100644), variant.Array(xattrType)))
		root := e.value(TypeDirTree, dirTree(nil, []entry{{name: "d", tree: e.value(TypeDirTree, dirTree(nil, nil)).Sum, meta: bad.Sum}}))
		return e.commit(root.Sum), bad
	},
	"dirmeta with an xattr twice": func(e *evil) (Checksum, ObjectID) {
		x := variant.Tuple(xattrType, variant.Bytes([]byte("user.a\x00")), variant.Bytes([]byte("1")))
		bad := e.value(TypeDirMeta, variant.Tuple(dirMetaType, variant.BigUint32(0), variant.BigUint32(0), variant.BigUint32(0o40755), variant.Array(xattrType, x, x)))
		root := e.value(TypeDirTree, dirTree(nil, []entry{{name: "d", tree: e.value(TypeDirTree, dirTree(nil, nil)).Sum, meta: bad.Sum}}))
		return e.commit(root.Sum), bad
	},
	"device": func(e *evil) (Checksum, ObjectID) {
		bad := e.rawHeader(0o020666, "", "")
		return e.holding(bad), bad
	},
	"file that is a directory": func(e *evil) (Checksum, ObjectID) {
		bad := e.rawHeader(0o040755, "", "")
		return e.holding(bad), bad
	},
	"symlink to nothing": func(e *evil) (Checksum, ObjectID) {
		bad := e.rawHeader(0o120777, "", "")
		return e.holding(bad), bad
	},
	"file with a target": func(e *evil) (Checksum, ObjectID) {
		bad := e.rawHeader(0o100644, "/etc/shadow", "text")
		return e.holding(bad), bad
	},
	"file with a mode of more bits than there are": func(e *evil) (Checksum, ObjectID) {
		bad := e.rawHeader(0o1100644, "", "text")
		return e.holding(bad), bad
	},
	"header of no bytes": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", func(b []byte) []byte { return append(make([]byte, 8), b[8:]...) })
		return e.holding(bad), bad
	},
	"header as long as memory": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", func(b []byte) []byte {
			return append([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, b[8:]...)
		})
		return e.holding(bad), bad
	},
	"header longer than the file": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", func(b []byte) []byte {
			return append([]byte{0, 0, 0xff, 0xff, 0, 0, 0, 0}, b[8:]...)
		})
		return e.holding(bad), bad
	},
	"header that takes from the payload": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", func(b []byte) []byte { b[3]++; return b })
		return e.holding(bad), bad
	},
	"size of 2^63": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", sized(1<<63))
		return e.holding(bad), bad
	},
	"size of 2^64-1": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", sized(math.MaxUint64))
		return e.holding(bad), bad
	},
	"size too small by one": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", sized(4))
		return e.holding(bad), bad
	},
	"symlink with a payload": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o120777, Target: "t"}, "", func(b []byte) []byte { return append(b, deflated(e.t, strings.NewReader("more"))...) })
		return e.holding(bad), bad
	},
	"bytes behind the stream": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", func(b []byte) []byte { return append(b, 0) })
		return e.holding(bad), bad
	},
	"stream that ends early": func(e *evil) (Checksum, ObjectID) {
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", func(b []byte) []byte { return b[:len(b)-2] })
		return e.holding(bad), bad
	},
	"inflate bomb": func(e *evil) (Checksum, ObjectID) {
		bomb := deflated(e.t, io.LimitReader(zeros{}, 256<<20))
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", func(b []byte) []byte {
			return append(b[:8+binary.BigEndian.Uint32(b)], bomb...)
		})
		return e.holding(bad), bad
	},
	"content of another file": func(e *evil) (Checksum, ObjectID) {
		other := filezBytes(e.t, &FileHeader{Mode: 0o100644, Size: 5}, "other")
		bad := e.filez(&FileHeader{Mode: 0o100644, Size: 5}, "hello", func([]byte) []byte { return other })
		return e.holding(bad), bad
	},
	"setuid bit that the name does not have": func(e *evil) (Checksum, ObjectID) {
		other := filezBytes(e.t, &FileHeader{Mode: 0o104755, Size: 5}, "hello")
		bad := e.filez(&FileHeader{Mode: 0o100755, Size: 5}, "hello", func([]byte) []byte { return other })
		return e.holding(bad), bad
	},
}

// sized changes the size that a file's header names.
func sized(n uint64) func([]byte) []byte {
	return func(b []byte) []byte {
		binary.BigEndian.PutUint64(b[8:], n)
		return b
	}
}

// attacks are all of them; names come in pairs, of a file and of a directory.
func attacks() map[string]func(e *evil) (Checksum, ObjectID) {
	all := maps.Clone(hostile)
	for what, name := range map[string]string{"empty name": "", "dot": ".", "dots": "..", "slash": "a/b", "way out": "../outside",
		"absolute name": "/etc/passwd", "name that is not UTF-8": "\xff\xfe", "name of 300 bytes": strings.Repeat("n", 300)} {
		all[what+" of a file"] = func(e *evil) (Checksum, ObjectID) {
			bad := e.value(TypeDirTree, dirTree([]entry{{name: name, sum: e.good("a")}}, nil))
			return e.commit(bad.Sum), bad
		}
		all[what+" of a directory"] = func(e *evil) (Checksum, ObjectID) {
			in := e.value(TypeDirTree, dirTree([]entry{{name: "file", sum: e.good("a")}}, nil))
			bad := e.value(TypeDirTree, dirTree(nil, []entry{{name: name, tree: in.Sum, meta: e.meta()}}))
			return e.commit(bad.Sum), bad
		}
	}
	all["name with a zero byte"] = func(e *evil) (Checksum, ObjectID) {
		data := bytes.ReplaceAll(dirTree([]entry{{name: "aXb", sum: e.good("a")}}, nil).Data(), []byte("aXb"), []byte("a\x00b"))
		bad := e.raw(TypeDirTree, data)
		return e.commit(bad.Sum), bad
	}
	return all
}

// onHostile are the ways in which we come to read somebody's repo. Each gets a
// folder of its own to write to.
var onHostile = map[string]func(ctx context.Context, e *evil, commit Checksum, dir string) error{
	"copy to archive":        copyInto(ModeArchive),
	"copy to bare":           copyInto(ModeBare),
	"copy to bare-user":      copyInto(ModeBareUser),
	"copy to bare-user-only": copyInto(ModeBareUserOnly),
	"fsck": func(ctx context.Context, e *evil, commit Checksum, _ string) error {
		report, err := Fsck(ctx, e.Repo, FsckOptions{KeepOn: true})
		if err != nil {
			return fmt.Errorf("fsck stopped: %w", err)
		}
		return errors.Join(report.Problems...)
	},
	"verify": func(ctx context.Context, e *evil, commit Checksum, _ string) error {
		report, err := Verify(ctx, e.Repo, commit, VerifyOptions{KeepOn: true})
		return errors.Join(append(report.Problems, err)...)
	},
	"checkout": func(ctx context.Context, e *evil, commit Checksum, dir string) error {
		_, err := Checkout(ctx, e.Repo, commit, filepath.Join(dir, "out"), CheckoutOptions{})
		return err
	},
	"checkout in user mode": func(ctx context.Context, e *evil, commit Checksum, dir string) error {
		_, err := Checkout(ctx, e.Repo, commit, filepath.Join(dir, "out"), CheckoutOptions{UserMode: true})
		return err
	},
	"checkout over what is there": func(ctx context.Context, e *evil, commit Checksum, dir string) error {
		out := filepath.Join(dir, "out")
		if err := os.Mkdir(out, 0o755); err != nil {
			return err
		}
		_, err := Checkout(ctx, e.Repo, commit, out, CheckoutOptions{UserMode: true, Overwrite: OverwriteFiles})
		return err
	},
}

const nestsTooDeep = "directories that nest too deep"

func copyInto(mode Mode) func(ctx context.Context, e *evil, commit Checksum, dir string) error {
	return func(ctx context.Context, e *evil, commit Checksum, dir string) error {
		dst, err := CreateRepo(filepath.Join(dir, "repo"), mode)
		if err != nil {
			return err
		}
		_, err = Copy(ctx, dst, e.Repo, commit, CopyOptions{})
		if complete, cerr := dst.IsComplete(commit); complete || cerr != nil {
			return fmt.Errorf("the commit is complete: %v, %v", complete, cerr)
		}
		if problems := holdsOnlyGood(ctx, dst); problems != nil {
			return fmt.Errorf("what is visible is not sound: %w", problems)
		}
		return err
	}
}

// holdsOnlyGood reads all that a repo shows.
func holdsOnlyGood(ctx context.Context, r *Repo) error {
	return r.ListObjects(ctx, func(id ObjectID) error {
		obj, err := r.Object(ctx, id)
		if err != nil {
			return err
		}
		return VerifyObject(ctx, obj)
	})
}

// TestHostileReposAreRefused: whatever reads them ends soon and in an error that
// names the object, takes little memory, and writes to no other place.
func TestHostileReposAreRefused(t *testing.T) {
	for attack, make := range attacks() {
		t.Run(attack, func(t *testing.T) {
			e := newEvil(t)
			commit, bad := make(e)
			if err := e.SetRef(t.Context(), "main", commit, nil); err != nil && bad.Type != TypeCommit {
				t.Fatal(err)
			}
			for how, do := range onHostile {
				if how == "fsck" && attack == nestsTooDeep {
					continue // no object of it is damaged
				}
				suffer(t, attack+", "+how, e, commit, bad, do)
			}
		})
	}
}

func suffer(t *testing.T, what string, e *evil, commit Checksum, bad ObjectID, do func(context.Context, *evil, Checksum, string) error) {
	t.Helper()
	place := t.TempDir()
	dir := filepath.Join(place, "dir")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	before := foundIn(t, e.Path())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	err := do(ctx, e, commit, dir)
	runtime.ReadMemStats(&end)
	switch {
	case err == nil:
		t.Errorf("%s: no error", what)
	case ctx.Err() != nil:
		t.Errorf("%s: did not end: %v", what, err)
	case !strings.Contains(err.Error(), bad.Sum.String()):
		t.Errorf("%s: the error does not name %s: %v", what, bad, err)
	}
	const most = 32 << 20
	if took := end.TotalAlloc - start.TotalAlloc; took > most {
		t.Errorf("%s: allocates %d MiB", what, took>>20)
	}
	for _, name := range foundIn(t, place) {
		if name != "dir" && !strings.HasPrefix(name, "dir/repo") && !strings.HasPrefix(name, "dir/out") {
			t.Errorf("%s: leaves %s", what, name)
		}
	}
	if after := foundIn(t, e.Path()); !slices.Equal(before, after) {
		t.Errorf("%s: changes the source", what)
	}
}

// foundIn lists what is below dir, but for the locks of repos.
func foundIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, p)
		if err == nil && rel != "." && rel != ".lock" && !strings.HasPrefix(rel, "tmp") {
			names = append(names, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
