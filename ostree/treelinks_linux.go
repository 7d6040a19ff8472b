package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// linkIndex finds the object that a file is a hard link to.
type linkIndex struct {
	repo  *Repo
	cache bool // files are in the cache of an archive repo
	byIno map[uint64]Checksum
}

// linked is an object that a file is the same inode as.
type linked struct {
	sum    Checksum
	header *FileHeader
}

// indexLinks lists the inodes of all file objects that a checkout may link to.
func indexLinks(ctx context.Context, repo *Repo) (*linkIndex, error) {
	x := &linkIndex{repo: repo, cache: repo.mode == ModeArchive, byIno: map[uint64]Checksum{}}
	for n := range 256 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := x.fan(fmt.Sprintf("%02x", n)); err != nil {
			return nil, fmt.Errorf("list objects of %s: %w", repo.path, err)
		}
	}
	return x, nil
}

func (x *linkIndex) fan(fan string) error {
	folder := "objects"
	if x.cache {
		folder = cacheDir
	}
	dir, err := os.Open(filepath.Join(x.repo.path, folder, fan))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	list, err := listEntries(int(dir.Fd()))
	for _, e := range list {
		if name := e.name; len(name) == 67 && name[62:] == ".file" && e.kind == modeRegular {
			if sum, err := ParseChecksum(fan + name[:62]); err == nil {
				x.byIno[e.ino] = sum
			}
		}
	}
	return err
}

// path is where the file of an object is that a checkout may link to.
func (x *linkIndex) path(sum Checksum) string {
	if x.cache {
		return cachePath(x.repo, sum)
	}
	return x.repo.objectPath(ObjectID{sum, TypeFile})
}

// find gives the object that has the inode of st; nil when there is none. The
// lists of some file systems lie about inodes, so that it looks again.
func (x *linkIndex) find(ctx context.Context, st *unix.Stat_t) (*linked, error) {
	if x == nil || st.Nlink < 2 {
		return nil, nil
	}
	sum, ok := x.byIno[st.Ino]
	if !ok {
		return nil, nil
	}
	var there unix.Stat_t
	if err := unix.Lstat(x.path(sum), &there); err != nil || there.Ino != st.Ino || there.Dev != st.Dev {
		return nil, nil
	}
	h, err := Stat(ctx, x.repo, &Entry{Sum: sum})
	if err != nil {
		return nil, fmt.Errorf("is a link to an object: %w", err)
	}
	if h.IsSymlink() {
		return nil, nil
	}
	return &linked{sum, h}, nil
}

// hit counts a file that was known by its link.
func (b *TreeBuilder) hit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report.CacheHits++
}
