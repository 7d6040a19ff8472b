package offline

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// twoSigners is a bundle that wants the server's and one offline signature.
func twoSigners(t *testing.T) (dir string, b *backend) {
	t.Helper()
	b = newBackend(t, 1)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir = t.TempDir()
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	return dir, b
}

func signDir(t *testing.T, dir string, key *tuf.PrivateKey) (*SignReport, error) {
	t.Helper()
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	return Sign(t.Context(), b, func(root *tuf.Root) (tuf.Signer, error) { return root.WithRootID(tuf.RoleTargets, key) })
}

func TestSigningCompletesTheThreshold(t *testing.T) {
	dir, b := twoSigners(t)
	rep, err := signDir(t, dir, b.offline[0])
	check(t, err)
	if rep.Signed != 2 || rep.Missing != 0 || rep.KeyID != b.offline[0].Public().ID {
		t.Errorf("report %+v", rep)
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

func TestSigningRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		key  func(b *backend) *tuf.PrivateKey
		want error
	}{
		{"a key that the root does not list", func(*backend) *tuf.PrivateKey { return newKey(t) }, tuf.ErrKey},
		{"the key that signed already", func(b *backend) *tuf.PrivateKey { return b.keys[tuf.RoleTargets] }, tuf.ErrDuplicate},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, b := twoSigners(t)
			before := tree(t, dir)
			if _, err := signDir(t, dir, c.key(b)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if tree(t, dir) != before {
				t.Error("the bundle changed")
			}
		})
	}
}

func TestNothingIsSignedOverABadSignature(t *testing.T) {
	dir, b := twoSigners(t)
	resign(t, dir, b, goodBundle(), newKey(t))
	if _, err := signDir(t, dir, b.offline[0]); !errors.Is(err, tuf.ErrSignature) {
		t.Errorf("error %v", err)
	}
}

func TestSigningAnIncompleteBundleSaysSo(t *testing.T) {
	dir, b := twoSigners(t)
	check(t, os.Remove(filepath.Join(dir, "tuf/bundle-targets.json")))
	if _, err := signDir(t, dir, b.offline[0]); !errors.Is(err, ErrIncomplete) || fail.ClassOf(err) != fail.NotFound {
		t.Errorf("error %v", err)
	}
	if _, err := signDir(t, t.TempDir(), b.offline[0]); !errors.Is(err, ErrIncomplete) {
		t.Errorf("empty folder: %v", err)
	}
}

func TestShowCountsOnlySignaturesThatVerify(t *testing.T) {
	dir, b := twoSigners(t)
	stranger := newKey(t)
	resign(t, dir, b, goodBundle(), b.keys[tuf.RoleTargets], stranger)
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	s, err := Show(t.Context(), bundle, now)
	check(t, err)
	if s.Threshold != 2 || s.Missing != 1 || len(s.Keys) != 2 || len(s.Signatures) != 2 || s.Expired || s.Tag != "main" || s.Type != "ci" {
		t.Errorf("summary %+v", s)
	}
	for _, sig := range s.Signatures {
		if sig.Valid == (sig.KeyID == stranger.Public().ID) {
			t.Errorf("signature %+v", sig)
		}
	}
	if len(s.Targets) != 1 || !s.Targets[0].Present || s.Targets[0].Bytes == 0 || s.Targets[0].Commit != b.targets["pc-1"].Commit() || s.Targets[0].Version != "1" {
		t.Errorf("targets %+v", s.Targets)
	}
	if len(s.Roles) != 5 || !s.Expires.Equal(now.Add(30*day)) {
		t.Errorf("roles %+v, expires %v", s.Roles, s.Expires)
	}
}

func TestShowSaysWhatIsMissingOrExpired(t *testing.T) {
	dir, _ := small(t)
	check(t, os.Remove(objectFile(t, dir, "filez")))
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	s, err := Show(t.Context(), b, now.Add(31*day))
	check(t, err)
	if s.Targets[0].Present || !s.Expired {
		t.Errorf("summary %+v", s)
	}
}
