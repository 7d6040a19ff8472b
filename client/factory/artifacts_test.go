package factory

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/tuf"
)

// tarOf is a tar of one file.
func tarOf(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(content)), Mode: 0o644})
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fields are the custom part of a target of build 7.
func fields(t *testing.T, more string) tuf.Custom {
	t.Helper()
	target := tuf.Target{Custom: json.RawMessage(`{"name":"pc-lmp","version":"7","hardwareIds":["pc","x"],"tags":["main"]` + more + `}`)}
	custom, err := target.Fields()
	if err != nil {
		t.Fatal(err)
	}
	return custom
}

// names fetches an artifact and lists its files.
func names(ctx context.Context, a *Artifact) ([]string, error) {
	var list []string
	err := a.Files(ctx, nil, func(name string, _ int64, content io.Reader) error {
		n, err := io.Copy(io.Discard, content)
		list = append(list, fmt.Sprint(name, " ", n))
		return err
	})
	return list, err
}

func TestArtifactsAreWhereACIKeepsThem(t *testing.T) {
	const projects = "/projects/acme/lmp/builds/"
	for name, c := range map[string]struct {
		there, more string
		apps, prod  bool
	}{
		"repo":                   {projects + "7/runs/pc/other/pc-ostree_repo.tar", "", false, false},
		"repo of an older build": {projects + "3/runs/pc/other/pc-ostree_repo.tar", `,"origUri":"https://ci.example/builds/3/"`, false, false},
		"apps of old":            {projects + "7/runs/assemble-system-image/main/pc-lmp-7-apps.tar", "", true, false},
		"apps of an older build": {projects + "5/runs/assemble-system-image/main/pc-lmp-5-apps.tar", `,"origUriApps":"https://ci.example/builds/5"`, true, false},
		"apps of a wave":         {projects + "7/runs/assemble-system-image/devel/pc-lmp-7-apps.tar", "", true, true},
		"apps elsewhere below":   {"/projects/acme/x/pc.apps.tar", `,"fetched-apps":{"uri":"URL/projects/acme/x/pc.apps.tar"}`, true, true},
	} {
		var asked []string
		var url string
		client := client(t, func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.Path)
			if r.Header.Get("Osf-Token") != "sesame" {
				t.Errorf("%s: %s came without the token", name, r.URL)
			}
			switch r.URL.Path {
			case "/ota/factories/acme/targets/pc-lmp-7":
				io.WriteString(w, `{"custom":{"name":"pc-lmp","version":"7","hardwareIds":["pc"],"tags":["devel"]}}`)
			case c.there:
				w.Write(tarOf(t, "some/file", []byte("1234")))
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		})
		url = client.URL()
		custom := fields(t, strings.ReplaceAll(c.more, "URL", url))
		var a *Artifact
		var err error
		if c.apps {
			a, err = client.AppsArtifact(t.Context(), "pc-lmp-7", custom, c.prod)
		} else {
			a, err = client.RepoArtifact(t.Context(), custom)
		}
		if err != nil {
			t.Errorf("%s: %v; asked for %v", name, err, asked)
			continue
		}
		if list, err := names(t.Context(), a); err != nil || !slices.Equal(list, []string{"some/file 4"}) || a.Size() != 2048 {
			t.Errorf("%s: %v, %v, %d bytes", name, list, err, a.Size())
		}
	}
}

func TestAMissingArtifactIsNotFound(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	if _, err := c.RepoArtifact(t.Context(), fields(t, "")); fail.ClassOf(err) != fail.NotFound || !strings.Contains(err.Error(), ".tar.bz2") {
		t.Errorf("repo: %v", err)
	}
	if _, err := c.AppsArtifact(t.Context(), "pc-lmp-7", fields(t, ""), false); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("apps: %v", err)
	}
	for _, build := range []string{"../../x", "latest", "1 2", ""} {
		if _, err := c.RepoArtifact(t.Context(), fields(t, fmt.Sprintf(`,"origUri":%q`, "https://ci.example/builds/"+build+"?"))); fail.ClassOf(err) != fail.Verification {
			t.Errorf("build %q: %v", build, err)
		}
	}
}

// A target may name any host for its apps. That host gets no token, nor does
// one to which a redirect leads; what is not https is not asked at all.
func TestAnotherHostOfAppsGetsNoCredentials(t *testing.T) {
	data := tarOf(t, "blobs/sha256/x", []byte("1"))
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if !slices.Contains([]string{"Accept-Encoding", "User-Agent", "Range", "If-Range"}, name) {
				t.Errorf("%s: another host got the header %s", r.URL, name)
			}
		}
		if r.URL.Path == "/denied" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Write(data)
	}))
	t.Cleanup(other.Close)
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/storage.tar", http.StatusFound)
	})
	fetch := func(uri string) error {
		a, err := c.AppsArtifact(t.Context(), "pc-lmp-7", fields(t, fmt.Sprintf(`,"fetched-apps":{"uri":%q}`, uri)), false)
		if err == nil {
			_, err = names(t.Context(), a)
		}
		return err
	}
	for _, uri := range []string{other.URL + "/direct.tar", c.URL() + "/by/redirect.tar"} {
		if err := fetch(uri); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if err := fetch(other.URL + "/denied"); fail.ClassOf(err) != fail.Auth || !strings.Contains(fail.HintOf(err), "gets no credentials") {
		t.Errorf("denied: %v (%s)", err, fail.HintOf(err))
	}
	for _, uri := range []string{
		"http://apps.example/x.tar", "ftp://apps.example/x.tar", "file:///etc/passwd", "//apps.example/x.tar", "x.tar", "https:///x.tar",
		"https://user:hunter2@apps.example/x.tar", "https:apps.example", "http://[::1", "javascript:1",
	} {
		err := fetch(uri)
		if fail.ClassOf(err) != fail.Verification || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

// ciFile is an artifact behind a server whose connections break.
type ciFile struct {
	t     *testing.T
	data  []byte
	etag  string
	cut   int  // bytes after which a connection breaks
	plain bool // knows no ranges
	grow  int  // how much later each connection breaks than the one before
	asked []string
}

// ServeHTTP implements http.Handler.
func (f *ciFile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.asked = append(f.asked, r.Header.Get("Range")+" "+r.Header.Get("If-Range"))
	if r.Header.Get("Osf-Token") != "sesame" {
		f.t.Error("a request came without the token")
	}
	if f.etag != "" {
		w.Header().Set("ETag", f.etag)
	}
	if f.plain {
		r.Header.Del("Range")
	}
	f.cut += f.grow
	http.ServeContent(&cutting{w, f.cut}, r, "x.tar", time.Time{}, bytes.NewReader(f.data))
}

// cutting ends a connection after some bytes.
type cutting struct {
	http.ResponseWriter
	left int
}

// Write implements io.Writer.
func (c *cutting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func (f *ciFile) fetch() ([]string, error) {
	s := httptest.NewServer(f)
	defer s.Close()
	c := Open(Options{URL: s.URL, Factory: "acme", Auth: httpx.HeaderAuth{"OSF-TOKEN": {"sesame"}}, Retry: quick})
	a, err := c.openArtifact(f.t.Context(), s.URL+"/x.tar")
	if err != nil {
		return nil, err
	}
	return names(f.t.Context(), a)
}

func TestABrokenDownloadGoesOnWhereItWas(t *testing.T) {
	data := tarOf(t, "big", bytes.Repeat([]byte("0123456789abcdef"), 20_000))
	for name, f := range map[string]*ciFile{
		"with an ETag":    {etag: `"v1"`, cut: 100_000},
		"with nothing":    {cut: 100_000},
		"without ranges":  {etag: `"v1"`, plain: true, cut: 100_000, grow: 50_000},
		"with a weak tag": {etag: `W/"v1"`, cut: 100_000},
	} {
		f.t, f.data = t, data
		list, err := f.fetch()
		if err != nil || !slices.Equal(list, []string{"big 320000"}) {
			t.Errorf("%s: %v, %v", name, list, err)
		}
		if last := f.asked[len(f.asked)-1]; name == "with an ETag" && (!strings.HasPrefix(last, "bytes=2") || !strings.HasSuffix(last, `- "v1"`)) {
			t.Errorf("asked for %q", f.asked)
		}
	}
}

func TestAFileThatChangesOnTheWayIsNotPiecedTogether(t *testing.T) {
	data := tarOf(t, "big", make([]byte, 300_000))
	for name, change := range map[string]func(f *ciFile){
		"another ETag":   func(f *ciFile) { f.etag = fmt.Sprintf(`"v%d"`, len(f.asked)) },
		"shorter":        func(f *ciFile) { f.etag, f.data = "", data[:150_000] },
		"without ranges": func(f *ciFile) { f.etag, f.plain, f.data = "", true, data[:250_000] },
	} {
		f := &ciFile{t: t, data: data, cut: 100_000}
		if name == "another ETag" {
			f.etag = `"v0"`
		}
		s := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s++; s > 2 { // it is opened, read, and taken up
				change(f)
			}
			f.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		c := Open(Options{URL: server.URL, Factory: "acme", Auth: httpx.HeaderAuth{"OSF-TOKEN": {"sesame"}}, Retry: quick})
		a, err := c.openArtifact(t.Context(), server.URL+"/x.tar")
		if err == nil {
			_, err = names(t.Context(), a)
		}
		if !errors.Is(err, errChanged) || fail.ClassOf(err) != fail.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADownloadThatBreaksForEverEnds(t *testing.T) {
	f := &ciFile{t: t, data: tarOf(t, "big", make([]byte, 3_000_000)), cut: 10_000}
	_, err := f.fetch()
	if fail.ClassOf(err) != fail.Network || len(f.asked) > 3+breaks {
		t.Errorf("%v after %d requests", err, len(f.asked))
	}
}

func TestADownloadReportsItsBytes(t *testing.T) {
	data := tarOf(t, "big", make([]byte, 300_000))
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
	a, err := c.openArtifact(t.Context(), c.URL()+"/x.tar")
	if err != nil {
		t.Fatal(err)
	}
	sink := &counting{}
	if err := a.Files(t.Context(), sink, func(string, int64, io.Reader) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if done, _ := sink.Value(); done != int64(len(data)) || sink.total != done || sink.unit != progress.Bytes {
		t.Errorf("%d of %d", done, sink.total)
	}
}

// counting is a sink for one task.
type counting struct {
	progress.Counter
	total int64
	unit  progress.Unit
}

// Start implements progress.Sink.
func (c *counting) Start(_ string, unit progress.Unit, total int64) progress.Task {
	c.total, c.unit = total, unit
	return c
}
