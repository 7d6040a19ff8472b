package tuf

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// archiveDir is where fioctl keeps keys inside an archive.
const archiveDir = "tufrepo/keys/"

// KeyArchive is fioctl's archive of offline keys: a gzipped tar of pairs
// tufrepo/keys/NAME.sec and NAME.pub, each a key in JSON. It may hold keys
// that are retired; which one is active is for a root to say.
type KeyArchive struct {
	entries map[string][]byte // by name below archiveDir
}

// NewKeyArchive is an archive without keys.
func NewKeyArchive() *KeyArchive { return &KeyArchive{entries: map[string][]byte{}} }

// OpenKeyArchive reads an archive from a file.
func OpenKeyArchive(file string) (*KeyArchive, error) {
	data, err := fsx.ReadFile(file, limits.KeyArchive)
	if err != nil {
		return nil, fmt.Errorf("key archive: %w", err)
	}
	a, err := ParseKeyArchive(data)
	return a, in(file, err)
}

// ParseKeyArchive reads an archive. Anything in it that is not a key where a
// key belongs is ErrMalformed: writing it back would lose it.
func ParseKeyArchive(data []byte) (*KeyArchive, error) {
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, refuse(ErrMalformed, "not a gzip file")
	}
	all := io.LimitReader(zr, limits.KeyArchive)
	tr := tar.NewReader(all)
	a := NewKeyArchive()
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(ErrMalformed, "the archive is cut short or is no tar: %v", err)
		}
		if err := a.take(h, tr); err != nil {
			return nil, err
		}
	}
	if _, err := io.Copy(io.Discard, all); err != nil {
		return nil, refuse(ErrMalformed, "the archive is damaged: %v", err)
	}
	return a, a.check()
}

func (a *KeyArchive) take(h *tar.Header, r io.Reader) error {
	name := strings.TrimPrefix(h.Name, "./")
	if h.Typeflag == tar.TypeDir && strings.HasPrefix(archiveDir, strings.TrimSuffix(name, "/")) {
		return nil
	}
	base, ok := strings.CutPrefix(name, archiveDir)
	ext := path.Ext(base)
	if !ok || h.Typeflag != tar.TypeReg || base == ext || strings.ContainsAny(base, `/\`) || ext != ".sec" && ext != ".pub" {
		return refuse(ErrMalformed, "entry %q is no key", h.Name)
	}
	if _, twice := a.entries[base]; twice {
		return refuse(ErrMalformed, "entry %q is there twice", h.Name)
	}
	data, err := fsx.ReadAll(r, h.Name, limits.KeyFile)
	if err != nil {
		return refuse(ErrMalformed, "%v", err)
	}
	a.entries[base] = data
	return nil
}

// check reads every key and sees that the two halves of a pair belong together.
func (a *KeyArchive) check() error {
	for name := range a.entries {
		pair, half := strings.CutSuffix(name, ".sec")
		if !half {
			if _, err := a.public(strings.TrimSuffix(name, ".pub")); err != nil {
				return in(name, err)
			}
			continue
		}
		if _, err := a.private(pair); err != nil {
			return in(name, err)
		}
	}
	return nil
}

func (a *KeyArchive) public(pair string) (*PublicKey, error) {
	return ParsePublicKey(a.entries[pair+".pub"])
}

func (a *KeyArchive) private(pair string) (*PrivateKey, error) {
	k, err := ParsePrivateKey(a.entries[pair+".sec"])
	if err != nil {
		return nil, err
	}
	if a.entries[pair+".pub"] == nil {
		return k, nil
	}
	public, err := a.public(pair)
	if err == nil && !public.Equal(k.Public()) {
		err = refuse(ErrKey, "%s.sec and %s.pub are not one key", pair, pair)
	}
	return k, err
}

// Add puts a key in under the name that fioctl would give it. A key that is
// there already is ErrDuplicate.
func (a *KeyArchive) Add(role Role, k *PrivateKey) error {
	pair := fmt.Sprintf("fioctl-%s-%s", role, k.Public().ID)
	if a.entries[pair+".sec"] != nil {
		return refuse(ErrDuplicate, "key %s is in the archive", k.Public().ID)
	}
	private, err := json.Marshal(k)
	if err != nil {
		return err
	}
	public, err := json.Marshal(k.Public())
	if err != nil {
		return err
	}
	a.entries[pair+".sec"], a.entries[pair+".pub"] = private, public
	return nil
}

// Bytes is the archive as a gzipped tar, entries 0600 and sorted.
func (a *KeyArchive) Bytes() ([]byte, error) {
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	names := []string{}
	for name := range a.entries {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		data := a.entries[name]
		h := &tar.Header{Typeflag: tar.TypeReg, Name: archiveDir + name, Mode: 0o600, Size: int64(len(data))}
		if err := tw.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := tw.Write(data); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Save replaces file by the archive, 0600 from its first byte on.
func (a *KeyArchive) Save(file string) error {
	data, err := a.Bytes()
	if err != nil {
		return fmt.Errorf("key archive: %w", err)
	}
	return fsx.WriteFile(file, data, 0o600)
}

// Signers are the keys of the archive that root lets sign for role, under the
// ids that root gives them, sorted by id. They are found by the key itself and
// not by name. None is not an error.
func (a *KeyArchive) Signers(root *Root, role Role) ([]Signer, error) {
	var found []Signer
	for name := range a.entries {
		pair, ok := strings.CutSuffix(name, ".sec")
		if !ok {
			continue
		}
		k, err := a.private(pair)
		if err != nil {
			return nil, in(name, err)
		}
		if id, ok := root.find(role, k.Public()); ok {
			found = append(found, withID(k, id))
		}
	}
	slices.SortFunc(found, func(x, y Signer) int { return strings.Compare(x.Public().ID, y.Public().ID) })
	return slices.CompactFunc(found, func(x, y Signer) bool { return x.Public().Equal(y.Public()) }), nil
}

// find is the id under which role lists a key.
func (r *Root) find(role Role, k *PublicKey) (string, bool) {
	for _, id := range r.Roles[role].KeyIDs {
		if r.Keys[id].Equal(k) {
			return id, true
		}
	}
	return "", false
}

// WithRootID is s signing under the id that root gives its key for role, or
// ErrKey where root does not let it sign for that.
func (r *Root) WithRootID(role Role, s Signer) (Signer, error) {
	id, ok := r.find(role, s.Public())
	if !ok {
		return nil, refuse(ErrKey, "root %d does not let key %s sign %s", r.Version, s.Public().ID, role)
	}
	return withID(s, id), nil
}
