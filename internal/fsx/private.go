package fsx

import (
	"errors"
	"fmt"
	"os"
)

// ErrExposed says that a file with a secret can be read by others.
var ErrExposed = errors.New("others can read it")

// ReadPrivate is ReadFile, and says of the very file that was read whether it
// is exposed: nil, or an ErrExposed. A file that holds no secret may be.
func ReadPrivate(path string, max int64) (data []byte, exposed, err error) {
	f, err := os.OpenFile(path, openFlags, 0)
	if err == nil {
		err = checkRegular(f, path)
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !private(st) {
		exposed = fmt.Errorf("%w (mode %04o)", ErrExposed, st.Mode().Perm())
	}
	data, err = readCapped(f, path, max)
	return data, exposed, err
}

// OthersWrite says whether somebody else may put files into a folder: others
// than its owner, or an owner who is neither whoever runs this nor root.
func OthersWrite(dir string) (bool, error) {
	st, err := os.Stat(dir)
	return err == nil && !ours(st), err
}
