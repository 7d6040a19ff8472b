package ostree

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

// tarOf makes a tar of headers; Xattrs and Linkname say what a file holds.
func tarOf(t testing.TB, list ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range list {
		content := ""
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Typeflag == tar.TypeReg {
			content, h.Linkname = h.Linkname, ""
			h.Size = int64(len(content))
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(name, content string) tar.Header { return tar.Header{Name: name, Linkname: content} }
func dir(name string, mode int64) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: mode}
}
func link(name, to string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeLink, Linkname: to}
}
func symlink(name, to string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}
}

// commitTar stores an archive in a new repo.
func commitTar(t testing.TB, repo *Repo, data []byte, opt TreeOptions, how TarOptions) (TreeReport, error) {
	return BuildTree(context.Background(), repo, opt, func(b *TreeBuilder) error { return b.Tar(bytes.NewReader(data), how) })
}

var goodTars = map[string][]tar.Header{
	"plain":      {dir("./", 0o700), dir("./a/", 0o711), file("./a/./b", "x"), file("a//c", "y"), symlink("l", "../../etc")},
	"again":      {dir(".", 0o755), file("f", "1"), link("f", "./f"), link("h", "f"), link("h", "f"), link("h", "h")},
	"twice":      {dir(".", 0o755), file("f", "1"), file("f", "second"), dir("d", 0o755), dir("d", 0o700)},
	"absolute":   {dir("/", 0o755), file("/abs", "x")},
	"links":      {dir(".", 0o755), link("early", "f"), file("f", "content"), link("h2", "./h"), link("h", "/f"), symlink("s", "x"), link("t", "s")},
	"setuid":     {dir(".", 0o755), {Name: "f", Linkname: "x", Mode: 0o4755, Uid: 5, Gid: 6}},
	"xattr":      {dir(".", 0o755), {Name: "f", Linkname: "x", PAXRecords: map[string]string{"SCHILY.xattr.security.selinux": "system_u:object_r:etc_t:s0"}}},
	"libarchive": {dir(".", 0o755), {Name: "f", Linkname: "x", PAXRecords: map[string]string{"LIBARCHIVE.xattr.user.la%3d": "YWJj"}}},
	"longname":   {dir(".", 0o755), dir(strings.Repeat("d", 200), 0o755), file(strings.Repeat("d", 200)+"/"+strings.Repeat("f", 200), "x")},
	"large":      {dir(".", 0o755), file("large", strings.Repeat("0123456789", 300_000)), link("again", "large")},
}

// TestTarGivesTheIDsOfOSTree: the real program makes the same trees of the same
// archives.
func TestTarGivesTheIDsOfOSTree(t *testing.T) {
	theirs := filepath.Join(t.TempDir(), "theirs")
	testkit.OSTree(t, "--repo="+theirs, "init", "--mode=bare-user")
	ours := archiveRepo(t)
	for name, list := range goodTars {
		data := tarOf(t, list...)
		path := filepath.Join(t.TempDir(), name+".tar")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		report, err := commitTar(t, ours, data, TreeOptions{}, TarOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		commit := testkit.OSTree(t, "--repo="+theirs, "commit", "--orphan", "--tree=tar="+path)
		want := rootOf(t, theirs, commit)
		if report.Tree != want.Tree || report.Meta != want.Meta {
			t.Errorf("%s: tree %s %s, want %s %s", name, report.Tree, report.Meta, want.Tree, want.Meta)
		}
	}
}

// TestFoldersMadeForAnArchiveBelongToWhoseFileIsInThem, as with the original, and
// so have the ids that it gives. What the archive says of a folder stays.
func TestFoldersMadeForAnArchiveBelongToWhoseFileIsInThem(t *testing.T) {
	of := func(h tar.Header, uid, gid int) tar.Header {
		h.Uid, h.Gid = uid, gid
		return h
	}
	ours, theirs := archiveRepo(t), filepath.Join(t.TempDir(), "theirs")
	testkit.OSTree(t, "--repo="+theirs, "init", "--mode=bare-user")
	one := tarOf(t, of(file("a/b/f", "x"), 5, 6), of(link("a/c/h", "a/b/f"), 5, 6), of(symlink("d/l", "x"), 5, 6), of(dir("e/g", 0o700), 5, 6))
	name := filepath.Join(t.TempDir(), "a.tar")
	if err := os.WriteFile(name, one, 0o644); err != nil {
		t.Fatal(err)
	}
	want := rootOf(t, theirs, testkit.OSTree(t, "--repo="+theirs, "commit", "--orphan", "--tar-autocreate-parents", "--tree=tar="+name))
	report, err := commitTar(t, ours, one, TreeOptions{}, TarOptions{Autocreate: true})
	if err != nil || report.Tree != want.Tree || report.Meta != want.Meta {
		t.Errorf("tree %s %s is not the original's %s %s: %v", report.Tree, report.Meta, want.Tree, want.Meta, err)
	}
	uid := uint32(1)
	report, err = commitTar(t, ours, tarOf(t, of(dir("r", 0o700), 2, 3), of(file("r/s/f", "x"), 5, 6), of(dir("r/s/t/u", 0o700), 7, 8)),
		TreeOptions{UID: &uid}, TarOptions{Autocreate: true})
	if err != nil {
		t.Fatal(err)
	}
	list := []string{"/ 755 1:3", "/r 700 1:3", "/r/s 755 1:6", "/r/s/f 644 1:6", "/r/s/t 755 1:8", "/r/s/t/u 700 1:8"}
	if got := paths(t, ours, report); !slices.Equal(got, list) {
		t.Errorf("got %q, want %q", got, list)
	}
}

// TestAnArchiveIsLaidOverACommit, whose tree nobody had to look into until then.
func TestAnArchiveIsLaidOverACommit(t *testing.T) {
	repo, ctx := archiveRepo(t), t.Context()
	base := layerOf(t, repo, "mkdir d; echo > old; echo > d/old")
	for name, asIs := range map[string]bool{"base": true, "ref": false} {
		report, err := BuildTree(ctx, repo, TreeOptions{}, func(b *TreeBuilder) error {
			data := tarOf(t, file("new", "x"), dir("e", 0o755), file("e/new", "x"), link("h", "new"), file("d/new", "x"))
			return errors.Join(b.Commit(base, asIs), b.Tar(bytes.NewReader(data), TarOptions{}))
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var names []string
		for _, line := range paths(t, repo, report) {
			names = append(names, strings.Fields(line)[0])
		}
		if want := []string{"/", "/d", "/d/new", "/d/old", "/e", "/e/new", "/h", "/new", "/old"}; !slices.Equal(names, want) {
			t.Errorf("%s: got %q, want %q", name, names, want)
		}
	}
}

func rootOf(t *testing.T, repo, commit string) *Commit {
	t.Helper()
	r, err := OpenRepo(repo)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := ParseChecksum(commit)
	if err != nil {
		t.Fatal(err)
	}
	c, err := LoadCommit(context.Background(), r, sum)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// paths lists a tree with modes, owners and sizes.
func paths(t *testing.T, repo *Repo, report TreeReport) []string {
	t.Helper()
	var list []string
	err := WalkTree(context.Background(), repo, &Entry{Path: "/", Tree: report.Tree, Meta: report.Meta}, func(e *Entry) error {
		h, err := Stat(context.Background(), repo, e)
		list = append(list, fmt.Sprintf("%s %o %d:%d", e.Path, h.Mode&modePerm, h.UID, h.GID))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// TestHostileArchivesAreRefused, each with the name of what is wrong, and
// nothing comes of them.
func TestHostileArchivesAreRefused(t *testing.T) {
	root := dir(".", 0o755)
	many := []tar.Header{root}
	for i := range 300 {
		many = append(many, dir(strings.Repeat("d/", i+1), 0o755))
	}
	for name, c := range map[string]struct {
		list []tar.Header
		says string
	}{
		"dot dot":        {[]tar.Header{root, file("../x", "x")}, `"../x"`},
		"inner dot dot":  {[]tar.Header{root, dir("a", 0o755), file("a/../x", "x")}, `"a/../x"`},
		"below a link":   {[]tar.Header{root, symlink("s", "/etc"), file("s/passwd", "x")}, `"s/passwd"`},
		"below a file":   {[]tar.Header{root, file("f", "x"), file("f/x", "x")}, `"f/x"`},
		"file over dir":  {[]tar.Header{root, dir("d", 0o755), file("d", "x")}, `"d"`},
		"dir over file":  {[]tar.Header{root, file("d", "x"), dir("d", 0o755)}, `"d"`},
		"link out":       {[]tar.Header{root, link("h", "../../etc/passwd")}, `"h"`},
		"link to dir":    {[]tar.Header{root, dir("d", 0o755), link("h", "d")}, `"h"`},
		"link to root":   {[]tar.Header{root, link("h", ".")}, `"h"`},
		"link to itself": {[]tar.Header{root, link("h", "h")}, `"h"`},
		"circle":         {[]tar.Header{root, link("h", "i"), link("i", "h")}, `"h"`},
		"link to none":   {[]tar.Header{root, link("h", "none")}, `"h"`},
		"device":         {[]tar.Header{root, {Name: "c", Typeflag: tar.TypeChar}}, `"c"`},
		"fifo":           {[]tar.Header{root, {Name: "c", Typeflag: tar.TypeFifo}}, `"c"`},
		"no parent":      {[]tar.Header{root, file("a/b", "x")}, `"a/b"`},
		"no root":        {[]tar.Header{file("a", "x")}, "empty tree"},
		"empty target":   {[]tar.Header{root, symlink("s", "")}, `"s"`},
		"not UTF-8":      {[]tar.Header{root, file("\x80", "x")}, `\x80`},
		"long name":      {[]tar.Header{root, file(strings.Repeat("n", 300), "x")}, "nnn"},
		"deep":           {many, "deeper"},
		"nobody's":       {[]tar.Header{root, {Name: "f", Uid: 1<<32 - 1}}, `"f"`},
		"root is a file": {[]tar.Header{file(".", "x")}, `"."`},
		"large xattr": {[]tar.Header{root, {Name: "f", PAXRecords: map[string]string{
			"SCHILY.xattr.user.a": strings.Repeat("x", 70_000)}}}, "user.a"},
		"no xattr name": {[]tar.Header{root, {Name: "f", PAXRecords: map[string]string{"SCHILY.xattr.": "x"}}}, "xattr name"},
	} {
		repo := archiveRepo(t)
		_, err := commitTar(t, repo, tarOf(t, c.list...), TreeOptions{}, TarOptions{})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error is %v, want one that names %s", name, err, c.says)
		}
		nothingVisible(t, name, repo)
	}
}

// TestAChainOfHardLinksIsFollowedToItsEndAtAnyLength: what goes down a stack for
// each link ends the process.
func TestAChainOfHardLinksIsFollowedToItsEndAtAnyLength(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(4 << 20))
	const n = 100_000
	b := &TreeBuilder{ctx: t.Context(), root: &branch{files: make(map[string]*leaf, n+1)}}
	w := &tarWalk{b: b, links: make(map[*leaf]*hardLink, n)}
	for i := range n {
		l := &leaf{}
		b.root.files[strconv.Itoa(i)], w.links[l] = l, &hardLink{target: strconv.Itoa(i + 1)}
	}
	b.root.files[strconv.Itoa(n)] = &leaf{sum: Checksum{1}}
	if err := w.resolve(b.root.files["0"]); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if sum := b.root.files[strconv.Itoa(i)].sum; sum != (Checksum{1}) {
			t.Fatalf("link %d of %d is %s", i, n, sum)
		}
	}
}

// TestAnArchiveOfMoreNamesThanATreeMayHaveIsRefused, those of folders that
// nothing but a path names among them.
func TestAnArchiveOfMoreNamesThanATreeMayHaveIsRefused(t *testing.T) {
	for what, list := range map[string][]tar.Header{
		"members":    {dir(".", 0o755), file("a", "x"), link("b", "a"), link("c", "a"), link("d", "a")},
		"one member": {dir(".", 0o755), file("a", "x"), link("a", "a"), link("a", "a"), link("a", "a")},
		"folders":    {file("a/b/c/d/e", "x")},
	} {
		for most, fits := range map[int]bool{4: false, 5: true} {
			repo := archiveRepo(t)
			_, err := commitTar(t, repo, tarOf(t, list...), TreeOptions{most: most}, TarOptions{Autocreate: true})
			if fits != (err == nil) || !fits && !strings.Contains(err.Error(), "the 4 names allowed") {
				t.Errorf("%s, %d allowed: error is %v", what, most, err)
			}
			if !fits {
				nothingVisible(t, what, repo)
			}
		}
	}
}

func nothingVisible(t *testing.T, name string, repo *Repo) {
	t.Helper()
	if err := repo.ListObjects(context.Background(), func(id ObjectID) error { return fmt.Errorf("%s", id) }); err != nil {
		t.Errorf("%s: visible: %v", name, err)
	}
}

func TestArchivesThatAreDamagedAreRefused(t *testing.T) {
	whole := tarOf(t, dir(".", 0o755), file("f", strings.Repeat("x", 2000)))
	huge := make([]byte, 512)
	copy(huge, "./PaxHeaders/x")
	for name, data := range map[string][]byte{
		"cut in a header": whole[:700], "cut in a file": whole[:1600], "junk": []byte("junk"), "nothing": nil,
		"zip": []byte("PK\x03\x04junk"), "xz": []byte("\xfd7zXZ\x00junk"), "gzip": []byte("\x1f\x8bjunk"), "zstd": []byte("\x28\xb5\x2f\xfdjunk"),
		"bzip2": []byte("BZhjunk"), "cpio": []byte("070701junk"), "cpio numbers": []byte("070701" + strings.Repeat("zz", 60)),
		"cpio name": []byte("070701" + strings.Repeat("ff", 60)), "one block": huge,
	} {
		repo := archiveRepo(t)
		if _, err := commitTar(t, repo, data, TreeOptions{}, TarOptions{}); err == nil {
			t.Errorf("%s: no error", name)
		}
		nothingVisible(t, name, repo)
	}
}

// TestSparseMembersAreReadUpToALimit: a header may promise any length.
func TestSparseMembersAreReadUpToALimit(t *testing.T) {
	scratch := t.TempDir()
	for name, size := range map[string]string{"small": "3M", "bomb": "1T"} {
		tree := filepath.Join(scratch, name)
		if out, err := exec.Command("sh", "-ec", "mkdir $0 && cd $0 && truncate -s $1 hole && tar -S -cf ../"+name+".tar .", tree, size).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		data, err := os.ReadFile(tree + ".tar")
		if err != nil {
			t.Fatal(err)
		}
		report, err := commitTar(t, archiveRepo(t), data, TreeOptions{}, TarOptions{})
		if good := name == "small"; good != (err == nil) || good && report.BytesWritten != 3<<20 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

func TestArchivesComeInManyPackings(t *testing.T) {
	scratch := t.TempDir()
	script := `mkdir -p t/d && cd t && echo z > z && ln z z2 && ln z d/z3 && : > e && ln e e2 && ln -s z s && head -c 3000000 /dev/zero > big && ln big big2
		tar -cf ../a.tar . && tar -czf ../a.tgz . && tar -cjf ../a.tbz . && tar --zstd -cf ../a.tzst . && tar -H ustar -cf ../a.ustar . && tar -H gnu -cf ../a.gnu . &&
		tar -H v7 -cf ../a.v7 . && find . | cpio --quiet -o -H newc > ../a.newc && find . | cpio --quiet -o -H crc > ../a.crc && find . | cpio --quiet -o -H odc > ../a.odc`
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = scratch
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	repo := archiveRepo(t)
	want, err := CommitTree(context.Background(), repo, filepath.Join(scratch, "t"), TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Glob(filepath.Join(scratch, "a.*"))
	if err != nil || len(list) != 10 {
		t.Fatal(list, err)
	}
	for _, path := range list {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := commitTar(t, repo, data, TreeOptions{}, TarOptions{})
		if err != nil || got.Tree != want.Tree || got.Meta != want.Meta {
			t.Errorf("%s: %+v, %v; want tree %s", path, got, err, want.Tree)
		}
	}
}

// TestPackedArchivesAreReadToTheEnd, where the checksum of what was unpacked is;
// what else follows is no part of them.
func TestPackedArchivesAreReadToTheEnd(t *testing.T) {
	scratch := t.TempDir()
	script := `mkdir t && head -c 3000 /dev/urandom > t/f && tar -b 400 -cf a.tar t && gzip -nk a.tar && bzip2 -k a.tar && zstd -q --check a.tar && head -c 70000000 /dev/zero | gzip >> long.gz
		cat a.tar.gz long.gz > long.tgz`
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = scratch
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	read := func(name string, change func([]byte) []byte) error {
		data, err := os.ReadFile(filepath.Join(scratch, name))
		if err != nil {
			t.Fatal(err)
		}
		_, err = commitTar(t, archiveRepo(t), change(data), TreeOptions{}, TarOptions{Autocreate: true})
		return err
	}
	for _, name := range []string{"a.tar.gz", "a.tar.bz2", "a.tar.zst"} {
		for what, change := range map[string]func([]byte) []byte{
			"cut":     func(b []byte) []byte { return b[:len(b)-1] },
			"flipped": func(b []byte) []byte { b[len(b)-2] ^= 0x10; return b },
		} {
			if err := read(name, change); err == nil {
				t.Errorf("%s: %s at the end, and no error", name, what)
			}
		}
		tail := func(b []byte) []byte { return append(b, "filled up to the length of a record"...) }
		if err := read(name, tail); err != nil && name != "a.tar.zst" {
			t.Errorf("%s with a tail: %v", name, err)
		}
	}
	as := func(b []byte) []byte { return b }
	if err := read("long.tgz", as); err == nil || !strings.Contains(err.Error(), "after the end") {
		t.Errorf("a long tail: %v", err)
	}
}

func TestOptionsReachWhatIsInAnArchive(t *testing.T) {
	repo, ctx := archiveRepo(t), context.Background()
	so, err := ParseStatOverrides([]byte("2048 /usr/su\n=448 /usr\n"))
	if err != nil {
		t.Fatal(err)
	}
	skip, err := ParseSkipList([]byte("/usr/skip\n/usr/tree\n"))
	if err != nil {
		t.Fatal(err)
	}
	uid := uint32(7)
	data := tarOf(t, file("bin/su", "x"), file("bin/skip", "y"), file("bin/tree/z", "z"), link("bin/h", "bin/su"))
	rename := func(s string) string { return strings.Replace(s, "bin/", "usr/", 1) }
	report, err := BuildTree(ctx, repo, TreeOptions{UID: &uid, Overrides: so, Skip: skip}, func(b *TreeBuilder) error {
		return b.Tar(bytes.NewReader(data), TarOptions{Autocreate: true, Rename: rename})
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/ 755 7:0", "/usr 700 7:0", "/usr/h 4644 7:0", "/usr/su 4644 7:0"}
	if got := paths(t, repo, report); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzArchive(f *testing.F) {
	for _, list := range goodTars {
		data := tarOf(f, list...)
		if len(data) < 20_000 {
			f.Add(data)
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(tarOf(f, dir(".", 0o755), file("f", "x")))
	_ = z.Close()
	f.Add(packed.Bytes())
	f.Add([]byte("0707070000000000010407550000000000000000020000000000000000000000200000000000.\x000707070000000000000000000000000000000000010000000000000000000001300000000000TRAILER!!!\x00"))
	repo, err := CreateRepo(filepath.Join(f.TempDir(), "repo"), ModeArchive)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newTreeBuilder(context.Background(), repo, nil, TreeOptions{Jobs: 1})
		if err := b.Tar(io.LimitReader(bytes.NewReader(data), 1<<20), TarOptions{Autocreate: true}); err != nil {
			return
		}
		if err := b.finish(); err != nil {
			t.Fatalf("read, but no tree: %v", err)
		}
	})
}
