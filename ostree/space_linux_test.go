package ostree

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree/keyfile"
)

// smallDisk is a file system of so many bytes, and its path.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func setCore(t *testing.T, r *Repo, key, value string) {
	t.Helper()
	if err := r.EditConfig(t.Context(), func(f *keyfile.File) error { return f.Set("core", key, value) }); err != nil {
		t.Fatal(err)
	}
}

// noise is a file that does not compress.
func noise(t *testing.T, seed int64, size int) Object {
	t.Helper()
	h := &FileHeader{Mode: 0o100644, Size: uint64(size)}
	data := func() io.Reader { return io.LimitReader(rand.New(rand.NewSource(seed)), int64(size)) }
	c, err := ContentChecksum(h, data())
	if err != nil {
		t.Fatal(err)
	}
	return NewFile(c, h, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(data()), nil })
}

// TestWhatTheConfigKeepsFreeStaysFreeOfMembers: the content of a large one lies
// in tmp until it is stored.
func TestWhatTheConfigKeepsFreeStaysFreeOfMembers(t *testing.T) {
	for size, fits := range map[int]bool{3 << 20: true, 12 << 20: false} {
		r, err := CreateRepo(filepath.Join(smallDisk(t, 16<<20), "repo"), ModeArchive)
		if err != nil {
			t.Fatal(err)
		}
		setCore(t, r, "min-free-space-size", "8MB")
		data := tarOf(t, dir(".", 0o755), file("zeros", string(make([]byte, size))))
		_, err = commitTar(t, r, data, TreeOptions{}, TarOptions{})
		if fits && err != nil || !fits && !errors.Is(err, ErrNoSpace) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if left, err := filepath.Glob(filepath.Join(r.Path(), "tmp/otactl-member-*")); err != nil || left != nil {
			t.Errorf("%d bytes: %q are left, %v", size, left, err)
		}
	}
}

func TestWhatTheConfigKeepsFreeStaysFree(t *testing.T) {
	for _, mode := range []Mode{ModeArchive, ModeBare} { // tmpfs has no user xattrs
		for key, value := range map[string]string{"min-free-space-size": "8MB", "min-free-space-percent": "50"} {
			r, err := CreateRepo(filepath.Join(smallDisk(t, 16<<20), "repo"), mode)
			if err != nil {
				t.Fatal(err)
			}
			setCore(t, r, key, value)
			s, err := r.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for err == nil && n < 20 {
				err = s.Put(t.Context(), noise(t, int64(n), 1<<20))
				n++
			}
			if !errors.Is(err, ErrNoSpace) || fail.ClassOf(err) != fail.NoSpace || !strings.Contains(err.Error(), key) || n < 7 {
				t.Errorf("%s %s: after %d objects: %v", mode, key, n, err)
			}
			d, statErr := diskSpace(r.Path())
			if statErr != nil || d.free < 8<<20 {
				t.Errorf("%s %s: %d bytes are free, %v", mode, key, d.free, statErr)
			}
			if err := s.Put(t.Context(), NewMetadata(TypeDirTree, []byte{0})); err != nil {
				t.Errorf("%s %s: metadata: %v", mode, key, err)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if err := r.WriteTombstone(t.Context(), Checksum{}); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestWhatIsKeptFreeForTheLastPartStaysFree: metadata counts as well, and what
// was stored before the limit was met stays.
func TestWhatIsKeptFreeForTheLastPartStaysFree(t *testing.T) {
	r, err := CreateRepoWith(filepath.Join(smallDisk(t, 16<<20), "repo"), ModeArchive, CreateOptions{FillDisk: true})
	if err != nil {
		t.Fatal(err)
	}
	r.KeepFree(4 << 20)
	s, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; err == nil && n < 20; n++ {
		err = s.Put(t.Context(), noise(t, int64(n), 1<<20))
	}
	if !errors.Is(err, ErrNoSpace) || fail.ClassOf(err) != fail.NoSpace || n < 10 {
		t.Errorf("after %d objects: %v", n, err)
	}
	for uid := uint32(0); err == nil || uid == 0; uid++ { // down to the last block
		meta := binary.BigEndian.AppendUint32(nil, uid)
		err = s.Put(t.Context(), NewMetadata(TypeDirMeta, append(meta, 0, 0, 0, 0, 0, 0, 0x41, 0xed)))
	}
	if !errors.Is(err, ErrNoSpace) {
		t.Errorf("metadata: %v", err)
	}
	if d, err := diskSpace(r.Path()); err != nil || d.usable < 4<<20 {
		t.Errorf("%d bytes are left, %v", d.usable, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	there := 0
	if err := r.ListObjects(t.Context(), func(ObjectID) error { there++; return nil }); err != nil || there < n-1 {
		t.Errorf("%d of %d objects stayed, %v", there, n-1, err)
	}
}

// TestAnObjectThatNoFileCanHoldIsNotBegun on a file system whose files are
// small, as FAT32's are.
func TestAnObjectThatNoFileCanHoldIsNotBegun(t *testing.T) {
	f, err := os.Create(filepath.Join(testkit.Ext2(t), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := holds(f, 1<<40); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("1 TiB: %v", err)
	}
	if err := holds(f, 3<<30); err != nil {
		t.Errorf("3 GiB: %v", err)
	}
	if at, err := f.Seek(0, io.SeekCurrent); at != 0 || err != nil {
		t.Errorf("the file is at %d, %v", at, err)
	}
}

func TestAFileThatIsTooLargeForTheDiskIsNotBegun(t *testing.T) {
	r, err := CreateRepo(filepath.Join(smallDisk(t, 16<<20), "repo"), ModeBare)
	if err != nil {
		t.Fatal(err)
	}
	huge := NewFile(Checksum{1}, &FileHeader{Mode: 0o100644, Size: 1 << 62}, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(failing{t}), nil
	})
	if err := r.PutDurable(t.Context(), huge); !errors.Is(err, ErrNoSpace) {
		t.Errorf("%v", err)
	}
}

// Who keeps more free than the config says is asked about all that is written, by
// what an object claims before a byte of it is read.
func TestWhatSetRoomRefusesIsNotWritten(t *testing.T) {
	for _, mode := range []Mode{ModeArchive, ModeBare} {
		r, err := CreateRepoWith(filepath.Join(smallDisk(t, 16<<20), "repo"), mode, CreateOptions{FillDisk: true})
		if err != nil {
			t.Fatal(err)
		}
		full := false
		refused := fmt.Errorf("%w: for the deployment", ErrNoSpace)
		r.SetRoom(func(need uint64) error {
			if full || need > 5<<20 {
				return refused
			}
			return nil
		})
		s, err := r.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Abort)
		if err := errors.Join(s.Put(t.Context(), noise(t, 1, 2<<20)), s.Put(t.Context(), NewMetadata(TypeDirTree, []byte{0}))); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if mode == ModeBare {
			huge := NewFile(Checksum{1}, &FileHeader{Mode: 0o100644, Size: 6 << 20}, func(context.Context) (io.ReadCloser, error) {
				return io.NopCloser(failing{t}), nil
			})
			if err := s.Put(t.Context(), huge); !errors.Is(err, refused) {
				t.Errorf("%s: more than there is room for: %v", mode, err)
			}
		}
		kept := halfIn(t, s.(*session).stage, aName(t, "kept"))
		if _, err := kept.Write(make([]byte, worthKeeping/2)); err != nil || !kept.any() {
			t.Fatal(kept.have, err)
		}
		full = true
		for what, obj := range map[string]Object{"a file": noise(t, 2, 1), "metadata": NewMetadata(TypeDirMeta, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 0xed})} {
			if err := s.Put(t.Context(), obj); !errors.Is(err, refused) {
				t.Errorf("%s: %s where there is no room: %v", mode, what, err)
			}
		}
		if kept.any() || !errors.Is(r.RoomFor(1), refused) {
			t.Errorf("%s: %d bytes are kept where there is no room, %v", mode, kept.have, r.RoomFor(1))
		}
		kept.drop()
	}
}

type failing struct{ t *testing.T }

func (f failing) Read([]byte) (int, error) {
	f.t.Error("it was read")
	return 0, io.ErrUnexpectedEOF
}

// TestSpaceThatOthersFreeIsUsed: the measure at the beginning is not the last.
func TestSpaceThatOthersFreeIsUsed(t *testing.T) {
	disk := smallDisk(t, 16<<20)
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 7<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := CreateRepo(filepath.Join(disk, "repo"), ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	setCore(t, r, "min-free-space-size", "8MB")
	s, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Abort()
	if err := s.Put(t.Context(), noise(t, 1, 4<<20)); !errors.Is(err, ErrNoSpace) {
		t.Fatalf("%v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), noise(t, 1, 4<<20)); err != nil {
		t.Errorf("after it was freed: %v", err)
	}
}

func TestARepoOfAStickMayFillIt(t *testing.T) {
	r, err := CreateRepoWith(filepath.Join(smallDisk(t, 4<<20), "repo"), ModeArchive, CreateOptions{FillDisk: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.PutDurable(t.Context(), noise(t, 1, 4<<20-300<<10)); err != nil {
		t.Error(err)
	}
}
