package tarball

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/mholt/archiver/v4"

	"github.com/otactl/otactl/internal/fail"
)

// member is a plain file; patch changes its header as it is in the tar, for what
// Go's writer does not make.
func member(name, content string, patch ...func(header []byte)) entry {
	h := &tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(content)), Mode: 0o644, Format: tar.FormatGNU}
	return entry{h, content, patch}
}

func folder(name string) entry {
	return entry{&tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755}, "", nil}
}

type entry struct {
	header  *tar.Header
	content string
	patch   []func(header []byte)
}

func typed(flag byte, link string) func([]byte) {
	return func(h []byte) { h[156] = flag; copy(h[157:257], link) }
}

func named(name string) func([]byte) { return func(h []byte) { copy(h[:100], name+"\x00") } }

func build(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		at := out.Len()
		if err := w.WriteHeader(e.header); err != nil {
			t.Fatal(err)
		}
		for _, patch := range e.patch {
			patch(out.Bytes()[at:])
			checksum(out.Bytes()[at:])
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// walked is what Walk gives of a tar.
func walked(ctx context.Context, data []byte, opt Options) (string, error) {
	var got strings.Builder
	err := Walk(ctx, io.NopCloser(bytes.NewReader(data)), opt, func(name string, size int64, content io.Reader) error {
		data, err := io.ReadAll(content)
		fmt.Fprintf(&got, "%s %d %.20q\n", name, size, data)
		return err
	})
	return got.String(), err
}

func TestPlainFilesComeInTheirOrderHoweverPacked(t *testing.T) {
	long := "apps/" + strings.Repeat("n/", 100) + "file"
	plain := build(t, folder("./"), folder("./b/"),
		member("./b/two", "2"), member("a", strings.Repeat("1", 100_000)), member(long, "3"))
	want := "b/two 1 \"2\"\na 100000 \"11111111111111111111\"\n" + long + " 1 \"3\"\n"
	for name, data := range map[string][]byte{
		"x.tar": plain, "X.TAR.BZ2": packWith(t, archiver.Bz2{}, plain), "x.tar.zst": packWith(t, archiver.Zstd{}, plain),
		"x.tgz": packWith(t, archiver.Gz{}, plain), "x.tar.xz": packWith(t, archiver.Xz{}, plain),
	} {
		got, err := walked(t.Context(), data, Options{Name: name})
		if err != nil || got != want {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	got, err := walked(t.Context(), packWith(t, archiver.Zstd{}, plain), Options{Name: "download", ContentType: "application/zstd; q=1"})
	if err != nil || got != want {
		t.Errorf("by content type: %v\n%s", err, got)
	}
}

func packWith(t testing.TB, how archiver.Compressor, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := how.OpenWriter(&out)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHostileMembersEndTheWalk(t *testing.T) {
	for why, e := range map[string][]entry{
		"no path below":       {member("../../etc/x", "")},
		"no path below ":      {member("/abs", "")},
		"no path below  ":     {member("a/./b", "")},
		"no path below   ":    {member("a//b", "")},
		"no path below    ":   {member("././a", "")},
		"no path below     ":  {member("file", "", named("file/"))},
		"a backslash":         {member(`a\..\b`, "")},
		"a control character": {member("a\nb", "")},
		"drive letter":        {member("C:x", "")},
		"drive letter ":       {member("C:/x", "")},
		"longer than the 255": {member(strings.Repeat("x", 256), "")},
		"is a link":           {member("l", "", typed(tar.TypeSymlink, "/etc"))},
		"is a link ":          {member("a", ""), member("l", "", typed(tar.TypeLink, "a"))},
		"of type '6'":         {member("p", "", typed(tar.TypeFifo, ""))},
		"of type '3'":         {member("c", "", typed(tar.TypeChar, ""))},
		"of type '4'":         {member("b", "", typed(tar.TypeBlock, ""))},
		"of type '7'":         {member("b", "", typed(tar.TypeCont, ""))},
		"there twice":         {member("a", "1"), member("a", "1")},
		"differs by case":     {member("a/B", "1"), member("a/b", "2")},
		"more than the 3":     {member("1", ""), member("2", ""), member("3", ""), member("4", "")},
		"1048577 bytes, at":   {member("big", strings.Repeat("x", 1<<20+1))},
	} {
		_, err := walked(t.Context(), build(t, e...), Options{Name: "x.tar", Members: 3, Bytes: 1 << 20})
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(why)) || fail.ClassOf(err) != fail.Verification || fail.HintOf(err) == "" {
			t.Errorf("%s: %v (class %v)", why, err, fail.ClassOf(err))
		}
	}
}

func TestSizesAndHolesInPAXRecordsEndTheWalk(t *testing.T) {
	for record, want := range map[string]string{
		"size=1": "second size", "GNU.sparse.major=1": "holes", "GNU.sparse.size=9": "holes",
	} {
		line := fmt.Sprintf("%d %s\n", len(record)+4, record)
		if len(record) < 7 {
			line = fmt.Sprintf("%d %s\n", len(record)+3, record)
		}
		data := build(t, member("pax", line, typed('x', "")), member("a", "1"))
		_, err := walked(t.Context(), data, Options{Name: "x.tar"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", record, err)
		}
	}
	data := build(t, member("old", "", typed('S', "")), member("a", "1"))
	if _, err := walked(t.Context(), data, Options{Name: "x.tar"}); fail.ClassOf(err) != fail.Verification {
		t.Errorf("a sparse file of old: %v", err)
	}
}

// checksum mends that of a header.
func checksum(header []byte) {
	copy(header[148:156], "        ")
	sum := 0
	for _, c := range header[:blockSize] {
		sum += int(c)
	}
	copy(header[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

func TestATarCutAnywhereIsNoTar(t *testing.T) {
	data := build(t, member("a", "1"), member("b", strings.Repeat("2", 700)), folder("d/"))
	if _, err := walked(t.Context(), data, Options{Name: "x.tar"}); err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(data); cut += 256 {
		_, err := walked(t.Context(), data[:cut], Options{Name: "x.tar"})
		if fail.ClassOf(err) != fail.Verification {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	packed := packWith(t, archiver.Bz2{}, data)
	for cut := range len(packed) {
		if _, err := walked(t.Context(), packed[:cut], Options{Name: "x.tar.bz2"}); fail.ClassOf(err) != fail.Verification {
			t.Errorf("bzip2 cut at %d: %v", cut, err)
		}
	}
}

func TestNothingMayFollowATar(t *testing.T) {
	data := build(t, member("a", "1"))
	padded := append(bytes.Clone(data), make([]byte, 9*1024)...)
	if _, err := walked(t.Context(), padded, Options{Name: "x.tar"}); err != nil {
		t.Errorf("zeros up to a record: %v", err)
	}
	for name, more := range map[string][]byte{"another tar": data, "a byte": {1}, "endless zeros": make([]byte, 2<<20)} {
		if _, err := walked(t.Context(), append(bytes.Clone(padded), more...), Options{Name: "x.tar"}); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, how := range map[string]archiver.Compressor{"x.tar.bz2": archiver.Bz2{}, "x.tar.zst": archiver.Zstd{}, "x.tar.gz": archiver.Gz{}, "x.tar.xz": archiver.Xz{}} {
		if _, err := walked(t.Context(), append(packWith(t, how, data), "junk"...), Options{Name: name}); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s with junk after it: %v", name, err)
		}
	}
}

func TestNameAndFirstBytesHaveToAgree(t *testing.T) {
	data := build(t, member("a", "1"))
	for name, tar := range map[string][]byte{
		"x.tar": packWith(t, archiver.Gz{}, data), "x.tar.bz2": data, "x.tar.zst": packWith(t, archiver.Bz2{}, data),
		"x": packWith(t, archiver.Zstd{}, data), "x.zip": []byte("PK\x03\x04" + strings.Repeat("x", 600)), "page.tar": []byte("<html>" + strings.Repeat(" ", 600)), "empty.tar": nil,
	} {
		if _, err := walked(t.Context(), tar, Options{Name: name}); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBombsEndEarly(t *testing.T) {
	zeros := build(t, member("zeros", strings.Repeat("\x00", 65<<20)))
	for name, how := range map[string]archiver.Compressor{"x.tar.bz2": archiver.Bz2{}, "x.tar.zst": archiver.Zstd{}} {
		packed := packWith(t, how, zeros)
		if _, err := walked(t.Context(), packed, Options{Name: name}); err == nil || !strings.Contains(err.Error(), "times its size") {
			t.Errorf("%s, by ratio: %v", name, err)
		}
	}
	some := build(t, member("1", strings.Repeat("1", 600<<10)), member("2", strings.Repeat("2", 600<<10)))
	if _, err := walked(t.Context(), packWith(t, archiver.Gz{}, some), Options{Name: "x.tgz", Bytes: 1 << 20}); err == nil || !strings.Contains(err.Error(), "1048576 bytes allowed") {
		t.Errorf("by length: %v", err)
	}
	wide := packWith(t, archiver.Zstd{EncoderOptions: []zstd.EOption{zstd.WithWindowSize(64 << 20)}}, some)
	if _, err := walked(t.Context(), wide, Options{Name: "x.tar.zst"}); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), "window") {
		t.Errorf("zstd window: %v", err)
	}
}

func TestErrorsOfOthersComeAsTheyAre(t *testing.T) {
	packed := packWith(t, archiver.Bz2{}, build(t, member("a", "1"), member("b", "2")))
	mine := errors.New("mine")
	err := Walk(t.Context(), io.NopCloser(bytes.NewReader(packed)), Options{Name: "x.tar.bz2"}, func(string, int64, io.Reader) error { return mine })
	if err != mine {
		t.Errorf("of the callback: %v", err)
	}
	gone := fail.New(fail.Network, "", "gone")
	broken := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), failing{gone})
	err = Walk(t.Context(), io.NopCloser(broken), Options{Name: "x.tar.bz2"}, func(string, int64, io.Reader) error { return nil })
	if err != gone {
		t.Errorf("of the source: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = Walk(ctx, io.NopCloser(bytes.NewReader(packed)), Options{Name: "x.tar.bz2"}, func(string, int64, io.Reader) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("of the context: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// What tar and bzip2 of the system make is read.
func TestTarsOfGNUTarAreRead(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"sh", "-c", "mkdir -p ostree_repo/objects/ab; seq 1 200000 >ostree_repo/objects/ab/x; echo y >ostree_repo/config"},
		{"tar", "-cjf", "r.tar.bz2", "ostree_repo"}, {"tar", "-C", "ostree_repo", "-cf", "r.tar", "."},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	for name, want := range map[string]string{"r.tar.bz2": "ostree_repo/objects/ab/x 1288895", "r.tar": "objects/ab/x 1288895"} {
		data, err := exec.Command("cat", dir+"/"+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := walked(t.Context(), data, Options{Name: name})
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}
