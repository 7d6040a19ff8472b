package ostree

// CheckSpace says whether n more bytes of content may be written to the repo:
// ErrNoSpace where that would leave less free than its config keeps free.
func (r *Repo) CheckSpace(n uint64) error {
	s, err := r.openSpace()
	if err != nil {
		return err
	}
	return s.take(int64(min(n, 1<<61)))
}
