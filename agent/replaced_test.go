package agent

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// meddled is a source with which something happens between the check-in and
// the download.
type meddled struct {
	Source

	meddle func()
}

func (m meddled) Objects(ctx context.Context) (ostree.Source, error) {
	m.meddle()
	return m.Source.Objects(ctx)
}

// TestStickThatChangesInTheMiddleInstallsNothingElse: what the check-in has
// accepted is what is installed, or nothing is.
func TestStickThatChangesInTheMiddleInstallsNothingElse(t *testing.T) {
	grow := func(p string) error {
		f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString("more")
			_ = f.Close()
		}
		return err
	}
	tests := []struct {
		name   string
		meddle func(d *device)
		want   Code
	}{
		{"another folder in its place", func(d *device) {
			d.must(os.Rename(d.bundle, d.bundle+".away"))
			d.must(os.MkdirAll(filepath.Join(d.bundle, "ostree_repo"), 0o755))
		}, InstallNeedsReboot}, // it is read through the handle that was checked
		{"other content for every file", func(d *device) {
			d.eachFile("filez", func(p string) { d.must(os.WriteFile(p, []byte("something else"), 0o644)) })
		}, DownloadFailure},
		{"files that grow", func(d *device) { d.eachFile("filez", func(p string) { d.must(grow(p)) }) }, DownloadFailure},
		{"another commit under the name", func(d *device) {
			var commits []string
			d.eachFile("commit", func(p string) { commits = append(commits, p) })
			one, err := os.ReadFile(commits[0])
			d.must(err)
			two, err := os.ReadFile(commits[1])
			d.must(err)
			d.must(os.WriteFile(commits[0], two, 0o644))
			d.must(os.WriteFile(commits[1], one, 0o644))
		}, DownloadFailure},
		{"pulled out", func(d *device) { d.must(os.RemoveAll(filepath.Join(d.bundle, "ostree_repo/objects"))) }, DownloadFailure},
	}
	m := newMold(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := m.device(t)
			good := d.bundle + ".good"
			if out, err := exec.Command("cp", "-a", d.bundle, good).CombinedOutput(); err != nil {
				t.Fatalf("cp: %v: %s", err, out)
			}
			a := d.open()
			src, err := a.OpenBundle(d.bundle)
			d.must(err)
			defer src.Close()
			r, err := a.Update(t.Context(), meddled{src, func() { tt.meddle(d) }}, UpdateRequest{Deferred: true})
			wantCode(t, "install", r, err, tt.want)
			if tt.want == InstallNeedsReboot {
				return
			}
			if n := len(d.root.Deployments(t)); n != 1 {
				t.Errorf("%d deployments", n)
			}
			d.must(a.Close())
			d.must(os.RemoveAll(d.bundle))
			d.must(os.Rename(good, d.bundle))
			r, err = d.install(UpdateRequest{})
			wantCode(t, "install from a stick that stays", r, err, InstallNeedsReboot)
		})
	}
}

// turned is a source that shows one thing while it is asked what it is for, and
// another one afterwards.
type turned struct {
	Source

	turn func()
}

func (s turned) Statement(ctx context.Context) ([]byte, error) {
	data, err := s.Source.Statement(ctx)
	s.turn()
	return data, err
}

// A stick that has nothing at all while it is asked what it is for has said
// nothing, and is not believed what it shows then.
func TestAStickThatIsEmptyAtFirstDoesNotGetPastItsList(t *testing.T) {
	d := newDevice(t)
	away := filepath.Join(d.bundle, "tuf.away")
	shown := filepath.Join(d.bundle, "tuf")
	d.must(os.Remove(filepath.Join(shown, tuf.BundleTargetsFile)))
	d.must(os.Rename(shown, away))
	a := d.open()
	src, err := a.OpenBundle(d.bundle)
	d.must(err)
	defer src.Close()
	r, err := a.Update(t.Context(), turned{src, func() { d.must(os.Rename(away, shown)) }}, UpdateRequest{Deferred: true})
	wantCode(t, "install", r, err, CheckinMetadataNotFound)
	if n := len(d.root.Deployments(t)); n != 1 {
		t.Errorf("%d deployments", n)
	}
}

// veiled hides a root from whoever asks for metadata first.
type veiled struct {
	Source

	asked *int
}

func (s veiled) Metadata() tuf.Fetcher {
	*s.asked++
	if *s.asked == 1 {
		return veil{s.Source.Metadata()}
	}
	return s.Source.Metadata()
}

type veil struct{ tuf.Fetcher }

func (v veil) Fetch(ctx context.Context, name string, most int64) ([]byte, error) {
	if name == tuf.RootName(2) {
		return nil, tuf.ErrNotFound
	}
	return v.Fetcher.Fetch(ctx, name, most)
}

// The list of a stick is signed by keys of the very root that its metadata is
// judged by: a key that was replaced there signs no list, whatever the stick
// shows first.
func TestAKeyThatWasReplacedSignsNoListForAStickThatHidesTheNewRoot(t *testing.T) {
	d := newDevice(t)
	list := d.meta.Files[tuf.BundleTargetsFile]
	d.meta.SetKeys(tuf.RoleTargets, d.meta.Key(tuf.ED25519))
	d.meta.NextRoot()
	d.publish()
	d.must(os.WriteFile(filepath.Join(d.bundle, "tuf", tuf.BundleTargetsFile), list, 0o644))
	a := d.open()
	src, err := a.OpenBundle(d.bundle)
	d.must(err)
	defer src.Close()
	r, err := a.Update(t.Context(), veiled{src, new(int)}, UpdateRequest{Deferred: true})
	wantCode(t, "install", r, err, CheckinInvalidBundleMetadata)
	if n := len(d.root.Deployments(t)); n != 1 {
		t.Errorf("%d deployments", n)
	}
}

// pull, install and list go by stored metadata, and a stick that is not for this
// device is none for them either.
func TestTheListOfAStickCountsAlsoWhereTheMetadataIsStored(t *testing.T) {
	m := newMold(t)
	for _, tt := range []struct {
		name  string
		spoil func(d *device)
		want  Code
	}{
		{"for another tag", func(d *device) { d.meta.Bundle("ci", "other", "board-lmp-2") }, CheckinInvalidBundleMetadata},
		{"by a stranger", func(d *device) {
			d.meta.Files[tuf.BundleTargetsFile] = d.meta.SignWith(tuf.BundleTargetsFile, d.bundleDoc(), d.meta.Key(tuf.ED25519))
		}, CheckinInvalidBundleMetadata},
		{"of the past", func(d *device) {
			doc := d.bundleDoc()
			doc.Expires = d.now
			d.meta.Files[tuf.BundleTargetsFile] = d.meta.SignWith(tuf.BundleTargetsFile, doc, d.meta.Keys[tuf.RoleTargets]...)
		}, CheckinExpiredMetadata},
		{"none", func(d *device) { delete(d.meta.Files, tuf.BundleTargetsFile) }, CheckinInvalidBundleMetadata},
		{"of something else", func(d *device) { d.meta.Bundle("ci", tag, "board-lmp-9") }, CheckinNoMatchingTargets},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := m.device(t)
			_, err := d.check()
			d.must(err)
			d.rewrite(func() { tt.spoil(d) })
			a := d.open()
			src, err := a.OpenBundle(d.bundle)
			d.must(err)
			defer src.Close()
			r, err := a.Pull(t.Context(), src, UpdateRequest{})
			wantCode(t, "pull", r, err, tt.want)
			r, err = a.Install(t.Context(), src, UpdateRequest{})
			wantCode(t, "install", r, err, tt.want)
			if _, err := a.List(t.Context(), src); CodeOf(err) != tt.want {
				t.Errorf("list: %v", err)
			}
		})
	}
}
