package offline

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/internal/testkit/fatfs"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// signFile signs an archive with one more of the keys of its targets role.
func signFile(t *testing.T, file string, key *tuf.PrivateKey) error {
	t.Helper()
	bundle, err := Open(file)
	check(t, err)
	defer bundle.Close()
	_, err = Sign(t.Context(), bundle, SignOptions{Verify: VerifyOptions{Now: now}, Signer: func(*tuf.Root) (tuf.Signer, error) { return key, nil }})
	return err
}

func TestPowerCutAtAnyMomentWhileAnArchiveIsSignedOnFAT(t *testing.T) {
	tree := tinyTree(t, "1")
	write(t, filepath.Join(tree, "large"), noise(700_000)) // too much for one write
	b := newBackend(t, 1)
	b.publish("pc-1", "pc", tree, nil)
	dir := filepath.Join(t.TempDir(), "bundle")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	f := fatfs.Mount(t, fatfs.Options{})
	file := filepath.Join(f.Dir(), "update", "bundle.ota")
	check(t, medium.MakeFolder(filepath.Dir(file)))
	packTo(t, dir, file, b)
	unsigned, err := os.ReadFile(file)
	check(t, err)
	before := f.Recorded()
	check(t, signFile(t, file, b.offline[0]))
	signed, err := os.ReadFile(file)
	check(t, err)
	after := f.Recorded()
	if rep := verify(t, file); rep.Err() != nil {
		t.Fatal(rep.Findings)
	}
	cuts(t, after, before.Len(), func(dir string, n int, loss fatfs.Loss) {
		file := filepath.Join(dir, "bundle.ota")
		is, err := os.ReadFile(file)
		switch {
		case err == nil && bytes.Equal(is, signed):
			return
		case err != nil || !bytes.Equal(is, unsigned):
			t.Fatalf("after %d changes, %v: neither the old nor the new archive: %d bytes, %v", n, loss, len(is), err)
		}
		if n == after.Len() {
			t.Errorf("done, %v: the old archive", loss)
		}
		if err := signFile(t, file, b.offline[0]); err != nil {
			t.Errorf("after %d changes, %v: the next run: %v", n, loss, err)
		}
		is, err = os.ReadFile(file)
		left, lerr := os.ReadDir(dir)
		if err != nil || !bytes.Equal(is, signed) || lerr != nil || len(left) != 1 {
			t.Errorf("after %d changes, %v, and the next run: %d bytes, %v, beside it %v", n, loss, len(is), err, left)
		}
	})
}
