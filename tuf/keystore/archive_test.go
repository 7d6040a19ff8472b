package keystore

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

type entry struct {
	name string
	kind byte
	data string
}

func archiveOf(t testing.TB, entries ...entry) []byte {
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

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func seeded(t testing.TB, n byte) *tuf.PrivateKey {
	t.Helper()
	k, err := tuf.NewPrivateKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize)))
	check(t, err)
	return k
}

// noAsk is for files that need no passphrase.
func noAsk(t testing.TB) Ask {
	return func(file string) (string, error) {
		t.Helper()
		t.Errorf("asked for a passphrase of %s", file)
		return "", errors.New("asked")
	}
}

// onDisk is a file with data, for its owner only.
func onDisk(t testing.TB, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.tgz")
	check(t, os.WriteFile(file, data, 0o600))
	return file
}

func openPlain(t testing.TB, data []byte) *File {
	t.Helper()
	f, err := Open(onDisk(t, data), noAsk(t))
	check(t, err)
	return f
}

func TestAnArchiveOfFioctlSignsForItsRole(t *testing.T) {
	r := tuftest.New(t)
	active, other := r.Keys[tuf.RoleTargets][0], r.Key(tuf.RSA)
	f := openPlain(t, archiveOf(t,
		entry{"tufrepo/", tar.TypeDir, ""}, entry{"tufrepo/keys/", tar.TypeDir, ""},
		entry{"tufrepo/keys/first-root.sec", tar.TypeReg, text(t, active)},
		entry{"tufrepo/keys/first-root.pub", tar.TypeReg, text(t, active.Public())},
		entry{"./tufrepo/keys/fioctl-targets-x.pub", tar.TypeReg, text(t, other.Public())},
		entry{"./tufrepo/keys/fioctl-targets-x.sec", tar.TypeReg, text(t, other)},
	))
	signer, err := f.Signer(r.Root, tuf.RoleTargets)
	if err != nil || !signer.Public().Equal(active.Public()) {
		t.Fatalf("%v, %v", signer, err)
	}
	if len(f.Keys) != 2 || !f.Keys[0].Private() || f.Keys[0].Name != "fioctl-targets-x" || f.Form != Plain {
		t.Errorf("%v holds %+v", f, f.Keys)
	}
}

func TestAKeyOfAnotherRoleIsNamed(t *testing.T) {
	r := tuftest.New(t)
	k := r.Keys[tuf.RoleTargets][0]
	single := openPlain(t, []byte(text(t, k)))
	archive := openPlain(t, archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, text(t, k)}))
	for _, f := range []*File{single, archive} {
		_, err := f.Signer(r.Root, tuf.RoleRoot)
		if fail.ClassOf(err) != fail.NotFound || fail.HintOf(err) == "" {
			t.Fatalf("%v: %v", f, err)
		}
		for _, want := range []string{f.Path, "root by root 1", short(k.Public().ID), "is of targets"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
		if _, err := f.Signer(r.Root, tuf.RoleTargets); err != nil {
			t.Errorf("for its own role: %v", err)
		}
	}
	_, err := openPlain(t, []byte(text(t, seeded(t, 9)))).Signer(r.Root, tuf.RoleRoot)
	if err == nil || !strings.Contains(err.Error(), "is of no role") {
		t.Errorf("a stranger's key: %v", err)
	}
}

func TestTwoActiveKeysOfARoleAreAConflict(t *testing.T) {
	r := tuftest.New(t)
	one, two := r.Keys[tuf.RoleTargets][0], seeded(t, 3)
	r.Root.AddKey(tuf.RoleTargets, two.Public())
	f := openPlain(t, archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, text(t, one)}, entry{"tufrepo/keys/b.sec", tar.TypeReg, text(t, two)}))
	_, err := f.Signer(r.Root, tuf.RoleTargets)
	if fail.ClassOf(err) != fail.Conflict || fail.HintOf(err) == "" {
		t.Fatal(err)
	}
	for _, want := range []string{"targets", "root 1", short(one.Public().ID), short(two.Public().ID)} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestAKeyUnderTwoNamesCountsOnce(t *testing.T) {
	r := tuftest.New(t)
	k := text(t, r.Keys[tuf.RoleTargets][0])
	f := openPlain(t, archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, k}, entry{"tufrepo/keys/b.sec", tar.TypeReg, k}))
	if _, err := f.Signer(r.Root, tuf.RoleTargets); err != nil {
		t.Error(err)
	}
}

// An RSA key that is too short must not be carried along unseen.
func TestAShortRSAKeyIsRefusedByName(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	check(t, err)
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(short)})
	key := text(t, map[string]any{"keytype": "RSA", "keyval": map[string]string{"private": string(block)}})
	_, err = Open(onDisk(t, archiveOf(t, entry{"tufrepo/keys/fioctl-root-abc.sec", tar.TypeReg, key})), noAsk(t))
	if !errors.Is(err, tuf.ErrKey) || fail.ClassOf(err) != fail.Verification || !strings.Contains(fail.HintOf(err), "2048") {
		t.Fatal(err)
	}
	for _, want := range []string{"fioctl-root-abc.sec", "1024 bits"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestSignersUseTheIDsOfTheRoot(t *testing.T) {
	r := tuftest.New(t)
	k := r.Key(tuf.ED25519)
	renamed := *k.Public()
	renamed.ID = "as-it-stands"
	r.Root.AddKey(tuf.RoleTargets, &renamed)
	signer, err := openPlain(t, []byte(text(t, k))).Signer(r.Root, tuf.RoleTargets)
	check(t, err)
	file, err := tuf.Sign(map[string]any{"a": 1}, signer)
	check(t, err)
	if err := r.Root.Verify(tuf.RoleTargets, file); err != nil || signer.Public().ID != "as-it-stands" {
		t.Error(err)
	}
}

func TestADamagedArchiveIsRefused(t *testing.T) {
	k, other := seeded(t, 1), seeded(t, 2)
	sec, pub := text(t, k), text(t, k.Public())
	good := archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, sec}, entry{"tufrepo/keys/a.pub", tar.TypeReg, pub})
	crc := bytes.Clone(good)
	crc[len(crc)-6] ^= 1
	cases := map[string][]byte{
		"empty":                nil,
		"no gzip":              []byte("PK\x03\x04"),
		"cut in half":          good[:len(good)/2],
		"cut at the end":       good[:len(good)-4],
		"wrong checksum":       crc,
		"traversal":            archiveOf(t, entry{"tufrepo/keys/../a.sec", tar.TypeReg, sec}),
		"absolute":             archiveOf(t, entry{"/tufrepo/keys/a.sec", tar.TypeReg, sec}),
		"in a folder":          archiveOf(t, entry{"tufrepo/keys/b/a.sec", tar.TypeReg, sec}),
		"elsewhere":            archiveOf(t, entry{"keys/a.sec", tar.TypeReg, sec}),
		"in no folder":         archiveOf(t, entry{"a.sec", tar.TypeReg, sec}),
		"a file for a folder":  archiveOf(t, entry{"tufrepo/keys", tar.TypeReg, ""}),
		"another extension":    archiveOf(t, entry{"tufrepo/keys/a.txt", tar.TypeReg, sec}),
		"no name":              archiveOf(t, entry{"tufrepo/keys/.sec", tar.TypeReg, sec}),
		"a link":               archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeSymlink, "/etc/shadow"}),
		"a hard link":          archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeLink, "b"}),
		"a device":             archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeChar, ""}),
		"a pipe":               archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeFifo, ""}),
		"a folder elsewhere":   archiveOf(t, entry{"etc/", tar.TypeDir, ""}),
		"an entry twice":       archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, sec}, entry{"tufrepo/keys/a.sec", tar.TypeReg, sec}),
		"a pair of two keys":   archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, sec}, entry{"tufrepo/keys/a.pub", tar.TypeReg, text(t, other.Public())}),
		"a key that is none":   archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, "{}"}),
		"an empty entry":       archiveOf(t, entry{"tufrepo/keys/a.pub", tar.TypeReg, ""}),
		"a long entry":         archiveOf(t, entry{"tufrepo/keys/a.pub", tar.TypeReg, pub + strings.Repeat(" ", 1<<17)}),
		"a bomb":               archiveOf(t, entry{"tufrepo/keys/a.pub", tar.TypeReg, pub + strings.Repeat(" ", 1<<25)}),
		"a public half as sec": archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, pub}),
	}
	for name, data := range cases {
		if f, err := Open(onDisk(t, data), noAsk(t)); err == nil || !errors.Is(err, tuf.ErrMalformed) && !errors.Is(err, tuf.ErrKey) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.tgz"), noAsk(t)); !errors.Is(err, fs.ErrNotExist) || fail.ClassOf(err) != fail.NotFound {
		t.Errorf("no such file: %v", err)
	} else if strings.Count(err.Error(), "none.tgz") != 1 {
		t.Errorf("it says twice which: %v", err)
	}
}

func TestAPublicHalfSignsNothing(t *testing.T) {
	r := tuftest.New(t)
	k := r.Keys[tuf.RoleTargets][0]
	f := openPlain(t, archiveOf(t, entry{"tufrepo/keys/a.pub", tar.TypeReg, text(t, k.Public())}))
	if len(f.Keys) != 1 || f.Keys[0].Private() {
		t.Fatalf("%+v", f.Keys)
	}
	if _, err := f.Signer(r.Root, tuf.RoleTargets); fail.ClassOf(err) != fail.NotFound || !strings.Contains(err.Error(), "no private key") {
		t.Error(err)
	}
	check(t, f.Add(tuf.RoleTargets, k))
	if _, err := f.Signer(r.Root, tuf.RoleTargets); err != nil {
		t.Errorf("with its private half: %v", err)
	}
}

func TestAnArchiveMayHoldThePrivateHalfAlone(t *testing.T) {
	r := tuftest.New(t)
	f := openPlain(t, archiveOf(t, entry{"tufrepo/keys/a.sec", tar.TypeReg, text(t, r.Keys[tuf.RoleTargets][0])}))
	if _, err := f.Signer(r.Root, tuf.RoleTargets); err != nil {
		t.Error(err)
	}
}

// fioctl finds a key by the text of its public half and takes the private one
// from the entry of the same name.
func TestWhatIsWrittenIsWhatFioctlReads(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.tgz")
	f := New(file, "")
	for _, k := range []*tuf.PrivateKey{seeded(t, 1), tuftest.RSAKey(t)} {
		check(t, f.Add(tuf.RoleTargets, k))
		if err := f.Add(tuf.RoleTargets, k); !errors.Is(err, tuf.ErrDuplicate) {
			t.Errorf("a key twice: %v", err)
		}
	}
	check(t, f.Save())
	if st, err := os.Stat(file); err != nil || st.Mode() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	data, err := os.ReadFile(file)
	check(t, err)
	zr, err := gzip.NewReader(bytes.NewReader(data))
	check(t, err)
	entries := map[string][]byte{}
	tr := tar.NewReader(zr)
	for h, err := tr.Next(); !errors.Is(err, io.EOF); h, err = tr.Next() {
		check(t, err)
		if h.Mode != 0o600 || h.Typeflag != tar.TypeReg {
			t.Errorf("entry %s, mode %o", h.Name, h.Mode)
		}
		entries[h.Name], err = io.ReadAll(tr)
		check(t, err)
	}
	for _, k := range []*tuf.PrivateKey{seeded(t, 1), tuftest.RSAKey(t)} {
		name := "tufrepo/keys/fioctl-targets-" + k.Public().ID
		if string(entries[name+".pub"]) != text(t, k.Public()) || string(entries[name+".sec"]) != text(t, k) {
			t.Errorf("%s is not as fioctl writes it", name)
		}
	}
	if len(entries) != 4 {
		t.Errorf("%d entries", len(entries))
	}
}

// Cut at the limit between two entries, an archive would look whole, and lose
// the rest when it is written again.
func TestAnArchiveBeyondTheLimitIsRefusedWhole(t *testing.T) {
	k, err := tuf.GenerateKey(tuf.ED25519)
	if err != nil {
		t.Fatal(err)
	}
	const each = 64 << 10 // with its header
	key := text(t, k)
	key += strings.Repeat(" ", each-512-len(key))
	var entries []entry
	for i := range limits.KeyArchive/each + 1 {
		entries = append(entries, entry{fmt.Sprintf("tufrepo/keys/k%02d.sec", i), tar.TypeReg, key})
	}
	if got, err := parseArchive(archiveOf(t, entries...)); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("%d entries of %d, %v", len(got), len(entries), err)
	}
	if _, err := parseArchive(archiveOf(t, entries[:limits.KeyArchive/each-1]...)); err != nil {
		t.Error(err)
	}
	f := New(filepath.Join(t.TempDir(), "full.tgz"), "")
	for _, e := range entries {
		f.entries[strings.TrimPrefix(e.name, archiveDir)] = []byte(e.data)
	}
	if _, err := f.Stage(); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("staged though it cannot be read again: %v", err)
	}
	if _, err := os.Stat(f.Path + ".tmp"); !os.IsNotExist(err) {
		t.Error(err)
	}
}
