package ostree

// userOnlyBits are the mode bits that a repo of mode bare-user-only keeps.
const userOnlyBits = 0o775

// CheckUserOnly refuses a regular file that a repo of mode bare-user-only
// cannot keep: with setuid, setgid or sticky bit, or writable for all. It is
// for CopyOptions.CheckFile.
func CheckUserOnly(id ObjectID, h *FileHeader) error {
	if h.IsSymlink() {
		return nil
	}
	if bits := h.Mode & modePerm &^ userOnlyBits; bits != 0 {
		return &CorruptError{ID: id, Why: badFormat("mode 0%o with bits 0%o is not one of bare-user-only", h.Mode, bits).Error()}
	}
	return nil
}
