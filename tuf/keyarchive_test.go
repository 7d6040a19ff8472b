package tuf_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

type entry struct {
	name string
	kind byte
	data string
}

func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.data)), Mode: 0}
		if e.kind != tar.TypeReg {
			h.Size, h.Linkname, e.data = 0, e.data, ""
		}
		if err := errors.Join(tw.WriteHeader(h), second(tw.Write([]byte(e.data)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func second(_ int, err error) error { return err }

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnArchiveOfFioctlSignsForItsRole(t *testing.T) {
	r := tuftest.New(t)
	active, other := r.Keys[tuf.RoleTargets][0], r.Key(tuf.RSA)
	a, err := tuf.ParseKeyArchive(archive(t,
		entry{"tufrepo/", tar.TypeDir, ""}, entry{"tufrepo/keys/", tar.TypeDir, ""},
		entry{"tufrepo/keys/first-root.sec", tar.TypeReg, text(t, active)},
		entry{"tufrepo/keys/first-root.pub", tar.TypeReg, text(t, active.Public())},
		entry{"./tufrepo/keys/fioctl-targets-x.pub", tar.TypeReg, text(t, other.Public())},
		entry{"./tufrepo/keys/fioctl-targets-x.sec", tar.TypeReg, text(t, other)},
	))
	if err != nil {
		t.Fatal(err)
	}
	signers, err := a.Signers(r.Root, tuf.RoleTargets)
	if err != nil || len(signers) != 1 || !signers[0].Public().Equal(active.Public()) {
		t.Fatalf("%v, %v", signers, err)
	}
	if signers, err := a.Signers(r.Root, tuf.RoleRoot); err != nil || len(signers) != 0 {
		t.Errorf("for another role: %v, %v", signers, err)
	}
}

func TestSignersUseTheIDsOfTheRoot(t *testing.T) {
	r := tuftest.New(t)
	k := r.Key(tuf.ED25519)
	renamed := *k.Public()
	renamed.ID = "as-it-stands"
	r.Root.AddKey(tuf.RoleTargets, &renamed)
	a := tuf.NewKeyArchive()
	if err := a.Add(tuf.RoleTargets, k); err != nil {
		t.Fatal(err)
	}
	signers, err := a.Signers(r.Root, tuf.RoleTargets)
	if err != nil || len(signers) != 1 {
		t.Fatalf("%v, %v", signers, err)
	}
	file, err := tuf.Sign(map[string]any{"a": 1}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Root.Verify(tuf.RoleTargets, file); err != nil {
		t.Error(err)
	}
	s, err := r.Root.WithRootID(tuf.RoleTargets, k)
	if err != nil || s.Public().ID != "as-it-stands" || k.Public().ID == "as-it-stands" {
		t.Errorf("%v", err)
	}
	if _, err := r.Root.WithRootID(tuf.RoleSnapshot, k); !errors.Is(err, tuf.ErrKey) {
		t.Errorf("a key of another role: %v", err)
	}
}

func TestAnArchiveIsSavedForItsOwnerOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.tgz")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	a := tuf.NewKeyArchive()
	k := seeded(t, 1)
	if err := a.Add(tuf.RoleTargets, k); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(tuf.RoleTargets, k); !errors.Is(err, tuf.ErrDuplicate) {
		t.Errorf("a key twice: %v", err)
	}
	if err := a.Save(file); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(file)
	if err != nil || st.Mode() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	again, err := tuf.OpenKeyArchive(file)
	if err != nil {
		t.Fatal(err)
	}
	one, errOne := a.Bytes()
	two, errTwo := again.Bytes()
	if errOne != nil || errTwo != nil || !bytes.Equal(one, two) {
		t.Error("another archive came back")
	}
	zr, err := gzip.NewReader(bytes.NewReader(one))
	if err != nil {
		t.Fatal(err)
	}
	tr := tar.NewReader(zr)
	for h, err := tr.Next(); !errors.Is(err, io.EOF); h, err = tr.Next() {
		if err != nil {
			t.Fatal(err)
		}
		if h.Mode != 0o600 || !strings.HasPrefix(h.Name, "tufrepo/keys/fioctl-targets-"+k.Public().ID) {
			t.Errorf("entry %s, mode %o", h.Name, h.Mode)
		}
	}
}

func TestADamagedArchiveIsRefused(t *testing.T) {
	k, other := seeded(t, 1), seeded(t, 2)
	sec, pub := text(t, k), text(t, k.Public())
	good := archive(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, sec}, entry{"tufrepo/keys/a.pub", tar.TypeReg, pub})
	crc := bytes.Clone(good)
	crc[len(crc)-6] ^= 1
	cases := map[string][]byte{
		"empty":                nil,
		"no gzip":              []byte("PK\x03\x04"),
		"cut in half":          good[:len(good)/2],
		"cut at the end":       good[:len(good)-4],
		"wrong checksum":       crc,
		"traversal":            archive(t, entry{"tufrepo/keys/../a.sec", tar.TypeReg, sec}),
		"absolute":             archive(t, entry{"/tufrepo/keys/a.sec", tar.TypeReg, sec}),
		"in a folder":          archive(t, entry{"tufrepo/keys/b/a.sec", tar.TypeReg, sec}),
		"elsewhere":            archive(t, entry{"keys/a.sec", tar.TypeReg, sec}),
		"another extension":    archive(t, entry{"tufrepo/keys/a.txt", tar.TypeReg, sec}),
		"no name":              archive(t, entry{"tufrepo/keys/.sec", tar.TypeReg, sec}),
		"a link":               archive(t, entry{"tufrepo/keys/a.sec", tar.TypeSymlink, "/etc/shadow"}),
		"a hard link":          archive(t, entry{"tufrepo/keys/a.sec", tar.TypeLink, "b"}),
		"a device":             archive(t, entry{"tufrepo/keys/a.sec", tar.TypeChar, ""}),
		"a pipe":               archive(t, entry{"tufrepo/keys/a.sec", tar.TypeFifo, ""}),
		"a folder elsewhere":   archive(t, entry{"etc/", tar.TypeDir, ""}),
		"an entry twice":       archive(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, sec}, entry{"tufrepo/keys/a.sec", tar.TypeReg, sec}),
		"a pair of two keys":   archive(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, sec}, entry{"tufrepo/keys/a.pub", tar.TypeReg, text(t, other.Public())}),
		"a key that is none":   archive(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, "{}"}),
		"an empty entry":       archive(t, entry{"tufrepo/keys/a.pub", tar.TypeReg, ""}),
		"a long entry":         archive(t, entry{"tufrepo/keys/a.pub", tar.TypeReg, pub + strings.Repeat(" ", 1<<17)}),
		"a bomb":               archive(t, entry{"tufrepo/keys/a.pub", tar.TypeReg, pub + strings.Repeat(" ", 1<<25)}),
		"a public half as sec": archive(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, pub}),
	}
	for name, data := range cases {
		if a, err := tuf.ParseKeyArchive(data); err == nil || !errors.Is(err, tuf.ErrMalformed) && !errors.Is(err, tuf.ErrKey) {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	if _, err := tuf.OpenKeyArchive(filepath.Join(t.TempDir(), "none.tgz")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

func TestAnArchiveMayHoldThePrivateHalfAlone(t *testing.T) {
	r := tuftest.New(t)
	a, err := tuf.ParseKeyArchive(archive(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, text(t, r.Keys[tuf.RoleTargets][0])}))
	if err != nil {
		t.Fatal(err)
	}
	if signers, err := a.Signers(r.Root, tuf.RoleTargets); err != nil || len(signers) != 1 {
		t.Errorf("%v, %v", signers, err)
	}
}
