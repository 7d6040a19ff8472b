package offline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// UnpackReport says what was unpacked.
type UnpackReport struct {
	File    string `json:"file"`
	Dir     string `json:"bundle"`
	Files   int    `json:"files"`   // written
	Present int    `json:"present"` // were there already
	Bytes   int64  `json:"bytes"`   // written
	// Missing is how many signatures the index lacks. The folder has none, and
	// what it lacks itself is for Verify to say.
	Missing int `json:"missing_signatures"`
}

// Unpack makes a folder of the bundle b, which is one file. The folder is new,
// empty, or has nothing in it but parts of the same bundle; then what is there
// and good is kept. No file gets its name before it was found to be as listed,
// and the metadata comes last, as in a build: a run that was cut off leaves no
// bundle, and can be run again.
func Unpack(ctx context.Context, b *Bundle, dir string, sink progress.Sink) (*UnpackReport, error) {
	rep, err := unpack(ctx, b, dir, sink)
	if err != nil {
		return nil, fmt.Errorf("unpack %s into %s: %w", b.dir, dir, aboutMedium(err))
	}
	return rep, nil
}

func unpack(ctx context.Context, b *Bundle, dir string, sink progress.Sink) (*UnpackReport, error) {
	file, ok := b.files.(*ota.File)
	if !ok {
		return nil, fail.New(fail.Usage, "give the file of a bundle", "it is no archive")
	}
	u := &unpacker{b: b, file: file, report: UnpackReport{File: b.dir, Dir: dir}}
	var err error
	if u.report.Missing, err = u.missing(ctx); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if u.folder, err = medium.OpenFolder(dir); err != nil {
		return nil, err
	}
	defer u.folder.Close()
	lock, err := u.folder.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := recoverMetadata(u.folder); err != nil {
		return nil, err
	}
	if err := u.survey(ctx, "."); err != nil {
		return nil, err
	}
	if err := u.sameStatement(ctx); err != nil {
		return nil, err
	}
	return &u.report, u.write(ctx, sink)
}

// unpacker is one run of Unpack.
type unpacker struct {
	b      *Bundle
	file   *ota.File
	folder *medium.Folder
	made   string // the folder that was made last
	report UnpackReport
}

// missing is how many signatures the index lacks. One that does not count is an
// error.
func (u *unpacker) missing(ctx context.Context) (int, error) {
	root, err := u.b.newestRoot(ctx)
	if err != nil {
		return 0, err
	}
	sigs, err := checkSignatures(root, medium.File{Name: indexFile, Data: u.file.Index()})
	if err != nil {
		return 0, err
	}
	return sigs.Missing(), nil
}

// survey holds that there is nothing in the folder but parts of this bundle,
// and nothing in it leads elsewhere.
func (u *unpacker) survey(ctx context.Context, dir string) error {
	entries, err := u.folder.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if err := ctx.Err(); err != nil {
			return err
		}
		if harmless.MatchString(name) || leftAside(name) != "" || halfWritten(dir, e) {
			continue
		}
		if err := u.ours(name, e); err != nil {
			return err
		}
		if e.IsDir() {
			if err := u.survey(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// halfWritten says that a file is what an interrupted run left.
func halfWritten(dir string, e fs.DirEntry) bool {
	return dir != "." && e.Type().IsRegular() && strings.HasSuffix(e.Name(), medium.TempSuffix)
}

// ours holds that the bundle has a file or folder where the folder has one.
func (u *unpacker) ours(name string, e fs.DirEntry) error {
	if !e.IsDir() && !e.Type().IsRegular() {
		return fail.New(fail.Conflict, "a bundle has no links: take an empty folder", "%s is neither a file nor a folder", name)
	}
	st, err := u.file.Stat(name)
	if errors.Is(err, fs.ErrNotExist) && (e.IsDir() || ownToFolder(name)) {
		return nil // a folder is as good as what is in it
	}
	if err != nil || st.IsDir() != e.IsDir() {
		return fail.New(fail.Conflict, "take an empty folder", "%s is there and is not of this bundle", name)
	}
	return nil
}

// sameStatement holds that a bundle that is there makes the same statement.
func (u *unpacker) sameStatement(ctx context.Context) error {
	there, err := (&Bundle{files: u.folder}).BundleTargets(ctx)
	if errors.Is(err, tuf.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	is, err := u.b.BundleTargets(ctx)
	if err != nil {
		return err
	}
	if !sameSigned(there, is) {
		return fail.New(fail.Conflict, "take an empty folder", "another bundle is there")
	}
	return nil
}

func (u *unpacker) write(ctx context.Context, sink progress.Sink) error {
	total, err := u.room()
	if err != nil {
		return err
	}
	task := progress.Start(sink, "unpacking", progress.Bytes, total)
	defer task.Done()
	for m := range u.file.Members() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.HasPrefix(m.Name, dirMetadata+"/") {
			if err := u.member(m); err != nil {
				return fmt.Errorf("%s: %w", m.Name, err)
			}
		}
		task.Add(m.Size)
	}
	for _, dir := range repoFolders {
		if u.file.Holds(dirRepo) {
			if err := u.folder.Root().MkdirAll(path.Join(dirRepo, dir), 0o755); err != nil {
				return err
			}
		}
	}
	return u.metadata(ctx)
}

// repoFolders are the folders without which ostree takes nothing for a repo. An
// archive has no empty ones.
var repoFolders = []string{"objects", "refs/heads", "refs/mirrors", "refs/remotes", "state", "tmp"}

// room adds up the files, and refuses a medium that has no space for those that
// are not in the folder yet.
func (u *unpacker) room() (total int64, err error) {
	volume := medium.VolumeOf(u.report.Dir)
	var need int64
	for m := range u.file.Members() {
		total += m.Size
		need += volume.Takes(m.Size)
		if m.Size > volume.MaxFile {
			return 0, fail.New(fail.NoSpace, hintLarge, "%s: %d bytes are more than a file may have there", m.Name, m.Size)
		}
		if st, err := u.folder.Stat(m.Name); err == nil {
			need -= volume.Takes(st.Size())
		}
	}
	if volume.Free >= 0 && need > volume.Free {
		return 0, fail.New(fail.NoSpace, "free some space there, or take a larger medium", "%d bytes to be written, %d bytes free", need, volume.Free)
	}
	return total, nil
}

// member writes one file, unless it is there and good.
func (u *unpacker) member(m *ota.Member) error {
	if u.good(m) {
		u.report.Present++
		return nil
	}
	if dir := path.Dir(m.Name); dir != u.made {
		if err := u.folder.Root().MkdirAll(dir, 0o755); err != nil {
			return err
		}
		u.made = dir
	}
	temp := m.Name + medium.TempSuffix
	if err := u.folder.Root().Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := u.copy(m, temp)
	if err == nil {
		err = u.folder.Root().Rename(temp, m.Name)
	}
	if err != nil {
		_ = u.folder.Root().Remove(temp)
		return err
	}
	u.report.Files++
	u.report.Bytes += m.Size
	return nil
}

// copy writes a member under another name and holds it against its sum.
func (u *unpacker) copy(m *ota.Member, temp string) error {
	from, err := u.file.Open(m.Name)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := u.folder.Root().OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum), from)
	if err == nil && (n != m.Size || ota.Sum(sum.Sum(nil)) != m.Sum) {
		err = fail.New(fail.Verification, "copy the archive again from where it was made", "its content is not what the index says")
	}
	return errors.Join(err, to.Close())
}

// good says whether a file is there with the content that the list has.
func (u *unpacker) good(m *ota.Member) bool {
	f, err := u.folder.Open(m.Name)
	if err != nil {
		return false
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || st.Size() != m.Size {
		return false
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	return err == nil && n == m.Size && ota.Sum(sum.Sum(nil)) == m.Sum
}

// metadata puts all of tuf/ in place at once, after everything else is durable.
func (u *unpacker) metadata(ctx context.Context) error {
	if err := u.folder.SyncVolume(); err != nil {
		return fmt.Errorf("sync the medium: %w", err)
	}
	var files []roleFile
	left := int64(limits.Papers)
	for m := range u.file.Members() {
		if rest, ok := strings.CutPrefix(m.Name, dirMetadata+"/"); ok {
			if left -= m.Size; left < 0 {
				return &fsx.TooLargeError{Name: dirMetadata, Max: limits.Papers}
			}
			data, err := medium.ReadFile(u.file, m.Name, limits.Targets)
			if err != nil {
				return err
			}
			files = append(files, roleFile{rest, data})
		}
	}
	statement, err := u.b.BundleTargets(ctx)
	if err != nil {
		return err
	}
	files = append(files, roleFile{tuf.BundleTargetsFile, statement})
	u.report.Files += len(files)
	if slices.ContainsFunc(files, func(f roleFile) bool { return strings.Contains(f.name, "/") }) {
		return fail.New(fail.Verification, "have it packed again", "%s has folders in it", dirMetadata)
	}
	if err := replaceMetadata(u.folder, files, nil); err != nil {
		return err
	}
	return u.folder.SyncVolume()
}
