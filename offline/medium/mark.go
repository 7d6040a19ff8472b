package medium

import (
	"errors"
	"io/fs"
	"os"

	"github.com/otactl/otactl/internal/fsx"
)

// maxMark caps a mark; one that we made is shorter by far.
const maxMark = 512

// Mark leaves a file at name that Marked knows again until the medium is
// unmounted or the machine starts anew, and on no other machine. Where the
// system cannot tell one mount from another it leaves none.
func (f *Folder) Mark(name string) error {
	if err := f.Unmark(name); err != nil {
		return err
	}
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	text, ok := identify(file)
	if ok {
		_, err = file.WriteString(text)
	}
	err = errors.Join(err, file.Close())
	if !ok || err != nil {
		err = errors.Join(err, f.Unmark(name))
	}
	return err
}

// Marked says whether this machine has left the mark at name since the medium
// was mounted. A copy of a mark is none.
func (f *Folder) Marked(name string) bool {
	if st, err := f.root.Lstat(name); err != nil || !st.Mode().IsRegular() {
		return false
	}
	file, err := fsx.OpenIn(f.root, name)
	if err != nil {
		return false
	}
	defer file.Close()
	want, ok := identify(file)
	if !ok {
		return false
	}
	is, err := fsx.ReadAll(file, name, maxMark)
	return err == nil && string(is) == want
}

// Unmark removes a mark.
func (f *Folder) Unmark(name string) error {
	err := f.root.RemoveAll(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
