package tuf

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"
)

// The bodies below follow in the next commits.
var pending = errors.New("tuf: not built yet")

func lower(s string) string { return strings.ToLower(s) }

type KeyType string

const (
	ED25519 KeyType = "ED25519"
	RSA     KeyType = "RSA"
)

// PublicKey: ID is what the root calls it, or hex SHA-256 of the DER SPKI.
type PublicKey struct {
	ID   string
	Type KeyType
}

func (k *PublicKey) Equal(o *PublicKey) bool              { return false } // same key material, whatever the ids
func (k *PublicKey) MarshalJSON() ([]byte, error)         { return nil, pending }
func (k *PublicKey) Verify(msg []byte, s Signature) error { return pending }
func ParsePublicKey(data []byte) (*PublicKey, error)      { return nil, pending }

type PrivateKey struct{ pub *PublicKey }

func (k *PrivateKey) Public() *PublicKey              { return k.pub }
func (k *PrivateKey) Method() string                  { return "" }
func (k *PrivateKey) Sign(msg []byte) ([]byte, error) { return nil, pending }
func (k *PrivateKey) MarshalJSON() ([]byte, error)    { return nil, pending }
func GenerateKey(t KeyType) (*PrivateKey, error)      { return nil, pending }
func ParsePrivateKey(data []byte) (*PrivateKey, error) {
	return nil, pending
}

// Signer makes signatures; Method is "ed25519" or "rsassa-pss-sha256".
type Signer interface {
	Public() *PublicKey
	Method() string
	Sign(msg []byte) ([]byte, error)
}

type Signature struct{ KeyID, Method, Sig string }
type Envelope struct {
	Signatures []Signature
	Signed     json.RawMessage
}

func ParseEnvelope(file []byte) (*Envelope, error)                          { return nil, pending }
func Canonical(data []byte) ([]byte, error)                                 { return nil, pending }
func Sign(signed any, signers ...Signer) ([]byte, error)                    { return nil, pending }
func AddSignature(file []byte, s Signer) ([]byte, error)                    { return nil, pending }
func RootName(version int) string                                           { return "" } // "3.root.json"
func ParseRoot(file []byte) (*Root, error)                                  { return nil, pending }
func ParseTargets(file []byte) (*Targets, error)                            { return nil, pending }
func ParseSnapshot(file []byte) (*Snapshot, error)                          { return nil, pending }
func ParseTimestamp(file []byte) (*Timestamp, error)                        { return nil, pending }
func ParseBundleTargets(file []byte) (*BundleTargets, error)                { return nil, pending }
func (t Target) Fields() (Custom, error)                                    { return Custom{}, pending }
func (c Custom) MarshalJSON() ([]byte, error)                               { return nil, pending }
func (r *Root) MarshalJSON() ([]byte, error)                                { return nil, pending }
func (r *Targets) MarshalJSON() ([]byte, error)                             { return nil, pending }
func (r *Snapshot) MarshalJSON() ([]byte, error)                            { return nil, pending }
func (r *Timestamp) MarshalJSON() ([]byte, error)                           { return nil, pending }
func (r *BundleTargets) MarshalJSON() ([]byte, error)                       { return nil, pending }
func (r *Root) AddKey(role Role, k *PublicKey)                              {} // threshold becomes at least 1
func (r *Root) Verify(role Role, file []byte) error                         { return pending }
func (r *Root) Signatures(role Role, file []byte) (*SignatureReport, error) { return nil, pending }

// SignatureReport says whose signatures on a file count (key ids).
type SignatureReport struct {
	Allowed   []string // may sign
	Threshold int      // distinct public keys needed
	Valid     []string // signed, and the signature verifies; each public key once
	Invalid   []string // allowed, but the signature does not verify (or is the same key again)
	Unknown   []string // not allowed
}

func (s *SignatureReport) Missing() int { return 0 } // how many more are needed

func NewRoot(version int, expires time.Time, change Changelog) *Root { return nil }
func NewTargets(version int, expires time.Time, targets map[string]Target) *Targets {
	return nil
}
func NewSnapshot(version int, expires time.Time, targetsFile []byte) (*Snapshot, error) {
	return nil, pending
}
func NewTimestamp(version int, expires time.Time, snapshotFile []byte) (*Timestamp, error) {
	return nil, pending
}

// KeyArchive is fioctl's tgz of offline keys (tufrepo/keys/…).
type KeyArchive struct{}

func OpenKeyArchive(path string) (*KeyArchive, error)                 { return nil, pending }
func ParseKeyArchive(data []byte) (*KeyArchive, error)                { return nil, pending }
func (a *KeyArchive) Add(role Role, k *PrivateKey) error              { return pending }
func (a *KeyArchive) Save(path string) error                          { return pending }      // 0600, atomic
func (a *KeyArchive) Signers(root *Root, role Role) ([]Signer, error) { return nil, pending } // the keys that root lets sign for role, under root's key ids

// Fetcher gets metadata by file name ("3.root.json"), at most max bytes.
// Missing matches ErrNotFound (only a real 404), longer matches ErrTooLarge.
type Fetcher interface {
	Fetch(ctx context.Context, name string, max int64) ([]byte, error)
}

// Cache keeps verified files: N.root.json, timestamp.json, snapshot.json,
// targets.json, and floor.json (our own record of versions and times).
type Cache interface {
	// Roots lists the versions of the stored roots, ascending.
	Roots(ctx context.Context) ([]int, error)
	// Load: missing matches ErrNotFound; there but never readable, ErrDamaged.
	Load(ctx context.Context, name string) ([]byte, error)
	// Store replaces atomically and durably.
	Store(ctx context.Context, name string, data []byte) error
	// Remove of what is not there is no error.
	Remove(ctx context.Context, name string) error
}

// Quarantiner is a Cache that can set a damaged entry aside instead of losing it.
type Quarantiner interface {
	Quarantine(ctx context.Context, name string) error
}

type RefreshOptions struct {
	Now            time.Time // the one clock reading
	FirstUse       bool      // trust the 1.root.json fetched when nothing is trusted yet
	InitialRoots   [][]byte  // out-of-band roots, oldest first
	EqualTimestamp bool      // accept another timestamp of the same version
}

// Refresh: cache may be nil (nothing remembered).
func Refresh(ctx context.Context, f Fetcher, c Cache, opt RefreshOptions) (*Trust, error) {
	return nil, pending
}
func FromCache(ctx context.Context, c Cache, now time.Time) (*Trust, error) { return nil, pending }

// DirFetcher reads a folder: DirFetcher{Root: root}.
type DirFetcher struct{ Root *os.Root }

func (d DirFetcher) Fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	return nil, pending
}

// DirCache is a Cache in a folder (0700), atomic writes.
type DirCache struct{ dir string }

func OpenDirCache(dir string) (*DirCache, error)                              { return nil, pending }
func (d *DirCache) Roots(ctx context.Context) ([]int, error)                  { return nil, pending }
func (d *DirCache) Load(ctx context.Context, name string) ([]byte, error)     { return nil, pending }
func (d *DirCache) Store(ctx context.Context, name string, data []byte) error { return pending }
func (d *DirCache) Remove(ctx context.Context, name string) error             { return pending }
func (d *DirCache) Quarantine(ctx context.Context, name string) error         { return pending }
