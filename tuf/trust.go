package tuf

import "time"

// Trust is a root chain and what it vouches for so far. It is a pure state
// machine: files go in, each is verified against what went in before, and a
// file that is refused changes nothing. It does no I/O and reads no clock.
// It is not safe for concurrent use.
type Trust struct {
	root *Root
}

// Root is the newest verified root.
func (t *Trust) Root() *Root { return t.root }

// RootFiles are the root files walked, oldest first, as received.
func (t *Trust) RootFiles() [][]byte                           { return nil }
func (t *Trust) AddRoot(file []byte) error                     { return pending }
func (t *Trust) CheckRoot(now time.Time) error                 { return pending }
func (t *Trust) SetTimestamp(file []byte, now time.Time) error { return pending }
func (t *Trust) SetSnapshot(file []byte, now time.Time) error  { return pending }
func (t *Trust) SetTargets(file []byte, now time.Time) error   { return pending }
func (t *Trust) Timestamp() *Timestamp                         { return nil }
func (t *Trust) Snapshot() *Snapshot                           { return nil }
func (t *Trust) Targets() *Targets                             { return nil }

// Expires is the earliest expiry of the roles that are set.
func (t *Trust) Expires() time.Time                                              { return time.Time{} }
func (t *Trust) VerifyBundle(file []byte, now time.Time) (*BundleTargets, error) { return nil, pending }
func NewTrust(trustedRoot []byte) (*Trust, error)                                { return nil, pending }
