package ostree

import (
	"context"
	"fmt"

	"github.com/otactl/otactl/internal/progress"
)

// modeSetID are the setuid and setgid bits.
const modeSetID = 0o006000

// TreeOptions tune CommitTree. The zero value takes the tree as it is.
type TreeOptions struct {
	// UID and GID, when not nil, own every file and directory.
	UID, GID *uint32
	// NoXattrs leaves extended attributes out.
	NoXattrs bool
	// Canonical is libostree's canonical permissions: owner and group 0, no
	// extended attributes, mode bits cut down to 0755.
	Canonical bool
	// Jobs is how many files are read at once; 0 means one per processor.
	Jobs     int
	Progress progress.Sink
}

// TreeReport is what CommitTree made.
type TreeReport struct {
	Tree Checksum `json:"tree" yaml:"tree"` // the root dirtree
	Meta Checksum `json:"meta" yaml:"meta"` // the root dirmeta
	// Metadata and Content count dirtrees and dirmetas, and files and
	// symlinks; the Written ones were not in the repo before.
	Metadata        int   `json:"metadata"`
	MetadataWritten int   `json:"metadata_written"`
	Content         int   `json:"content"`
	ContentWritten  int   `json:"content_written"`
	BytesWritten    int64 `json:"bytes_written"` // payload, uncompressed
}

// CommitTree stores the directory dir with all that is in it, and returns the
// checksums a commit names. Nothing refers to the objects yet: WriteCommit
// does. The ids are those of ostree commit for the same tree.
//
// Symbolic links are taken as they are, never followed, dir itself excepted.
// Devices, sockets and pipes are an error, as is a name that is not UTF-8.
func CommitTree(ctx context.Context, repo *Repo, dir string, opt TreeOptions) (TreeReport, error) {
	session, err := repo.Begin(ctx)
	if err != nil {
		return TreeReport{}, err
	}
	report, err := commitTree(ctx, repo, session, dir, opt)
	if err != nil {
		session.Abort()
		return TreeReport{}, fmt.Errorf("commit %s: %w", dir, err)
	}
	if err := session.Close(ctx); err != nil {
		return TreeReport{}, fmt.Errorf("commit %s: %w", dir, err)
	}
	return report, nil
}

// owner applies the options to an owner read from disk.
func (o *TreeOptions) owner(uid, gid uint32) (uint32, uint32) {
	if o.Canonical {
		uid, gid = 0, 0
	}
	if o.UID != nil {
		uid = *o.UID
	}
	if o.GID != nil {
		gid = *o.GID
	}
	return uid, gid
}

// mode applies the options to a mode read from disk.
func (o *TreeOptions) mode(mode uint32) uint32 {
	mode &= modeType | modePerm
	if o.Canonical && mode&modeType != modeSymlink {
		mode &= modeType | 0o755
	}
	return mode
}

func (o *TreeOptions) wantXattrs() bool { return !o.NoXattrs && !o.Canonical }
