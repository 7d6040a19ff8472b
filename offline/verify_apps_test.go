package offline

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/tuf"
)

// archiveOf makes an archive of members; one without a type is a file.
func archiveOf(t testing.TB, members ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, m := range members {
		if m.Typeflag == 0 {
			m.Typeflag = tar.TypeReg
		}
		check(t, w.WriteHeader(&m))
		if m.Typeflag == tar.TypeReg {
			_, err := w.Write(bytes.Repeat([]byte{' '}, int(m.Size)))
			check(t, err)
		}
	}
	check(t, w.Close())
	check(t, zip.Close())
	return out.Bytes()
}

func TestArchiveOfAnAppIsHeldToItsFolderAndToLimits(t *testing.T) {
	const max = 8 << 20
	compose := tar.Header{Name: composeFile, Size: 3}
	link := func(name, target string) tar.Header {
		return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
	}
	for name, c := range map[string]struct {
		members []tar.Header
		good    bool
	}{
		"as composectl makes it":         {[]tar.Header{{Name: "d/", Typeflag: tar.TypeDir}, {Name: "d/x"}, compose}, true},
		"with ./ in front":               {[]tar.Header{{Name: "./" + composeFile, Size: 3}}, false},
		"a second one with ./ in front":  {[]tar.Header{compose, {Name: "./" + composeFile, Size: 3}}, false},
		"a link inside":                  {[]tar.Header{{Name: "d/l", Typeflag: tar.TypeSymlink, Linkname: "../x"}, compose}, true},
		"no compose file":                {[]tar.Header{{Name: "d/" + composeFile}}, false},
		"two compose files":              {[]tar.Header{compose, compose}, false},
		"compose file is a link":         {[]tar.Header{{Name: composeFile, Typeflag: tar.TypeSymlink, Linkname: "x"}}, false},
		"compose file too long":          {[]tar.Header{{Name: composeFile, Size: limits.ComposeFile + 1}}, false},
		"member above":                   {[]tar.Header{{Name: "../../etc/x"}, compose}, false},
		"absolute member":                {[]tar.Header{{Name: "/etc/x"}, compose}, false},
		"link out":                       {[]tar.Header{{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "../x"}, compose}, false},
		"absolute link":                  {[]tar.Header{{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/x"}, compose}, false},
		"hard link out":                  {[]tar.Header{{Name: "l", Typeflag: tar.TypeLink, Linkname: "../x"}, compose}, false},
		"links that stay":                {[]tar.Header{link("d/up", ".."), link("d/e/x", "./../../o"), link("o", "d/up"), {Name: "h", Typeflag: tar.TypeLink, Linkname: "d/f"}, compose}, true},
		"a link below a link":            {[]tar.Header{link("a", "."), link("a/b", ".."), {Name: "b/evil"}, compose}, false},
		"a file below a link":            {[]tar.Header{link("./a/", "."), {Name: "a/b"}, compose}, false},
		"a file in place of a link":      {[]tar.Header{link("a", "b"), {Name: "a"}, compose}, false},
		"back through a link":            {[]tar.Header{link("a", "."), link("b", "a/a/../.."), compose}, false},
		"back through a link of dots":    {[]tar.Header{link("...", "."), link("b", ".../../x"), compose}, false},
		"a hard link to a link":          {[]tar.Header{link("d/up", ".."), {Name: "h", Typeflag: tar.TypeLink, Linkname: "d/up"}, compose}, false},
		"a hard link through a link":     {[]tar.Header{link("a", "."), {Name: "h", Typeflag: tar.TypeLink, Linkname: "a/f"}, compose}, false},
		"a link in place of the folder":  {[]tar.Header{link(".", "x"), compose}, false},
		"a name no system takes":         {[]tar.Header{{Name: strings.Repeat("x", 4097)}, compose}, false},
		"folders without end":            {[]tar.Header{{Name: strings.Repeat("x/", 300) + "x"}, compose}, false},
		"device":                         {[]tar.Header{{Name: "d", Typeflag: tar.TypeChar}, compose}, false},
		"pipe":                           {[]tar.Header{{Name: "d", Typeflag: tar.TypeFifo}, compose}, false},
		"more than is allowed":           {[]tar.Header{compose, {Name: "zeros", Size: max}}, false},
		"more than is allowed, in front": {[]tar.Header{{Name: "zeros", Size: max}, compose}, false},
	} {
		data := archiveOf(t, c.members...)
		got, err := composeIn(t.Context(), bytes.NewReader(data), max)
		if c.good != (err == nil) || c.good && len(got) != 3 {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		for _, cut := range []int{0, 5, len(data) / 2} {
			if got, err := composeIn(t.Context(), bytes.NewReader(data[:cut]), max); err == nil {
				t.Errorf("%s, cut off at %d: %q", name, cut, got)
			}
		}
	}
}

func TestComposeFilesThatDevicesReadBesideAreFound(t *testing.T) {
	const base = testkit.ComposeBase
	for name, c := range testkit.ComposeFolders() {
		data := testkit.Gzip(testkit.Tar(append([]string{composeFile, base}, c.Files...)...))
		if got, err := composeIn(t.Context(), bytes.NewReader(data), 1<<20); c.Good != (err == nil) || c.Good && string(got) != base {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"compose.yaml", "compose.override.yml", ".env"} {
		data := archiveOf(t, tar.Header{Name: name, Linkname: "x", Typeflag: tar.TypeSymlink}, tar.Header{Name: composeFile, Size: 3})
		if _, err := composeIn(t.Context(), bytes.NewReader(data), 1<<20); err == nil {
			t.Errorf("%s may be a link", name)
		}
	}
	if _, err := composeServices([]byte("include: [o.yml]\nservices: {a: {image: x}}\n")); err == nil {
		t.Error("it may include others")
	}
}

func TestNothingIsReadOfAnAppsArchiveOnceNobodyWaits(t *testing.T) {
	data := archiveOf(t, tar.Header{Name: "zeros", Size: 4 << 20}, tar.Header{Name: composeFile, Size: 3})
	ctx, cancel := context.WithCancel(t.Context())
	in := &cancelling{r: bytes.NewReader(data), left: len(data) / 2, cancel: cancel}
	if _, err := composeIn(ctx, in, 8<<20); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if in.left < 0 {
		t.Errorf("%d bytes of %d were read after the end", -in.left, len(data))
	}
}

// cancelling gives bytes one by one, and cancels after the first left of them.
type cancelling struct {
	r      io.Reader
	left   int
	cancel func()
}

func (c *cancelling) Read(p []byte) (int, error) {
	if c.left--; c.left == 0 {
		c.cancel()
	}
	return c.r.Read(p[:min(1, len(p))])
}

// FuzzAppArchive looks for an archive that makes the reader panic or hand out
// more than it may.
func FuzzAppArchive(f *testing.F) {
	unzipped := func(data []byte) []byte {
		r, err := gzip.NewReader(bytes.NewReader(data))
		check(f, err)
		tarball, err := io.ReadAll(r)
		check(f, err)
		return tarball
	}
	f.Add(unzipped(archiveOf(f, tar.Header{Name: composeFile, Size: 9})))
	f.Add(unzipped(archiveOf(f, tar.Header{Name: "../x"}, tar.Header{Name: composeFile, Typeflag: tar.TypeSymlink, Linkname: "x"})))
	f.Fuzz(func(t *testing.T, tarball []byte) {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, err := w.Write(tarball)
		check(t, err)
		check(t, w.Close())
		compose, err := composeIn(t.Context(), &zipped, 4<<20)
		if err == nil && len(compose) > limits.ComposeFile {
			t.Errorf("%d bytes", len(compose))
		}
		_, _ = composeIn(t.Context(), bytes.NewReader(tarball), 4<<20)
	})
}

// FuzzAppDocuments puts foreign bytes where an app's manifest, its compose file
// and an image's root are read, each under the digest that it has: nothing may
// panic, and nothing passes that lacks what it names.
func FuzzAppDocuments(f *testing.F) {
	m := load(f, "composectl")
	for _, pattern := range []string{"apps/apps/web/*/manifest.json", "apps/apps/web/*/docker-compose.yml", "apps/blobs/sha256/112a*", "apps/apps/web/*/images/*/*/*/*/index.json"} {
		f.Add(m.MapFS[m.one(f, pattern)].Data)
	}
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:","size":-1}],"layers":null,"config":{}}`))
	f.Add([]byte("services: &a\n  x: {image: *a}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		digest := hexSum(data)
		ref := reference{text: "h/a@sha256:" + digest, host: "h", path: "a", hex: digest}
		files := memory{fstest.MapFS{
			blobPath(digest):    &fstest.MapFile{Data: data},
			ref.view() + "/uri": &fstest.MapFile{Data: []byte(ref.text)},
		}}
		custom, err := json.Marshal(map[string]any{"docker_compose_apps": map[string]any{"a": map[string]any{"uri": ref.text}}})
		check(t, err)
		target := tuf.Target{Custom: custom}
		fields, err := target.Fields()
		check(t, err)
		var found findings
		b := &Bundle{files: files}
		inv, err := scan(t.Context(), b, &found)
		check(t, err)
		v := &verifier{bundle: b, opt: VerifyOptions{Now: now, Jobs: 1}, turns: make(chan struct{}, 1), inv: inv}
		check(t, v.apps(t.Context(), []boundTarget{{name: "x", target: target, custom: fields}}))
		if v.report.Findings = v.found.list; v.report.Err() == nil {
			t.Errorf("an app without an archive is good: %q", data)
		}
		c := newAppCheck(v)
		if images, ok := c.images(ref, data); ok {
			for _, img := range images {
				if strings.Contains(img.path, "..") || !isHex(img.hex) {
					t.Errorf("image %+v", img)
				}
			}
		}
		c.image(t.Context(), ref, ref, "x86_64")
	})
}

func TestImagesThatNoDeviceReadsAreBad(t *testing.T) {
	for text, good := range map[string]bool{
		`{"schemaVersion":2,"mediaType":"` + ociManifest + `","config":{}}`:                                                  true,
		`{"schemaVersion":2,"mediaType":"` + dockerManifest + `","config":{}}`:                                               true,
		`{"schemaVersion":2,"mediaType":"` + ociIndex + `","manifests":[{"platform":{"os":"linux"}}]}`:                       true,
		`{"schemaVersion":2,"mediaType":"` + dockerList + `","manifests":[{"platform":{"os":"linux"}},{"digest":"sha256"}]}`: false,
		`{"schemaVersion":2,"mediaType":"` + ociIndex + `","config":{}}`:                                                     false,
		`{"schemaVersion":2,"mediaType":"` + ociManifest + `","manifests":[]}`:                                               false,
		`{"schemaVersion":2,"config":{}}`:                                                                                    false,
		`{"schemaVersion":2,"mediaType":"application/json","config":{}}`:                                                     false,
	} {
		doc, err := parseDocument([]byte(text))
		check(t, err)
		if err := doc.image(); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}
