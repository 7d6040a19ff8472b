package credentials

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Names of the members that are read. Any other is ignored: a full archive has
// more of them, for devices and for tools that sign elsewhere.
const (
	memberTreehub    = "treehub.json"
	memberRepoURL    = "tufrepo.url"
	memberRoot       = "root.json"
	memberTargetsPub = "targets.pub"
	memberTargetsSec = "targets.sec"
	memberServerCA   = "server_ca.pem"
	memberServerP12  = "server.p12"
	memberClientP12  = "client_auth.p12"
)

func known(name string) bool {
	switch name {
	case memberTreehub, memberRepoURL, memberRoot, memberTargetsPub, memberTargetsSec, memberServerCA, memberServerP12, memberClientP12:
		return true
	}
	return false
}

// maxMembers caps how many entries an archive may have, maxUnpacked the bytes
// of all of them together.
const (
	maxMembers  = 100
	maxUnpacked = 8 * limits.Credentials
)

// members are the files of an archive by name.
type members map[string][]byte

// unpack reads the members out of a zip, a tar or a tar that is packed by gzip.
func unpack(data []byte) (members, error) {
	switch {
	case bytes.HasPrefix(data, []byte("PK")):
		return unpackZip(data)
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, broken(err)
		}
		raw, err := fsx.ReadAll(z, "credentials", maxUnpacked)
		if err != nil {
			return nil, broken(err)
		}
		return unpackTar(raw)
	case isTar(data):
		return unpackTar(data)
	}
	return nil, fmt.Errorf("%w: neither a ZIP or tar archive nor JSON", ErrNoCredentials)
}

// isTar looks where every kind of tar since 1988 has its magic.
func isTar(data []byte) bool {
	const at = 257
	return len(data) > at && bytes.HasPrefix(data[at:], []byte("ustar"))
}

func broken(err error) error {
	if _, long := errors.AsType[*fsx.TooLargeError](err); long {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoCredentials, err)
}

func unpackZip(data []byte) (members, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, broken(err)
	}
	if len(z.File) > maxMembers {
		return nil, tooMany(len(z.File))
	}
	m := members{}
	for _, f := range z.File {
		if err := m.takeZipped(f); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m members) takeZipped(f *zip.File) error {
	if !known(f.Name) {
		return nil
	}
	if f.UncompressedSize64 > limits.Credentials {
		return &fsx.TooLargeError{Name: f.Name, Max: limits.Credentials}
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, broken(err))
	}
	defer r.Close()
	return m.take(f.Name, r)
}

func unpackTar(data []byte) (members, error) {
	m, r := members{}, tar.NewReader(bytes.NewReader(data))
	for n := 1; ; n++ {
		h, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return m, nil
		case err != nil:
			return nil, broken(err)
		case n > maxMembers:
			return nil, tooMany(n)
		}
		// tar -C DIR . gives ./treehub.json.
		name := path.Clean(h.Name)
		if !known(name) || h.Typeflag != tar.TypeReg {
			continue
		}
		if err := m.take(name, r); err != nil {
			return nil, err
		}
	}
}

func tooMany(n int) error {
	return fmt.Errorf("%w: %d members, more than %d", ErrNoCredentials, n, maxMembers)
}

func (m members) take(name string, r io.Reader) error {
	if _, dup := m[name]; dup {
		return fmt.Errorf("%w: %s is in it twice", ErrNoCredentials, name)
	}
	data, err := fsx.ReadAll(r, name, limits.Credentials)
	if err != nil {
		return fmt.Errorf("%s: %w", name, broken(err))
	}
	m[name] = data
	return nil
}

// Write makes a credentials.zip out of c, for a backend that hands it out.
func (c *Credentials) Write(w io.Writer) error {
	t := treehubFile{OAuth2: c.OAuth2, NoAuth: c.OAuth2 == nil && c.Basic == nil}
	t.OSTree.Server = c.TreehubURL
	j, err := json.Marshal(t)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	m := members{
		memberTreehub: j, memberRepoURL: []byte(c.RepoURL), memberRoot: c.Root,
		memberTargetsPub: c.TargetsPub, memberTargetsSec: c.TargetsSec, memberServerCA: c.ServerCA,
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if len(m[name]) == 0 {
			continue
		}
		f, err := z.Create(name)
		if err != nil {
			return err
		}
		if _, err := f.Write(m[name]); err != nil {
			return err
		}
	}
	return z.Close()
}
