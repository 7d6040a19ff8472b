package fatfs

import (
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Options are the limits of a file system.
type Options struct {
	MaxFile  int64 // bytes that a file may have; 0 is 4 GiB less one
	Capacity int64 // bytes; 0 is no limit
	Cluster  int64 // bytes that are taken at once; 0 is 4096
	Delayed  bool  // what is written stays in the kernel for a while
}

// FS is a mounted file system.
type FS struct {
	fuse.RawFileSystem // ENOSYS for all that FAT does not have

	rules Options
	dir   string

	mu    sync.Mutex
	disk  *disk
	log   []op
	left  int // changes before it fails; negative is no end
	errno syscall.Errno
	gone  bool
}

// Mount mounts an empty file system until the test ends.
func Mount(tb testing.TB, rules Options) *FS {
	tb.Helper()
	if rules.MaxFile == 0 {
		rules.MaxFile = 1<<32 - 1
	}
	if rules.Cluster == 0 {
		rules.Cluster = 4096
	}
	f := &FS{RawFileSystem: fuse.NewDefaultRawFileSystem(), rules: rules, dir: tb.TempDir(), disk: newDisk(rules), left: -1}
	mount := &fuse.MountOptions{FsName: "fatfs", Name: "fatfs", DirectMountStrict: true, DisableXAttrs: true, DisableReadDirPlus: true}
	if rules.Delayed {
		mount.ExtraCapabilities = fuse.CAP_WRITEBACK_CACHE
	}
	server, err := fuse.NewServer(f, f.dir, mount)
	if err != nil {
		tb.Fatal(err)
	}
	go server.Serve()
	if err := server.WaitMount(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			tb.Error(err)
		}
	})
	return f
}

// Dir is where it is mounted.
func (f *FS) Dir() string { return f.dir }

// FailAfter lets n changes more succeed. Each one after that fails with errno;
// unless it is EROFS, whatever is read fails as well.
func (f *FS) FailAfter(n int, errno syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.errno, f.gone = n, errno, false
}

// Heal ends what FailAfter began.
func (f *FS) Heal() { f.FailAfter(-1, 0) }

// change does an op, if the file system still does such, and logs it.
func (f *FS) change(o op) (*node, fuse.Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.left == 0:
		f.gone = f.errno != syscall.EROFS
		return nil, fuse.Status(f.errno)
	case f.left > 0:
		f.left--
	}
	n, errno := f.disk.apply(o)
	if errno == 0 {
		f.log = append(f.log, o)
	}
	return n, fuse.Status(errno)
}

// look finds a node for who only reads.
func (f *FS) look(id uint64, fn func(n *node) fuse.Status) fuse.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.disk.nodes[id]
	switch {
	case f.gone:
		return fuse.Status(f.errno)
	case n == nil:
		return fuse.Status(syscall.ESTALE)
	}
	return fn(n)
}

// attr is what FAT knows of a file: everybody's, and when it was made matters to
// nobody here.
func (n *node) attr(out *fuse.Attr) {
	*out = fuse.Attr{Ino: n.id, Size: uint64(len(n.data)), Blocks: uint64(len(n.data)+511) / 512, Blksize: 4096, Mode: syscall.S_IFREG | 0o755, Nlink: 1}
	if n.kids != nil {
		out.Mode = syscall.S_IFDIR | 0o755
	}
	out.SetTimes(&made, &made, &made)
}

var made = time.Unix(1<<30, 0)

func (n *node) entry(out *fuse.EntryOut) fuse.Status {
	out.NodeId = n.id
	n.attr(&out.Attr)
	return fuse.OK
}

// Lookup implements fuse.RawFileSystem.
func (f *FS) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	return f.look(h.NodeId, func(dir *node) fuse.Status {
		k, ok := dir.kids[fold(name)]
		if !ok {
			return fuse.ENOENT
		}
		return k.node.entry(out)
	})
}

// GetAttr implements fuse.RawFileSystem.
func (f *FS) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	return f.look(in.NodeId, func(n *node) fuse.Status {
		n.attr(&out.Attr)
		return fuse.OK
	})
}

// SetAttr implements fuse.RawFileSystem: a length can be set, modes and owners
// cannot.
func (f *FS) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	if in.Valid&(fuse.FATTR_MODE|fuse.FATTR_UID|fuse.FATTR_GID) != 0 {
		return fuse.EPERM
	}
	if in.Valid&fuse.FATTR_SIZE != 0 {
		if _, st := f.change(op{verb: opTruncate, node: in.NodeId, at: int64(in.Size)}); st != fuse.OK {
			return st
		}
	}
	return f.look(in.NodeId, func(n *node) fuse.Status {
		n.attr(&out.Attr)
		return fuse.OK
	})
}

// Mkdir implements fuse.RawFileSystem.
func (f *FS) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	n, st := f.change(op{verb: opMkdir, node: in.NodeId, name: name})
	if st != fuse.OK {
		return st
	}
	return f.look(n.id, func(n *node) fuse.Status { return n.entry(out) })
}

// Create implements fuse.RawFileSystem.
func (f *FS) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	n, st := f.change(op{verb: opCreate, node: in.NodeId, name: name})
	if st != fuse.OK {
		return st
	}
	return f.look(n.id, func(n *node) fuse.Status { return n.entry(&out.EntryOut) })
}

// Symlink implements fuse.RawFileSystem.
func (f *FS) Symlink(<-chan struct{}, *fuse.InHeader, string, string, *fuse.EntryOut) fuse.Status {
	return fuse.EPERM
}

// Link implements fuse.RawFileSystem.
func (f *FS) Link(<-chan struct{}, *fuse.LinkIn, string, *fuse.EntryOut) fuse.Status {
	return fuse.EPERM
}

// Unlink implements fuse.RawFileSystem.
func (f *FS) Unlink(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	_, st := f.change(op{verb: opRemove, node: h.NodeId, name: name})
	return st
}

// Rmdir implements fuse.RawFileSystem.
func (f *FS) Rmdir(cancel <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	return f.Unlink(cancel, h, name)
}

// Rename implements fuse.RawFileSystem, without exchange and without leave to
// refuse a name that is taken.
func (f *FS) Rename(_ <-chan struct{}, in *fuse.RenameIn, from, to string) fuse.Status {
	if in.Flags != 0 {
		return fuse.EINVAL
	}
	_, st := f.change(op{verb: opRename, node: in.NodeId, name: from, to: in.Newdir, toName: to})
	return st
}

// Open implements fuse.RawFileSystem.
func (f *FS) Open(_ <-chan struct{}, in *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	if in.Flags&syscall.O_TRUNC != 0 {
		_, st := f.change(op{verb: opTruncate, node: in.NodeId})
		return st
	}
	return f.look(in.NodeId, func(*node) fuse.Status { return fuse.OK })
}

// Read implements fuse.RawFileSystem.
func (f *FS) Read(_ <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	var got int
	st := f.look(in.NodeId, func(n *node) fuse.Status {
		if in.Offset < uint64(len(n.data)) {
			got = copy(buf, n.data[in.Offset:])
		}
		return fuse.OK
	})
	return fuse.ReadResultData(buf[:got]), st
}

// Write implements fuse.RawFileSystem.
func (f *FS) Write(_ <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	_, st := f.change(op{verb: opWrite, node: in.NodeId, at: int64(in.Offset), data: append([]byte(nil), data...)})
	if st != fuse.OK {
		return 0, st
	}
	return uint32(len(data)), st
}

// Flush implements fuse.RawFileSystem.
func (f *FS) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.OK }

// Release implements fuse.RawFileSystem.
func (f *FS) Release(<-chan struct{}, *fuse.ReleaseIn) {}

// Fsync implements fuse.RawFileSystem.
func (f *FS) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	_, st := f.change(op{verb: opSync, node: in.NodeId})
	return st
}

// OpenDir implements fuse.RawFileSystem.
func (f *FS) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	return f.look(in.NodeId, func(*node) fuse.Status { return fuse.OK })
}

// ReadDir implements fuse.RawFileSystem. Entries come in the order of their
// numbers, so that one that goes meanwhile hides no other.
func (f *FS) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.look(in.NodeId, func(dir *node) fuse.Status {
		for _, k := range dir.after(in.Offset) {
			mode := uint32(syscall.S_IFREG)
			if k.node.kids != nil {
				mode = syscall.S_IFDIR
			}
			if !out.AddDirEntry(fuse.DirEntry{Name: k.name, Ino: k.node.id, Mode: mode, Off: k.node.id}) {
				break
			}
		}
		return fuse.OK
	})
}

// ReleaseDir implements fuse.RawFileSystem.
func (f *FS) ReleaseDir(*fuse.ReleaseIn) {}

// FsyncDir implements fuse.RawFileSystem.
func (f *FS) FsyncDir(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	_, st := f.change(op{verb: opSyncDir, node: in.NodeId})
	return st
}

// StatFs implements fuse.RawFileSystem.
func (f *FS) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	return f.look(root, func(*node) fuse.Status {
		capacity := f.rules.Capacity
		if capacity == 0 {
			capacity = 1 << 40
		}
		out.Bsize, out.Frsize, out.NameLen = uint32(f.rules.Cluster), uint32(f.rules.Cluster), 255
		out.Blocks = uint64(capacity / f.rules.Cluster)
		out.Bfree = uint64((capacity - f.disk.used) / f.rules.Cluster)
		out.Bavail = out.Bfree
		return fuse.OK
	})
}
