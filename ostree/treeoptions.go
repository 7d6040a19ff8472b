package ostree

import (
	"bytes"
	"slices"

	"github.com/otactl/otactl/internal/progress"
)

// modeSetID are the setuid and setgid bits.
const modeSetID = 0o006000

// TreeOptions tune BuildTree and CommitTree. The zero value takes a tree as it
// is. Of the changes to metadata, ReadOnlyExecutables comes first, then UID and
// GID, then Overrides, and Canonical last, as ostree commit has it.
type TreeOptions struct {
	// UID and GID, when not nil, own every file and directory.
	UID, GID *uint32
	// NoXattrs leaves extended attributes out.
	NoXattrs bool
	// Canonical is libostree's canonical permissions: owner and group 0, no
	// extended attributes, mode bits cut down to 0755. A repo of mode
	// bare-user-only, which keeps nothing else, has it always.
	Canonical bool
	// ReadOnlyExecutables takes the write bits off files that have an execute
	// bit.
	ReadOnlyExecutables bool
	// Overrides change the modes of single paths, Skip leaves paths out.
	// BuildTree fails if one of them names a path that is not in any tree.
	Overrides *StatOverrides
	Skip      *SkipList
	// Links says what a file means that is a hard link to an object of the repo.
	Links Links
	// Consume removes what was stored from its folder; see
	// TreeReport.RemoveSources. The report holds the folder open until
	// TreeReport.Close.
	Consume bool
	// Jobs is how many files are read at once; 0 means one per processor.
	Jobs     int
	Progress progress.Sink
	most     int // names out of archives, for tests
}

// Links is how much a hard link into the repo says about a file.
type Links int

// The ways to take hard links into the repo.
const (
	// LinksIgnored takes every file as it is.
	LinksIgnored Links = iota
	// LinksMetadata takes owner, mode and attributes from the object, which in
	// most modes knows more of them than the file, and hashes the content: it
	// may have been changed through the link.
	LinksMetadata
	// LinksTrusted takes the object for the file, unread, and leaves the other
	// options aside. Whoever writes into a link has spoilt the repo.
	LinksTrusted
)

// TreeReport is what BuildTree made.
type TreeReport struct {
	Tree Checksum `json:"tree" yaml:"tree"` // the root dirtree
	Meta Checksum `json:"meta" yaml:"meta"` // the root dirmeta
	// Metadata and Content count dirtrees and dirmetas, and files and
	// symlinks; the Written ones were not in the repo before.
	Metadata        int `json:"metadata"`
	MetadataWritten int `json:"metadata_written"`
	Content         int `json:"content"`
	ContentWritten  int `json:"content_written"`
	// CacheHits are files that were known by a hard link into the repo.
	CacheHits    int   `json:"content_cache_hits" yaml:"content_cache_hits"`
	BytesWritten int64 `json:"bytes_written"` // payload, uncompressed

	sources []*emptied
}

// treeFilter applies the options to one tree after the other.
type treeFilter struct {
	*TreeOptions
	noXattrs  bool // NoXattrs, Canonical, or what the repo's config says
	canonical bool
	plain     bool // changes nothing
}

func newFilter(repo *Repo, opt *TreeOptions) *treeFilter {
	f := &treeFilter{TreeOptions: opt, canonical: opt.Canonical || repo.mode == ModeBareUserOnly}
	f.noXattrs = opt.NoXattrs || f.canonical || repo.cfg().noXattrs
	f.plain = opt.UID == nil && opt.GID == nil && !f.noXattrs && !opt.ReadOnlyExecutables &&
		opt.Overrides == nil && opt.Skip == nil
	return f
}

// named says whether paths matter.
func (f *treeFilter) named() bool { return f.Overrides != nil || f.Skip != nil }

// change applies all options but Skip to the metadata of path, which is only
// looked at when named is true.
func (f *treeFilter) change(h *FileHeader, path string) {
	h.Mode &= modeType | modePerm
	if f.ReadOnlyExecutables && h.Mode&modeType == modeRegular && h.Mode&0o111 != 0 {
		h.Mode &^= 0o222
	}
	if f.UID != nil {
		h.UID = *f.UID
	}
	if f.GID != nil {
		h.GID = *f.GID
	}
	if f.Overrides != nil {
		h.Mode = f.Overrides.apply(path, h.Mode)
	}
	if f.canonical {
		h.UID, h.GID = 0, 0
		if h.Mode&modeType != modeSymlink {
			h.Mode &= modeType | 0o755
		}
	}
	if f.noXattrs {
		h.Xattrs = nil
	}
}

// skips says whether path is left out. A change to its mode that is listed too is
// one of a path that is there.
func (f *treeFilter) skips(path string) bool {
	if f.Skip == nil || !f.Skip.has(path) {
		return false
	}
	if f.Overrides != nil {
		f.Overrides.drop(path)
	}
	return true
}

// finish says what was named and never came.
func (f *treeFilter) finish() error {
	if f.Overrides != nil {
		if err := f.Overrides.unmatched(); err != nil {
			return err
		}
	}
	if f.Skip != nil {
		return f.Skip.unmatched()
	}
	return nil
}

// sameHeader says whether both are one object, given the same payload.
func sameHeader(a, b *FileHeader) bool {
	return a.UID == b.UID && a.GID == b.GID && a.Mode == b.Mode && a.Target == b.Target && sameXattrs(a.Xattrs, b.Xattrs)
}

func sameXattrs(a, b []Xattr) bool {
	return slices.EqualFunc(a, b, func(x, y Xattr) bool { return x.Name == y.Name && bytes.Equal(x.Value, y.Value) })
}
