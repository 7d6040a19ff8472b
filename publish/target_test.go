package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
)

// shelf is a Backend in memory that refuses what a real one refuses.
type shelf struct {
	latest  int
	targets map[string]tuf.Target
	version int
	before  func() // somebody else's moment, once
	ready   func() bool
}

func newShelf() *shelf { return &shelf{targets: map[string]tuf.Target{}} }

func (s *shelf) Targets(context.Context) (map[string]tuf.Target, error) {
	return maps.Clone(s.targets), nil
}

// LatestVersion is what the backend says of targets that are gone.
func (s *shelf) LatestVersion(context.Context, ...string) (int, error) { return s.latest, nil }

func (s *shelf) AddTargets(_ context.Context, m map[string]tuf.Target, _ string) (factory.Added, error) {
	if f := s.before; f != nil {
		s.before = nil
		f()
	}
	if s.ready != nil && !s.ready() {
		return factory.Added{}, status(http.StatusPreconditionFailed, "commit_incomplete")
	}
	for name, t := range m {
		if _, ok := s.targets[name]; ok {
			return factory.Added{}, status(http.StatusConflict, "target_exists")
		}
		s.targets[name] = t
	}
	s.version++
	return factory.Added{Created: true, Version: s.version}, nil
}

func status(code int, reason string) error {
	req, _ := http.NewRequest(http.MethodPost, "http://h/", nil)
	return httpx.NewStatusError(req, code, http.Header{}, []byte(`{"code":"`+reason+`"}`))
}

func (s *shelf) add(name, version, commit string, hwids, tags []string) {
	custom, _ := json.Marshal(tuf.Custom{Name: name, Version: version, HardwareIDs: hwids, Tags: tags, TargetFormat: "OSTREE"})
	s.targets[name+"-"+version] = tuf.Target{Hashes: map[string]string{"sha256": commit}, Custom: custom}
}

func wants(s *shelf, change ...func(*TargetRequest)) func(*Options) {
	return func(o *Options) {
		o.Backend = s
		o.Items[0].Target = &TargetRequest{HardwareIDs: []string{"qemu"}, Tags: []string{"main"}}
		for _, f := range change {
			f(o.Items[0].Target)
		}
	}
}

func TestTargetHasTheFieldsDevicesRead(t *testing.T) {
	w, s := newWorld(t), newShelf()
	s.ready = func() bool { return w.hub.Complete(w.first) && w.hub.Ref("main") == w.first }
	rep := w.mustPush(wants(s))
	if rep.Items[0].Target == nil || *rep.Items[0].Target != (TargetReport{Name: "qemu-1", Version: 1}) {
		t.Fatalf("%+v", rep.Items[0].Target)
	}
	got := s.targets["qemu-1"]
	c, err := got.Fields()
	if err != nil {
		t.Fatal(err)
	}
	want := tuf.Custom{Name: "qemu", Version: "1", HardwareIDs: []string{"qemu"}, Tags: []string{"main"}, TargetFormat: "OSTREE",
		CreatedAt: "2023-11-14T22:13:20Z", UpdatedAt: "2023-11-14T22:13:20Z"}
	if got.Commit() != w.first || got.Length != 0 || fmt.Sprint(c) != fmt.Sprint(want) {
		t.Errorf("%+v %+v", got, c)
	}
}

func TestVersionsGoOnFromTheHighestOfTheHardware(t *testing.T) {
	w, s := newWorld(t), newShelf()
	other := strings.Repeat("0a", 32)
	s.add("qemu", "9", other, []string{"qemu"}, []string{"main"})
	s.add("qemu", "10", other, []string{"qemu", "x"}, []string{"devel"})
	s.add("rpi", "99", other, []string{"rpi"}, []string{"main"})
	s.add("odd", "abc", other, []string{"qemu"}, []string{"main"})
	if rep := w.mustPush(wants(s)); rep.Items[0].Target.Name != "qemu-11" {
		t.Errorf("%+v", rep.Items[0].Target)
	}
	if rep := w.mustPush(wants(s, func(t *TargetRequest) { t.HardwareIDs = []string{"qemu", "rpi"}; t.Name = "both" })); rep.Items[0].Target.Name != "both-100" {
		t.Errorf("%+v", rep.Items[0].Target)
	}
}

// Hardware that shares a name counts its own versions, and the name has each
// only once.
func TestNameThatOtherHardwareHasIsSkippedInItsVersions(t *testing.T) {
	w, s := newWorld(t), newShelf()
	other := strings.Repeat("0a", 32)
	s.add("lmp", "1", other, []string{"rpi"}, []string{"main"})
	s.add("lmp", "2", other, []string{"rpi"}, []string{"main"})
	named := wants(s, func(t *TargetRequest) { t.Name = "lmp" })
	if rep := w.mustPush(named); *rep.Items[0].Target != (TargetReport{Name: "lmp-3", Version: 3}) {
		t.Errorf("%+v", rep.Items[0].Target)
	}
	s.add("lmp", strconv.Itoa(MaxVersion), other, []string{"rpi"}, nil)
	s.add("qemu", strconv.Itoa(MaxVersion-1), other, []string{"qemu"}, nil)
	if _, err := w.push(named, func(o *Options) { o.Items[0].Rev = w.commit("2", 12) }); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("beyond the last version: %v", err)
	}
}

func TestPublishingTheSameAgainChangesNothing(t *testing.T) {
	w, s := newWorld(t), newShelf()
	w.mustPush(wants(s))
	rep := w.mustPush(wants(s))
	if !rep.Items[0].Target.Existed || rep.Items[0].Target.Name != "qemu-1" || len(s.targets) != 1 || rep.Items[0].RefMoved {
		t.Errorf("%+v, %d targets", rep.Items[0].Target, len(s.targets))
	}
	if rep := w.mustPush(wants(s, func(t *TargetRequest) { t.Version = 1 })); !rep.Items[0].Target.Existed {
		t.Errorf("%+v", rep.Items[0].Target)
	}
}

func TestGoingBackToAnOldCommitMakesANewTarget(t *testing.T) {
	w, s := newWorld(t), newShelf()
	w.mustPush(wants(s))
	w.commit("2", 12)
	w.mustPush(wants(s))
	rep := w.mustPush(wants(s), func(o *Options) { o.Items[0].Rev = w.first })
	if rep.Items[0].Target.Existed || rep.Items[0].Target.Name != "qemu-3" || s.targets["qemu-3"].Commit() != w.first {
		t.Errorf("%+v", rep.Items[0].Target)
	}
}

func TestTakenVersionIsAConflictBeforeAnythingIsSent(t *testing.T) {
	w, s := newWorld(t), newShelf()
	s.add("qemu", "5", strings.Repeat("0a", 32), []string{"qemu"}, nil)
	for _, name := range []string{"", "other"} { // under any name: a version is the hardware's
		_, err := w.push(wants(s, func(t *TargetRequest) { t.Version, t.Name = 5, name }))
		if fail.ClassOf(err) != fail.Conflict || fail.HintOf(err) == "" || w.hub.Count("POST objects") != 0 {
			t.Errorf("name %q: %v, %d objects sent", name, err, w.hub.Count("POST objects"))
		}
	}
}

// A version out of a clock or a larger counter is as high as a device counts,
// or higher.
func TestNoVersionIsMadeThatNoDeviceCompares(t *testing.T) {
	w := newWorld(t)
	for _, top := range []int{MaxVersion, math.MaxInt} {
		s := newShelf()
		s.add("qemu", strconv.Itoa(top), strings.Repeat("0a", 32), []string{"qemu"}, nil)
		if _, err := w.push(wants(s)); fail.ClassOf(err) != fail.Conflict || len(s.targets) != 1 || w.hub.Count("POST objects") != 0 {
			t.Errorf("after %d: %v, %d targets", top, err, len(s.targets))
		}
	}
}

func TestVersionTakenMeanwhileIsReplacedByTheNext(t *testing.T) {
	w, s := newWorld(t), newShelf()
	s.before = func() { s.add("qemu", "1", strings.Repeat("0a", 32), []string{"qemu"}, []string{"main"}) }
	if rep := w.mustPush(wants(s)); rep.Items[0].Target.Name != "qemu-2" {
		t.Errorf("%+v", rep.Items[0].Target)
	}
	s.before = func() { s.add("qemu", "7", strings.Repeat("0a", 32), []string{"qemu"}, []string{"main"}) }
	_, err := w.push(wants(s, func(t *TargetRequest) { t.Version = 7 }))
	if fail.ClassOf(err) != fail.Conflict {
		t.Errorf("asked for: %v", err)
	}
}

func TestHolesThatTheTargetShowsAreMended(t *testing.T) {
	w, s := newWorld(t), newShelf()
	w.mustPush()
	w.hub.Lose(someFiles(w, 2)...)
	s.ready = func() bool { return w.hub.Complete(w.first) }
	if rep := w.mustPush(wants(s)); rep.Items[0].Target.Name != "qemu-1" || rep.New != 2 {
		t.Errorf("%+v %+v", rep, rep.Items[0].Target)
	}
}

func TestDryRunNamesTheTargetAndSignsNone(t *testing.T) {
	w, s := newWorld(t), newShelf()
	rep := w.mustPush(wants(s), func(o *Options) { o.DryRun = true })
	if rep.Items[0].Target.Name != "qemu-1" || rep.Items[0].Target.Existed || len(s.targets) != 0 {
		t.Errorf("%+v, %d targets", rep.Items[0].Target, len(s.targets))
	}
}

func TestOddWordsAreRefusedBeforeAnythingIsAsked(t *testing.T) {
	w, s := newWorld(t), newShelf()
	for _, change := range []func(*TargetRequest){
		func(t *TargetRequest) { t.HardwareIDs = nil },
		func(t *TargetRequest) { t.HardwareIDs = []string{"a b"} },
		func(t *TargetRequest) { t.Tags = []string{"bücher"} },
		func(t *TargetRequest) { t.Name = "../x" },
		func(t *TargetRequest) { t.Name = "a/b" },
		func(t *TargetRequest) { t.Version = -1 },
		func(t *TargetRequest) { t.Tags = []string{strings.Repeat("x", 201)} },
	} {
		if _, err := w.push(wants(s, change)); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%v", err)
		}
	}
	if w.hub.Count("POST objects") != 0 {
		t.Error("something was sent")
	}
}

func TestManyTargetsAreNotMistakenForOne(t *testing.T) {
	w, s := newWorld(t), newShelf()
	for i := range 300 {
		s.add("qemu", strconv.Itoa(i+1), strings.Repeat("0a", 32), []string{"qemu"}, []string{"main"})
	}
	if rep := w.mustPush(wants(s)); rep.Items[0].Target.Version != 301 {
		t.Errorf("%+v", rep.Items[0].Target)
	}
}
