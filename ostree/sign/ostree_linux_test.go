package sign

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign/pgp"
	"github.com/otactl/otactl/ostree/variant"
)

// gpgHome has one key, in a home as GnuPG 1 had it, and its public half in a
// file of its own.
func gpgHome(t *testing.T) (home, id, public string) {
	t.Helper()
	gnupg := testkit.GPGHome(t)
	testkit.GPG(t, gnupg, nil, "--quick-generate-key", "Signer <signer@example.com>", "ed25519", "sign", "never")
	home = t.TempDir()
	public = filepath.Join(t.TempDir(), "key.asc")
	for path, args := range map[string][]string{
		filepath.Join(home, "pubring.gpg"): {"--export"},
		filepath.Join(home, "secring.gpg"): {"--export-secret-keys"},
		public:                             {"--armor", "--export"},
	} {
		if err := os.WriteFile(path, testkit.GPG(t, gnupg, nil, args...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keys := must(ReadKeyring(t.Context(), public))(t).Keys(soon())
	return home, keys[0].KeyID(), public
}

// soon is after what gpg and ostree, whose clock is the machine's, just made.
func soon() time.Time { return clock.System().Add(2 * time.Second) }

// signedRepo is a repo with one commit on os/main.
func signedRepo(t *testing.T) (*ostree.Repo, ostree.Checksum) {
	t.Helper()
	path := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	repo := must(ostree.OpenRepo(path))(t)
	return repo, must(repo.Ref(t.Context(), "os/main"))(t)
}

// client makes a repo with a remote o that points at from, by the real program.
func client(t *testing.T, from string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "client")
	testkit.OSTree(t, "--repo="+path, "init", "--mode=archive")
	testkit.OSTree(t, append([]string{"--repo=" + path, "remote", "add", "o", "file://" + from}, args...)...)
	return path
}

func TestLibostreeVerifiesWhatWeSign(t *testing.T) {
	repo, c := signedRepo(t)
	home, id, public := gpgHome(t)
	env := Env{Now: clock.System()}
	signer := must(NewGPGSigner(t.Context(), home, id, env))(t)
	with := client(t, repo.Path(), "--gpg-import="+public)
	if _, _, err := testkit.TryOSTree("--repo="+with, "pull", "o", "os/main"); err == nil {
		t.Error("libostree pulled an unsigned commit")
	}
	if err := Commit(t.Context(), repo, c, signer); err != nil {
		t.Fatal(err)
	}
	testkit.OSTree(t, "--repo="+with, "pull", "o", "os/main")
	if out := testkit.OSTree(t, "--repo="+with, "show", "--gpg-verify-remote=o", "o:os/main"); !strings.Contains(out, `Good signature from "Signer <signer@example.com>"`) {
		t.Errorf("libostree shows %s", out)
	}
	if err := Commit(t.Context(), repo, c, signer); !errors.Is(err, ErrSigned) {
		t.Errorf("signed twice with one key: %v, want ErrSigned", err)
	}
	ring := must(HomeKeyring(home))(t)
	if n, err := DeleteGPG(t.Context(), repo, c, ring, env, id); err != nil || n != 1 {
		t.Errorf("%d signatures deleted, %v", n, err)
	}
	again := client(t, repo.Path(), "--gpg-import="+public)
	if _, _, err := testkit.TryOSTree("--repo="+again, "pull", "o", "os/main"); err == nil {
		t.Error("libostree pulled a commit whose signature was deleted")
	}
}

func TestGPGKeySignsAgainWhereLibostreeLetsIt(t *testing.T) {
	home, id, _ := gpgHome(t)
	modern, keyrings := testkit.GPGHome(t), t.TempDir()
	testkit.GPG(t, modern, must(os.ReadFile(filepath.Join(home, "secring.gpg")))(t), "--import")
	if err := os.WriteFile(filepath.Join(keyrings, "known.gpg"), must(os.ReadFile(filepath.Join(home, "pubring.gpg")))(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		home, system string
		again        bool
	}{
		"a key that no keyring has":      {modern, t.TempDir(), true},
		"a key in the system's keyrings": {modern, keyrings, false},
		"a key in a keyring of its home": {home, t.TempDir(), false},
	} {
		repo, sum := signedRepo(t)
		env := Env{Now: clock.System(), GPGHome: c.system, GPGFirst: true}
		t.Setenv("OSTREE_GPG_HOME", c.system)
		signer := must(NewGPGSigner(t.Context(), c.home, id, env))(t)
		if err := Commit(t.Context(), repo, sum, signer); err != nil {
			t.Fatal(err)
		}
		_, _, theirs := testkit.TryOSTree("--repo="+repo.Path(), "gpg-sign", "--gpg-homedir="+c.home, "os/main", id)
		ours := Commit(t.Context(), repo, sum, signer)
		want := map[bool]int{true: 3, false: 1}[c.again]
		list, err := Signatures(GPG, must(ostree.ReadDetached(t.Context(), repo, sum))(t))
		if (theirs == nil) != c.again || (ours == nil) != c.again || err != nil || len(list) != want {
			t.Errorf("%s: %v and %v, %d signatures, %v; want it to sign again: %v", name, theirs, ours, len(list), err, c.again)
		}
		if added, err := EnsureCommit(t.Context(), repo, sum, []Signer{signer}); added != 0 || err != nil {
			t.Errorf("%s: %d more signatures, %v", name, added, err)
		}
	}
}

func TestWeVerifyWhatLibostreeSigns(t *testing.T) {
	repo, c := signedRepo(t)
	home, id, public := gpgHome(t)
	testkit.OSTree(t, "--repo="+repo.Path(), "gpg-sign", "--gpg-homedir="+home, "os/main", id)
	testkit.OSTree(t, "--repo="+repo.Path(), "summary", "-u", "--gpg-homedir="+home, "--gpg-sign="+id)
	with := must(ostree.OpenRepo(client(t, repo.Path(), "--gpg-import="+public, "--set=gpg-verify-summary=true")))(t)
	without := must(ostree.OpenRepo(client(t, repo.Path())))(t)
	env := Env{Now: soon(), GPGHome: t.TempDir(), KeyDirs: []string{t.TempDir()}}
	data := must(CommitData(t.Context(), repo, c))(t)
	detached := must(ostree.ReadDetached(t.Context(), repo, c))(t)

	p := must(ForCommits(with, "o", env))(t)
	if r, err := p.Verify(data, detached); err != nil || len(r) != 1 || r[0].Valid() != 1 {
		t.Errorf("signed by the remote's key: %+v, %v", r, err)
	}
	if _, err := must(ForCommits(without, "o", env))(t).Verify(data, detached); !errors.Is(err, ErrNotTrusted) || !strings.Contains(err.Error(), "public key not found") {
		t.Errorf("without the key: %v, want ErrNotTrusted", err)
	}
	if _, err := p.Verify(data, variant.Dict()); !errors.Is(err, ErrUnsigned) {
		t.Errorf("without signatures: %v, want ErrUnsigned", err)
	}
	if _, err := p.Verify(data[:len(data)-1], detached); !errors.Is(err, ErrNotTrusted) {
		t.Errorf("other bytes: %v, want ErrNotTrusted", err)
	}

	text := must(os.ReadFile(filepath.Join(repo.Path(), "summary")))(t)
	sig := must(ParseDetached(must(os.ReadFile(filepath.Join(repo.Path(), "summary.sig")))(t)))(t)
	if _, err := must(ForSummary(with, "o", env))(t).Verify(text, sig); err != nil {
		t.Errorf("summary: %v", err)
	}
	if p := must(ForSummary(without, "o", env))(t); p.Demands() {
		t.Error("a remote that asks for nothing demands a signed summary")
	}
}

func TestKeysOfTheSystemCountOnlyForRemotesWithoutTheirOwn(t *testing.T) {
	repo, c := signedRepo(t)
	home, id, _ := gpgHome(t)
	_, _, another := gpgHome(t)
	if err := Commit(t.Context(), repo, c, must(NewGPGSigner(t.Context(), home, id, Env{Now: clock.System()}))(t)); err != nil {
		t.Fatal(err)
	}
	env := Env{Now: soon(), GPGHome: home}
	plain := must(ostree.OpenRepo(client(t, repo.Path())))(t)
	own := must(ostree.OpenRepo(client(t, repo.Path(), "--gpg-import="+another)))(t)
	data := must(CommitData(t.Context(), repo, c))(t)
	detached := must(ostree.ReadDetached(t.Context(), repo, c))(t)
	if _, err := must(ForCommits(plain, "o", env))(t).Verify(data, detached); err != nil {
		t.Errorf("remote without a keyring: %v", err)
	}
	if _, err := must(ForCommits(own, "o", env))(t).Verify(data, detached); !errors.Is(err, ErrNotTrusted) {
		t.Errorf("remote with a keyring of its own: %v, want ErrNotTrusted", err)
	}
}

// remote makes a repo with a remote o that has these keys.
func remote(t *testing.T, keyValues ...string) *ostree.Repo {
	t.Helper()
	var options []ostree.RemoteOption
	for _, kv := range keyValues {
		key, value, _ := strings.Cut(kv, "=")
		options = append(options, ostree.RemoteOption{Key: key, Value: value})
	}
	repo := must(ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeArchive))(t)
	if err := repo.AddRemote(t.Context(), "o", "http://127.0.0.1/", ostree.AddNewRemote, options...); err != nil {
		t.Fatal(err)
	}
	return repo
}

func TestPolicyIsWhatTheRemotesConfigDemands(t *testing.T) {
	signer, public := pair(t, Ed25519)
	_, other := pair(t, Ed25519)
	spki, spkiPublic := pair(t, SPKI)
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(other+"\n"+public+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	type options = []string
	const edKey, edFile, spkiKey, dummyKey = "verification-ed25519-key", "verification-ed25519-file", "verification-spki-key", "verification-dummy-key"
	good, both := signed(t, data, signer), signed(t, data, signer, spki)
	env := nowhere(t)
	for name, c := range map[string]struct {
		options  options
		detached variant.Value
		env      Env
		made     bool  // the policy can be made
		err      error // of Verify
	}{
		"off":                       {options{"gpg-verify=false"}, variant.Value{}, env, true, nil},
		"sign-verify=false":         {options{"gpg-verify=false", "sign-verify=false"}, variant.Value{}, env, true, nil},
		"a key":                     {options{"gpg-verify=false", "sign-verify=true", edKey + "=" + public}, good, env, true, nil},
		"a file":                    {options{"gpg-verify=false", "sign-verify=true", edFile + "=" + file}, good, env, true, nil},
		"named":                     {options{"gpg-verify=false", "sign-verify=ed25519", edKey + "=" + public}, good, env, true, nil},
		"one of two":                {options{"gpg-verify=false", "sign-verify=ed25519;spki", edKey + "=" + other, spkiKey + "=" + spkiPublic}, both, env, true, nil},
		"wrong key":                 {options{"gpg-verify=false", "sign-verify=true", edKey + "=" + other}, good, env, true, ErrNotTrusted},
		"unsigned":                  {options{"gpg-verify=false", "sign-verify=true", edKey + "=" + public}, variant.Value{}, env, true, ErrUnsigned},
		"signed in another way":     {options{"gpg-verify=false", "sign-verify=spki", spkiKey + "=" + spkiPublic}, good, env, true, ErrUnsigned},
		"gpg as well, and unsigned": {options{"sign-verify=true", edKey + "=" + public}, good, env, true, ErrUnsigned},
		"gpg is on by itself":       {nil, variant.Value{}, env, true, ErrUnsigned},
		"no key at all":             {options{"gpg-verify=false", "sign-verify=true"}, good, env, false, nil},
		"no key for what is named":  {options{"gpg-verify=false", "sign-verify=spki", edKey + "=" + public}, good, env, false, nil},
		"unknown engine":            {options{"gpg-verify=false", "sign-verify=rot13", edKey + "=" + public}, good, env, false, nil},
		"gpg as an engine":          {options{"gpg-verify=false", "sign-verify=gpg"}, good, env, false, nil},
		"no such file":              {options{"gpg-verify=false", "sign-verify=true", edFile + "=" + file + "x"}, good, env, false, nil},
		"a key that is none":        {options{"gpg-verify=false", "sign-verify=true", edKey + "=AAAA"}, good, env, false, nil},
		"dummy without leave":       {options{"gpg-verify=false", "sign-verify=dummy", dummyKey + "=x"}, good, env, false, nil},
		"dummy that nobody asked for": {options{"gpg-verify=false", "sign-verify=true", edKey + "=" + other},
			replace(Dummy, variant.Value{}, [][]byte{[]byte("x")}), Env{Dummy: true, KeyDirs: env.KeyDirs}, true, ErrUnsigned},
	} {
		p, err := ForCommits(remote(t, c.options...), "o", c.env)
		if (err == nil) != c.made {
			t.Errorf("%s: policy %+v, %v", name, p, err)
		}
		if err != nil {
			continue
		}
		if _, err := p.Verify(data, c.detached); !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
	}
	if _, err := ForCommits(remote(t), "nobody", env); !errors.Is(err, ostree.ErrNoRemote) {
		t.Errorf("unknown remote: %v, want ErrNoRemote", err)
	}
}

func TestWhatIsUnsignedNamesTheKeyOfTheConfigThatWantsItSigned(t *testing.T) {
	_, public := pair(t, Ed25519)
	for config, want := range map[string]string{
		"gpg-verify=true": "set gpg-verify=false", "sign-verify=ed25519": "set sign-verify=false",
		"gpg-verify-summary=true": "set gpg-verify-summary=false", "sign-verify-summary=ed25519": "set sign-verify-summary=false",
	} {
		options := []string{"verification-ed25519-key=" + public, config}
		if config != "gpg-verify=true" {
			options = append(options, "gpg-verify=false")
		}
		policy := ForCommits
		if strings.Contains(config, "summary") {
			policy = ForSummary
		}
		p := must(policy(remote(t, options...), "o", nowhere(t)))(t)
		if _, err := p.Verify(data, variant.Value{}); !strings.Contains(fail.HintOf(err), want) {
			t.Errorf("%s: %v (hint: %s), want %s", config, err, fail.HintOf(err), want)
		}
		if _, err := p.Always().Verify(data, variant.Value{}); !errors.Is(err, ErrUnsigned) || strings.Contains(fail.HintOf(err), "false") {
			t.Errorf("%s, always: %v (hint: %s)", config, err, fail.HintOf(err))
		}
	}
}

func TestMalformedListOfOneEngineFailsBesideAGoodOneOfAnother(t *testing.T) {
	signer, public := pair(t, Ed25519)
	_, spkiPublic := pair(t, SPKI)
	repo := remote(t, "gpg-verify=false", "sign-verify=true", "verification-ed25519-key="+public, "verification-spki-key="+spkiPublic)
	detached := replace(SPKI, signed(t, data, signer), [][]byte{[]byte("bork")})
	if _, err := must(ForCommits(repo, "o", nowhere(t)))(t).Verify(data, detached); !errors.Is(err, ErrMalformed) {
		t.Errorf("err = %v, want ErrMalformed", err)
	}
}

// A repo that a libostree with ed25519 made in 2020, and its key.
func TestWeVerifyWhatLibostreeSignedWithEd25519(t *testing.T) {
	const archive = "/usr/libexec/installed-tests/libostree/pre-signed-pull-data.tar.gz"
	dir := t.TempDir()
	if out, err := exec.Command("tar", "xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	repo := must(ostree.OpenRepo(filepath.Join(dir, "repo")))(t)
	c := must(repo.Ref(t.Context(), "testref"))(t)
	v := verifier(t, Ed25519, nowhere(t), "45yzbkuEok0lLabxzdAHWUDSMZgYfxU40sN+LMfYHVA=")
	if r, err := VerifyCommit(t.Context(), repo, c, v); err != nil || r.Valid() == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	_, other := pair(t, Ed25519)
	if _, err := VerifyCommit(t.Context(), repo, c, verifier(t, Ed25519, nowhere(t), other)); !errors.Is(err, ErrNotTrusted) {
		t.Errorf("wrong key: %v, want ErrNotTrusted", err)
	}
}

func TestImportMergesIntoTheRemotesKeyring(t *testing.T) {
	_, id, public := gpgHome(t)
	_, _, second := gpgHome(t)
	repo := remote(t)
	env := Env{Now: soon()}
	both := must(ReadKeyring(t.Context(), public))(t)
	both.Merge(must(ReadKeyring(t.Context(), second))(t))
	if _, err := ImportGPG(t.Context(), repo, "o", both, env, "0123456789ABCDEF"); err == nil {
		t.Error("a key was imported that is not there")
	}
	for _, c := range []struct {
		ids  []string
		want int
	}{{[]string{id}, 1}, {nil, 1}, {nil, 0}} {
		if n, err := ImportGPG(t.Context(), repo, "o", both, env, c.ids...); err != nil || n != c.want {
			t.Errorf("import of %v: %d new, %v; want %d", c.ids, n, err, c.want)
		}
	}
	ring := must(RemoteKeyring(repo, "o", Env{Now: env.Now, GPGHome: t.TempDir()}))(t)
	if ring.Len() != 2 {
		t.Errorf("%d keys, want 2", ring.Len())
	}
	// libostree reads the keyring that we wrote.
	testkit.OSTree(t, "--repo="+repo.Path(), "remote", "gpg-list-keys", "o")
	if _, err := ImportGPG(t.Context(), repo, "nobody", &pgp.Keyring{}, env); !errors.Is(err, ostree.ErrNoRemote) {
		t.Errorf("unknown remote: %v, want ErrNoRemote", err)
	}
}

func TestImportsAtTheSameTimeAllCount(t *testing.T) {
	repo, env := remote(t), Env{Now: soon()}
	rings := make([]*pgp.Keyring, 4)
	for i := range rings {
		_, _, public := gpgHome(t)
		rings[i] = must(ReadKeyring(t.Context(), public))(t)
	}
	var all sync.WaitGroup
	for _, ring := range rings {
		all.Go(func() {
			at, err := ostree.OpenRepo(repo.Path())
			if err == nil {
				_, err = ImportGPG(t.Context(), at, "o", ring, env)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	ring := must(RemoteKeyring(repo, "o", Env{Now: env.Now, GPGHome: t.TempDir()}))(t)
	if ring.Len() != len(rings) {
		t.Errorf("%d keys, want %d", ring.Len(), len(rings))
	}
}

func TestImportWaitsForWhoEditsTheRemotes(t *testing.T) {
	repo, env := remote(t), Env{Now: soon()}
	_, _, public := gpgHome(t)
	ring := must(ReadKeyring(t.Context(), public))(t)
	unlock := must(repo.LockConfig(t.Context()))(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := ImportGPG(ctx, must(ostree.OpenRepo(repo.Path()))(t), "o", ring, env); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want it to wait", err)
	}
	unlock()
	stale := must(ostree.OpenRepo(repo.Path()))(t)
	if err := repo.DeleteRemote(t.Context(), "o"); err != nil {
		t.Fatal(err)
	}
	if _, err := ImportGPG(t.Context(), stale, "o", ring, env); !errors.Is(err, ostree.ErrNoRemote) {
		t.Errorf("the remote is gone: %v, want ErrNoRemote", err)
	}
	if left := must(filepath.Glob(repo.RemoteFile("o", "*")))(t); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestKeyringThatIsBrokenStopsThePull(t *testing.T) {
	repo := remote(t)
	if err := os.WriteFile(repo.Keyring("o"), []byte("borkborkbork"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ForCommits(repo, "o", nowhere(t)); !errors.Is(err, pgp.ErrMalformed) {
		t.Errorf("err = %v, want pgp.ErrMalformed", err)
	}
}

func TestGPGKeyPathTakesFilesAndFolders(t *testing.T) {
	_, _, public := gpgHome(t)
	dir := t.TempDir()
	for name, b := range map[string][]byte{"a.asc": must(os.ReadFile(public))(t), "README": []byte("no key\n"), "empty": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := Env{Now: soon(), GPGHome: t.TempDir()}
	for value, want := range map[string]int{
		public: 1, dir: 1, dir + "/": 1, public + ",": 1, dir + "," + public: 1, dir + ";" + public: 1,
		public + "x": -1, dir + "/README": -1, "," + public: -1, dir + "," + public + ";" + public: -1,
	} {
		ring, err := RemoteKeyring(remote(t, "gpgkeypath="+value), "o", env)
		if (err != nil) != (want < 0) || err == nil && ring.Len() != want {
			t.Errorf("gpgkeypath=%s: %v keys, %v; want %d", value, ring, err, want)
		}
	}
}

func TestKeyringInTheFolderOfRemotesTakesThePlaceOfTheSystems(t *testing.T) {
	home, _, public := gpgHome(t)
	other, _, _ := gpgHome(t)
	env := Env{Now: soon(), GPGHome: other} // its pubring.gpg is a keyring of the system
	repo, dir := remote(t), t.TempDir()
	repo.SetRemotesDir(dir, false)
	for _, c := range []struct {
		keyring []byte
		want    *pgp.Keyring
	}{{nil, &pgp.Keyring{}}, {must(os.ReadFile(filepath.Join(home, "pubring.gpg")))(t), must(ReadKeyring(t.Context(), public))(t)}} {
		if err := os.WriteFile(filepath.Join(dir, "o.trustedkeys.gpg"), c.keyring, 0o644); err != nil {
			t.Fatal(err)
		}
		ring := must(RemoteKeyring(repo, "o", env))(t)
		if !bytes.Equal(ring.Bytes(), c.want.Bytes()) {
			t.Errorf("a keyring of %d bytes: %d keys, want its own %d", len(c.keyring), ring.Len(), c.want.Len())
		}
	}
	if err := os.Remove(filepath.Join(dir, "o.trustedkeys.gpg")); err != nil {
		t.Fatal(err)
	}
	if ring := must(RemoteKeyring(repo, "o", env))(t); ring.Len() != 1 {
		t.Errorf("without a keyring: %d keys, want that of the system", ring.Len())
	}
}

func TestOfManyWhoSignAtOnceNoneIsLost(t *testing.T) {
	repo, c := signedRepo(t)
	var all sync.WaitGroup
	for range 8 {
		signer, _ := pair(t, Ed25519)
		all.Go(func() {
			if err := Commit(t.Context(), repo, c, signer); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := Signatures(Ed25519, must(ostree.ReadDetached(t.Context(), repo, c))(t))
	if err != nil || len(list) != 8 {
		t.Errorf("%d signatures, %v; want 8", len(list), err)
	}
}

func TestDeletingSignaturesThatAreNotThereWritesNothing(t *testing.T) {
	repo, c := signedRepo(t)
	_, public := pair(t, Ed25519)
	keys := must(NewKeys(Ed25519, nowhere(t)))(t)
	if err := keys.Add(public); err != nil {
		t.Fatal(err)
	}
	if n, err := Delete(t.Context(), repo, c, keys); err != nil || n != 0 {
		t.Errorf("%d deleted, %v", n, err)
	}
	path := filepath.Join(repo.Path(), ostree.ObjectID{Sum: c, Type: ostree.TypeCommitMeta}.ArchivePath())
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v; want no file", err)
	}
}

func TestSignaturesOfKeysAreDeleted(t *testing.T) {
	repo, c := signedRepo(t)
	first, firstKey := pair(t, Ed25519)
	second, secondKey := pair(t, Ed25519)
	for _, s := range []Signer{first, second} {
		if err := Commit(t.Context(), repo, c, s); err != nil {
			t.Fatal(err)
		}
	}
	keys := must(NewKeys(Ed25519, nowhere(t)))(t)
	if err := keys.Add(firstKey); err != nil {
		t.Fatal(err)
	}
	if n, err := Delete(t.Context(), repo, c, keys); err != nil || n != 1 {
		t.Errorf("%d deleted, %v; want 1", n, err)
	}
	if _, err := VerifyCommit(t.Context(), repo, c, verifier(t, Ed25519, nowhere(t), secondKey)); err != nil {
		t.Errorf("the other signature: %v", err)
	}
	if _, err := VerifyCommit(t.Context(), repo, c, verifier(t, Ed25519, nowhere(t), firstKey)); !errors.Is(err, ErrNotTrusted) {
		t.Errorf("the deleted signature: %v, want ErrNotTrusted", err)
	}
	if err := keys.Add(secondKey); err != nil {
		t.Fatal(err)
	}
	if n, err := Delete(t.Context(), repo, c, keys); err != nil || n != 1 {
		t.Errorf("%d deleted, %v; want 1", n, err)
	}
	path := filepath.Join(repo.Path(), ostree.ObjectID{Sum: c, Type: ostree.TypeCommitMeta}.ArchivePath())
	if st, err := os.Stat(path); err != nil || st.Size() != 0 {
		t.Errorf("%v, %v; want an empty file, which a mirror takes over", st, err)
	}
	if n, err := Delete(t.Context(), repo, c, keys); err != nil || n != 0 {
		t.Errorf("%d deleted, %v; want 0", n, err)
	}
}

func TestExportedGPGKeySignsWithoutGPG(t *testing.T) {
	gnupg := testkit.GPGHome(t)
	testkit.GPG(t, gnupg, nil, "--quick-generate-key", "File <file@example.com>", "rsa2048", "sign", "never")
	ring := filepath.Join(t.TempDir(), "public.gpg")
	secret := keyFile(t, "secret.asc", string(testkit.GPG(t, gnupg, nil, "--armor", "--export-secret-keys")))
	binary := keyFile(t, "secret.gpg", string(testkit.GPG(t, gnupg, nil, "--export-secret-keys")))
	if err := os.WriteFile(ring, testkit.GPG(t, gnupg, nil, "--export"), 0o600); err != nil {
		t.Fatal(err)
	}
	repo, c := signedRepo(t)
	env := Env{Now: soon(), GPGProgram: "/nowhere/gpg"}
	for i, word := range []string{secret, binary, "gpg:" + secret} {
		added := must(EnsureCommit(t.Context(), repo, c, must(Open(t.Context(), word, "", env))(t)))(t)
		if want := map[bool]int{true: 1, false: 0}[i == 0]; added != want {
			t.Errorf("%s: %d signatures added, want %d", filepath.Base(word), added, want)
		}
	}
	dst := client(t, repo.Path(), "--set=gpg-verify=true", "--gpg-import="+ring)
	testkit.OSTree(t, "--repo="+dst, "pull", "o", "os/main")
}

func TestProtectedGPGKeySaysWhatToDo(t *testing.T) {
	gnupg := testkit.GPGHome(t)
	testkit.GPG(t, gnupg, nil, "--passphrase=sesame", "--quick-generate-key", "P <p@example.com>", "ed25519", "sign", "never")
	file := keyFile(t, "secret.gpg", string(testkit.GPG(t, gnupg, nil, "--passphrase=sesame", "--export-secret-keys")))
	_, err := Open(t.Context(), file, "", Env{Now: soon()})
	if !errors.Is(err, pgp.ErrProtected) || fail.HintOf(err) == "" {
		t.Errorf("%v (hint %q)", err, fail.HintOf(err))
	}
}
