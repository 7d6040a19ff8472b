package server_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
)

func TestWhatGaragePushSendsOSTreePulls(t *testing.T) {
	b, token, l := published(t)
	for _, id := range l.ids {
		b.call(t, token, "POST", "/api/v3/"+id.ArchivePath(), l.bytes(t, id)).refused(t, 409, "object_exists")
		got := b.call(t, token, "GET", "/api/v2/"+id.ArchivePath(), nil).want(t, 200)
		if got.body != string(l.bytes(t, id)) {
			t.Errorf("%s comes back with other bytes", id)
		}
	}
	dst := filepath.Join(t.TempDir(), "dst")
	testkit.OSTree(t, "--repo="+dst, "init", "--mode=bare")
	testkit.OSTree(t, "--repo="+dst, "remote", "add", "--no-gpg-verify", "up", b.URL+"/ostree")
	testkit.OSTree(t, "--repo="+dst, "pull", "up", "os/main")
	testkit.OSTree(t, "--repo="+dst, "fsck")
	want := testkit.OSTree(t, "--repo="+l.path, "ls", "-R", "-C", "-X", "os/main")
	if got := testkit.OSTree(t, "--repo="+dst, "ls", "-R", "-C", "-X", "up:os/main"); got != want {
		t.Errorf("the pulled tree is\n%s\nwant\n%s", got, want)
	}
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
}

func TestPlainRepoIsReadOnlyAndHasRanges(t *testing.T) {
	b, _, l := published(t)
	commit := "/ostree/" + ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommit}.ArchivePath()
	whole := b.call(t, "", "GET", commit, nil).want(t, 200).body
	part := b.call(t, "", "GET", commit, nil, "Range", "bytes=10-19").want(t, 206)
	if part.body != whole[10:20] {
		t.Error("the range is not the part asked for")
	}
	if got := b.call(t, "", "GET", "/ostree/refs/heads/os/main", nil).want(t, 200).body; got != l.commit.String()+"\n" {
		t.Errorf("the ref is %q", got)
	}
	for path, want := range map[string]int{
		"/ostree/summary.sig": 404, "/ostree/": 404, "/ostree/objects/": 404, "/ostree/refs/heads/none": 404,
		"/ostree/..%2f..%2fserver.db": 404, "/ostree/objects/..%2f/..%2f..%2fserver.db": 404,
		"/ostree/refs/heads/..%2f..%2f..%2foperator.token": 400, "/ostree/refs/heads/%2e%2e/%2e%2e/operator.token": 400,
		"/ostree/tmp/x": 404, "/ostree/state/x": 404,
	} {
		if got := b.call(t, b.operator, "GET", path, nil).code; got != want {
			t.Errorf("GET %s: %d, want %d", path, got, want)
		}
	}
	b.call(t, b.operator, "POST", commit, []byte("x")).want(t, 405)
}

func TestParentIsRefusedBeforeItsChildren(t *testing.T) {
	b, l := start(t), smallRepo(t, "1")
	token := b.publisher(t)
	c, err := ostree.LoadCommit(t.Context(), l.repo, l.commit)
	if err != nil {
		t.Fatal(err)
	}
	root := ostree.ObjectID{Sum: c.Tree, Type: ostree.TypeDirTree}
	b.call(t, token, "POST", "/api/v3/"+root.ArchivePath(), l.bytes(t, root)).refused(t, 412, "missing_child")
	b.call(t, token, "HEAD", "/api/v3/"+root.ArchivePath(), nil).want(t, 404)
	commit := ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommit}
	b.call(t, token, "POST", "/api/v3/"+commit.ArchivePath(), l.bytes(t, commit)).refused(t, 412, "missing_child")
}

func TestCorruptObjectIsRefusedAndNeverVisible(t *testing.T) {
	b, l := start(t), smallRepo(t, "1")
	token := b.publisher(t)
	for _, id := range l.ids {
		good := l.bytes(t, id)
		bad := bytes.Clone(good)
		bad[len(bad)/2] ^= 1
		for what, body := range map[string][]byte{
			"flipped": bad, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0),
		} {
			b.call(t, token, "POST", "/api/v3/"+id.ArchivePath(), body).want(t, 400)
			if code := b.call(t, "", "GET", "/ostree/"+id.ArchivePath(), nil).code; code != 404 {
				t.Fatalf("%s is visible after a %s upload (%d)", id, what, code)
			}
		}
		b.call(t, token, "POST", "/api/v3/"+id.ArchivePath(), good).want(t, 204)
	}
}

func TestObjectPostsThatCannotBe(t *testing.T) {
	b, token, l := published(t)
	id := l.ids[0]
	sum := id.Sum.String()
	b.call(t, token, "POST", "/api/v3/"+strings.Replace(id.ArchivePath(), sum[2:10], "00000000", 1), nil).refused(t, 400, "length_required")
	for _, path := range []string{"objects/zz/" + sum[2:] + ".filez", "objects/ab/cd.filez", "objects/" + sum[:2] + "/" + sum[2:] + ".exe",
		"objects/" + sum[:2] + "/" + sum[2:] + ".tombstone-commit"} {
		b.call(t, token, "POST", "/api/v3/"+path, []byte("x")).want(t, 404)
	}
}

func TestRefMovesOnlyToACompleteCommit(t *testing.T) {
	b, l := start(t), smallRepo(t, "1")
	token := b.publisher(t)
	commit := []byte(l.commit.String())
	b.call(t, token, "POST", "/api/v3/refs/heads/main", commit).refused(t, 412, "commit_missing")
	b.push(t, token, l, l.ids)
	lost := l.ids[0] // a file that the disk has lost since
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
	removeObject(t, b, lost)
	b.call(t, token, "POST", "/api/v3/refs/heads/main", commit).refused(t, 412, "commit_incomplete")
	b.call(t, "", "GET", "/ostree/refs/heads/main", nil).want(t, 404)
	b.push(t, token, l, []ostree.ObjectID{lost})
	b.call(t, token, "POST", "/api/v3/refs/heads/main", commit).want(t, 200)
}

func TestCommitThatLostAnObjectBetweenTwoStartsIsIncomplete(t *testing.T) {
	b, token, l := published(t)
	b.stop()
	removeObject(t, b, l.ids[0])
	b.run(t)
	b.call(t, token, "POST", "/api/v3/refs/heads/again", []byte(l.commit.String())).refused(t, 412, "commit_incomplete")
	b.add(t, token, target("demo-1", 1, l.commit, "main")).refused(t, 412, "commit_incomplete")
}

func TestRefMovesForwardOnlyUnlessForced(t *testing.T) {
	b, token, l := published(t)
	first := l.commit
	testkit.Commit(t, l.path, testkit.SmallOS(t, "2"), "os/main", "version=2")
	next := openLocal(t, l.path)
	b.push(t, token, next, next.ids)
	other := smallRepo(t, "3")
	b.push(t, token, other, other.ids)
	ref := "/api/v3/refs/heads/os/main"
	post := func(c ostree.Checksum, headers ...string) answer {
		return b.call(t, token, "POST", ref, []byte(c.String()), headers...)
	}
	post(other.commit).refused(t, 412, "not_fast_forward")
	post(next.commit, "If-Match", `"`+other.commit.String()+`"`).refused(t, 412, "ref_moved")
	post(next.commit, "If-None-Match", "*").refused(t, 412, "ref_moved")
	post(next.commit, "If-Match", `"`+first.String()+`"`).want(t, 200)
	post(next.commit).want(t, 200)
	post(first).refused(t, 412, "not_fast_forward")
	post(other.commit, "x-ats-ostree-force", "true").want(t, 200)
	if got := b.call(t, token, "GET", ref, nil).want(t, 200).body; got != other.commit.String() {
		t.Errorf("the ref is %s, want %s", got, other.commit)
	}
	b.call(t, token, "POST", "/api/v3/refs/heads/os", []byte(first.String())).refused(t, 409, "ref_name")
	b.call(t, token, "POST", "/api/v3/refs/heads/os/main/x", []byte(first.String())).refused(t, 409, "ref_name")
	b.call(t, token, "POST", "/api/v3/refs/heads/new", []byte("not a commit")).refused(t, 400, "bad_commit")
	b.call(t, token, "POST", "/api/v3/refs/heads/a.lock", []byte(first.String())).refused(t, 400, "bad_ref")
}

func TestTreehubNeedsAPublishingToken(t *testing.T) {
	b, _, l := published(t)
	object := "/api/v3/" + l.ids[0].ArchivePath()
	for _, token := range []string{"", "wrong", strings.Repeat("x", 4000)} {
		b.call(t, token, "GET", object, nil).refused(t, 401, "unauthorized")
	}
	b.call(t, b.operator, "GET", object, nil).want(t, 200)
}

func TestClientsThatSendTheSameObjectAtOnceAgree(t *testing.T) {
	b, l := start(t), smallRepo(t, "1")
	token := b.publisher(t)
	for _, id := range l.ids {
		body := l.bytes(t, id)
		codes := make(chan int, 8)
		for range cap(codes) {
			go func() { codes <- post(b.Ready, token, "/api/v3/"+id.ArchivePath(), body) }()
		}
		stored := 0
		for range cap(codes) {
			switch code := <-codes; code {
			case 204:
				stored++
			case 409:
			default:
				t.Fatalf("%s: status %d", id, code)
			}
		}
		if stored != 1 {
			t.Errorf("%s was stored %d times", id, stored)
		}
	}
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
}
