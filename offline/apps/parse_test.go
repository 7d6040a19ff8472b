package apps

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/testkit"
)

var hexA = strings.Repeat("a", 64)

func TestOnlyPinnedReferencesAreTaken(t *testing.T) {
	for text, want := range map[string]string{
		"hub.example/acme/web@sha256:" + hexA:                  "hub.example acme/web web",
		"localhost:5000/web@sha256:" + hexA:                    "localhost:5000 web web",
		"docker.io/library/nginx:1.25@sha256:" + hexA:          "docker.io library/nginx nginx",
		"h/a__b/c.d/e-f--g@sha256:" + hexA:                     "h a__b/c.d/e-f--g e-f--g",
		"nginx@sha256:" + hexA:                                 "",
		"hub.example/acme/web:latest":                          "",
		"hub.example/acme/web@sha256:" + hexA[1:]:              "",
		"hub.example/acme/web@sha256:" + strings.ToUpper(hexA): "",
		"hub.example/../web@sha256:" + hexA:                    "",
		"hub.example/./web@sha256:" + hexA:                     "",
		"hub.example//web@sha256:" + hexA:                      "",
		"hub.example/acme/web/@sha256:" + hexA:                 "",
		"hub.example/acme/Web@sha256:" + hexA:                  "",
		"hub.example/acme\\web@sha256:" + hexA:                 "",
		"hub.example/acme/we\x00b@sha256:" + hexA:              "",
		"../hub/web@sha256:" + hexA:                            "",
		"hub.example:x/web@sha256:" + hexA:                     "",
		"hub.example/${WEB}@sha256:" + hexA:                    "",
		" hub.example/acme/web@sha256:" + hexA:                 "",
		"hub.example/acme/web@sha256:" + hexA + "\n":           "",
		"h/" + strings.Repeat("a/", 3000) + "b@sha256:" + hexA: "",
		"": "",
	} {
		ref, err := ParseRef(text)
		got := ""
		if err == nil {
			got = ref.Host + " " + ref.Path + " " + ref.Name()
		}
		if got != want || (err == nil) == (want == "") {
			t.Errorf("%.90q: %q, %v", text, got, err)
		}
	}
}

func TestArchivesThatAreNotAnAppsAreRefused(t *testing.T) {
	compose := "services: {}\n"
	linked := func(h tar.Header) []byte {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		check(t, w.WriteHeader(&h))
		check(t, w.Close())
		return testkit.Gzip(out.Bytes())
	}
	for name, c := range map[string]struct {
		archive []byte
		want    string // "" is taken
	}{
		"good":                 {testkit.Gzip(testkit.Tar("a/b", "x", composeFile, compose)), ""},
		"a link inside":        {append(linked(tar.Header{Name: "a/l", Typeflag: tar.TypeSymlink, Linkname: "../b"}), testkit.Gzip(testkit.Tar(composeFile, compose))...), "has no docker-compose.yml"},
		"not packed":           {testkit.Tar(composeFile, compose), "not packed with gzip"},
		"no tar":               {testkit.Gzip([]byte(strings.Repeat("x", 600))), "app archive"},
		"cut":                  {testkit.Gzip(testkit.Tar(composeFile, compose))[:40], "app archive"},
		"no compose file":      {testkit.Gzip(testkit.Tar("docker-compose.yaml", compose)), "has no docker-compose.yml"},
		"in a folder":          {testkit.Gzip(testkit.Tar("web/"+composeFile, compose)), "has no docker-compose.yml"},
		"twice":                {testkit.Gzip(testkit.Tar(composeFile, compose, composeFile, compose)), "twice"},
		"twice, spelled":       {testkit.Gzip(testkit.Tar(composeFile, compose, "./"+composeFile, compose)), "twice"},
		"a link as file":       {linked(tar.Header{Name: composeFile, Typeflag: tar.TypeSymlink, Linkname: "x"}), "no plain file"},
		"a pipe as file":       {linked(tar.Header{Name: composeFile, Typeflag: tar.TypeFifo}), "neither a file"},
		"too long":             {testkit.Gzip(testkit.Tar(composeFile, strings.Repeat("#", limits.ComposeFile+1))), "longer than"},
		"out of the folder":    {testkit.Gzip(testkit.Tar("../x", "", composeFile, compose)), "leads out"},
		"absolute":             {testkit.Gzip(testkit.Tar("/etc/x", "", composeFile, compose)), "leads out"},
		"link out":             {linked(tar.Header{Name: "a/l", Typeflag: tar.TypeSymlink, Linkname: "../../x"}), "leads out"},
		"link to the root":     {linked(tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/"}), "leads out"},
		"hard link out":        {linked(tar.Header{Name: "l", Typeflag: tar.TypeLink, Linkname: "../x"}), "leads out"},
		"a second gzip member": {append(testkit.Gzip(testkit.Tar(composeFile, compose)), testkit.Gzip([]byte("x"))...), ""},
	} {
		got, err := readBundle(bytes.NewReader(c.archive))
		switch {
		case c.want == "" && (err != nil || string(got) != compose):
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Each of these writes to where the folder of all apps lies, or above it, when
// composectl unpacks it; a name that is read by itself leads nowhere.
func TestAnArchiveDoesNotLeaveItsFolderThroughItsOwnLinks(t *testing.T) {
	const text = "services: {}\n"
	link := func(name, target string) tar.Header {
		return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
	}
	hard := func(name, target string) tar.Header {
		return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeLink}
	}
	file := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }
	var many []tar.Header
	for i := range limits.AppLinks/4000 + 1 {
		many = append(many, link(strings.Repeat("x", 4000)+strconv.Itoa(i), "y"))
	}
	for name, c := range map[string]struct {
		members []tar.Header
		good    bool
	}{
		"links that stay":               {[]tar.Header{link("d/up", ".."), link("d/e/x", "../../other"), link("d/y", "e/x"), hard("copy", "d/f"), link("twice", "d"), link("d/z", "./../other"), link("other", "d/up")}, true},
		"the folder itself":             {[]tar.Header{{Name: "./", Typeflag: tar.TypeDir}, file("./d/f")}, true},
		"a link below a link":           {[]tar.Header{link("a", "."), link("a/b", ".."), file("b/evil")}, false},
		"a file below a link":           {[]tar.Header{link("a", "."), file("a/b")}, false},
		"a file below a link, spelled":  {[]tar.Header{link("./a/", "."), file("a/../a/b")}, false},
		"a file in place of a link":     {[]tar.Header{link("a", "b"), file("a")}, false},
		"a folder in place of a link":   {[]tar.Header{link("a", "b"), {Name: "a/", Typeflag: tar.TypeDir}}, false},
		"back through a link":           {[]tar.Header{link("a", "."), link("b", "a/a/../..")}, false},
		"back through a link, below":    {[]tar.Header{link("d/a", "."), link("d/b", "../d/a/a/../..")}, false},
		"back through a link of dots":   {[]tar.Header{link("...", "."), link("b", ".../../x")}, false},
		"a link made to lie elsewhere":  {[]tar.Header{link("d/up", ".."), hard("h", "d/up"), file("h/evil")}, false},
		"a file reached through a link": {[]tar.Header{link("a", "."), hard("h", "a/f")}, false},
		"a link in place of the folder": {[]tar.Header{link(".", "x")}, false},
		"a device":                      {[]tar.Header{{Name: "d", Typeflag: tar.TypeChar}}, false},
		"more links than are kept":      {many, false},
		"a name no system takes":        {[]tar.Header{file(strings.Repeat("x", 4097))}, false},
		"folders without end":           {[]tar.Header{file(strings.Repeat("x/", 300) + "x")}, false},
	} {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for _, h := range append([]tar.Header{{Name: composeFile, Typeflag: tar.TypeReg, Size: int64(len(text))}}, c.members...) {
			check(t, w.WriteHeader(&h))
			if h.Size > 0 {
				_, err := w.Write([]byte(text))
				check(t, err)
			}
		}
		check(t, w.Close())
		got, err := readBundle(bytes.NewReader(testkit.Gzip(out.Bytes())))
		if c.good && string(got) != text || !c.good && fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// An archive of a gigabyte of zeros is small when it is packed.
func TestAnArchiveThatUnpacksToTooMuchIsEnded(t *testing.T) {
	in := &capped{r: zeros{}, left: 10}
	if n, err := in.Read(make([]byte, 8)); n != 8 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := in.Read(make([]byte, 8)); err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestComposeFilesThatDevicesCannotReadAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"services:\n  a: {image: x}\n  b: {image: y, profiles: [debug]}\n":           "a=x b=y?",
		"x-base: &b {image: x}\nservices:\n  a: *b\n  c:\n    <<: *b\n    ports: []": "a=x c=x",
		"services:\n  a: {command: run}\n":                                           "a=",
		"":                                                                           "",
		"services: {}\n":                                                             "",
		"services: [a]\n":                                                            "",
		"services:\n  a: {image: [x]}\n":                                             "",
		"services:\n  a: {image: x}\n  a: {image: y}\n":                              "",
		"services:\n  a: {image: x}\n---\nservices:\n  a: {image: y}":                "",
		"services: *nothing\n":                                                       "",
		"\tservices:\n":                                                              "",
		"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\n" +
			"e: &e [*d,*d,*d,*d,*d,*d]\nservices: {a: {profiles: *e}}": "",
		"services:\n" + strings.Repeat(" ", 1) + strings.Repeat("{a: ", 20000): "",
	} {
		list, err := readCompose([]byte(text))
		var got []string
		for _, s := range list {
			mark := ""
			if s.optional {
				mark = "?"
			}
			got = append(got, s.name+"="+s.image+mark)
		}
		if strings.Join(got, " ") != want || (err == nil) == (want == "") || want == "" && fail.ClassOf(err) != fail.Verification {
			t.Errorf("%.60q: %v, %v", text, got, err)
		}
	}
}

// change gives the app another manifest, index or image.
func TestManifestsThatDevicesDoNotReadAreRefused(t *testing.T) {
	type object = map[string]any
	const manifest, list = docker + "manifest.v2+json", docker + "manifest.list.v2+json"
	platform := object{"architecture": "amd64", "os": "linux"}
	image := func(b testkit.AppBlobs, change func(object)) string {
		m := object{"schemaVersion": 2, "mediaType": manifest, "config": b.At("c", b.Put([]byte("{}"))), "layers": []any{b.At("l", b.Put([]byte("x")))}}
		change(m)
		return b.JSON(m)
	}
	good := func(object) {}
	index := func(b testkit.AppBlobs, entries ...object) string {
		return b.JSON(object{"schemaVersion": 2, "mediaType": list, "manifests": entries})
	}
	entry := func(b testkit.AppBlobs, digest string, platform any) object {
		e := b.At(manifest, digest)
		if platform != nil {
			e["platform"] = platform
		}
		return e
	}
	for name, c := range map[string]struct {
		root func(b testkit.AppBlobs) string
		want string
	}{
		"a manifest": {func(b testkit.AppBlobs) string { return image(b, good) }, ""},
		"an index":   {func(b testkit.AppBlobs) string { return index(b, entry(b, image(b, good), platform)) }, ""},
		"an attestation beside": {func(b testkit.AppBlobs) string {
			return index(b, entry(b, image(b, good), platform), entry(b, b.Put([]byte("junk")), object{"architecture": "unknown", "os": "unknown"}))
		}, ""},
		"the other not there": {func(b testkit.AppBlobs) string {
			e := entry(b, image(b, func(m object) { m["x"] = 1 }), platform)
			delete(b, testkit.Hex(e["digest"].(string)))
			return index(b, e, entry(b, image(b, good), platform))
		}, ""},
		"no manifest at all": {func(b testkit.AppBlobs) string { return index(b) }, "no manifest for linux/amd64"},
		"another architecture": {func(b testkit.AppBlobs) string {
			return index(b, entry(b, image(b, good), object{"architecture": "arm", "os": "linux"}))
		}, "no manifest for linux/amd64"},
		"for Windows": {func(b testkit.AppBlobs) string {
			return index(b, entry(b, image(b, good), object{"architecture": "amd64", "os": "windows"}))
		}, "no manifest for linux/amd64"},
		"no platform":          {func(b testkit.AppBlobs) string { return index(b, entry(b, image(b, good), nil)) }, "no platform"},
		"an index in an index": {func(b testkit.AppBlobs) string { return index(b, entry(b, index(b), platform)) }, "index in an index"},
		"schema 1":             {func(b testkit.AppBlobs) string { return image(b, func(m object) { m["schemaVersion"] = 1 }) }, "schema version"},
		"no media type":        {func(b testkit.AppBlobs) string { return image(b, func(m object) { delete(m, "mediaType") }) }, "does not say its media type"},
		"other media type":     {func(b testkit.AppBlobs) string { return image(b, func(m object) { m["mediaType"] = "text/plain" }) }, "text/plain"},
		"no config":            {func(b testkit.AppBlobs) string { return image(b, func(m object) { delete(m, "config") }) }, "without a config"},
		"an index with layers": {func(b testkit.AppBlobs) string { return image(b, func(m object) { m["mediaType"] = list }) }, "layers of its own"},
		"negative size": {func(b testkit.AppBlobs) string {
			return image(b, func(m object) { m["layers"].([]any)[0].(object)["size"] = -1 })
		}, "size of -1"},
		"huge size": {func(b testkit.AppBlobs) string {
			return image(b, func(m object) { m["layers"].([]any)[0].(object)["size"] = int64(1) << 50 })
		}, "a size of"},
		"size of a fraction": {func(b testkit.AppBlobs) string {
			return image(b, func(m object) { m["layers"].([]any)[0].(object)["size"] = 1.5 })
		}, "is no JSON of a manifest"},
		"other size": {func(b testkit.AppBlobs) string {
			return image(b, func(m object) { m["layers"].([]any)[0].(object)["size"] = 2 })
		}, "it has 1 bytes, want 2"},
		"a path as digest": {func(b testkit.AppBlobs) string {
			return image(b, func(m object) { m["layers"].([]any)[0].(object)["digest"] = "sha256:../../etc/passwd" })
		}, "want sha256: and 64 hex digits"},
		"two sizes of a blob": {func(b testkit.AppBlobs) string {
			return image(b, func(m object) {
				m["layers"] = append(m["layers"].([]any), object{"digest": m["layers"].([]any)[0].(object)["digest"], "size": 7})
			})
		}, "is said to have"},
		"too many layers": {func(b testkit.AppBlobs) string {
			return image(b, func(m object) {
				for range limits.AppLayers {
					m["layers"] = append(m["layers"].([]any), object{})
				}
			})
		}, "more than 1000 blobs"},
		"too long": {func(b testkit.AppBlobs) string {
			return image(b, func(m object) { m["x"] = strings.Repeat("x", limits.ImageRoot) })
		}, "longer than"},
		"no JSON":   {func(b testkit.AppBlobs) string { return b.Put([]byte("<html>")) }, "is no JSON"},
		"deep JSON": {func(b testkit.AppBlobs) string { return b.Put([]byte(`{"x":` + strings.Repeat("[", 90000))) }, "is no JSON"},
		"empty":     {func(b testkit.AppBlobs) string { return b.Put(nil) }, "is no JSON"},
		"null":      {func(b testkit.AppBlobs) string { return b.Put([]byte("null")) }, "schema version"},
	} {
		blobs := testkit.AppBlobs{}
		uri := blobs.App("hub.example/acme/web", "hub.example/acme/img@"+c.root(blobs))
		_, err := Closure(t.Context(), storeOf(t, blobs), uri, "amd64")
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "app web: image hub.example/acme/img@sha256:")):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

const docker = "application/vnd.docker.distribution."

func TestAppManifestsThatDevicesDoNotReadAreRefused(t *testing.T) {
	whole, uri := shop()
	for name, c := range map[string]struct {
		change func(map[string]any)
		want   string
	}{
		"as it is":      {func(map[string]any) {}, ""},
		"no annotation": {func(m map[string]any) { delete(m, "annotations") }, "compose-app"},
		"version 2":     {func(m map[string]any) { m["annotations"] = map[string]string{"compose-app": "v2"} }, "compose-app"},
		"of an image":   {func(m map[string]any) { m["mediaType"] = docker + "manifest.v2+json" }, "media type"},
		"no layers":     {func(m map[string]any) { m["layers"] = nil }, "no layers"},
		"other layer":   {func(m map[string]any) { m["layers"] = m["layers"].([]any)[1:] }, "first layer"},
		"too long":      {func(m map[string]any) { m["x"] = strings.Repeat("x", limits.AppManifest) }, "longer than"},
		"too many":      {func(m map[string]any) { m["manifests"] = make([]struct{}, limits.AppLayers+1) }, "more than 1000"},
		"index of -1": {func(m map[string]any) {
			m["layers"].([]any)[0].(map[string]any)["annotations"] = map[string]string{noteIndexDigest: "x", noteIndexSize: "-1"}
		}, ""},
		"huge archive": {func(m map[string]any) { m["layers"].([]any)[0].(map[string]any)["size"] = int64(limits.AppBlob) }, "it has"},
	} {
		blobs := maps.Clone(whole)
		var m map[string]any
		check(t, json.Unmarshal(whole[testkit.Hex(uri)], &m))
		c.change(m)
		changed := "hub.example/acme/shop@" + blobs.JSON(m)
		_, err := Closure(t.Context(), storeOf(t, blobs), changed, "amd64")
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestAServiceWithProfilesIsCarriedWhereItsImageIsThere(t *testing.T) {
	blobs := testkit.AppBlobs{}
	img := blobs.Image("hub.example/acme/web")
	debug := blobs.Image("hub.example/acme/debug")
	app := func(image string) string {
		return blobs.AppOf("hub.example/acme/web", testkit.Gzip(testkit.Tar(composeFile,
			"services:\n  a: {image: "+img+"}\n  b: {profiles: [debug], image: "+image+"}\n")))
	}
	for image, want := range map[string]int{debug: 2, "nginx:latest": 1, "hub.example/acme/x@sha256:" + hexA: 1} {
		uri := app(image)
		got, err := Closure(t.Context(), storeOf(t, blobs), uri, "amd64")
		if err != nil || len(got.Images) != want {
			t.Errorf("%s: %v", image, err)
		}
	}
	uri := app(debug)
	whole, err := Closure(t.Context(), storeOf(t, blobs), uri, "amd64")
	check(t, err)
	for _, b := range whole.Blobs {
		if b.Kind != KindImageLayer || b.Image != debug {
			continue
		}
		delete(blobs, b.Digest.Hex())
		if _, err := Closure(t.Context(), storeOf(t, blobs), uri, "amd64"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("an image that is there in part: %v", err)
		}
	}
}

func TestAnImageOfARegistryWithAPortHasNoFolder(t *testing.T) {
	blobs := testkit.AppBlobs{}
	uri := blobs.App("hub.example:5000/acme/web", blobs.Image("hub.example:5000/acme/img"))
	dir, w := bundle(t)
	putAll(t, w, storeOf(t, blobs), uri, "")
	_, err := w.Complete(t.Context(), uri, "")
	check(t, err)
	for name := range filesBelow(t, dir) {
		if strings.ContainsAny(name, `:\?*"<>|`) {
			t.Errorf("FAT cannot hold %q", name)
		}
	}
}
