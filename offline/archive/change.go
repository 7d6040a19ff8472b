package archive

import (
	"io"
	"os"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
)

// Lock implements medium.Changer. It is on the file as it was opened, which has
// to be the one that has its name still.
func (a *File) Lock() (io.Closer, error) {
	if a.path == "" {
		return nil, fail.New(fail.Unsupported, "", "an archive without a path cannot be changed")
	}
	held, err := os.Open(a.path)
	if err != nil {
		return nil, err
	}
	if !tryLock(held) {
		err = busy(a.path)
	} else {
		err = a.inPlace()
	}
	if err != nil {
		_ = held.Close()
		return nil, err
	}
	return held, nil
}

// inPlace holds that what is going to be replaced is the file that a reads.
func (a *File) inPlace() error {
	mine, ok := a.r.(*os.File)
	if !ok {
		return fail.New(fail.Unsupported, "", "an archive without a path cannot be changed")
	}
	return stays(mine, a.path)
}

// Replace implements medium.Changer for bundle-targets.json and index.json, the
// files that people sign. The archive is written anew beside the old one, in
// which all that they don't sign is copied as it is, and takes its place, also for
// this File. Nobody may read from it meanwhile.
func (a *File) Replace(files ...medium.File) error {
	papers := map[string][]byte{nameIndex: a.index}
	for _, f := range files {
		if f.Name != nameIndex && f.Name != nameBundleTargets {
			return fail.New(fail.Unsupported, "unpack it, change the folder, and pack that", "%s: it cannot be changed inside an archive", f.Name)
		}
		papers[f.Name] = f.Data
	}
	if papers[nameBundleTargets] == nil {
		old, err := medium.ReadFile(a, nameBundleTargets, pieceSize)
		if err != nil {
			return err
		}
		papers[nameBundleTargets] = old
	}
	if _, err := holdTogether(papers[nameIndex], papers[nameBundleTargets]); err != nil {
		return err
	}
	return a.rewrite(papers[nameBundleTargets], papers[nameIndex])
}

func (a *File) rewrite(bundleTargets, index []byte) error {
	kept := len(a.frames) - ownFrames
	out, err := Create(a.path, a.starts[len(a.frames)]+int64(len(bundleTargets)+len(index)))
	if err != nil {
		return err
	}
	w, err := NewWriter(out)
	if err == nil {
		err = a.inPlace()
	}
	if err == nil {
		err = a.copyRaw(out, a.starts[kept])
	}
	if err == nil {
		w.frames = append(w.frames, a.frames[:kept]...)
		err = w.tail(bundleTargets, index)
	}
	if err != nil {
		out.Abort()
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return a.reopen()
}

// reopen turns to the file that has the name now.
func (a *File) reopen() error {
	now, err := Open(a.path)
	if err != nil {
		return err
	}
	was := *a
	*a = *now
	return was.Close()
}

var _ medium.Changer = (*File)(nil)
