package server_test

import (
	"context"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

const wavesPath = "/ota/factories/local/waves/"

// prodSubject is that of a production device.
func prodSubject(uuid string) pkix.Name {
	s := subject(uuid)
	s.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 15}, Value: "production"}}
	return s
}

func (b *backend) registerProduction(t *testing.T, name, uuid, group string) *identity {
	t.Helper()
	id := &identity{key: newKey(t)}
	body := strings.Replace(string(registration(t, name, uuid, csr(t, id.key, prodSubject(uuid)))), `"name"`, fmt.Sprintf(`"group":%q,"name"`, group), 1)
	b.call(t, b.operator, "POST", "/ota/devices/", []byte(body)).want(t, 201).json(t, &id.files)
	return id
}

// produce gives the factory offline targets keys, and production a threshold.
func (b *backend) produce(t *testing.T, threshold int, offline ...*tuf.PrivateKey) *rotation {
	t.Helper()
	r := takeOver(t, b)
	r.mustStage(func(d *author.Draft) error {
		for _, k := range offline {
			if err := d.AddKey(tuf.RoleTargets, k.Public(), author.Owner{PolisID: "operator", CreatedAt: b.time()}); err != nil {
				return err
			}
		}
		return d.SetThreshold(tuf.RoleTargets, threshold)
	})
	r.sign(r.key)
	r.mustApply()
	return r
}

// waveTargets are one CI target as CI has signed it, but for its tags.
func (b *backend) waveTargets(t *testing.T, name, tag string) map[string]tuf.Target {
	t.Helper()
	var one tuf.Target
	b.call(t, b.operator, "GET", targetsPath+name, nil).want(t, 200).json(t, &one)
	var custom map[string]json.RawMessage
	if err := json.Unmarshal(one.Custom, &custom); err != nil {
		t.Fatal(err)
	}
	custom["tags"] = fmt.Appendf(nil, "[%q]", tag)
	var err error
	if one.Custom, err = json.Marshal(custom); err != nil {
		t.Fatal(err)
	}
	return map[string]tuf.Target{name: one}
}

// foreignTargets are one target that CI has never signed.
func foreignTargets(name string, version int, commit ostree.Checksum, tag string) map[string]tuf.Target {
	var body struct{ Targets map[string]tuf.Target }
	_ = json.Unmarshal(target(name, version, commit, tag), &body)
	return body.Targets
}

func wave(t *testing.T, name, tag string, version int, targets map[string]tuf.Target, expires time.Time, signers ...tuf.Signer) []byte {
	t.Helper()
	file, err := tuf.Sign(tuf.NewTargets(version, expires, targets), signers...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"name": name, "version": fmt.Sprint(version), "tag": tag, "targets": json.RawMessage(file)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gateFetcher gets metadata from the gateway as a device.
type gateFetcher struct {
	t   *testing.T
	b   *backend
	c   *http.Client
	tag string

	target string // what the device says it runs; may be empty
}

func (f gateFetcher) Fetch(_ context.Context, name string, _ int64) ([]byte, error) {
	a := f.b.gate(f.t, f.c, "GET", "/repo/"+name, nil, "x-ats-tags", f.tag, "x-ats-target", f.target)
	if a.code == 404 {
		return nil, tuf.ErrNotFound
	}
	return []byte(a.want(f.t, 200).body), nil
}

func (f gateFetcher) refresh(t *testing.T, cache tuf.Cache) *tuf.Trust {
	t.Helper()
	trust, err := tuf.Refresh(t.Context(), f, cache, tuf.RefreshOptions{Now: f.b.time(), FirstUse: true})
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func (b *backend) asDevice(t *testing.T, id *identity, tag string) gateFetcher {
	t.Helper()
	return gateFetcher{t: t, b: b, c: b.client(t, id), tag: tag}
}

func TestProductionDeviceGetsProductionMetadataAndNoOther(t *testing.T) {
	b, token, l := published(t)
	prod, ci := b.registerProduction(t, "prod-1", uuid1, "east"), b.register(t, b.operator, "ci-1", uuid2)
	p, c := b.asDevice(t, prod, "prod"), b.asDevice(t, ci, "main")
	for _, name := range []string{"root.json", "1.root.json", "timestamp.json", "snapshot.json", "targets.json"} {
		if name != "root.json" && name != "1.root.json" {
			b.gate(t, p.c, "GET", "/repo/"+name, nil, "x-ats-tags", "main").want(t, 404)
		}
	}
	offline := freshKey(t)
	b.produce(t, 2, offline)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	targets := b.waveTargets(t, "demo-1", "prod")
	body := wave(t, "w1", "prod", 1, targets, b.time().Add(24*time.Hour), offline)
	b.call(t, token, "POST", wavesPath, body).refused(t, 403, "forbidden")
	b.call(t, b.operator, "POST", wavesPath, body).want(t, 201)
	b.gate(t, p.c, "GET", "/repo/timestamp.json", nil, "x-ats-tags", "prod").want(t, 404)
	b.call(t, b.operator, "POST", wavesPath+"w1/rollout/", []byte(`{"group":"east"}`)).want(t, 200)

	cacheP, cacheC := device(t), device(t)
	trust := p.refresh(t, cacheP)
	if trust.Root().Roles[tuf.RoleTargets].Threshold != 2 || trust.Targets().Targets["demo-1"].Commit() != l.commit.String() {
		t.Errorf("the production device has %+v", trust.Targets())
	}
	if f, err := trust.Targets().Targets["demo-1"].Fields(); err != nil || f.Tags[0] != "prod" || string(f.Rest["x-extra"]) != `{"kept":[1,2]}` {
		t.Errorf("its target is %+v, %v", f, err)
	}
	if got := c.refresh(t, cacheC); got.Root().Roles[tuf.RoleTargets].Threshold != 1 || got.Targets().Targets["demo-1"].Custom == nil {
		t.Errorf("the CI device has %+v", got.Targets())
	}
	// Either's files mean nothing to the other.
	if _, err := tuf.Refresh(t.Context(), c, cacheP, tuf.RefreshOptions{Now: b.time()}); err == nil {
		t.Error("a production device took CI metadata")
	}
	for name, thing := range map[string]string{"1.root.json": `"threshold":2`, "targets.json": `["prod"]`} {
		if got := b.gate(t, p.c, "GET", "/repo/"+name, nil).want(t, 200).body; !strings.Contains(got, thing) {
			t.Errorf("production %s is %s", name, got)
		}
		if got := b.gate(t, c.c, "GET", "/repo/"+name, nil, "x-ats-tags", "prod").want(t, 200).body; strings.Contains(got, thing) {
			t.Errorf("CI %s is %s", name, got)
		}
	}
	b.gate(t, p.c, "GET", "/repo/timestamp.json", nil, "x-ats-tags", "").want(t, 404)
	b.gate(t, p.c, "GET", "/repo/timestamp.json", nil, "x-ats-tags", "other,prod").want(t, 404)
	var list struct {
		Devices []struct {
			Name   string
			Group  string `json:"device-group"`
			IsProd bool   `json:"is-prod"`
			IsWave bool   `json:"is-wave"`
		}
	}
	b.gate(t, p.c, "GET", "/device", nil, "x-ats-tags", "prod").want(t, 200)
	b.call(t, b.operator, "GET", "/ota/factories/local/devices/", nil).want(t, 200).json(t, &list)
	if d := list.Devices[1]; d.Name != "prod-1" || !d.IsProd || !d.IsWave || d.Group != "east" || list.Devices[0].IsWave || list.Devices[0].IsProd {
		t.Errorf("the devices are %+v", list.Devices)
	}
}

func TestDeviceCannotChangeItsKind(t *testing.T) {
	b := start(t)
	id := b.register(t, b.operator, "dev-1", uuid1)
	crossed := b.signByHand(t, prodSubject(uuid1))
	if a := b.gate(t, b.client(t, crossed), "GET", "/device", nil).want(t, 403); !strings.Contains(a.body, "Key rotation") {
		t.Errorf("another key: %s", a.body)
	}
	again := b.signByHandFor(t, prodSubject(uuid1), id.key)
	if a := b.gate(t, b.client(t, again), "GET", "/repo/1.root.json", nil).want(t, 403); !strings.Contains(a.body, "another kind") {
		t.Errorf("the same key: %s", a.body)
	}
}

func TestOfTwoWavesMadeAtOnceOneWins(t *testing.T) {
	b, token, l := published(t)
	offline := freshKey(t)
	b.produce(t, 2, offline)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	targets := b.waveTargets(t, "demo-1", "prod")
	const n = 4
	var wg sync.WaitGroup
	answers := make([]answer, n)
	for i := range n {
		body := wave(t, fmt.Sprintf("w%d", i), "prod", 1, targets, b.time().Add(time.Hour), offline)
		wg.Go(func() { answers[i] = b.call(t, b.operator, "POST", wavesPath, body) })
	}
	wg.Wait()
	won := 0
	for _, a := range answers {
		if a.code == 201 {
			won++
			continue
		}
		a.refused(t, 409, "wave_active")
	}
	if won != 1 {
		t.Errorf("%d waves were made", won)
	}
}

func TestWavesAPIAnswersAsClientsExpect(t *testing.T) {
	b, token, l := published(t)
	one, two := freshKey(t), freshKey(t)
	b.call(t, b.operator, "POST", wavesPath, wave(t, "w1", "prod", 1, foreignTargets("demo-1", 1, l.commit, "prod"), b.time().Add(time.Hour), one)).
		refused(t, 400, "bad_signature") // no offline key is listed yet
	b.produce(t, 3, one, two)
	b.registerProduction(t, "prod-1", uuid1, "east")
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	var absent ostree.Checksum
	b.call(t, b.operator, "POST", wavesPath, wave(t, "w1", "prod", 1, foreignTargets("demo-1", 1, absent, "prod"), b.time().Add(time.Hour), one)).
		refused(t, 412, "commit_incomplete")
	file := wave(t, "w1", "prod", 1, b.waveTargets(t, "demo-1", "prod"), b.time().Add(time.Hour), one)
	b.call(t, b.operator, "POST", wavesPath, file).want(t, 201)
	b.call(t, token, "GET", "/ota/factories/local/prod-targets/?tag=prod", nil).refused(t, 404, "no_production_targets")
	var waves map[string]struct {
		Signatures []map[string]string
		Signed     json.RawMessage
	}
	b.call(t, token, "GET", "/ota/factories/local/wave-targets/?name=w1", nil).want(t, 200).json(t, &waves)
	if len(waves["w1"].Signatures) != 2 {
		t.Errorf("the wave's targets are %v", waves)
	}
	b.call(t, token, "GET", "/ota/factories/local/wave-targets/?name=other", nil).refused(t, 404, "wave_not_found")
	if all := b.call(t, token, "GET", "/ota/factories/local/prod-targets/?tag=", nil).want(t, 200).body; strings.TrimSpace(all) != "{}" {
		t.Errorf("all production targets are %s", all)
	}
	b.call(t, b.operator, "POST", wavesPath+"w1/rollout/", []byte(`{"limit":1}`)).refused(t, 409, "wave_unsigned")
	signed, err := tuf.Sign(waves["w1"].Signed, two)
	if err != nil {
		t.Fatal(err)
	}
	var sig struct{ Signatures json.RawMessage }
	if err := json.Unmarshal(signed, &sig); err != nil {
		t.Fatal(err)
	}
	sigs := fmt.Appendf(nil, `{"signatures":%s}`, sig.Signatures)
	b.call(t, b.operator, "POST", wavesPath+"w1/sign/", sigs).want(t, 200)
	b.call(t, b.operator, "POST", wavesPath+"w1/sign/", sigs).refused(t, 409, "already_signed")
	b.call(t, b.operator, "POST", wavesPath+"nosuch/sign/", sigs).refused(t, 404, "wave_not_found")

	var out struct {
		Name    string
		Devices int      `json:"device-num"`
		UUIDs   []string `json:"device-uuids"`
		Names   []string `json:"device-names"`
		History []struct {
			Num int  `json:"num-devices"`
			All bool `json:"is-full-group"`
		} `json:"rollout-history"`
	}
	b.gate(t, b.client(t, b.registerProduction(t, "prod-2", uuid2, "east")), "GET", "/device", nil, "x-ats-tags", "prod").want(t, 200)
	dry := []byte(`{"group":"east","dry-run":true,"return-uuids":true,"return-names":true}`)
	b.call(t, b.operator, "POST", wavesPath+"w1/rollout/", dry).want(t, 200).json(t, &out)
	if out.Devices != 1 || out.UUIDs[0] != uuid2 || out.Names[0] != "prod-2" || len(out.History) != 0 {
		t.Errorf("a dry run answers %+v", out)
	}
	b.call(t, b.operator, "POST", wavesPath+"w1/rollout/", []byte(`{"group":"east"}`)).want(t, 200).json(t, &out)
	if out.Devices != 1 || len(out.History) != 1 || !out.History[0].All {
		t.Errorf("a rollout answers %+v", out)
	}
	var s struct {
		Total, Updated, Scheduled int
		Groups                    []struct {
			Name   string
			Online int `json:"devices-online"`
		} `json:"rollout-groups"`
		TotalDevices     int `json:"total-devices"`
		ScheduledDevices int `json:"scheduled-devices"`
		UpdatedDevices   int `json:"updated-devices"`
	}
	b.call(t, b.operator, "GET", wavesPath+"$active$/status/?offline-threshold=4", nil).want(t, 200).json(t, &s)
	if s.TotalDevices != 1 || s.ScheduledDevices != 1 || s.Groups[0].Name != "east" || s.Groups[0].Online != 1 {
		t.Errorf("the status is %+v", s)
	}
	b.call(t, b.operator, "POST", wavesPath+"w1/complete/", nil).want(t, 200)
	b.call(t, b.operator, "POST", wavesPath+"w1/cancel/", nil).refused(t, 409, "wave_finished")
	b.call(t, b.operator, "GET", wavesPath+"$active$/status/", nil).refused(t, 404, "wave_not_found")
	b.call(t, token, "GET", "/ota/factories/local/prod-targets/?tag=prod,other", nil).want(t, 200).json(t, &waves)
	if len(waves["prod"].Signatures) != 3 {
		t.Errorf("the production targets are %v", waves)
	}
	var list struct {
		Waves []struct{ Name, Status, Version string }
		Total int
		Next  *string
	}
	b.call(t, b.operator, "GET", wavesPath+"?limit=20&page=1&status=complete&tag=prod", nil).want(t, 200).json(t, &list)
	if len(list.Waves) != 1 || list.Waves[0].Version != "1" || list.Total != 1 || list.Next != nil {
		t.Errorf("the list is %+v", list)
	}
	b.call(t, b.operator, "GET", wavesPath+"?limit=0", nil).refused(t, 400, "bad_request")
	var key struct{ KeyType string }
	b.call(t, token, "GET", "/ota/factories/local/ci-targets.pub", nil).want(t, 200).json(t, &key)
	if key.KeyType != "ED25519" {
		t.Errorf("the online key is %+v", key)
	}
}

// A new root that puts other keys in the place of those that signed production
// targets and waves brings signatures by the new ones, or is not applied.
func TestProductionOutlivesItsKeys(t *testing.T) {
	b, token, l := published(t)
	old, fresh := freshKey(t), freshKey(t)
	r := b.produce(t, 2, old)
	dev, cache := b.asDevice(t, b.registerProduction(t, "prod-1", uuid1, "east"), "prod"), device(t)
	b.gate(t, dev.c, "GET", "/device", nil, "x-ats-tags", "prod").want(t, 200)
	for i, name := range []string{"w1", "w2"} {
		b.add(t, token, target(fmt.Sprintf("demo-%d", i+1), i+1, l.commit, "main")).want(t, 201)
		targets := b.waveTargets(t, fmt.Sprintf("demo-%d", i+1), "prod")
		b.call(t, b.operator, "POST", wavesPath, wave(t, name, "prod", i+1, targets, b.time().Add(time.Hour), old)).want(t, 201)
		b.call(t, b.operator, "POST", wavesPath+name+"/rollout/", []byte(`{"group":"east"}`)).want(t, 200)
		if i == 0 {
			b.call(t, b.operator, "POST", wavesPath+"w1/complete/", nil).want(t, 200)
		}
		if v := dev.refresh(t, cache).Targets().Version; v != i+1 {
			t.Fatalf("after %s the device has version %d", name, v)
		}
	}
	r.begin()
	r.mustStage(func(d *author.Draft) error {
		return d.RotateKey(tuf.RoleTargets, old.Public().ID, fresh.Public(), author.Owner{PolisID: "operator", CreatedAt: b.time()})
	})
	if err := r.api.NewOnlineKeys(t.Context(), r.txid, tuf.ED25519, []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}); err != nil {
		t.Fatal(err)
	}
	r.sign(r.key)
	if issues := r.updates().Issues.Errors; len(issues) != 2 || issues[0].Kind != "targets-signatures" {
		t.Fatalf("the issues are %v", issues)
	}
	if err := r.apply(); err == nil {
		t.Fatal("the new root left production without signatures")
	}
	again := func(path, name string, k *tuf.PrivateKey) []tuf.Signature {
		var files map[string]struct{ Signed json.RawMessage }
		b.call(t, token, "GET", "/ota/factories/local/"+path, nil).want(t, 200).json(t, &files)
		file, err := tuf.Sign(files[name].Signed, k)
		if err != nil {
			t.Fatal(err)
		}
		e, err := tuf.ParseEnvelope(file)
		if err != nil {
			t.Fatal(err)
		}
		return e.Signatures
	}
	put := func(k *tuf.PrivateKey) error {
		d, err := r.updates().Draft()
		if err != nil {
			t.Fatal(err)
		}
		return r.api.PutRootUpdate(t.Context(), r.txid, d.Updated, factory.StagedSignatures{
			Targets: map[string][]tuf.Signature{"prod": again("prod-targets/?tag=prod", "prod", k)},
			Waves:   map[string][]tuf.Signature{"w2": again("wave-targets/?name=w2", "w2", k)}})
	}
	if err := put(freshKey(t)); err == nil {
		t.Error("signatures by a stranger were staged")
	}
	if err := put(fresh); err != nil {
		t.Fatal(err)
	}
	r.mustApply()
	trust := dev.refresh(t, cache)
	if trust.Targets().Version != 2 || trust.Root().Version != 3 {
		t.Errorf("the device has targets %d under root %d", trust.Targets().Version, trust.Root().Version)
	}
	b.call(t, b.operator, "POST", wavesPath+"w2/complete/", nil).want(t, 200)
	dev.refresh(t, cache)
	dev.refresh(t, device(t))
}

func TestDeviceThatChangesItsTagMeetsNoRollback(t *testing.T) {
	b, token, l := published(t)
	offline := freshKey(t)
	b.produce(t, 2, offline)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	b.add(t, token, target("demo-2", 2, l.commit, "main")).want(t, 201)
	for _, w := range []struct {
		tag     string
		version int
	}{{"first", 2}, {"later", 1}} {
		targets := b.waveTargets(t, fmt.Sprintf("demo-%d", w.version), w.tag)
		b.call(t, b.operator, "POST", wavesPath, wave(t, w.tag, w.tag, w.version, targets, b.time().Add(24*time.Hour), offline)).want(t, 201)
		b.call(t, b.operator, "POST", wavesPath+w.tag+"/complete/", nil).want(t, 200)
	}
	dev, cache := b.asDevice(t, b.registerProduction(t, "prod-1", uuid1, ""), "later"), device(t)
	dev.refresh(t, cache)
	dev.tag = "first"
	b.gate(t, dev.c, "GET", "/repo/timestamp.json", nil, "x-ats-tags", "first").refused(t, 503, "tag_busy")
	b.pass(2 * time.Minute)
	if v := dev.refresh(t, cache).Targets().Version; v != 2 {
		t.Errorf("the device has version %d", v)
	}
}

// With the targets key elsewhere it takes as many people as the root wants.
func TestWaveNeedsNoTargetsKeyOnTheServer(t *testing.T) {
	b, token, l := published(t)
	one, two := freshKey(t), freshKey(t)
	b.produce(t, 2, one, two)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	b.stop()
	if err := os.Remove(filepath.Join(b.dir, "tuf", "targets.key")); err != nil {
		t.Fatal(err)
	}
	b.run(t)
	b.call(t, b.operator, "GET", "/ota/factories/local/ci-targets.pub", nil).refused(t, 404, "no_online_key")
	targets := b.waveTargets(t, "demo-1", "prod")
	end := b.time().Add(24 * time.Hour)
	b.call(t, b.operator, "POST", wavesPath, wave(t, "w1", "prod", 1, targets, end, one)).want(t, 201)
	b.call(t, b.operator, "POST", wavesPath+"w1/complete/", nil).refused(t, 409, "wave_unsigned")
	b.call(t, b.operator, "POST", wavesPath+"w1/cancel/", nil).want(t, 200)
	b.call(t, b.operator, "POST", wavesPath, wave(t, "w2", "prod", 1, targets, end, one, two)).want(t, 201)
	b.call(t, b.operator, "POST", wavesPath+"w2/complete/", nil).want(t, 200)
	dev := b.asDevice(t, b.registerProduction(t, "prod-1", uuid1, ""), "prod")
	if v := dev.refresh(t, device(t)).Targets().Version; v != 1 {
		t.Errorf("the device has version %d", v)
	}
}
