package archive

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/otactl/otactl/internal/fail"
)

// forged is an archive before it is put together: what each frame inflates to.
type forged struct {
	plain [][]byte
	list  []byte
	count int
}

// add puts a member in, under the header given, and in the list.
func (f *forged) add(t testing.TB, name string, data, head []byte) {
	t.Helper()
	m := Member{Name: name, Size: int64(len(data)), Sum: hashed(data)}
	if head == nil {
		var err error
		head, err = header(name, m.Size)
		check(t, err)
	}
	f.plain = append(f.plain, slices.Concat(head, data, make([]byte, padding(m.Size))))
	f.list = appendMember(f.list, &m)
	f.count++
}

// end puts in what is the archive's own.
func (f *forged) end(t testing.TB) {
	t.Helper()
	signed, err := newIndex([]byte(statement), f.list, f.count)
	check(t, err)
	index, err := unsigned(signed)
	check(t, err)
	for _, m := range []struct {
		name string
		data []byte
	}{{nameMembers, f.list}, {nameBundleTargets, []byte(statement)}, {nameIndex, index}} {
		head, err := header(m.name, int64(len(m.data)))
		check(t, err)
		f.plain = append(f.plain, slices.Concat(head, m.data, make([]byte, padding(int64(len(m.data))))))
	}
	f.plain = append(f.plain, make([]byte, endSize))
}

// file puts the frames together.
func (f *forged) file() []byte {
	var out []byte
	var frames []frame
	for _, plain := range f.plain {
		packed := storedFrame(nil, plain[:blockSize], plain[blockSize:], 0)
		out = append(out, packed...)
		frames = append(frames, frame{uint32(len(packed)), uint32(len(plain))})
	}
	return append(out, seekTable(frames)...)
}

func hashed(data []byte) (s Sum) {
	m := Member{Size: int64(len(data))}
	w := Writer{w: io.Discard, piece: make([]byte, pieceSize)}
	m.Name = "x.gz" // stored: no encoder is needed
	_ = w.member(&m, bytes.NewReader(data))
	return m.Sum
}

// refused wants file to be refused when it is opened, or when all of it is
// read, as no bundle and with a word about it.
func refused(t *testing.T, what string, file []byte, word string) {
	t.Helper()
	err := readAll(file)
	if err == nil {
		t.Errorf("%s: taken", what)
	} else if fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), word) {
		t.Errorf("%s: %v (class %v), want a word of %q", what, err, fail.ClassOf(err), word)
	}
}

func readAll(file []byte) error {
	a, err := New(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	defer a.Close()
	return fs.WalkDir(a, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = fs.ReadFile(a, name)
		}
		return err
	})
}

func TestNoCutOfAnArchiveIsTaken(t *testing.T) {
	file := pack(t, map[string][]byte{"a": []byte("a"), "b/c": noise(3000), "d": noise(pieceSize + 1)})
	a := open(t, file)
	cuts := slices.Concat(a.starts, []int64{1, 100, 5000, 5003, int64(len(file)) - 1, int64(len(file)) - seekFooter, int64(len(file)) - 20})
	for _, at := range cuts {
		refused(t, fmt.Sprintf("cut at %d", at), file[:at], "")
		// The table moved up over what is missing.
		table := file[a.starts[len(a.starts)-1]:]
		if at < a.starts[len(a.starts)-1] {
			refused(t, fmt.Sprintf("shortened to %d", at), slices.Concat(file[:at], table), "table")
		}
	}
	refused(t, "something appended", append(slices.Clone(file), 0), "appended")
	refused(t, "another archive appended", slices.Concat(file, file), "")
	refused(t, "something in front", slices.Concat([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, file), "table")
}

func TestEveryFlippedBitOfAnArchiveIsFound(t *testing.T) {
	files := map[string][]byte{"a": []byte("something"), "b.filez": noise(700), "z/t": bytes.Repeat([]byte("text "), 300)}
	file := pack(t, files)
	for at := range file {
		spoiled := slices.Clone(file)
		spoiled[at] ^= 1 << (at % 8)
		a, err := New(bytes.NewReader(spoiled), int64(len(spoiled)))
		if err != nil {
			continue
		}
		// What is left may only be another way to compress the same.
		for name, want := range files {
			got, err := fs.ReadFile(a, name)
			if err == nil && !bytes.Equal(got, want) {
				t.Fatalf("byte %d: %s came out changed", at, name)
			}
		}
		_ = a.Close()
	}
}

func TestOddMembersAreRefused(t *testing.T) {
	head := func(h tar.Header) []byte {
		if h.Name == "" {
			h.Name = "f"
		}
		h.Size = 3
		h.Mode = 0o644
		if h.Format == 0 {
			h.Format = tar.FormatUSTAR
		}
		var b bytes.Buffer
		check(t, tar.NewWriter(&b).WriteHeader(&h))
		return b.Bytes()
	}
	sparse := head(tar.Header{Format: tar.FormatGNU})
	sparse[156] = tar.TypeGNUSparse
	slash := head(tar.Header{})
	slash[1] = '/'
	negative := head(tar.Header{})
	copy(negative[124:], "-0000000003")
	for name, c := range map[string]struct {
		head []byte
		word string
	}{
		"symbolic link":      {head(tar.Header{Typeflag: tar.TypeSymlink, Linkname: "/etc"})[:blockSize], "f: "},
		"hard link":          {head(tar.Header{Typeflag: tar.TypeLink, Linkname: "a"})[:blockSize], "f: "},
		"device":             {head(tar.Header{Typeflag: tar.TypeChar})[:blockSize], "f: "},
		"pipe":               {head(tar.Header{Typeflag: tar.TypeFifo})[:blockSize], "f: "},
		"folder":             {head(tar.Header{Typeflag: tar.TypeDir, Name: "f/"})[:blockSize], "f: "},
		"holes":              {sparse, "f: "},
		"negative size":      {negative, "f: "},
		"long name of GNU":   {head(tar.Header{Format: tar.FormatGNU, Name: strings.Repeat("x", 200)}), "f"},
		"a size in PAX":      {head(tar.Header{Format: tar.FormatPAX, PAXRecords: map[string]string{"otactl.size": "9"}}), "f"},
		"another name":       {head(tar.Header{Name: "g"}), `named "g"`},
		"a slash after it":   {slash, "f: "},
		"a name above":       {head(tar.Header{Name: "../f"}), `named "../f"`},
		"an absolute name":   {head(tar.Header{Name: "/f"}), `named "/f"`},
		"a name of Windows":  {head(tar.Header{Name: `C:\f`}), `named "C:`},
		"a dot in the name":  {head(tar.Header{Name: "./f"}), `named "./f"`},
		"another owner":      {head(tar.Header{Uid: 1}), "not in the form"},
		"noise":              {noise(blockSize), "damaged"},
		"nothing but zeros":  {make([]byte, blockSize), "damaged"},
		"a whole tar inside": {slices.Concat(head(tar.Header{}), make([]byte, blockSize)), "f"},
	} {
		var f forged
		f.add(t, "a", []byte("abc"), nil)
		f.add(t, "f", []byte("abc"), c.head)
		f.end(t)
		refused(t, name, f.file(), c.word)
	}
}

func TestWhatIsNotAsListedIsRefused(t *testing.T) {
	three := func() *forged {
		var f forged
		f.add(t, "a", []byte("aaa"), nil)
		f.add(t, "b", []byte("bbbbbb"), nil)
		f.add(t, "c", []byte("ccc"), nil)
		f.end(t)
		return &f
	}
	whole := three()
	check(t, readAll(whole.file()))
	var extra, stranger forged
	extra.add(t, "d", []byte("ddd"), nil)
	stranger.add(t, "b", []byte("bbbbbX"), nil)
	for name, c := range map[string]struct {
		plain [][]byte
		word  string
	}{
		"one missing":            {slices.Delete(slices.Clone(whole.plain), 1, 2), "index"},
		"the last missing":       {slices.Delete(slices.Clone(whole.plain), 2, 3), "index"},
		"one more":               {slices.Insert(slices.Clone(whole.plain), 3, extra.plain[0]), "index does not have"},
		"one twice":              {slices.Insert(slices.Clone(whole.plain), 1, whole.plain[0]), "index does not have"},
		"two changed places":     {slices.Concat([][]byte{whole.plain[2], whole.plain[1], whole.plain[0]}, whole.plain[3:]), `named "c"`},
		"content changed":        {slices.Concat(whole.plain[:1], stranger.plain, whole.plain[2:]), "b: its content"},
		"right hash, wrong name": {slices.Concat([][]byte{extra.plain[0]}, whole.plain[1:]), `a: a member named "d"`},
		"no end":                 {whole.plain[:len(whole.plain)-1], "end of the archive"},
		"two ends":               {append(slices.Clone(whole.plain), make([]byte, endSize)), nameIndex},
		"the list missing":       {slices.Delete(slices.Clone(whole.plain), 3, 4), ""},
		"nothing but an end":     {whole.plain[len(whole.plain)-1:], "too few"},
	} {
		refused(t, name, (&forged{plain: c.plain}).file(), c.word)
	}
	padded := slices.Clone(whole.plain)
	padded[0] = slices.Clone(padded[0])
	padded[0][len(padded[0])-1] = 1
	refused(t, "something in the padding", (&forged{plain: padded}).file(), "last block is not empty")
}

func TestAListThatTwoReadersUnderstandDifferentlyIsRefused(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	line := func(names ...string) string {
		text := ""
		for _, n := range names {
			text += "3 " + sum + " " + n + "\n"
		}
		return text
	}
	if l, err := parseList(line("a", "b/c"), 2); err != nil || l.len() != 2 {
		t.Fatal(l, err)
	}
	for _, bad := range []string{
		line("../../etc/x"), line("/abs"), line(`C:\x`), line("C:x"), line("a/./b"), line("a/"), line("a//b"), line("."), line(".."), line(""),
		line("a\x00b"), line("a\nb"), line("a\tb"), line("\xff"), line("ä"), line("a/b."), line("a /b"), line(`a\b`), line("a|b"), line("a*"),
		line(strings.Repeat("x", 101)), line(strings.Repeat("x/", 200) + "x"),
		line("a", "a"), line("b", "a"), line("A", "a"), line("a", "a/b"), line("A", "a/b"), line("A/x", "a/y"), line("a", "a.b", "a/c"),
		line("index.json"), line("INDEX.JSON"), line("index.members"), line("tuf/bundle-targets.json"), line("tuf/Bundle-Targets.json"), line("tuf"), line("index.json/x"),
		"3 " + sum + " a", "3  " + sum + " a\n", "-3 " + sum + " a\n", "+3 " + sum + " a\n", "03 " + sum + " a\n", "3 " + strings.ToUpper(sum) + " a\n",
		"3 " + sum[2:] + " a\n", "8589934592 " + sum + " a\n", "99999999999999999999 " + sum + " a\n", "\n", line("a") + "\n", "+ " + sum + "\n",
		"1048577 " + sum + " a\n", "1048577 " + sum + " a\n+ " + sum + "\n", "1048577 " + sum + " a\n+ " + sum + "\n+ " + sum, line("a") + "+ " + sum + "\n",
	} {
		if l, err := parseList(bad, 2); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%.60q: %v, %v", bad, l, err)
		}
	}
}

func TestABombIsRefused(t *testing.T) {
	bomb, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true))
	check(t, err)
	inflates := bomb.EncodeAll(make([]byte, 64<<20), nil)
	streamed := func(window int) []byte {
		var out bytes.Buffer
		w, err := zstd.NewWriter(&out, zstd.WithWindowSize(window))
		check(t, err)
		_, err = w.Write(noise(2000))
		check(t, err)
		check(t, w.Flush())
		check(t, w.Close())
		return out.Bytes()
	}
	dec, err := newDecoder()
	check(t, err)
	defer dec.Close()
	good := storedFrame(nil, noise(2000), nil, 0)
	huge := slices.Clone(good)
	huge = slices.Concat(huge[:4], []byte{2 << 6, 0xb0}, huge[5:]) // a window of 4 GiB, as a byte of its own
	for name, packed := range map[string][]byte{
		"more than it says":     inflates,
		"no size":               streamed(1 << 20),
		"a window of 4 GiB":     huge,
		"two frames":            slices.Concat(good, good),
		"a frame of nothing":    slices.Concat(good, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0}),
		"skippable after it":    slices.Concat(good, []byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}),
		"skippable alone":       {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4},
		"cut":                   good[:len(good)-1],
		"cut in a block header": good[:10],
		"empty":                 {},
	} {
		if plain, err := inflate(dec, packed, nil, 2000); err == nil {
			t.Errorf("%s: %d bytes", name, len(plain))
		}
	}
	if plain, err := inflate(dec, good, nil, 2000); err != nil || !bytes.Equal(plain, noise(2000)) {
		t.Error(err)
	}
}

func TestATableThatLiesIsRefused(t *testing.T) {
	file := pack(t, map[string][]byte{"a": []byte("aaa")})
	a := open(t, file)
	end := a.starts[len(a.starts)-1]
	le := binary.LittleEndian
	for name, lie := range map[string]func(table []byte) []byte{
		"too many frames":      func(b []byte) []byte { le.PutUint32(b[len(b)-9:], 1<<30); return b },
		"more than there are":  func(b []byte) []byte { le.PutUint32(b[len(b)-9:], 1<<17); return b },
		"one less":             func(b []byte) []byte { le.PutUint32(b[len(b)-9:], uint32(len(a.frames)-1)); return b },
		"none":                 func(b []byte) []byte { le.PutUint32(b[len(b)-9:], 0); return b },
		"a checksum flag":      func(b []byte) []byte { b[len(b)-5] = 0x80; return b },
		"a reserved bit":       func(b []byte) []byte { b[len(b)-5] = 1; return b },
		"overlapping frames":   func(b []byte) []byte { le.PutUint32(b[8:], a.frames[0].packed+9); return b },
		"a frame of nothing":   func(b []byte) []byte { le.PutUint32(b[12:], 0); return b },
		"a frame too long":     func(b []byte) []byte { le.PutUint32(b[12:], 1<<31); return b },
		"another length":       func(b []byte) []byte { le.PutUint32(b[4:], 7); return b },
		"another magic number": func(b []byte) []byte { b[0]++; return b },
		"what it inflates to":  func(b []byte) []byte { le.PutUint32(b[12:], a.frames[0].plain+512); return b },
	} {
		refused(t, name, slices.Concat(file[:end], lie(slices.Clone(file[end:]))), "")
	}
}

func TestAFileIsWhatItWasWhenItWasOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.ota")
	old := map[string][]byte{"a": []byte("old"), "b": noise(5000)}
	check(t, os.WriteFile(path, pack(t, old), 0o600))
	a, err := Open(path)
	check(t, err)
	defer a.Close()

	// Another file under its name changes nothing for who reads.
	check(t, os.Rename(path, path+".old"))
	check(t, os.WriteFile(path, pack(t, map[string][]byte{"a": []byte("new"), "b": noise(5001)}), 0o600))
	if got, err := fs.ReadFile(a, "a"); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := a.Lock(); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("locked, though another file has its name: %v", err)
	}

	// Growth is not looked at; other bytes in its place are found when read.
	same, err := os.OpenFile(path+".old", os.O_RDWR|os.O_APPEND, 0)
	check(t, err)
	_, err = same.Write(noise(100))
	check(t, err)
	check(t, same.Close())
	if _, err := fs.ReadFile(a, "b"); err != nil {
		t.Error(err)
	}
	check(t, os.WriteFile(path+".old", make([]byte, a.starts[len(a.starts)-1]), 0o600))
	if _, err := fs.ReadFile(a, "b"); fail.ClassOf(err) != fail.Verification {
		t.Errorf("overwritten: %v", err)
	}
	check(t, os.Truncate(path+".old", 10))
	if _, err := fs.ReadFile(a, "b"); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("cut: %v", err)
	}
}

func TestAListTakesLittleMoreMemoryThanItHasBytes(t *testing.T) {
	sum, deep := strings.Repeat("ab", 32), strings.Repeat("/A", 70)
	for name, member := range map[string]string{"short names": "%06d", "deep folders": "%06d" + deep} {
		var text strings.Builder
		const count = 5000
		for i := range count {
			fmt.Fprintf(&text, "0 %s "+member+"\n", sum, i)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		l, err := parseList(text.String(), count)
		runtime.ReadMemStats(&after)
		if err != nil || l.len() != count {
			t.Fatal(name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(text.Len()) {
			t.Errorf("%s: a list of %d bytes took %d more", name, text.Len(), took)
		}
	}
}

func TestNamesFitAsTheyDoInAHeader(t *testing.T) {
	part := func(n int) string { return strings.Repeat("x", n) }
	for _, name := range []string{
		part(99), part(100), part(101), part(154) + "/a", part(155) + "/a", part(156) + "/a", part(155) + "/" + part(100), part(155) + "/" + part(101),
		part(10) + "/" + part(100), part(10) + "/" + part(101), "a/" + part(98), "a/" + part(99), "a/" + part(100), part(50) + "/" + part(110) + "/" + part(90),
		part(70) + "/" + part(84) + "/" + part(100), part(70) + "/" + part(85) + "/" + part(90), strings.Repeat("x/", 127) + "x", strings.Repeat("x/", 128) + "x",
	} {
		if _, err := header(name, 0); fits(name) != (err == nil) {
			t.Errorf("%d bytes, %.20q: fits %v, and the header: %v", len(name), name, fits(name), err)
		}
	}
}
