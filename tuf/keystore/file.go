// Package keystore keeps offline signing keys in files: fioctl's archives, plain
// or sealed with a passphrase, and single keys for build machines.
//
// It trusts the folder that a file lies in and nothing in the file: what is
// read is capped, and a sealed file cannot ask for more work than is allowed.
// Secrets are 0600 from their first byte, an archive is replaced whole or not
// at all, and one that changed behind our back is never overwritten: a key
// that is lost cannot be made again. It must never print, log or ask; who
// wants a passphrase of a person hands in a function.
package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// Form is how keys are kept in a file.
type Form string

// The forms.
const (
	Plain  Form = "plain archive"     // gzipped tar, as fioctl reads and writes it
	Sealed Form = "encrypted archive" // the same inside age, with a passphrase
	Single Form = "plain key"         // one key as JSON
)

// Ask gives the passphrase of the sealed file named. It is called only for a
// file that is sealed.
type Ask func(file string) (string, error)

// File is an open file of keys. Printing and logging it shows no secret. It is
// not safe for concurrent use.
type File struct {
	// Path is where it was read from, or will be written to.
	Path string
	Form Form
	// Exposed says that secrets lie in it unsealed and that others than its
	// owner may read it.
	Exposed bool
	// Keys are what it holds, sorted by name.
	Keys []Key

	entries    archive // nil for a Single key
	passphrase string  // "" unless Sealed
	data       []byte  // as it lies on disk; nil where it is not there yet
}

// Open reads a file of any form. A wrong passphrase is ErrPassphrase, content
// that is no keys tuf.ErrMalformed or tuf.ErrKey.
func Open(path string, ask Ask) (*File, error) {
	f := &File{Path: path}
	err := f.read()
	if errors.Is(err, fs.ErrNotExist) {
		err = fail.As(err, fail.NotFound, "give the file that holds your keys, or a pkcs11: URI")
	}
	if err == nil {
		err = f.parse(ask)
	}
	if err != nil {
		return nil, fmt.Errorf("keys %s: %w", path, err)
	}
	return f, nil
}

func (f *File) read() error {
	data, err := fsx.ReadFile(f.Path, limits.KeyArchive)
	if _, long := errors.AsType[*fsx.TooLargeError](err); long {
		return refuse(tuf.ErrTooLarge, "longer than %d bytes", limits.KeyArchive)
	}
	if err != nil {
		return cause(err)
	}
	st, err := os.Stat(f.Path)
	if err != nil {
		return cause(err)
	}
	f.data, f.Exposed = data, st.Mode().Perm()&openBits != 0
	return nil
}

// cause is what the operating system said, without the path that is said already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func (f *File) parse(ask Ask) (err error) {
	data := f.data
	switch {
	case isSealed(data):
		f.Form, f.Exposed = Sealed, false
		data, f.passphrase, err = unseal(data, func() (string, error) { return ask(f.Path) }, limits.ScryptWork)
		if err != nil {
			return err
		}
	case bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")):
		f.Form = Single
		k, err := tuf.ParsePrivateKey(data)
		if err != nil {
			return err
		}
		f.Keys = []Key{{Public: k.Public(), private: k}}
		return nil
	default:
		f.Form = Plain
	}
	if f.entries, err = parseArchive(data); err != nil {
		return err
	}
	f.Keys, err = f.entries.keys()
	return err
}

// New begins an archive that is not on disk yet: sealed with passphrase, or
// plain where that is "". That the path is taken is found out when the archive
// is staged, and is a conflict.
func New(path, passphrase string) *File {
	f := &File{Path: path, entries: archive{}}
	f.seal(passphrase)
	return f
}

func (f *File) seal(passphrase string) {
	f.Form, f.passphrase, f.Exposed = Plain, passphrase, false
	if passphrase != "" {
		f.Form = Sealed
	}
}

// SetPassphrase seals what is staged from now on with another passphrase; ""
// unseals it. A single key has no sealed form, and is refused.
func (f *File) SetPassphrase(passphrase string) error {
	if f.Form == Single {
		return f.notAnArchive()
	}
	f.seal(passphrase)
	return nil
}

// Add puts a key for role into the archive, which is not written by that. A key
// that is there already is tuf.ErrDuplicate.
func (f *File) Add(role tuf.Role, k *tuf.PrivateKey) error {
	if f.Form == Single {
		return f.notAnArchive()
	}
	same := func(o Key) bool { return o.Private() && o.Public.Equal(k.Public()) }
	if slices.ContainsFunc(f.Keys, same) {
		return fmt.Errorf("keys %s: %w", f.Path, refuse(tuf.ErrDuplicate, "key %s is in it", short(k.Public().ID)))
	}
	name, err := f.entries.add(role, k)
	if err != nil {
		return fmt.Errorf("keys %s: %w", f.Path, err)
	}
	f.Keys = append(f.Keys, Key{Name: name, Public: k.Public(), private: k})
	return nil
}

func (f *File) notAnArchive() error {
	return fail.New(fail.Usage, "give an archive; otactl keys generate makes one", "keys %s: a single key, not an archive", f.Path)
}

// Signers are the keys that root lets sign for role, each once, under the ids
// that root gives them. They are found by the key itself and not by name. None
// is not an error.
func (f *File) Signers(root *tuf.Root, role tuf.Role) []tuf.Signer {
	var found []tuf.Signer
	for _, k := range f.Keys {
		same := func(o tuf.Signer) bool { return o.Public().Equal(k.Public) }
		if !k.Private() || slices.ContainsFunc(found, same) {
			continue
		}
		if s, err := root.WithRootID(role, k.private); err == nil {
			found = append(found, s)
		}
	}
	return found
}

// Signer is the one key of the file that root lets sign for role. None is
// class NotFound and says what its keys are for instead; more than one is a
// Conflict, since nobody could tell whose signature it would be.
func (f *File) Signer(root *tuf.Root, role tuf.Role) (tuf.Signer, error) {
	list := f.Signers(root, role)
	switch len(list) {
	case 0:
		return nil, f.nobody(root, role)
	case 1:
		return list[0], nil
	}
	var ids []string
	for _, s := range list {
		ids = append(ids, short(s.Public().ID))
	}
	return nil, fail.New(fail.Conflict, "keep one active key of a role in a file; each person signs with their own",
		"keys %s: %d keys in it may sign %s by root %d: %s", f.Path, len(list), role, root.Version, strings.Join(ids, ", "))
}

// nobody says which keys are there when none may sign for role.
func (f *File) nobody(root *tuf.Root, role tuf.Role) error {
	held := []string{}
	for _, k := range f.Keys {
		if !k.Private() {
			continue
		}
		use := "no role"
		if roles := root.RolesOf(k.Public); len(roles) > 0 {
			use = strings.Join(roles, " and ")
		}
		held = append(held, "key "+short(k.Public.ID)+" is of "+use)
	}
	if len(held) == 0 {
		held = []string{"no private key is in it"}
	}
	return fail.New(fail.NotFound, fmt.Sprintf("give a key that root %d lists for %s", root.Version, role),
		"keys %s: no key in it may sign %s by root %d: %s", f.Path, role, root.Version, strings.Join(held, ", "))
}

// short is enough of a key id for a person to recognise it.
func short(id string) string { return id[:min(12, len(id))] }

// String names the file and leaves out what is in it.
func (f *File) String() string { return string(f.Form) + " " + f.Path }

// GoString is String, so that %#v leaves out the secrets too.
func (f *File) GoString() string { return f.String() }

// LogValue keeps encoders away from the secrets.
func (f *File) LogValue() slog.Value { return slog.StringValue(f.String()) }
