package ostree

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/otactl/otactl/internal/limits"
)

// treeLog keeps what a copy has read from afar of commits and directories
// until their turn to be stored comes, which is after all that is below them:
// a file in the repo's tmp. A copy that is killed finds there what it need not
// fetch again, and none holds all of them in memory. What is read back is
// verified as if it came from anywhere.
//
// A nil treeLog keeps nothing.
type treeLog struct {
	path string
	f    *os.File           // locked: one copy at a time has the log
	room func(uint64) error // of the repo; or nil

	mu  sync.Mutex
	end int64
	at  map[ObjectID]span
}

// span is where in the log an object is.
type span struct {
	offset int64
	length int
}

// Each record is a type, three zero bytes, the length, and the object.
const (
	recordHeader = 8
	maxTreeLog   = 1 << 30 // beyond that nothing more is kept
)

// openTreeLog takes the repo's log, with what is in it. Where it cannot be had,
// a copy goes without.
func (r *Repo) openTreeLog() *treeLog {
	path := filepath.Join(r.path, "tmp", "otactl-trees")
	f, err := takeLock(path)
	if err != nil {
		return nil
	}
	l := &treeLog{path: path, f: f, room: r.room, at: map[ObjectID]span{}}
	if err := l.recover(); err != nil {
		_ = f.Close()
		return nil
	}
	return l
}

// recover finds the records that are whole, and cuts off what follows them.
func (l *treeLog) recover() error {
	in := bufio.NewReaderSize(l.f, bufferSize)
	for {
		id, n, err := readRecord(in)
		if err != nil {
			break // the end, or a record that was never finished
		}
		l.at[id] = span{l.end + recordHeader, n}
		l.end += recordHeader + int64(n)
	}
	return l.f.Truncate(l.end)
}

var errRecord = errors.New("not a record")

func readRecord(in io.Reader) (ObjectID, int, error) {
	var h [recordHeader]byte
	if _, err := io.ReadFull(in, h[:]); err != nil {
		return ObjectID{}, 0, err
	}
	t, n := ObjectType(h[0]), int64(binary.BigEndian.Uint32(h[4:]))
	if t != TypeDirTree && t != TypeCommit || h[1]|h[2]|h[3] != 0 || n > limits.OSTreeMetadata {
		return ObjectID{}, 0, errRecord
	}
	sum := sha256.New()
	if _, err := io.CopyN(sum, in, n); err != nil {
		return ObjectID{}, 0, err
	}
	return ObjectID{finish(sum), t}, int(n), nil
}

// has says whether an object is in the log.
func (l *treeLog) has(id ObjectID) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.at[id]
	return ok
}

// get is an object that is in the log.
func (l *treeLog) get(id ObjectID) ([]byte, bool) {
	if l == nil {
		return nil, false
	}
	l.mu.Lock()
	at, ok := l.at[id]
	l.mu.Unlock()
	if !ok {
		return nil, false
	}
	data := make([]byte, at.length)
	if _, err := l.f.ReadAt(data, at.offset); err != nil || checkMetadata(id, data) != nil {
		return nil, false
	}
	return data, true
}

// add keeps an object, and says whether it did.
func (l *treeLog) add(id ObjectID, data []byte) bool {
	if l == nil {
		return false
	}
	var header [recordHeader]byte
	header[0] = byte(id.Type)
	binary.BigEndian.PutUint32(header[4:], uint32(len(data)))
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, there := l.at[id]; there {
		return true
	}
	if l.end > maxTreeLog || l.room != nil && l.room(uint64(recordHeader+len(data))) != nil {
		return false
	}
	// The header last: without it, what a kill leaves is no record. The next
	// record lies over one that could not be written.
	if _, err := l.f.WriteAt(data, l.end+recordHeader); err != nil {
		return false
	}
	if _, err := l.f.WriteAt(header[:], l.end); err != nil {
		return false
	}
	l.at[id] = span{l.end + recordHeader, len(data)}
	l.end += recordHeader + int64(len(data))
	return true
}

// close gives the log up: for the next copy, or when this one is through for
// nobody.
func (l *treeLog) close(through bool) {
	if l == nil {
		return
	}
	if through {
		_ = os.Remove(l.path)
	}
	_ = l.f.Close()
}
