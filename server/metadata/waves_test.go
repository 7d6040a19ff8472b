package metadata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// factory is an author with a production root that wants the online key and an
// offline one, or as many offline keys.
type factory struct {
	*Author
	t       *testing.T
	db      *store.DB
	now     time.Time
	offline []*tuf.PrivateKey
	version int // the last one that CI has built
}

func newFactory(t *testing.T, threshold int) *factory {
	t.Helper()
	f := &factory{t: t, now: now}
	dir := t.TempDir()
	var err error
	if f.db, err = store.Open(t.Context(), filepath.Join(dir, "db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.db.Close() })
	clk := func() time.Time { return f.now }
	if f.Author, err = Open(t.Context(), f.db, filepath.Join(dir, "tuf"), DefaultLife(), clk, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		k, err := tuf.GenerateKey(tuf.ED25519)
		if err != nil {
			t.Fatal(err)
		}
		f.offline = append(f.offline, k)
	}
	f.setProdRoot(threshold)
	return f
}

// online is the server's own key of a role.
func (f *factory) online(role tuf.Role) tuf.Signer {
	f.t.Helper()
	k, err := f.keys.first(role)
	if err != nil {
		f.t.Fatal(err)
	}
	return k
}

// setProdRoot puts a production root in the place of the one that is there.
func (f *factory) setProdRoot(threshold int) {
	f.t.Helper()
	file, err := f.db.Metadata(f.t.Context(), "root")
	if err != nil {
		f.t.Fatal(err)
	}
	r, err := tuf.ParseRoot(file.Bytes)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, k := range f.offline {
		r.AddKey(tuf.RoleTargets, k.Public())
	}
	keys := r.Roles[tuf.RoleTargets]
	keys.Threshold = threshold
	r.Roles[tuf.RoleTargets] = keys
	signed, err := tuf.Sign(r, f.online(tuf.RoleRoot))
	if err != nil {
		f.t.Fatal(err)
	}
	err = f.db.UpdateMetadata(f.t.Context(), func(tx *store.MetadataTx) error {
		return tx.Replace(store.File{Role: prodRootRole, Version: r.Version, Bytes: signed})
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.forget(prodRootRole)
}

func commitOf(version int) string { return fmt.Sprintf("%064x", version) }

func ciTarget(version int, tags ...string) tuf.Target {
	custom, _ := json.Marshal(map[string]any{"name": "demo", "version": strconv.Itoa(version), "hardwareIds": []string{"demo"},
		"tags": tags, "targetFormat": "OSTREE", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "x-extra": map[string]any{"kept": 1}})
	canon, _ := tuf.Canonical(custom)
	return tuf.Target{Hashes: map[string]string{"sha256": commitOf(version)}, Custom: canon}
}

// build has CI sign a new version.
func (f *factory) build() int {
	f.t.Helper()
	f.version++
	add := tuf.NewTargetsDraft()
	entry, err := json.Marshal(ciTarget(f.version, "devel"))
	if err == nil {
		err = add.Set("demo-"+strconv.Itoa(f.version), entry)
	}
	if err == nil {
		_, err = f.AddTargets(f.t.Context(), add)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return f.version
}

// wave is a wave of the version on top of the tag's production targets.
func (f *factory) wave(name, tag string, version int, signers ...tuf.Signer) NewWave {
	f.t.Helper()
	targets := map[string]tuf.Target{}
	if files, err := f.ProductionTargets(f.t.Context(), []string{tag}); err != nil {
		f.t.Fatal(err)
	} else if file := files[tag]; file != nil {
		t, err := tuf.ParseTargets(file)
		if err != nil {
			f.t.Fatal(err)
		}
		targets = maps.Clone(t.Targets)
	}
	targets["demo-"+strconv.Itoa(version)] = ciTarget(version, tag)
	return f.waveOf(name, tag, version, targets, signers...)
}

func (f *factory) waveOf(name, tag string, version int, targets map[string]tuf.Target, signers ...tuf.Signer) NewWave {
	f.t.Helper()
	file, err := tuf.Sign(tuf.NewTargets(version, f.now.Add(300*day), targets), signers...)
	if err != nil {
		f.t.Fatal(err)
	}
	return NewWave{Name: name, Version: version, Tag: tag, Targets: file, By: "test"}
}

func (f *factory) mustCreate(name, tag string, version int) {
	f.t.Helper()
	if err := f.CreateWave(f.t.Context(), f.wave(name, tag, version, f.offline[0])); err != nil {
		f.t.Fatal(err)
	}
}

// client is one production device: what the author hands it, a real client
// verifies.
type client struct {
	f     *factory
	dev   store.Device
	tag   string
	cache *tuftest.Cache
}

func (f *factory) device(n int, group, tag string) *client {
	f.t.Helper()
	c := &client{f: f, tag: tag, cache: tuftest.NewCache(), dev: store.Device{UUID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n),
		Name: fmt.Sprintf("dev-%d", n), Group: group, Production: true, PublicKey: []byte{byte(n)}, Created: f.now,
		CheckIn: store.CheckIn{Tags: tag, LastSeen: f.now.Add(time.Duration(n) * time.Minute)}}}
	if err := f.db.AddDevice(f.t.Context(), c.dev, ""); err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (c *client) Fetch(ctx context.Context, name string, _ int64) ([]byte, error) {
	b, err := c.f.DeviceFile(ctx, c.dev, c.tag, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, tuf.ErrNotFound
	}
	return b, err
}

// check refreshes and is the version of the targets, 0 where there are none.
func (c *client) check() int {
	c.f.t.Helper()
	trust, err := tuf.Refresh(c.f.t.Context(), c, c.cache, tuf.RefreshOptions{Now: c.f.now, FirstUse: true, EqualTimestamp: true})
	if errors.Is(err, tuf.ErrNotFound) {
		return 0
	}
	if err != nil {
		c.f.t.Fatalf("%s: %v", c.dev.Name, err)
	}
	return trust.Targets().Version
}

func (f *factory) rollout(name string, req RolloutRequest) []string {
	f.t.Helper()
	_, chosen, err := f.RolloutWave(f.t.Context(), name, req)
	if err != nil {
		f.t.Fatal(err)
	}
	names := []string{}
	for _, d := range chosen {
		names = append(names, d.Name)
	}
	return names
}

func (f *factory) refused(err error, code string) {
	f.t.Helper()
	e, ok := errors.AsType[*WaveError](err)
	if !ok || e.Code != code {
		f.t.Fatalf("got %v, want a refusal with code %s", err, code)
	}
}

func TestDeviceGoesThroughWavesWithoutARollback(t *testing.T) {
	f := newFactory(t, 2)
	one, two := f.device(1, "east", "prod"), f.device(2, "", "prod")
	want := func(what string, a, b int) {
		t.Helper()
		if x, y := one.check(), two.check(); x != a || y != b {
			t.Fatalf("%s: the devices have versions %d and %d, want %d and %d", what, x, y, a, b)
		}
	}
	f.mustCreate("w1", "prod", f.build())
	want("made", 0, 0)
	f.rollout("w1", RolloutRequest{Group: "east"})
	want("rolled out", 1, 0)
	if err := f.CompleteWave(t.Context(), "w1", "test"); err != nil {
		t.Fatal(err)
	}
	want("complete", 1, 1)
	f.mustCreate("w2", "prod", f.build())
	f.rollout("w2", RolloutRequest{UUIDs: []string{two.dev.UUID}})
	want("the next wave for the other device", 1, 2)
	f.now = f.now.Add(5 * day)
	if err := f.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("timestamps renewed", 1, 2)
	f.rollout("w2", RolloutRequest{Group: "east"})
	want("rolled out after that", 2, 2)
	if err := f.CompleteWave(t.Context(), "w2", "test"); err != nil {
		t.Fatal(err)
	}
	want("complete", 2, 2)
}

func TestCanceledWaveStaysWithWhomItWasHandedTo(t *testing.T) {
	f := newFactory(t, 2)
	had, spared, late := f.device(1, "", "prod"), f.device(2, "", "prod"), f.device(3, "", "prod")
	f.mustCreate("w1", "prod", f.build())
	if err := f.CompleteWave(t.Context(), "w1", "test"); err != nil {
		t.Fatal(err)
	}
	v := f.build()
	f.mustCreate("w2", "prod", v)
	f.rollout("w2", RolloutRequest{UUIDs: []string{had.dev.UUID, late.dev.UUID}})
	if got := []int{had.check(), spared.check()}; !slices.Equal(got, []int{2, 1}) {
		t.Fatalf("rolled out: %v", got)
	}
	if err := f.CancelWave(t.Context(), "w2", "test"); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(5 * day)
	if err := f.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := []int{had.check(), spared.check(), late.check()}; !slices.Equal(got, []int{2, 1, 1}) {
		t.Fatalf("canceled: %v", got)
	}
	f.mustCreate("w3", "prod", v) // the same version again
	if err := f.CompleteWave(t.Context(), "w3", "test"); err != nil {
		t.Fatal(err)
	}
	if got := []int{had.check(), spared.check(), late.check()}; !slices.Equal(got, []int{2, 2, 2}) {
		t.Fatalf("another wave of the version is complete: %v", got)
	}
}

func TestDeviceMayChangeToATagThatWasSignedEarlier(t *testing.T) {
	f := newFactory(t, 2)
	for _, tag := range []string{"a", "b"} {
		f.mustCreate("on-"+tag, tag, f.build())
		if err := f.CompleteWave(t.Context(), "on-"+tag, "test"); err != nil {
			t.Fatal(err)
		}
	}
	d := f.device(1, "", "a")
	if v := d.check(); v != 1 {
		t.Fatal(v)
	}
	f.now = f.now.Add(time.Hour)
	f.mustCreate("more", "a", f.build())
	f.rollout("more", RolloutRequest{UUIDs: []string{d.dev.UUID}})
	if err := f.CancelWave(t.Context(), "more", "test"); err != nil {
		t.Fatal(err)
	}
	d.tag = "b" // its timestamp is older than that of a
	if err := f.FollowTag(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if v := d.check(); v != 2 {
		t.Errorf("the device has version %d", v)
	}
	versions := func() int {
		v, err := f.db.NewestVersion(t.Context(), prodSet("a").role(tuf.RoleTimestamp))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	f.now = f.now.Add(time.Hour)
	if err := f.FollowTag(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	before := versions()
	for range 5 { // to and fro
		for _, tag := range []string{"b", "a"} {
			if err := f.FollowTag(t.Context(), tag); err != nil && !errors.Is(err, ErrTooEarly) {
				t.Fatal(err)
			}
		}
	}
	if after := versions(); after > before {
		t.Errorf("changing tags made %d timestamps in no time", after-before)
	}
}

// Whatever happens in whatever order, a device that checks in after each step
// never meets an older version than it has seen of anything, and always gets
// what is meant for it by then.
func TestNoWayThroughWavesIsARollback(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := newFactory(t, 2)
		groups := []string{"a", "b", ""}
		var devices []*client
		for i := range 4 {
			devices = append(devices, f.device(i, groups[r.IntN(3)], "prod"))
		}
		active, n := "", 0
		var production, version int // of the targets of the tag, and of the active wave
		for range 40 {
			switch step := r.IntN(8); {
			case step == 0 && active == "":
				active = fmt.Sprintf("w%d", n)
				n++
				f.build()
				version = f.version
				if r.IntN(3) == 0 {
					version = max(1, version-1) // below a wave that was canceled, or as high
				}
				if err := f.CreateWave(t.Context(), f.wave(active, "prod", version, f.offline[0])); err != nil {
					active = ""
				}
			case step <= 2 && active != "":
				d := devices[r.IntN(len(devices))]
				chosen := f.rollout(active, RolloutRequest{UUIDs: []string{d.dev.UUID}})
				if got := d.check(); len(chosen) > 0 && got < version {
					t.Fatalf("wave %d was rolled out to a device that has %d", version, got)
				}
			case step == 3 && active != "":
				_, _, _ = f.RolloutWave(t.Context(), active, RolloutRequest{Group: groups[r.IntN(2)]})
			case step == 4 && active != "":
				if err := f.CompleteWave(t.Context(), active, "test"); err != nil {
					t.Fatal(err)
				}
				active, production = "", version
			case step == 5 && active != "":
				if err := f.CancelWave(t.Context(), active, "test"); err != nil {
					t.Fatal(err)
				}
				active = ""
			case step == 6:
				f.now = f.now.Add(90 * time.Hour)
				if err := f.Renew(t.Context()); err != nil {
					t.Fatal(err)
				}
			default:
				d := devices[r.IntN(len(devices))]
				d.dev.Group = groups[r.IntN(3)] // as if it had been moved
			}
			for _, d := range devices {
				if r.IntN(2) == 0 {
					if got := d.check(); got < production {
						t.Fatalf("production is at version %d, and a device has %d", production, got)
					}
				}
			}
		}
	}
}

func TestWaveIsRefused(t *testing.T) {
	f := newFactory(t, 2)
	f.mustCreate("w1", "prod", f.build())
	if err := f.CompleteWave(t.Context(), "w1", "test"); err != nil {
		t.Fatal(err)
	}
	create := func(n NewWave) error { return f.CreateWave(t.Context(), n) }
	f.refused(create(f.wave("w1", "prod", f.build(), f.offline[0])), "wave_exists")
	f.refused(create(f.wave("w2", "prod", 1, f.offline[0])), "wave_version")
	f.refused(create(f.wave("w2", "prod", 2)), "bad_signature")
	f.refused(create(f.wave("w2", "prod", 2, f.online(tuf.RoleTargets))), "bad_signature")
	f.refused(create(f.wave("w2", "prod", 2, f.offline[0], f.online(tuf.RoleSnapshot))), "bad_signature")
	changed := map[string]tuf.Target{"demo-1": ciTarget(2, "prod"), "demo-2": ciTarget(2, "prod")}
	f.refused(create(f.waveOf("w2", "prod", 2, changed, f.offline[0])), "target_exists")
	older := map[string]tuf.Target{"demo-1": ciTarget(1, "prod"), "demo-2": ciTarget(2, "prod"), "old": ciTarget(1, "prod")}
	f.refused(create(f.waveOf("w2", "prod", 2, older, f.offline[0])), "bad_wave")
	n := f.wave("w2", "prod", 2, f.offline[0])
	n.Targets = []byte(strings.Replace(string(n.Targets), `"kept":1`, `"kept":2`, 1))
	f.refused(create(n), "bad_signature")
	f.now = f.now.Add(400 * day)
	late := f.wave("w2", "prod", 2, f.offline[0])
	f.now = f.now.Add(300 * day)
	f.refused(create(late), "bad_wave")
	f.mustCreate("w3", "prod", 2)
	at := f.now
	f.now = f.now.Add(301 * day)
	f.device(1, "", "prod")
	_, _, err := f.RolloutWave(t.Context(), "w3", RolloutRequest{Limit: 1})
	f.refused(err, "wave_expired")
	f.refused(f.CompleteWave(t.Context(), "w3", "test"), "wave_expired")
	f.now = at
	f.refused(create(f.wave("w4", "prod", f.build(), f.offline[0])), "wave_active")
	f.mustCreate("w5", "other", 2) // another tag has a wave of its own
}

func TestOnlineKeySignsOnlyWhatItSignedBefore(t *testing.T) {
	f := newFactory(t, 2)
	v := f.build()
	f.mustCreate("ci", "a", v)
	root, err := f.db.Metadata(t.Context(), prodRootRole)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tuf.ParseRoot(root.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	missing := func(name string) int {
		file, err := f.db.WaveTargets(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		sigs, err := r.Signatures(tuf.RoleTargets, file)
		if err != nil {
			t.Fatal(err)
		}
		return sigs.Missing()
	}
	if n := missing("ci"); n != 0 {
		t.Errorf("a target of CI lacks %d signatures", n)
	}
	foreign := map[string]tuf.Target{"demo-9": ciTarget(9, "b")}
	if err := f.CreateWave(t.Context(), f.waveOf("foreign", "b", 9, foreign, f.offline[0])); err != nil {
		t.Fatal(err)
	}
	if n := missing("foreign"); n != 1 {
		t.Errorf("a target that CI does not know lacks %d signatures, want 1", n)
	}
	_, _, err = f.RolloutWave(t.Context(), "foreign", RolloutRequest{Limit: 1})
	f.refused(err, "wave_unsigned")
	f.refused(f.CompleteWave(t.Context(), "foreign", "test"), "wave_unsigned")
}

// What stands beside the targets may name others whom a device believes.
func TestOnlineKeySignsNothingBesideTheTargetsOfAWave(t *testing.T) {
	f := newFactory(t, 2)
	n := f.wave("w", "prod", f.build(), f.offline[0])
	e, err := tuf.ParseEnvelope(n.Targets)
	if err != nil {
		t.Fatal(err)
	}
	more := map[string]any{"delegations": map[string]any{"keys": map[string]any{}, "roles": []any{}}}
	if e.Signed, err = tuf.WithFields(e.Signed, more); err != nil {
		t.Fatal(err)
	}
	if n.Targets, err = tuf.Sign(e.Signed, f.offline[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.CreateWave(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	f.refused(f.CompleteWave(t.Context(), "w", "test"), "wave_unsigned")
}

func TestSeveralSigners(t *testing.T) {
	f := newFactory(t, 3)
	d := f.device(1, "", "prod")
	f.mustCreate("w", "prod", f.build())
	f.refused(f.CompleteWave(t.Context(), "w", "test"), "wave_unsigned")
	sign := func(k tuf.Signer) error {
		file, err := f.db.WaveTargets(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		e, err := tuf.ParseEnvelope(file)
		if err != nil {
			t.Fatal(err)
		}
		one := f.signature(e.Signed, k)
		return f.SignWave(t.Context(), "w", []tuf.Signature{one})
	}
	f.refused(sign(f.offline[0]), "already_signed")
	f.refused(sign(f.online(tuf.RoleTimestamp)), "bad_signature")
	if err := sign(f.offline[1]); err != nil {
		t.Fatal(err)
	}
	f.rollout("w", RolloutRequest{Limit: 1})
	if v := d.check(); v != 1 {
		t.Fatalf("the device has version %d", v)
	}
	if err := sign(f.offline[2]); err != nil { // one more than needed, and the hash of the file changes
		t.Fatal(err)
	}
	if v := d.check(); v != 1 {
		t.Fatalf("the device has version %d", v)
	}
}

func (f *factory) signature(signed []byte, k tuf.Signer) tuf.Signature {
	f.t.Helper()
	file, err := tuf.Sign(json.RawMessage(signed), k)
	if err != nil {
		f.t.Fatal(err)
	}
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		f.t.Fatal(err)
	}
	return e.Signatures[0]
}

func TestRolloutChoosesWhomItNames(t *testing.T) {
	f := newFactory(t, 2)
	for i := range 10 {
		group := ""
		if i < 4 {
			group = "east"
		}
		f.device(i, group, "prod")
	}
	f.device(20, "east", "other")
	f.device(21, "east", "prod,other")
	f.device(22, "", "prod_") // no pattern
	f.mustCreate("w", "prod", f.build())
	rollout := func(r RolloutRequest, want ...string) {
		t.Helper()
		if got := f.rollout("w", r); !slices.Equal(got, want) {
			t.Errorf("%+v chose %v, want %v", r, got, want)
		}
	}
	uuid := func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
	rollout(RolloutRequest{Percent: 10, DryRun: true}, "dev-21", "dev-9") // 10 % of 11 devices
	rollout(RolloutRequest{Limit: 2}, "dev-21", "dev-9")
	rollout(RolloutRequest{Limit: 2}, "dev-8", "dev-7")
	rollout(RolloutRequest{Group: "east", Percent: 1}, "dev-3")
	rollout(RolloutRequest{Group: "east", UUIDs: []string{uuid(1), uuid(3), uuid(0)}, Limit: 1}, "dev-1")
	rollout(RolloutRequest{Group: "east"}, "dev-2", "dev-0")
	rollout(RolloutRequest{Group: "east"}, []string{}...)
	for _, c := range []struct {
		r    RolloutRequest
		code string
	}{
		{RolloutRequest{}, "bad_rollout"},
		{RolloutRequest{Limit: 1, Percent: 1}, "bad_rollout"},
		{RolloutRequest{Percent: 101}, "bad_rollout"},
		{RolloutRequest{Limit: MaxRollout + 1}, "bad_rollout"},
		{RolloutRequest{Group: "west"}, "group_not_found"},
		{RolloutRequest{UUIDs: []string{uuid(1), uuid(20)}}, "device_not_found"},
		{RolloutRequest{UUIDs: []string{uuid(8)}, Group: "east"}, "device_not_found"},
	} {
		_, _, err := f.RolloutWave(t.Context(), "w", c.r)
		f.refused(err, c.code)
	}
	w, err := f.db.Wave(t.Context(), "w")
	if err != nil {
		t.Fatal(err)
	}
	history, err := f.db.Rollouts(t.Context(), w.Seq)
	if err != nil || len(history) != 6 || !history[4].Whole || history[4].Devices != 2 {
		t.Errorf("the history is %+v, %v", history, err)
	}
}

func TestWaveOfTheLargestTargetsIsTaken(t *testing.T) {
	f := newFactory(t, 2)
	targets := map[string]tuf.Target{}
	for i := range 15_000 {
		one := ciTarget(7, "prod")
		one.Hashes = map[string]string{"sha256": commitOf(i)}
		targets[fmt.Sprintf("demo-%d", i+1)] = one
	}
	n := f.waveOf("big", "prod", 7, targets, f.offline[0], f.offline[1])
	if len(n.Targets) > limits.Targets || len(n.Targets) < limits.Targets/2 {
		t.Fatalf("%d bytes", len(n.Targets))
	}
	if err := f.CreateWave(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if err := f.CompleteWave(t.Context(), "big", "test"); err != nil {
		t.Fatal(err)
	}
}
