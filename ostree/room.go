package ostree

// KeepFree makes the sessions of r leave n bytes of what is usable on its file
// system, whatever the config says. One that meets this limit keeps what it has.
// It must be called before the repo is used.
func (r *Repo) KeepFree(n uint64) { r.keepFree = n }

// SetRoom makes the sessions of r, and RoomFor, ask room as well before something
// is written, metadata too: it fails unless so many bytes may be. What the config
// keeps free stays free nevertheless. It must be called before the repo is used.
func (r *Repo) SetRoom(room func(need uint64) error) { r.room = room }

// RoomFor says whether n bytes more may be written to the repo's file system,
// by what is free on it and what its config keeps free; else the error is
// ErrNoSpace. It is for who knows beforehand how much comes: a session sees to
// it by itself, object by object.
func (r *Repo) RoomFor(n uint64) error {
	s, err := r.openSpace()
	if err != nil {
		return err
	}
	return s.take(int64(min(n, 1<<61)))
}

// RoomIn is RoomFor while a session writes: what that keeps for whoever goes on
// after a kill gives way.
func RoomIn(to Session) func(n uint64) error {
	own, ok := to.(*session)
	if !ok {
		return func(uint64) error { return nil }
	}
	return func(n uint64) error {
		err := own.repo.RoomFor(n)
		if err != nil && own.halves.giveUp() {
			err = own.repo.RoomFor(n)
		}
		return err
	}
}
