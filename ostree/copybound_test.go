package ostree_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

// ledger counts the files that a copy has found, by the dirtrees that it read,
// and has not asked about.
type ledger struct {
	mu         sync.Mutex
	open, most int
}

func (l *ledger) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open += n
	l.most = max(l.most, l.open)
}

// found notes which dirtrees are read of it.
type found struct {
	*storetest.Memory
	files  map[ostree.Checksum]int // in a dirtree
	ledger *ledger
}

func (s *found) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	if id.Type == ostree.TypeDirTree {
		s.ledger.add(s.files[id.Sum])
	}
	return s.Memory.Object(ctx, id)
}

// allFiles is a store that has every file, and no other object.
type allFiles struct {
	*storetest.Memory
	ledger *ledger
}

func (s *allFiles) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	there, err := s.Memory.Has(ctx, ids)
	for i, id := range ids {
		if id.Type == ostree.TypeFile {
			there[i] = true
			s.ledger.add(-1)
		}
	}
	return there, err
}

// A tree of many directories is not found as a whole before the first of its
// files is finished: what was found is held in memory.
func TestACopyFindsNoMoreThanItMayHold(t *testing.T) {
	const dirs, files = 100, 1000
	open := &ledger{}
	src := &found{&storetest.Memory{}, map[ostree.Checksum]int{}, open}
	store := func(typ ostree.ObjectType, v interface{ Marshal() ([]byte, error) }) ostree.Checksum {
		data, err := v.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		obj := ostree.NewMetadata(typ, data)
		src.SetRaw(obj.ID(), data)
		return obj.ID().Sum
	}
	meta := store(ostree.TypeDirMeta, &ostree.DirMeta{Mode: 0o40755})
	root := &ostree.DirTree{}
	for d := range dirs {
		sub := &ostree.DirTree{}
		for f := range files {
			var sum ostree.Checksum
			binary.BigEndian.PutUint32(sum[:], uint32(d*files+f+1))
			sub.Files = append(sub.Files, ostree.TreeFile{Name: fmt.Sprintf("%04d", f), Sum: sum})
		}
		tree := store(ostree.TypeDirTree, sub)
		src.files[tree] = files
		root.Dirs = append(root.Dirs, ostree.TreeDir{Name: fmt.Sprintf("%03d", d), Tree: tree, Meta: meta})
	}
	commit := store(ostree.TypeCommit, &ostree.Commit{Time: time.Unix(1600000000, 0), Tree: store(ostree.TypeDirTree, root), Meta: meta})
	dst := &allFiles{&storetest.Memory{Rules: ostree.Traits{Batch: 512}}, open}
	report, err := ostree.Copy(t.Context(), dst, src, commit, ostree.CopyOptions{Jobs: 4})
	if err != nil || report.Present != dirs*files {
		t.Fatalf("%+v, %v", report, err)
	}
	if open.open != 0 || open.most > 16_000 {
		t.Errorf("%d files of %d were found and not asked about", open.most, dirs*files)
	}
}
