package offline

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// inventory is what lies in the folder of a bundle, by what it is for.
type inventory struct {
	roots   []int // versions of tuf/N.root.json, ascending
	objects map[ostree.ObjectID]stored
	partial []string         // state/*.commitpartial, below ostree_repo
	deltas  map[string]int64 // files of static deltas and their indexes, below ostree_repo, by size
	apps    map[string]int64 // files below apps/, by size
	views   []string         // folders apps/apps/NAME/HASH
}

// stored is an object in the bundle.
type stored struct {
	size    int64 // of its file, in bytes
	reached bool  // a target needs it; known once the content is verified
}

// scanner walks a bundle and sorts its files.
type scanner struct {
	indexed bool // the bundle has an index
	found   *findings
	inv     inventory
}

func newScanner(found *findings) *scanner {
	return &scanner{found: found, inv: inventory{objects: map[ostree.ObjectID]stored{}, deltas: map[string]int64{}, apps: map[string]int64{}}}
}

// scan takes the inventory of b. Whatever has no place in a bundle is a
// finding.
func scan(ctx context.Context, b *Bundle, found *findings) (inventory, error) {
	s := newScanner(found)
	s.indexed = b.indexed()
	err := fs.WalkDir(b.files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return s.unreadable(ctx, name, err)
		}
		return s.visit(name, d)
	})
	return s.inv, err
}

// unreadable keeps a bad sector in one folder from hiding all others.
func (s *scanner) unreadable(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.found.bad(RuleFiles, name, "cannot be read: %v", medium.Cause(err))
	return fs.SkipDir
}

func (s *scanner) visit(name string, d fs.DirEntry) error {
	if name == "." || s.indexed && name == indexFile {
		return nil
	}
	if harmless.MatchString(name) {
		s.found.warn(RuleFiles, name, remedyNone, "not part of the bundle; operating systems leave it on media")
		return skip(d)
	}
	if !d.IsDir() && !d.Type().IsRegular() {
		s.found.bad(RuleFiles, name, "neither a file nor a folder; a bundle has no links")
		return nil
	}
	if why := leftAside(name); why != "" {
		s.found.warn(RuleFiles, name, remedyNone, "%s", why)
		return skip(d)
	}
	if strings.Count(name, "/") >= maxDepth {
		s.found.bad(RuleFiles, name, "nested too deep for a bundle")
		return skip(d)
	}
	top, rest, _ := strings.Cut(name, "/")
	switch {
	case top == dirMetadata && s.metadata(rest, d),
		top == dirRepo && s.repo(rest, d),
		top == dirApps && s.app(name, rest, d),
		top == dirSBOM && (rest != "" || d.IsDir()),
		rest == "" && !d.IsDir() && (top == fileReadme || top == fileFormat):
		return nil
	}
	s.found.bad(RuleFiles, name, "unknown file in the bundle")
	return skip(d)
}

// maxDepth is how many folders deep a name may lie; the deepest that belong to
// a bundle are refs with slashes in their names.
const maxDepth = 32

// leftAside says why what is at name and below it is left aside: nothing reads
// it. It is "" for all that is looked at.
func leftAside(name string) string {
	unsigned := name == fileReadme+medium.TempSuffix || name == fileFormat+medium.TempSuffix || path.Dir(name) == dirSBOM
	switch {
	case unsigned && strings.HasSuffix(name, medium.TempSuffix),
		name == dirStaged, name == dirReplaced, path.Dir(name) == dirRepo+"/tmp", name == dirApps+"/tmp":
		return "left by an interrupted run; the next run removes it"
	case name == indexFile, name == indexMembers:
		return "of the archive that the folder was unpacked from; in a folder nothing reads it"
	}
	return ""
}

func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// harmless is what operating systems leave on removable media by themselves.
var harmless = regexp.MustCompile(`^(System Volume Information|\$RECYCLE\.BIN|\.Trashes|\.Trash-[0-9]+|` +
	`\.Spotlight-V100|\.fseventsd|\.TemporaryItems|lost\+found|FOUND\.[0-9]{3})$|` +
	`(^|/)(\._[^/]+|\.DS_Store|Thumbs\.db|desktop\.ini)$`)

// metadata sorts a name below tuf/; false means that it has no place there.
func (s *scanner) metadata(rest string, d fs.DirEntry) bool {
	if rest == "" {
		return d.IsDir()
	}
	if d.IsDir() {
		return false
	}
	if n, ok := rootVersion(rest); ok {
		s.inv.roots = append(s.inv.roots, n)
		return true
	}
	switch rest {
	case tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile, tuf.BundleTargetsFile:
		return true
	case tuf.BundleTargetsFile + medium.TempSuffix:
		s.found.warn(RuleFiles, metadataPath(rest), remedyNone, "left by an interrupted run of sign")
		return true
	}
	return false
}

// repo sorts a name below ostree_repo/.
func (s *scanner) repo(rest string, d fs.DirEntry) bool {
	top, below, _ := strings.Cut(rest, "/")
	switch top {
	case "", "refs", "extensions", "state", "tmp", "objects", "deltas", "delta-indexes":
		if d.IsDir() {
			return top != "objects" || below == "" || len(below) == 2
		}
	case "config", ".lock":
		return below == "" && !d.IsDir()
	case "summary", "summary.sig":
		s.found.warn(RuleRepo, path.Join(dirRepo, rest), remedyNone, "no checksum covers it; devices do not need it")
		return below == "" && !d.IsDir()
	}
	switch top {
	case "refs":
		return true
	case "objects":
		return s.object(rest, d)
	case "deltas", "delta-indexes":
		return s.note(s.inv.deltas, rest, d)
	case "state":
		s.inv.partial = append(s.inv.partial, rest)
		return strings.HasSuffix(rest, ".commitpartial")
	}
	return false
}

func (s *scanner) object(rest string, d fs.DirEntry) bool {
	id, err := ostree.ParseArchivePath(rest)
	if err != nil || id.ArchivePath() != rest {
		return false
	}
	size, ok := sizeOf(d)
	if ok && size >= 0 {
		s.inv.objects[id] = stored{size: size}
	}
	return ok
}

// note keeps the size of a file under its name.
func (s *scanner) note(files map[string]int64, name string, d fs.DirEntry) bool {
	size, ok := sizeOf(d)
	if ok && size >= 0 {
		files[name] = size
	}
	return ok
}

// sizeOf is the size of a file, -1 of one that went away: whoever needs it will
// say so. It is false for one that cannot be looked at.
func sizeOf(d fs.DirEntry) (int64, bool) {
	info, err := d.Info()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return -1, true
	case err != nil:
		return 0, false
	}
	return info.Size(), true
}

// app sorts a name below apps/, which is laid out as composectl does it.
func (s *scanner) app(name, rest string, d fs.DirEntry) bool {
	if d.IsDir() {
		if view, ok := viewOf(name); ok && view == name && strings.Count(rest, "/") == 2 {
			s.inv.views = append(s.inv.views, name)
		}
		top, _, _ := strings.Cut(rest, "/")
		return top == "" || top == dirApps || top == "blobs"
	}
	known := strings.HasPrefix(rest, dirApps+"/") || strings.HasPrefix(rest, "blobs/sha256/")
	return known && s.note(s.inv.apps, name, d)
}
