package conformance_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
	"github.com/otactl/otactl/tuf/tuftest"
)

// verdict is what a refresh makes of a repository.
type verdict string

const (
	takes   verdict = "takes"   // the new targets are trusted
	keeps   verdict = "keeps"   // no error, and the old ones stay
	refuses verdict = "refuses" // an error
	panics  verdict = "panics"
)

// device has refreshed once, from version 2 of everything.
type device struct {
	r     *repo
	cache map[string][]byte // ours
	dir   string            // the updater's
}

// Fetch makes the repository a tuf.Fetcher without a network between.
func (r *repo) Fetch(_ context.Context, name string, _ int64) ([]byte, error) {
	if file := r.metadata(name); file != nil {
		return slices.Clone(file), nil
	}
	return nil, tuf.ErrNotFound
}

// DownloadFile makes it what the updater fetches from.
func (r *repo) DownloadFile(url string, _ int64, _ time.Duration) ([]byte, error) {
	if file := r.metadata(path.Base(url)); file != nil {
		return slices.Clone(file), nil
	}
	return nil, &metadata.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: url}
}

func newDevice(t *testing.T, l lang) *device {
	t.Helper()
	r := newRepo(t, l)
	r.addKey(root, r.newKey(ed))
	r.listArtifact(targets, "intel-lmp-1", []byte("content"), doc{"sha256": sha([]byte("content"))})
	r.docs[targets]["targets"].(doc)["intel-lmp-1"].(doc)["custom"] = doc{"version": "1", "hardwareIds": []string{"intel"}}
	r.everything()
	d := &device{r: r, dir: t.TempDir()}
	cache := tuftest.NewCache()
	if _, err := d.ours(cache); err != nil {
		t.Fatal(err)
	}
	d.cache = cache.Files
	if l.spec() {
		if got, err := d.updater(d.dir); got != keeps {
			t.Fatalf("the updater %s the first repository: %v", got, err)
		}
	}
	return d
}

func (d *device) ours(cache *tuftest.Cache) (*tuf.Trust, error) {
	return tuf.Refresh(d.r.t.Context(), d.r, cache, tuf.RefreshOptions{
		Now: today(), InitialRoots: [][]byte{d.r.files[root][0]}, Dialects: []tuf.Dialect{spec.Dialect{}},
	})
}

// judge is our verdict.
func (d *device) judge() (verdict, error) {
	trust, err := d.ours(&tuftest.Cache{Files: maps.Clone(d.cache)})
	if err != nil {
		return refuses, err
	}
	return sees(trust.Targets().Version), nil
}

// sees is the verdict of one who trusts targets of a version.
func sees(version int) verdict {
	if version > 2 {
		return takes
	}
	return keeps
}

// reference is the verdict of go-tuf's updater.
func (d *device) reference() (verdict, error) {
	dir, err := os.MkdirTemp(d.dir, "run")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	for _, role := range topLevel() {
		file, err := os.ReadFile(filepath.Join(d.dir, role+".json"))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, role+".json"), file, 0o600); err != nil {
			return "", err
		}
	}
	return d.updater(dir)
}

func (d *device) updater(dir string) (got verdict, err error) {
	defer func() {
		if p := recover(); p != nil {
			got, err = panics, fmt.Errorf("%v", p)
		}
	}()
	trusted, err := os.ReadFile(filepath.Join(dir, "root.json"))
	if err != nil {
		trusted = d.r.files[root][0]
	}
	cfg, err := config.New("http://updater.invalid", trusted)
	if err != nil {
		return refuses, err
	}
	cfg.LocalMetadataDir, cfg.LocalTargetsDir, cfg.Fetcher = dir, dir, d.r
	up, err := updater.New(cfg)
	if err != nil {
		return refuses, err
	}
	up.UnsafeSetRefTime(today())
	if err := up.Refresh(); err != nil {
		return refuses, err
	}
	return sees(int(up.GetTrustedMetadataSet().Targets[targets].Signed.Version)), nil
}

// serving runs do while a changed file is served in place of version 3.
func (d *device) serving(role string, file []byte, do func()) {
	before := map[string][][]byte{}
	for of, files := range d.r.files {
		before[of] = slices.Clone(files)
	}
	note := maps.Clone(d.r.note(timestamp, snapshot))
	d.r.replace(role, file)
	if role == snapshot && !d.r.lang.spec() {
		// The timestamp always has length and hash here.
		at := d.r.note(timestamp, snapshot)
		at["length"], at["hashes"] = len(file), doc{"sha256": sha(file)}
		d.r.replace(timestamp, d.r.sign(timestamp))
	}
	do()
	d.r.meta(timestamp)[snapshot+".json"] = note
	d.r.files = before
	d.r.asked = nil
}

// trial is a mutation and what each verifier makes of it; an empty verdict
// means that the dialect has no such field.
type trial struct {
	mutation
	ota, spec, ref verdict
	why            string
}

// trials runs all mutations of both dialects.
func trials(t *testing.T) []trial {
	byMutation := map[mutation]*trial{}
	at := func(m mutation) *trial {
		if byMutation[m] == nil {
			byMutation[m] = &trial{mutation: m}
		}
		return byMutation[m]
	}
	for _, l := range []lang{ota, standard} {
		d := newDevice(t, l)
		d.r.everything()
		for _, role := range topLevel() {
			d.r.mutations(role, func(m mutation, file []byte) {
				tr := at(m)
				d.serving(role, file, func() {
					got, err := d.judge()
					if !l.spec() {
						tr.ota = got
						return
					}
					tr.spec = got
					tr.ref, _ = d.reference()
					tr.why = fmt.Sprint(err)
				})
			})
		}
	}
	list := []trial{}
	for _, tr := range byMutation {
		list = append(list, *tr)
	}
	slices.SortFunc(list, func(a, b trial) int { return strings.Compare(a.String(), b.String()) })
	return list
}
