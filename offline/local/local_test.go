package local

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// hand are keys of one person.
type hand map[tuf.Role][]*tuf.PrivateKey

func newHand(t *testing.T, roles ...tuf.Role) hand {
	t.Helper()
	h := hand{}
	for _, role := range roles {
		k, err := tuf.GenerateKey(tuf.ED25519)
		check(t, err)
		h[role] = append(h[role], k)
	}
	return h
}

func everyRole(t *testing.T) hand {
	return newHand(t, tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h hand) signers(_ context.Context, root *tuf.Root, role tuf.Role) ([]tuf.Signer, error) {
	var list []tuf.Signer
	for _, keys := range h {
		for _, k := range keys {
			if slices.Contains(root.Roles[role].KeyIDs, k.Public().ID) {
				list = append(list, k)
			}
		}
	}
	return list, nil
}

func initialised(t *testing.T, production bool, hands ...hand) (dir string) {
	t.Helper()
	keys := map[tuf.Role][]*tuf.PublicKey{}
	for _, h := range hands {
		for role, list := range h {
			for _, k := range list {
				keys[role] = append(keys[role], k.Public())
			}
		}
	}
	dir = filepath.Join(t.TempDir(), "tuf")
	check(t, Init(t.Context(), InitOptions{Dir: dir, Keys: keys, Signers: hands[0].signers, Production: production, Now: now}))
	return dir
}

// made is a new target of a commit that what stands for.
func made(what string) *NewTarget {
	var c ostree.Checksum
	copy(c[:], what)
	return &NewTarget{Commit: c, Asked: true}
}

type run struct {
	dir    string
	hand   hand
	target *NewTarget
	now    time.Time
	dry    bool
}

func (r run) meta(t *testing.T, name string, req offline.MetaRequest) (map[string]json.RawMessage, error) {
	t.Helper()
	if r.now.IsZero() {
		r.now = now
	}
	repo, err := Open(Options{Dir: r.dir, Signers: r.hand.signers, New: map[string]*NewTarget{name: r.target}, Now: r.now, DryRun: r.dry})
	check(t, err)
	defer repo.Close()
	return repo.BundleMeta(t.Context(), name, req)
}

// verified is what a device makes of the metadata that knows the first root.
func (r run) verified(t *testing.T, files map[string]json.RawMessage) *tuf.Trust {
	t.Helper()
	repo, err := Open(Options{Dir: r.dir})
	check(t, err)
	defer repo.Close()
	trust, err := offline.Roots(t.Context(), repo.Roots())
	check(t, err)
	check(t, trust.SetTimestamp(files["timestamp"], now))
	check(t, trust.SetSnapshot(files["snapshot"], now))
	check(t, trust.SetTargets(files["targets"], now))
	return trust
}

func ask(days int) offline.MetaRequest { return offline.MetaRequest{Tag: "main", ExpiresInDays: days} }

func TestADeviceThatTrustsTheFirstRootTakesWhatIsSigned(t *testing.T) {
	keys := everyRole(t)
	r := run{dir: initialised(t, false, keys), hand: keys, target: made("a")}
	files, err := r.meta(t, "board-x-7", ask(30))
	check(t, err)
	trust := r.verified(t, files)
	target := trust.Targets().Targets["board-x-7"]
	c, err := target.Fields()
	check(t, err)
	if c.Name != "board-x" || c.Version != "7" || c.HardwareIDs[0] != "board-x" || c.Tags[0] != "main" || target.Commit() != r.target.Commit.String() {
		t.Errorf("%+v of %s", c, target.Commit())
	}
	list, err := trust.VerifyBundle(files["bundle-targets"], now)
	if err != nil || list.Type != "ci" || list.Tag != "main" || !list.Expires.Equal(now.Add(30*day)) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestNoVersionIsGivenOutTwice(t *testing.T) {
	keys := everyRole(t)
	r := run{dir: initialised(t, false, keys), hand: keys, target: made("a")}
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[int]bool{}
	for range 4 {
		wg.Go(func() {
			files, err := r.meta(t, "board-1", ask(30))
			if err != nil {
				t.Error(err)
				return
			}
			ts, err := tuf.ParseTimestamp(files["timestamp"])
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[ts.Version] {
				t.Errorf("timestamp %d twice", ts.Version)
			}
			seen[ts.Version] = true
		})
	}
	wg.Wait()
	// A run that broke off after it took a number, and one whose numbers were lost.
	check(t, os.WriteFile(filepath.Join(r.dir, numbersFile), []byte(`{"timestamp":9}`), 0o600))
	for _, want := range []int{10, 11} {
		files, err := r.meta(t, "board-1", ask(30))
		check(t, err)
		if ts := r.verified(t, files).Timestamp(); ts.Version != want {
			t.Errorf("timestamp %d, want %d", ts.Version, want)
		}
		check(t, os.Remove(filepath.Join(r.dir, numbersFile)))
	}
}

func TestADryRunSignsAndKeepsNothingOfIt(t *testing.T) {
	keys := everyRole(t)
	r := run{dir: initialised(t, false, keys), hand: keys, target: made("a"), dry: true}
	files, err := r.meta(t, "board-1", ask(30))
	check(t, err)
	r.verified(t, files)
	list, err := os.ReadDir(r.dir)
	if err != nil || len(list) != 2 { // the root and the lock of Init
		t.Errorf("%v, %v", list, err)
	}
}

func TestWhatIsSignedLastsAsLongAsTheLongestBundle(t *testing.T) {
	keys := everyRole(t)
	r := run{dir: initialised(t, false, keys), hand: keys, target: made("a")}
	for _, days := range []int{400, 20} {
		files, err := r.meta(t, "board-1", ask(days))
		check(t, err)
		trust := r.verified(t, files)
		if end := now.Add(400 * day); trust.Timestamp().Expires.Before(end) || trust.Snapshot().Expires.Before(end) || trust.Targets().Expires.Before(end) {
			t.Errorf("%d days: until %s", days, trust.Expires())
		}
	}
}

func TestTwoPeopleSignTargetsOneAfterTheOther(t *testing.T) {
	ann, bob := everyRole(t), newHand(t, tuf.RoleTargets)
	dir := initialised(t, true, ann, bob)
	first := run{dir: dir, hand: ann, target: made("a")}
	req := ask(30)
	req.Production = true
	_, err := first.meta(t, "board-1", req)
	if fail.ClassOf(err) != fail.Partial || !strings.Contains(err.Error(), "1 of 2 signatures") {
		t.Fatalf("%v", err)
	}
	if _, err := (run{dir: dir, hand: ann, target: made("b")}).meta(t, "board-2", req); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("another target while one waits: %v", err)
	}
	if _, err := (run{dir: dir, hand: bob, target: made("b")}).meta(t, "board-1", req); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("another commit than the one that waits: %v", err)
	}
	// Bob has no key for snapshot and timestamp: his signature stays, Ann goes on.
	if _, err := (run{dir: dir, hand: bob}).meta(t, "board-1", req); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("without a word of which commit: %v", err)
	}
	second := run{dir: dir, hand: bob, target: made("a")}
	if _, err := second.meta(t, "board-1", req); fail.ClassOf(err) != fail.NotFound {
		t.Fatalf("%v", err)
	}
	files, err := first.meta(t, "board-1", req)
	check(t, err)
	trust := first.verified(t, files)
	sigs, err := trust.Root().Signatures(tuf.RoleTargets, files["bundle-targets"])
	if err != nil || sigs.Missing() != 1 {
		t.Errorf("the list of the bundle: %+v, %v", sigs, err)
	}
}

func TestTheSecondOfTwoSignsNothingButWhatWasAskedFor(t *testing.T) {
	ann, bob := everyRole(t), newHand(t, tuf.RoleTargets)
	dir := initialised(t, true, ann, bob)
	req := ask(30)
	req.Production = true
	both := hand{}
	for _, h := range []hand{ann, bob} {
		for role, keys := range h {
			both[role] = append(both[role], keys...)
		}
	}
	pending := filepath.Join(dir, pendingFile)
	var old []byte
	for _, name := range []string{"board-1", "board-2"} {
		_, err := (run{dir: dir, hand: ann, target: made(name)}).meta(t, name, req)
		if fail.ClassOf(err) != fail.Partial {
			t.Fatal(err)
		}
		if old == nil {
			old, err = os.ReadFile(pending)
			check(t, err)
		}
		_, err = (run{dir: dir, hand: both, target: made(name)}).meta(t, name, req)
		check(t, err)
	}
	before, err := os.ReadFile(filepath.Join(dir, tuf.TargetsFile))
	check(t, err)
	// What Ann signs alone, with a third target that Bob is asked about.
	alone := func(version int, change func(d *tuf.TargetsDraft)) []byte {
		d, err := tuf.DraftTargets(before)
		check(t, err)
		entry, err := made("c").make("board-3", "main", now)
		check(t, err)
		check(t, d.Set("board-3", entry))
		change(d)
		file, err := d.Sign(version, now.Add(400*day), ann[tuf.RoleTargets][0])
		check(t, err)
		return file
	}
	evil, err := made("evil").make("board-2", "main", now)
	check(t, err)
	another := made("c")
	another.HardwareIDs = []string{"other"}
	foreign, err := another.make("board-3", "main", now)
	check(t, err)
	for what, c := range map[string]struct {
		name string
		file []byte
	}{
		"an old one put back":             {"board-1", old},
		"one below what is in force":      {"board-3", alone(1, func(*tuf.TargetsDraft) {})},
		"another target changed too":      {"board-3", alone(9, func(d *tuf.TargetsDraft) { check(t, d.Set("board-2", evil)) })},
		"another target taken away":       {"board-3", alone(9, func(d *tuf.TargetsDraft) { d.Remove("board-1") })},
		"the target for another hardware": {"board-3", alone(9, func(d *tuf.TargetsDraft) { check(t, d.Set("board-3", foreign)) })},
	} {
		check(t, os.WriteFile(pending, c.file, 0o600))
		commit := made("c")
		if c.name == "board-1" {
			commit = made(c.name)
		}
		_, err := (run{dir: dir, hand: both, target: commit}).meta(t, c.name, req)
		after, rerr := os.ReadFile(filepath.Join(dir, tuf.TargetsFile))
		check(t, rerr)
		if class := fail.ClassOf(err); class != fail.Conflict && class != fail.Verification || string(after) != string(before) {
			t.Errorf("%s: %v", what, err)
		}
	}
	check(t, os.WriteFile(pending, alone(9, func(*tuf.TargetsDraft) {}), 0o600))
	_, err = (run{dir: dir, hand: both, target: made("c")}).meta(t, "board-3", req)
	check(t, err)
}

func TestWhatCannotBeSignedIsRefusedAndNothingIsKept(t *testing.T) {
	keys := everyRole(t)
	r := run{dir: initialised(t, false, keys), hand: keys, target: made("a")}
	_, err := r.meta(t, "board-1", ask(30))
	check(t, err)
	before, err := os.ReadFile(filepath.Join(r.dir, tuf.TargetsFile))
	check(t, err)
	for _, c := range []struct {
		what   string
		name   string
		change func(*run, *offline.MetaRequest)
		class  fail.Class
	}{
		{"no such target", "board-2", func(r *run, _ *offline.MetaRequest) { r.target = nil }, fail.NotFound},
		{"another commit", "board-1", func(r *run, _ *offline.MetaRequest) { r.target = made("b") }, fail.Conflict},
		{"the same version for the same hardware", "other-1", func(r *run, _ *offline.MetaRequest) {
			r.target = made("b")
			r.target.HardwareIDs = []string{"board"}
		}, fail.Conflict},
		{"no version", "board", func(*run, *offline.MetaRequest) {}, fail.Usage},
		{"dots for a name", "..-1", func(*run, *offline.MetaRequest) {}, fail.Usage},
		{"longer than the root", "board-2", func(_ *run, q *offline.MetaRequest) { q.ExpiresInDays = 10000 }, fail.Usage},
		{"a wave", "board-2", func(_ *run, q *offline.MetaRequest) { q.Wave = "w1" }, fail.Usage},
		{"no key for targets", "board-2", func(r *run, _ *offline.MetaRequest) { r.hand = newHand(t, tuf.RoleTargets) }, fail.NotFound},
	} {
		bad, req := r, ask(30)
		c.change(&bad, &req)
		if _, err := bad.meta(t, c.name, req); fail.ClassOf(err) != c.class {
			t.Errorf("%s: %v", c.what, err)
		}
		if after, err := os.ReadFile(filepath.Join(r.dir, tuf.TargetsFile)); err != nil || string(after) != string(before) {
			t.Errorf("%s: targets.json was changed", c.what)
		}
	}
}

func TestNothingIsBuiltUponFilesThatNoRootVouchesFor(t *testing.T) {
	keys := everyRole(t)
	for _, name := range []string{tuf.TargetsFile, tuf.SnapshotFile, tuf.TimestampFile, pendingFile, numbersFile} {
		r := run{dir: initialised(t, false, keys), hand: keys, target: made("a")}
		_, err := r.meta(t, "board-1", ask(30))
		check(t, err)
		stranger := run{hand: everyRole(t), target: made("evil")}
		stranger.dir = initialised(t, false, stranger.hand)
		_, err = stranger.meta(t, "board-1", ask(30))
		check(t, err)
		from := name
		if name == pendingFile {
			from = tuf.TargetsFile
		}
		data, err := os.ReadFile(filepath.Join(stranger.dir, from))
		check(t, err)
		spoilt := []string{string(data)}
		if name == numbersFile {
			spoilt = []string{"{", `{"timestamp":-1}`, `{"targets":9223372036854775807}`, `{"snapshot":"1"}`}
		}
		for _, text := range spoilt {
			check(t, os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600))
			if _, err := r.meta(t, "board-1", ask(30)); fail.ClassOf(err) != fail.Verification {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestOldTargetsAreSignedAgainUnderANewRootOnce(t *testing.T) {
	keys := everyRole(t)
	r := run{dir: initialised(t, false, keys), hand: keys, target: made("a")}
	_, err := r.meta(t, "board-1", ask(30))
	check(t, err)
	fresh := newHand(t, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp)
	root := tuf.NewRoot(2, now.Add(1000*day), tuf.Changelog{})
	root.AddKey(tuf.RoleRoot, keys[tuf.RoleRoot][0].Public())
	for role, list := range fresh {
		root.AddKey(role, list[0].Public())
	}
	file, err := tuf.Sign(root, keys[tuf.RoleRoot][0])
	check(t, err)
	check(t, os.WriteFile(filepath.Join(r.dir, tuf.RootName(2)), file, 0o600))
	r.hand = fresh
	files, err := r.meta(t, "board-1", ask(30))
	check(t, err)
	if trust := r.verified(t, files); trust.Root().Version != 2 || trust.Targets().Version != 2 {
		t.Errorf("root %d, targets %d", trust.Root().Version, trust.Targets().Version)
	}
	// From now on the old key has no say any more.
	d, err := tuf.DraftTargets(files["targets"])
	check(t, err)
	evil, err := made("evil").make("board-2", "main", now)
	check(t, err)
	check(t, d.Set("board-2", evil))
	stolen, err := d.Sign(9, now.Add(400*day), keys[tuf.RoleTargets][0])
	check(t, err)
	check(t, os.WriteFile(filepath.Join(r.dir, tuf.TargetsFile), stolen, 0o600))
	if _, err := r.meta(t, "board-1", ask(30)); fail.ClassOf(err) != fail.Verification {
		t.Errorf("targets by a key that was replaced: %v", err)
	}
}

func TestARepositoryIsMadeOnceAndOfAllItsKeys(t *testing.T) {
	keys := everyRole(t)
	dir := initialised(t, false, keys)
	public := map[tuf.Role][]*tuf.PublicKey{}
	for role, list := range keys {
		public[role] = []*tuf.PublicKey{list[0].Public()}
	}
	opt := InitOptions{Dir: dir, Keys: public, Signers: keys.signers, Now: now}
	if err := Init(t.Context(), opt); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("twice: %v", err)
	}
	opt.Dir = filepath.Join(t.TempDir(), "new")
	opt.Production = true
	if err := Init(t.Context(), opt); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("production with one targets key: %v", err)
	}
	opt.Production, opt.Signers = false, newHand(t).signers
	if err := Init(t.Context(), opt); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("without the root key: %v", err)
	}
	delete(opt.Keys, tuf.RoleSnapshot)
	if err := Init(t.Context(), opt); fail.ClassOf(err) != fail.NotFound || !strings.Contains(fail.HintOf(err), "--role snapshot") {
		t.Errorf("without a snapshot key: %v", err)
	}
	if _, err := os.Stat(opt.Dir); err == nil {
		t.Error("something was made")
	}
	if _, err := Open(Options{Dir: opt.Dir}); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("%v", err)
	}
}
