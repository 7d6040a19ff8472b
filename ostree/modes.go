package ostree

import (
	"math"

	"github.com/otactl/otactl/internal/fail"
)

// userOnlyPerm are the bits that a file may have in a bare-user-only repo.
const userOnlyPerm = 0o775

// checkWritable refuses the mode that is read only.
func checkWritable(mode Mode) error {
	if mode == ModeBareSplitXattrs {
		return fail.New(fail.Unsupported, "pull into a repo of mode bare", "repos of mode %s are read and not written", mode)
	}
	return nil
}

// canKeep refuses a file that the repo could not give back as it is, so that it
// would no longer be what its name says. libostree stores it all the same, and
// its fsck then calls it corrupt.
func (r *Repo) canKeep(h *FileHeader) error {
	switch {
	case r.mode == ModeBareUserOnly:
		if err := checkUserOnly(h); err != nil {
			return err
		}
	case r.mode == ModeBare && checkOwner(h.UID, h.GID) != nil:
		return checkOwner(h.UID, h.GID)
	case r.mode == ModeBare && len(h.Xattrs) > 0 && r.cfg().noXattrs:
		return cannotKeep("it has xattrs and the repo's config says disable-xattrs")
	}
	if r.mode.hasLinks() && h.IsSymlink() && h.Mode&modePerm != 0o777 {
		return cannotKeep("it is a symlink of mode %#o, and symlinks on disk have 0777", h.Mode&modePerm)
	}
	return nil
}

// checkOwner refuses the number that tells chown to leave an owner as it is.
func checkOwner(uid, gid uint32) error {
	if uid == math.MaxUint32 || gid == math.MaxUint32 {
		return badFormat("owner %d:%d is nobody's number", uid, gid)
	}
	return nil
}

func checkUserOnly(h *FileHeader) error {
	switch {
	case h.UID != 0 || h.GID != 0:
		return cannotKeep("its owner is %d:%d, and a bare-user-only repo knows only 0:0", h.UID, h.GID)
	case len(h.Xattrs) > 0:
		return cannotKeep("it has xattrs, which a bare-user-only repo drops")
	case !h.IsSymlink() && h.Mode&modePerm&^userOnlyPerm != 0:
		return cannotKeep("mode 0%o with bits 0%o is not one of a bare-user-only repo", h.Mode, h.Mode&modePerm&^userOnlyPerm)
	}
	return nil
}

func cannotKeep(format string, args ...any) error {
	return fail.New(fail.Unsupported, "commit with --canonical-permissions, or use a repo of mode bare-user or archive", format, args...)
}
