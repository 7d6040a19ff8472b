package sign

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign/pgp"
)

// revocable signs a new commit with a key, and gives that and its revocation,
// in ASCII armor.
func revocable(t *testing.T) (repo *ostree.Repo, c ostree.Checksum, key, rev []byte) {
	t.Helper()
	gnupg := testkit.GPGHome(t)
	testkit.GPG(t, gnupg, nil, "--quick-generate-key", "Signer <signer@example.com>", "ed25519", "sign", "never")
	home := t.TempDir()
	for name, what := range map[string]string{"pubring.gpg": "--export", "secring.gpg": "--export-secret-keys"} {
		put(t, home, name, testkit.GPG(t, gnupg, nil, what))
	}
	ring := must(ReadKeyring(t.Context(), filepath.Join(home, "pubring.gpg")))(t)
	k := ring.Keys(soon())[0]
	rev = must(os.ReadFile(filepath.Join(gnupg, "openpgp-revocs.d", k.Fingerprint+".rev")))(t)
	repo, c = signedRepo(t)
	if err := Commit(t.Context(), repo, c, must(NewGPGSigner(t.Context(), home, k.KeyID(), Env{Now: clock.System()}))(t)); err != nil {
		t.Fatal(err)
	}
	return repo, c, testkit.GPG(t, gnupg, nil, "--armor", "--export"), bytes.Replace(rev, []byte(":-----"), []byte("-----"), 1)
}

// put writes a file and gives its path.
func put(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// judge is what the policy of a client's remote o says about a commit.
func judge(t *testing.T, client string, repo *ostree.Repo, c ostree.Checksum) error {
	t.Helper()
	at := must(ostree.OpenRepo(client))(t)
	p, err := ForCommits(at, "o", Env{Now: soon(), GPGHome: t.TempDir(), KeyDirs: []string{t.TempDir()}})
	if err != nil {
		return err
	}
	_, err = p.Verify(must(CommitData(t.Context(), repo, c))(t), must(ostree.ReadDetached(t.Context(), repo, c))(t))
	return err
}

func revoked(err error) bool {
	return errors.Is(err, ErrNotTrusted) && strings.Contains(err.Error(), "revoked")
}

func TestRevocationBehindItsKeyStopsThePullAsInLibostree(t *testing.T) {
	repo, c, key, rev := revocable(t)
	file := put(t, t.TempDir(), "both.asc", append(bytes.Clone(key), rev...))
	imported := client(t, repo.Path())
	must(ImportGPG(t.Context(), must(ostree.OpenRepo(imported))(t), "o", must(ReadKeyring(t.Context(), file))(t), Env{Now: soon()}))(t)
	for name, at := range map[string]string{
		"imported by libostree": client(t, repo.Path(), "--gpg-import="+file),
		"imported by us":        imported,
		"gpgkeypath":            client(t, repo.Path(), "--set=gpgkeypath="+file),
	} {
		if err := judge(t, at, repo, c); !revoked(err) {
			t.Errorf("%s: %v, want a revoked key", name, err)
		}
		if _, stderr, err := testkit.TryOSTree("--repo="+at, "pull", "o", "os/main"); err == nil || !strings.Contains(stderr, "revoked") {
			t.Errorf("%s: libostree says %v: %s", name, err, stderr)
		}
	}
}

func TestRevocationInAnotherFileOfTrustedKeysStopsThePull(t *testing.T) {
	repo, c, key, rev := revocable(t)
	dir, keys, revs := t.TempDir(), t.TempDir(), t.TempDir()
	file, alone := put(t, keys, "key.asc", key), put(t, revs, "key.rev", rev)
	first, second := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, first, second} {
		put(t, d, "m.asc", key)
	}
	put(t, first, "a.rev", rev)
	put(t, second, "z.rev", rev)
	if err := judge(t, client(t, repo.Path(), "--set=gpgkeypath="+dir), repo, c); err != nil {
		t.Errorf("without a revocation: %v", err)
	}
	for name, args := range map[string][]string{
		"first in a folder":      {"--set=gpgkeypath=" + first},
		"last in a folder":       {"--set=gpgkeypath=" + second},
		"in a folder before":     {"--set=gpgkeypath=" + revs + "," + keys},
		"in a file behind":       {"--set=gpgkeypath=" + file + "," + alone},
		"beside the own keyring": {"--gpg-import=" + file, "--set=gpgkeypath=" + alone},
	} {
		if err := judge(t, client(t, repo.Path(), args...), repo, c); !revoked(err) {
			t.Errorf("%s: %v, want a revoked key", name, err)
		}
	}
}

func TestDamagedFileInAFolderOfKeysStopsThePull(t *testing.T) {
	repo, c, key, rev := revocable(t)
	for name, damaged := range map[string][]byte{"key": key[:len(key)/2], "revocation": rev[:len(rev)-30]} {
		dir := t.TempDir()
		put(t, dir, "key.asc", key)
		put(t, dir, "README", []byte("keys\n"))
		at := client(t, repo.Path(), "--set=gpgkeypath="+dir)
		if err := judge(t, at, repo, c); err != nil {
			t.Errorf("%s: before it: %v", name, err)
		}
		path := put(t, dir, "other.asc", damaged)
		err := judge(t, at, repo, c)
		if !errors.Is(err, pgp.ErrMalformed) || !strings.Contains(err.Error(), path) || fail.HintOf(err) == "" {
			t.Errorf("%s: %v (hint %q), want pgp.ErrMalformed of %s", name, err, fail.HintOf(err), path)
		}
	}
}

func TestRevocationAloneIsImportedForAKeyThatIsThere(t *testing.T) {
	repo, c, key, rev := revocable(t)
	at := client(t, repo.Path())
	dst, env := must(ostree.OpenRepo(at))(t), Env{Now: soon()}
	alone := must(ParseKeyring(rev))(t)
	if _, err := ImportGPG(t.Context(), dst, "o", alone, env); fail.ClassOf(err) != fail.NotFound || fail.HintOf(err) == "" {
		t.Errorf("without its key: %v (hint %q)", err, fail.HintOf(err))
	}
	must(ImportGPG(t.Context(), dst, "o", must(ParseKeyring(key))(t), env))(t)
	if err := judge(t, at, repo, c); err != nil {
		t.Errorf("before it: %v", err)
	}
	if n, err := ImportGPG(t.Context(), dst, "o", alone, env); err != nil || n != 0 {
		t.Errorf("%d keys are new, %v", n, err)
	}
	if err := judge(t, at, repo, c); !revoked(err) {
		t.Errorf("%v, want a revoked key", err)
	}
	if _, stderr, err := testkit.TryOSTree("--repo="+at, "pull", "o", "os/main"); err == nil || !strings.Contains(stderr, "revoked") {
		t.Errorf("libostree says %v: %s", err, stderr)
	}
}
