package ostree

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/keyfile"
	"github.com/otactl/otactl/ostree/variant"
)

func TestAnEditOfTheConfigIsOneThatOSTreeSees(t *testing.T) {
	r := newRepo(t, ModeArchive)
	err := r.EditConfig(t.Context(), func(f *keyfile.File) error { return f.Set("core", "tombstone-commits", "true") })
	if err != nil {
		t.Fatal(err)
	}
	if !r.cfg().tombstones {
		t.Error("the repo itself does not see it")
	}
	if got := cli(t, "--repo="+r.Path(), "config", "get", "core.tombstone-commits"); got != "true" {
		t.Errorf("the real ostree reads %q", got)
	}
}

func TestAnEditThatWouldSpoilTheRepoIsRefused(t *testing.T) {
	r := newRepo(t, ModeArchive)
	before, err := os.ReadFile(filepath.Join(r.Path(), "config"))
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{"repo_version": "2", "mode": "odd", "fsync": "perhaps", "collection-id": "x",
		"min-free-space-size": "10", "min-free-space-percent": "100", "lock-timeout-secs": "soon"} {
		err := r.EditConfig(t.Context(), func(f *keyfile.File) error { return f.Set("core", key, value) })
		if err == nil {
			t.Errorf("%s=%s was taken", key, value)
		}
	}
	if err := r.EditConfig(t.Context(), func(*keyfile.File) error { return errStopped }); !errors.Is(err, errStopped) {
		t.Errorf("%v", err)
	}
	after, err := os.ReadFile(filepath.Join(r.Path(), "config"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the config changed: %s, %v", after, err)
	}
}

func TestEditsAtTheSameTimeAllCount(t *testing.T) {
	r := newRepo(t, ModeArchive)
	var all sync.WaitGroup
	names := []string{"a", "b", "c", "d", "e", "f"}
	for _, n := range names {
		all.Go(func() {
			if err := openRepo(t, r.Path()).AddRemote(t.Context(), n, "http://localhost/"+n, AddNewRemote); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := openRepo(t, r.Path()).Remotes()
	if err != nil || !slices.Equal(got, names) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRemotesAreThoseThatOSTreeConfigures(t *testing.T) {
	r := newRepo(t, ModeArchive)
	repo := "--repo=" + r.Path()
	cli(t, repo, "remote", "add", "plain", "https://example.com/repo")
	cli(t, repo, "remote", "add", "--no-gpg-verify", "--contenturl=http://c/", "--collection-id=org.example.Os", "--set=proxy=http://p:1", "free", "http://example.com", "a", "b")
	cli(t, repo, "remote", "add", "--set=gpg-verify-summary=true", "--set=tls-permissive=true", "meta", "metalink=http://m/x")
	r = openRepo(t, r.Path())
	got, err := r.Remotes()
	if err != nil || !slices.Equal(got, []string{"free", "meta", "plain"}) {
		t.Errorf("%q, %v", got, err)
	}
	for _, c := range []struct {
		name string
		bad  func(RemoteConfig) bool
	}{
		{"plain", func(c RemoteConfig) bool { return c.URL != "https://example.com/repo" || !c.GPGVerify || !c.HTTP2 }},
		{"free", func(c RemoteConfig) bool {
			return c.GPGVerify || c.ContentURL != "http://c/" || c.CollectionID != "org.example.Os" || c.Proxy != "http://p:1" || !slices.Equal(c.Branches, []string{"a", "b"})
		}},
		{"meta", func(c RemoteConfig) bool {
			return c.URL != "" || c.Metalink != "http://m/x" || !c.GPGVerifySummary || !c.TLSPermissive
		}},
	} {
		if conf, err := r.RemoteConfig(c.name); err != nil || c.bad(conf) {
			t.Errorf("%s: %+v, %v", c.name, conf, err)
		}
	}
	if _, err := r.RemoteConfig("none"); !errors.Is(err, ErrNoRemote) {
		t.Errorf("%v", err)
	}
}

func TestARemoteWeAddIsOneThatOSTreeKnows(t *testing.T) {
	r := newRepo(t, ModeArchive)
	if err := r.AddRemote(t.Context(), "o", "http://x/", AddNewRemote, RemoteOption{"gpg-verify", "false"}); err != nil {
		t.Fatal(err)
	}
	if got := cli(t, "--repo="+r.Path(), "remote", "show-url", "o"); got != "http://x/" {
		t.Errorf("its url is %q", got)
	}
	if err := r.AddRemote(t.Context(), "o", "http://y/", AddNewRemote); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("again: %v", err)
	}
	if err := r.AddRemote(t.Context(), "o", "http://y/", AddMissingRemote); err != nil {
		t.Error(err)
	}
	if err := r.AddRemote(t.Context(), "o", "http://z/", ReplaceRemote); err != nil {
		t.Error(err)
	}
	conf, err := r.RemoteConfig("o")
	if err != nil || conf.URL != "http://z/" || !conf.GPGVerify {
		t.Errorf("replaced: %+v, %v", conf, err)
	}
	cache := filepath.Join(r.Path(), "tmp/cache/summaries")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{r.Keyring("o"), r.RemoteFile("o", "cookies.txt"), cache + "/o", cache + "/o.sig"} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.DeleteRemote(t.Context(), "o"); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{r.Path() + "/o.*", cache + "/o*"} {
		if left, err := filepath.Glob(of); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	}
	if err := r.DeleteRemote(t.Context(), "o"); !errors.Is(err, ErrNoRemote) {
		t.Errorf("again: %v", err)
	}
}

func TestRemotesOfTheSystemAreInFilesOfTheirOwn(t *testing.T) {
	r, dir := newRepo(t, ModeArchive), t.TempDir()
	r.SetRemotesDir(dir, true)
	if err := r.AddRemote(t.Context(), "os", "http://x/", AddNewRemote); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "os.conf")); err != nil {
		t.Error(err)
	}
	if conf, err := r.RemoteConfig("os"); err != nil || conf.URL != "http://x/" {
		t.Errorf("%+v, %v", conf, err)
	}
	if err := r.DeleteRemote(t.Context(), "os"); err != nil {
		t.Error(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("left %v, %v", list, err)
	}
}

func TestARemoteThatIsNotClearIsAnError(t *testing.T) {
	for _, lines := range []string{"gpg-verify=no", "sign-verify=", "sign-verify=;", "sign-verify=ed25519;;spki", "sign-verify=*",
		"tls-client-cert-path=/a"} {
		r := newRepo(t, ModeArchive)
		config, err := os.ReadFile(filepath.Join(r.Path(), "config"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.Path(), "config"), []byte(string(config)+"[remote \"o\"]\nurl=http://x\n"+lines+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if c, err := openRepo(t, r.Path()).RemoteConfig("o"); err == nil {
			t.Errorf("%s: %+v", lines, c)
		}
	}
	for _, name := range []string{"", "..", "a/b", "../x", ".x", "a\"b", "a\nb", strings.Repeat("x", 300)} {
		if err := newRepo(t, ModeArchive).AddRemote(t.Context(), name, "http://x", AddNewRemote); err == nil {
			t.Errorf("remote %q was added", name)
		}
	}
}

func TestObjectsAndRefsOfTheParentRepoAreThere(t *testing.T) {
	parent, commits := theirRepo(t, ModeArchive)
	child := newRepo(t, ModeBareUser)
	cli(t, "--repo="+child.Path(), "config", "set", "core.parent", parent.Path())
	child = openRepo(t, child.Path())
	if c, err := child.Ref(t.Context(), "main"); err != nil || c != commits[1] {
		t.Errorf("%s, %v", c, err)
	}
	if _, err := Verify(t.Context(), child, commits[1], VerifyOptions{}); err != nil {
		t.Error(err)
	}
	if own, err := child.has(ObjectID{commits[1], TypeCommit}); own || err != nil {
		t.Errorf("own %v, %v", own, err)
	}
	if refs, err := child.Refs(t.Context()); err != nil || len(refs) > 0 {
		t.Errorf("%v, %v", refs, err)
	}
	if err := child.SetRef(t.Context(), "mine", commits[0], nil); err != nil {
		t.Error(err)
	}
	if err := parent.MarkPartial(commits[1], PartialPull); err != nil {
		t.Fatal(err)
	}
	if err := child.SetRef(t.Context(), "mine", commits[1], nil); err == nil {
		t.Error("a ref names a commit that is partial in the parent")
	}
}

func TestParentsInACircleAreAnError(t *testing.T) {
	a, b := newRepo(t, ModeArchive), newRepo(t, ModeArchive)
	cli(t, "--repo="+a.Path(), "config", "set", "core.parent", b.Path())
	config, err := os.ReadFile(filepath.Join(b.Path(), "config"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.Path(), "config"), append(config, []byte("parent="+a.Path()+"\n")...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRepo(a.Path()); err == nil {
		t.Error("it was opened")
	}
}

func TestMirrorRefsAreThoseThatOSTreeSees(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	ref := CollectionRef{"org.example.Other", "os/main"}
	if err := r.SetMirrorRef(t.Context(), ref, commits[0]); err != nil {
		t.Fatal(err)
	}
	if got := cli(t, "--repo="+r.Path(), "refs", "--collections"); got != ref.String() {
		t.Errorf("the real ostree lists %q", got)
	}
	cli(t, "--repo="+r.Path(), "refs", "--collections", "--create=org.example.Third:x", "main")
	got, err := r.MirrorRefs(t.Context())
	want := map[CollectionRef]Checksum{ref: commits[0], {"org.example.Third", "x"}: commits[1]}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if err := r.DeleteMirrorRef(t.Context(), ref); err != nil {
		t.Error(err)
	}
	if err := r.DeleteMirrorRef(t.Context(), ref); !errors.Is(err, ErrRefNotFound) {
		t.Errorf("again: %v", err)
	}
	for _, bad := range []CollectionRef{{"x", "main"}, {"org.example.A", "../x"}, {"../a.b", "x"}, {"org.example.A", "o:x"}} {
		if err := r.SetMirrorRef(t.Context(), bad, commits[0]); err == nil {
			t.Errorf("%s was set", bad)
		}
	}
}

func TestAnAliasIsReadAsWhatItStandsFor(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	for _, name := range []string{"stable", "os/amd64/stable"} {
		if err := r.SetAlias(t.Context(), name, "main"); err != nil {
			t.Fatal(err)
		}
		if got := cli(t, "--repo="+r.Path(), "rev-parse", name); got != commits[1].String() {
			t.Errorf("%s is %s", name, got)
		}
	}
	if got := sortLines(cli(t, "--repo="+r.Path(), "refs", "-A")); got != "os/amd64/stable -> main\nstable -> main" {
		t.Errorf("the real ostree lists %q", got)
	}
	aliases, err := r.Aliases(t.Context())
	if d := cmp.Diff(map[string]string{"stable": "main", "os/amd64/stable": "main"}, aliases); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if err := r.SetAlias(t.Context(), "main", "stable"); err == nil {
		t.Error("a circle of aliases was made")
	}
	for _, bad := range [][2]string{{"o:x", "main"}, {"x", "o:main"}, {"x", "none"}, {"../x", "main"}} {
		if err := r.SetAlias(t.Context(), bad[0], bad[1]); err == nil {
			t.Errorf("%q was made", bad)
		}
	}
}

func TestAPartialMarkSaysWhy(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	for _, why := range []PartialReason{PartialPull, PartialFsck, PartialPull} {
		if err := r.MarkPartial(commits[0], why); err != nil {
			t.Fatal(err)
		}
	}
	if why, marked, err := r.PartialReasonOf(commits[0]); why != PartialFsck || !marked || err != nil {
		t.Errorf("%q, %v, %v", why, marked, err)
	}
	if err := errors.Join(r.ClearPartial(commits[0]), r.ClearPartial(commits[0])); err != nil {
		t.Error(err)
	}
	if _, marked, err := r.PartialReasonOf(commits[0]); marked || err != nil {
		t.Errorf("%v, %v", marked, err)
	}
}

func TestADeletedCommitLeavesATombstoneIfTheConfigSaysSo(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	for i, on := range []string{"false", "true"} {
		if err := r.EditConfig(t.Context(), func(f *keyfile.File) error { return f.Set("core", "tombstone-commits", on) }); err != nil {
			t.Fatal(err)
		}
		if err := r.WriteDetached(t.Context(), commits[i], variant.Dict(variant.Entry{Key: "k", Value: variant.Text("v")})); err != nil {
			t.Fatal(err)
		}
		if err := r.DeleteObject(t.Context(), ObjectID{commits[i], TypeCommit}); err != nil {
			t.Fatal(err)
		}
		for _, typ := range []ObjectType{TypeCommit, TypeCommitMeta} {
			if there, err := r.has(ObjectID{commits[i], typ}); there || err != nil {
				t.Errorf("%s is there: %v, %v", typ, there, err)
			}
		}
	}
	if err := r.DeleteObject(t.Context(), ObjectID{commits[0], TypeCommit}); !isProblem(err) {
		t.Errorf("again: %v", err)
	}
	if list, err := r.Tombstones(t.Context()); err != nil || !slices.Equal(list, commits[1:]) {
		t.Errorf("%v, %v", list, err)
	}
	if there, err := r.HasTombstone(commits[1]); !there || err != nil {
		t.Errorf("%v, %v", there, err)
	}
}

func TestACommitThatIsThereGetsNoTombstone(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	dst := newRepo(t, ModeArchive)
	all := CopyOptions{Depth: -1, Tombstones: true}
	if _, err := Copy(t.Context(), dst, src, commits[1], all); err != nil {
		t.Fatal(err)
	}
	if err := src.EditConfig(t.Context(), func(f *keyfile.File) error { return f.Set("core", "tombstone-commits", "true") }); err != nil {
		t.Fatal(err)
	}
	if err := src.DeleteObject(t.Context(), ObjectID{commits[0], TypeCommit}); err != nil {
		t.Fatal(err)
	}
	empty := newRepo(t, ModeArchive)
	for r, want := range map[*Repo]bool{dst: false, empty: true} {
		if _, err := Copy(t.Context(), r, src, commits[1], all); err != nil {
			t.Fatal(err)
		}
		if there, err := r.HasTombstone(commits[0]); there != want || err != nil {
			t.Errorf("a tombstone: %v, %v, want %v", there, err, want)
		}
	}
}

func TestDetachedMetadataIsWhatOSTreeReads(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	if v, err := ReadDetached(t.Context(), r, commits[1]); err != nil || v.Len() != 0 {
		t.Errorf("%v, %v", v, err)
	}
	want := variant.Dict(variant.Entry{Key: "note", Value: variant.Text("x")})
	if err := r.WriteDetached(t.Context(), commits[1], want); err != nil {
		t.Fatal(err)
	}
	if got := cli(t, "--repo="+r.Path(), "show", "--print-detached-metadata-key=note", "main"); got != "'x'" {
		t.Errorf("the real ostree reads %q", got)
	}
	if v, err := ReadDetached(t.Context(), r, commits[1]); err != nil || string(v.Data()) != string(want.Data()) {
		t.Errorf("%v, %v", v, err)
	}
	if err := r.WriteDetached(t.Context(), commits[1], variant.Dict()); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(r.objectPath(ObjectID{commits[1], TypeCommitMeta}))
	if err != nil || st.Size() != 0 {
		t.Errorf("%v, %v", st, err)
	}
	if err := r.WriteDetached(t.Context(), commits[1], variant.Text("x")); err == nil {
		t.Error("a text was taken")
	}
	if err := r.WriteDetached(t.Context(), Checksum{1}, want); !isProblem(err) {
		t.Errorf("of no commit: %v", err)
	}
}
