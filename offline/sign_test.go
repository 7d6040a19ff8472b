package offline

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
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
	return Sign(t.Context(), b, signOptions(key))
}

func signOptions(key *tuf.PrivateKey) SignOptions {
	return SignOptions{
		Verify: VerifyOptions{Now: now},
		Signer: func(root *tuf.Root) (tuf.Signer, error) { return root.WithRootID(tuf.RoleTargets, key) },
	}
}

func TestSigningCompletesTheThreshold(t *testing.T) {
	dir, b := twoSigners(t)
	rep, err := signDir(t, dir, b.offline[0])
	check(t, err)
	if rep.Signed != 2 || rep.Missing != 0 || !slices.Equal(rep.KeyIDs, []string{b.offline[0].Public().ID}) {
		t.Errorf("report %+v", rep)
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

func TestSigningABundleOfANewerFormSaysWhatToDo(t *testing.T) {
	dir, b := twoSigners(t)
	write(t, filepath.Join(dir, fileFormat), []byte(`{"format":2,"made_by":"otactl 9.0"}`))
	_, err := signDir(t, dir, b.offline[0])
	if fail.ClassOf(err) != fail.Unsupported || fail.HintOf(err) != remedyFor(RuleFormat) {
		t.Errorf("%v; hint: %s", err, fail.HintOf(err))
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
	before := tree(t, dir)
	if _, err := signDir(t, dir, b.offline[0]); !errors.Is(err, ErrBad) || fail.ClassOf(err) != fail.Verification {
		t.Errorf("error %v", err)
	}
	if tree(t, dir) != before {
		t.Error("the bundle changed")
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

func TestWhatIsSignedIsSaidFromVerifiedData(t *testing.T) {
	dir, b := twoSigners(t)
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	no := errors.New("no")
	var told Statement
	opt := signOptions(b.offline[0])
	opt.Approve = func(s Statement) error { told = s; return no }
	before := tree(t, dir)
	if _, err := Sign(t.Context(), bundle, opt); !errors.Is(err, no) {
		t.Errorf("error %v", err)
	}
	if tree(t, dir) != before {
		t.Error("the bundle was changed although the person said no")
	}
	want := StatedTarget{Name: "pc-1", Version: "1", HardwareIDs: []string{"pc"}, Commit: b.targets["pc-1"].Commit(), Apps: []string{}}
	if len(told.Targets) != 1 || !cmp.Equal(told.Targets[0], want) || !told.Content || told.Tag != "main" || !told.Expires.Equal(now.Add(30*day)) {
		t.Errorf("statement %+v", told)
	}
}

func TestNothingIsSignedOverSpoiledContent(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		opt   func(*SignOptions)
		class fail.Class
	}{
		{"an object is damaged", func(t *testing.T, dir string) { write(t, objectFile(t, dir, "filez"), []byte("x")) }, nil, fail.Verification},
		{"it has expired", nil, func(o *SignOptions) { o.Verify.Now = now.Add(31 * day) }, fail.Expired},
		{"it is not of the trusted factory", nil, func(o *SignOptions) { o.Verify.Roots = [][]byte{newBackend(t, 1).roots[0]} }, fail.Verification},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, b := twoSigners(t)
			opt := signOptions(b.offline[0])
			if c.spoil != nil {
				c.spoil(t, dir)
			}
			if c.opt != nil {
				c.opt(&opt)
			}
			before := tree(t, dir)
			bundle, err := Open(dir)
			check(t, err)
			defer bundle.Close()
			if _, err := Sign(t.Context(), bundle, opt); fail.ClassOf(err) != c.class {
				t.Errorf("error %v", err)
			}
			if tree(t, dir) != before {
				t.Error("the bundle changed")
			}
		})
	}
}

func TestUnreadContentIsSignedOnlyWhenAskedFor(t *testing.T) {
	dir, b := twoSigners(t)
	check(t, os.Remove(objectFile(t, dir, "filez")))
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	opt := signOptions(b.offline[0])
	opt.NoVerify = true
	opt.Approve = func(s Statement) error {
		if s.Content {
			t.Error("says that the content was verified")
		}
		return nil
	}
	_, err = Sign(t.Context(), bundle, opt)
	check(t, err)
}

func TestPapersCarrySignaturesBetweenPeople(t *testing.T) {
	b := newBackend(t, 2) // the server's and two people's
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir := t.TempDir()
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	var sheets [2]string
	for i, key := range b.offline { // both sign the bundle as it was at first
		sheets[i] = filepath.Join(t.TempDir(), "papers.json")
		check(t, bundle.Export(sheets[i]))
		_, err := signDir(t, sheets[i], key)
		check(t, err)
	}
	for i, sheet := range sheets {
		signed, err := Open(sheet)
		check(t, err)
		defer signed.Close()
		rep, err := Import(t.Context(), bundle, signed)
		check(t, err)
		if rep.Missing != 1-i || rep.Signed != 2+i || !slices.Equal(rep.KeyIDs, []string{b.offline[i].Public().ID}) {
			t.Errorf("report %+v", rep)
		}
		if _, err := Import(t.Context(), bundle, signed); fail.ClassOf(err) != fail.Conflict {
			t.Errorf("imported again: %v", err)
		}
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

func TestImportRefusesWhatIsNotOfThisBundle(t *testing.T) {
	dir, b := twoSigners(t)
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	sheet := filepath.Join(t.TempDir(), "papers.json")
	check(t, bundle.Export(sheet))
	_, err = signDir(t, sheet, b.offline[0])
	check(t, err)
	later := options("pc-1")
	later.ExpiresInDays = 20
	_, err = Build(t.Context(), b, dir, later)
	check(t, err)
	signed, err := Open(sheet)
	check(t, err)
	defer signed.Close()
	before := tree(t, dir)
	if _, err := Import(t.Context(), bundle, signed); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("papers of an earlier build: %v", err)
	}
	if tree(t, dir) != before {
		t.Error("papers of an earlier build changed the bundle")
	}
	resign(t, dir, b, goodBundle(), b.keys[tuf.RoleTargets])
	before = tree(t, dir)
	check(t, bundle.Export(sheet))
	other := newKey(t)
	spoiled, err := Open(sheet)
	check(t, err)
	defer spoiled.Close()
	doc, err := spoiled.BundleTargets(t.Context())
	check(t, err)
	doc, err = tuf.AddSignature(doc, other)
	check(t, err)
	check(t, spoiled.files.(medium.Changer).Replace(medium.File{Name: "tuf/bundle-targets.json", Data: doc}))
	if _, err := Import(t.Context(), bundle, spoiled); !errors.Is(err, tuf.ErrSignature) {
		t.Errorf("a stranger's signature: %v", err)
	}
	if tree(t, dir) != before {
		t.Error("the bundle changed")
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

func TestWhatWasShownIsSignedWhateverCameInItsPlace(t *testing.T) {
	dir, b := twoSigners(t)
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	shown, err := bundle.BundleTargets(t.Context())
	check(t, err)
	opt := signOptions(b.offline[0])
	opt.Approve = func(Statement) error { // the person thinks, and somebody puts a longer list in its place
		other := goodBundle()
		other.Expires = now.Add(3000 * day)
		resign(t, dir, b, other, b.keys[tuf.RoleTargets])
		return nil
	}
	_, err = Sign(t.Context(), bundle, opt)
	check(t, err)
	signed, err := bundle.BundleTargets(t.Context())
	check(t, err)
	if !sameSigned(shown, signed) {
		t.Errorf("shown was %s, and signed %s", shown, signed)
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

func TestPapersOfAnArchiveAreSignedWithItsIndex(t *testing.T) {
	file, _, b := packedBundle(t, 1)
	bundle, err := Open(file)
	check(t, err)
	defer bundle.Close()
	sheet := filepath.Join(t.TempDir(), "papers.json")
	check(t, bundle.Export(sheet))
	rep, err := signDir(t, sheet, b.offline[0])
	check(t, err)
	if rep.Missing != 0 {
		t.Errorf("%+v", rep)
	}
	signed, err := Open(sheet)
	check(t, err)
	defer signed.Close()
	_, err = Import(t.Context(), bundle, signed)
	check(t, err)
	if err := verify(t, file).Err(); err != nil {
		t.Error(err)
	}
}

func TestNothingButTheIndexOfTheBundleIsSignedInItsPlace(t *testing.T) {
	file, _, b := packedBundle(t, 1)
	bundle, err := Open(file)
	check(t, err)
	defer bundle.Close()
	sheet := filepath.Join(t.TempDir(), "papers.json")
	for what, doc := range map[string]any{
		"targets":                       map[string]any{"_type": "Targets", "version": 99, "expires": "2027-01-01T00:00:00Z", "targets": map[string]any{}},
		"the index of another bundle":   tuf.BundleIndex{Format: 1, BundleTargets: hexSum(nil), Members: tuf.IndexedList{SHA256: hexSum(nil)}},
		"a root":                        map[string]any{"_type": "Root", "version": 2},
		"something that is no document": map[string]any{},
	} {
		check(t, bundle.Export(sheet))
		papers, err := Open(sheet)
		check(t, err)
		evil, err := tuf.Sign(doc, b.keys[tuf.RoleTargets])
		check(t, err)
		check(t, papers.files.(medium.Changer).Replace(medium.File{Name: indexFile, Data: evil}))
		check(t, papers.Close())
		before := tree(t, filepath.Dir(sheet))
		if _, err := signDir(t, sheet, b.offline[0]); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s: %v", what, err)
		}
		if tree(t, filepath.Dir(sheet)) != before {
			t.Errorf("%s was signed", what)
		}
	}
}

func TestWhatALinkLeadsToIsSignedWhereItLies(t *testing.T) {
	file, _, b := packedBundle(t, 1)
	bundle, err := Open(file)
	check(t, err)
	sheet := filepath.Join(t.TempDir(), "papers.json")
	check(t, bundle.Export(sheet))
	check(t, bundle.Close())
	for _, real := range []string{file, sheet} {
		link := filepath.Join(t.TempDir(), "link")
		check(t, os.Symlink(real, link))
		rep, err := signDir(t, link, b.offline[0])
		check(t, err)
		if rep.Missing != 0 || rep.Dir != link {
			t.Errorf("%+v", rep)
		}
		if to, err := os.Readlink(link); err != nil || to != real {
			t.Errorf("the link is gone: %q, %v", to, err)
		}
		if _, err := signDir(t, real, b.offline[0]); !errors.Is(err, tuf.ErrDuplicate) {
			t.Errorf("%s is not signed: %v", real, err)
		}
	}
}
