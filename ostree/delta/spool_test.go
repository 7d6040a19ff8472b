package delta

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// Nobody signs a superblock, so the lengths in it must not be what decides how
// full a disk gets.
func TestTemporaryFilesTakeNoMoreThanThereIsRoomFor(t *testing.T) {
	full := errors.New("full")
	for _, c := range []struct {
		name  string
		known bool // how long it is, before the first byte of it
		read  func(dir string, room Room) error
	}{
		{"a part", false, func(dir string, room Room) error {
			u := &unpacker{dir: dir, room: room}
			_, err := u.unpack(t.Context(), endless{}, Part{Size: 1 << 40, USize: 1 << 40})
			return err
		}},
		{"a superblock", true, func(dir string, room Room) error {
			_, err := ReadCopy(endless{}, "superblock", 1<<33, Scratch{Dir: dir, Room: room})
			return err
		}},
	} {
		var given uint64
		dir := t.TempDir()
		err := c.read(dir, func(need uint64) error {
			if given+need > 3*roomStep {
				return full
			}
			given += need
			return nil
		})
		if !errors.Is(err, full) || (given == 0) != c.known {
			t.Errorf("%s: %v, after %d bytes", c.name, err, given)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left: %v, %v", c.name, left, err)
		}
	}
	s := &spool{dir: t.TempDir(), room: func(uint64) error { return full }}
	defer s.Close()
	if _, err := s.Write(bytes.Repeat([]byte{1}, heldInMemory)); err != nil {
		t.Errorf("what stays in memory: %v", err)
	}
}
