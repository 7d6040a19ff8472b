package publish

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/client/folder"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// site is a folder to publish to, as the options and as what readers find there.
func (w *world) site() (func(*Options), ostree.Files) {
	w.t.Helper()
	to := w.toFolder(filepath.Join(w.t.TempDir(), "site"))
	var opt Options
	to(&opt)
	return to, opt.Remote.(ostree.Files)
}

func deltasFrom(t *testing.T, words ...string) func(*Options) {
	t.Helper()
	d, err := ParseDeltaSources(words)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *Options) { o.Deltas = d }
}

func TestDeltaSourcesAreACountOrNames(t *testing.T) {
	d, err := ParseDeltaSources([]string{"3", "v41", "qemu-40", "main^"})
	if err != nil || d.Last != 3 || strings.Join(d.Named, " ") != "v41 qemu-40 main^" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, words := range [][]string{{"0"}, {"-1"}, {"33"}, {"1", "2"}} {
		if _, err := ParseDeltaSources(words); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%v: %v", words, err)
		}
	}
}

func TestDeltasAreListedWithTheirSizesAndThoseOfOthersStay(t *testing.T) {
	w := newWorld(t)
	to, site := w.site()
	w.mustPush(to)
	second := w.commit("2", 20)
	w.mustPush(to, deltasFrom(t, w.first))
	third := w.commit("3", 20)
	w.mustPush(to, deltasFrom(t, w.first))
	rep := w.mustPush(to, deltasFrom(t, second))
	c := sumOf(t, third)
	data, err := site.ReadFile(t.Context(), delta.IndexPath(c), limits.DeltaIndex)
	if err != nil {
		t.Fatal(err)
	}
	list, err := delta.ParseIndex(c, data)
	if err != nil || len(list) != 2 {
		t.Errorf("the store lists %d deltas, want those of both runs: %v", len(list), err)
	}
	stats, err := site.ReadFile(t.Context(), statsPath(rep.Deltas[0].Stats), limits.JSON)
	if err != nil || int64(len(stats)) != rep.Deltas[0].Stats.Size {
		t.Fatalf("stats of %d bytes: %v", len(stats), err)
	}
	var all map[string]map[string]sizes
	if err := json.Unmarshal(stats, &all); err != nil || all[third][second].Size == 0 || all[third][second].USize == 0 {
		t.Errorf("the stats are %s (%v)", stats, err)
	}
}

// meanwhile is a store in which somebody else does something once, before a
// superblock comes.
type meanwhile struct {
	*folder.Store
	act func()
}

func (m *meanwhile) PutFile(ctx context.Context, path string, size int64, open func() (io.ReadCloser, error)) error {
	if act := m.act; act != nil && strings.HasSuffix(path, "/superblock") {
		m.act = nil
		act()
	}
	return m.Store.PutFile(ctx, path, size, open)
}

func TestDeltasThatTwoMakeAtOnceAreAllListed(t *testing.T) {
	w := newWorld(t)
	to, site := w.site()
	w.mustPush(to)
	second := w.commit("2", 20)
	w.mustPush(to)
	third := sumOf(t, w.commit("3", 20))
	m := &meanwhile{Store: site.(*folder.Store), act: func() { w.mustPush(to, deltasFrom(t, second)) }}
	if _, err := w.push(func(o *Options) { o.Remote = m }, deltasFrom(t, w.first)); err != nil && !errors.Is(err, ostree.ErrRefMoved) {
		t.Fatal(err)
	}
	data, err := site.ReadFile(t.Context(), delta.IndexPath(third), limits.DeltaIndex)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := delta.ParseIndex(third, data); err != nil || len(list) != 2 {
		t.Errorf("the store lists %d deltas, want those of both: %v", len(list), err)
	}
}

func TestSizesOfDeltasGoIntoTheTarget(t *testing.T) {
	w := newWorld(t)
	to, _ := w.site()
	s := newShelf()
	w.mustPush(to, wants(s))
	w.commit("2", 20)
	rep := w.mustPush(to, wants(s), deltasFrom(t, "1"))
	if len(rep.Deltas) != 1 || len(rep.Deltas[0].Deltas) != 1 || rep.Deltas[0].Deltas[0].From.String() != w.first {
		t.Fatalf("deltas are %+v, want one from the version before", rep.Deltas)
	}
	var custom struct {
		Stats DeltaStats `json:"delta-stats"`
	}
	target := s.targets[rep.Items[0].Target.Name]
	if err := json.Unmarshal(target.Custom, &custom); err != nil || custom.Stats != *rep.Deltas[0].Stats {
		t.Errorf("the target says %+v, want %+v (%v)", custom.Stats, rep.Deltas[0].Stats, err)
	}
	if again := w.mustPush(to, wants(s), deltasFrom(t, "1")); !again.Unchanged() {
		t.Errorf("the same again changed something: %+v", again)
	}
}

func TestDeltaThatTheStoreHasIsNotMadeAgainElsewhere(t *testing.T) {
	w := newWorld(t)
	to, site := w.site()
	w.mustPush(to)
	second := w.commit("2", 20)
	first := w.mustPush(to, deltasFrom(t, "1")).Deltas[0]
	empty, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "empty"), ostree.ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	opt := w.options()
	m := &DeltaMaker{Repo: empty, Remote: site.(Remote), Clock: clock.At(opt.Clock().Add(time.Hour)), Log: slog.New(slog.DiscardHandler)}
	rep, err := m.Make(t.Context(), sumOf(t, second), []ostree.Checksum{sumOf(t, w.first)}, first.Stats)
	if err != nil {
		t.Fatal(err)
	}
	want := first.Deltas[0]
	want.Made, want.Sent = false, 0
	if rep.Deltas[0] != want || *rep.Stats != *first.Stats {
		t.Errorf("%+v, %+v; want %+v, %+v", rep.Deltas[0], rep.Stats, want, first.Stats)
	}
	if refs, err := empty.Has(t.Context(), []ostree.ObjectID{{Sum: sumOf(t, second), Type: ostree.TypeCommit}}); err != nil || refs[0] {
		t.Errorf("commits were fetched for nothing (%v)", err)
	}
}

func TestDeltaIsMadeAnewWhenItsCommitIsSigned(t *testing.T) {
	w := newWorld(t)
	to, _ := w.site()
	w.mustPush(to)
	w.commit("2", 20)
	w.mustPush(to, deltasFrom(t, "1"))
	key, _ := signer(t)
	rep := w.mustPush(to, deltasFrom(t, w.first), signedWith(key))
	if d := rep.Deltas[0].Deltas[0]; !d.Made || d.Sent == 0 {
		t.Errorf("devices that take the delta would miss the signature: %+v", d)
	}
}

func TestStoreWithoutDeltasIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	w := newWorld(t)
	for _, remote := range []Remote{w.options().Remote, onlyStore{w.options().Remote}} {
		_, err := w.push(deltasFrom(t, "1"), func(o *Options) { o.Remote = remote })
		if fail.ClassOf(err) != fail.Unsupported || fail.HintOf(err) == "" {
			t.Errorf("%T: %v (hint %q)", remote, err, fail.HintOf(err))
		}
	}
	w.visible("")
}

// onlyStore hides what a store offers beyond objects and refs.
type onlyStore struct{ Remote }

func TestDamagedPartIsNotSent(t *testing.T) {
	w := newWorld(t)
	to, site := w.site()
	w.mustPush(to)
	second := w.commit("2", 20)
	n := delta.Name{From: sumOf(t, w.first), To: sumOf(t, second)}
	if _, err := delta.Generate(t.Context(), w.repo, n, delta.DefaultOptions(w.options().Clock())); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(w.path, filepath.FromSlash(n.Dir()), "0")
	data, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(part, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := w.push(to, deltasFrom(t, w.first)); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), part) {
		t.Errorf("%v", err)
	}
	if _, err := site.ReadFile(t.Context(), n.Superblock(), limits.DeltaFile); err == nil {
		t.Error("the superblock of a delta with a damaged part is visible")
	}
}
