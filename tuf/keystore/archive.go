package keystore

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// archiveDir is where fioctl keeps keys inside an archive.
const archiveDir = "tufrepo/keys/"

// archive is fioctl's archive of offline keys: a gzipped tar of pairs
// tufrepo/keys/NAME.sec and NAME.pub, each a key in JSON. It may hold keys
// that are retired; which one is active is for a root to say.
type archive map[string][]byte // by name below archiveDir

// Key is one key of a file.
type Key struct {
	Name   string // of its entries in an archive, without .sec and .pub
	Public *tuf.PublicKey

	private *tuf.PrivateKey // nil where that half is not there
}

// Role is the role that the key was made for, as its name has it
// (fioctl-ROLE-ID, offline-ROLE), or "". Which it may sign for a root says.
func (k Key) Role() tuf.Role {
	for part := range strings.SplitSeq(k.Name, "-") {
		switch role := tuf.Role(part); role {
		case tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp:
			return role
		}
	}
	return ""
}

// Private says whether the half that signs is there.
func (k Key) Private() bool { return k.private != nil }

// parseArchive reads an archive. Anything in it that is not a key where a
// key belongs is ErrMalformed: writing it back would lose it.
func parseArchive(data []byte) (archive, error) {
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, refuse(tuf.ErrMalformed, "neither a key, nor an encrypted archive, nor a gzip file")
	}
	all := &io.LimitedReader{R: zr, N: limits.KeyArchive + 1}
	tr := tar.NewReader(all)
	a := archive{}
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && all.N > 0 {
			return nil, refuse(tuf.ErrMalformed, "the archive is cut short or is no tar: %v", err)
		}
		if err != nil {
			break
		}
		if err := a.take(h, tr); err != nil {
			return nil, err
		}
	}
	if _, err := io.Copy(io.Discard, all); err != nil {
		return nil, refuse(tuf.ErrMalformed, "the archive is damaged: %v", err)
	}
	if all.N == 0 {
		return nil, refuse(tuf.ErrTooLarge, "unpacked it is longer than %d bytes", limits.KeyArchive)
	}
	return a, nil
}

func (a archive) take(h *tar.Header, r io.Reader) error {
	name := strings.TrimPrefix(h.Name, "./")
	if h.Typeflag == tar.TypeDir && strings.HasPrefix(archiveDir, strings.TrimSuffix(name, "/")) {
		return nil
	}
	base, ok := strings.CutPrefix(name, archiveDir)
	ext := path.Ext(base)
	if !ok || h.Typeflag != tar.TypeReg || base == ext || strings.ContainsAny(base, `/\`) || ext != ".sec" && ext != ".pub" {
		return refuse(tuf.ErrMalformed, "entry %q is no key", h.Name)
	}
	if _, twice := a[base]; twice {
		return refuse(tuf.ErrMalformed, "entry %q is there twice", h.Name)
	}
	data, err := fsx.ReadAll(r, h.Name, limits.KeyFile)
	if err != nil {
		return refuse(tuf.ErrMalformed, "%v", err)
	}
	a[base] = data
	return nil
}

// keys reads every key and sees that the two halves of a pair belong together.
func (a archive) keys() ([]Key, error) {
	var list []Key
	for _, entry := range slices.Sorted(maps.Keys(a)) {
		name := strings.TrimSuffix(entry, path.Ext(entry))
		if _, both := a[name+".sec"]; both && path.Ext(entry) == ".pub" {
			continue // comes with its other half
		}
		k, err := a.key(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry, err)
		}
		list = append(list, k)
	}
	return list, nil
}

func (a archive) key(name string) (k Key, err error) {
	k.Name = name
	pub, isPublic := a[name+".pub"]
	if isPublic {
		if k.Public, err = tuf.ParsePublicKey(pub); err != nil {
			return k, err
		}
	}
	sec, isPrivate := a[name+".sec"]
	if !isPrivate {
		return k, nil
	}
	if k.private, err = tuf.ParsePrivateKey(sec); err != nil {
		return k, err
	}
	if isPublic && !k.Public.Equal(k.private.Public()) {
		return k, refuse(tuf.ErrKey, "%s.sec and %s.pub are not one key", name, name)
	}
	k.Public = k.private.Public()
	return k, nil
}

// add puts a key in under the name that fioctl would give it.
func (a archive) add(role tuf.Role, k *tuf.PrivateKey) (name string, err error) {
	name = fmt.Sprintf("fioctl-%s-%s", role, k.Public().ID)
	private, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	public, err := json.Marshal(k.Public())
	if err != nil {
		return "", err
	}
	a[name+".sec"], a[name+".pub"] = private, public
	return name, nil
}

// bytes is the archive as a gzipped tar, entries 0600 and sorted.
func (a archive) bytes() ([]byte, error) {
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	for _, name := range slices.Sorted(maps.Keys(a)) {
		data := a[name]
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

func refuse(kind error, format string, args ...any) error {
	return &tuf.Error{Kind: kind, Why: fmt.Sprintf(format, args...)}
}
