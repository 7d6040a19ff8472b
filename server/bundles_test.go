package server_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
)

// askBundle asks for the metadata of a bundle with name in it; members say of
// what.
func (b *backend) askBundle(t *testing.T, token, name, members string) answer {
	t.Helper()
	return b.call(t, token, "POST", targetsPath+name+"/meta/", fmt.Appendf(nil, `{"expires-in-days":30,%s}`, members))
}

// readBundle verifies the metadata of a production bundle by the production roots, as
// a device does that has no metadata yet, and gives it its list.
func (b *backend) readBundle(t *testing.T, a answer) (*tuf.Trust, *tuf.BundleTargets) {
	t.Helper()
	var files map[string]json.RawMessage
	a.want(t, 200).json(t, &files)
	trust := b.roots(t, "?production=1")
	for _, set := range []error{
		trust.SetTimestamp(files["timestamp"], b.time()), trust.SetSnapshot(files["snapshot"], b.time()), trust.SetTargets(files["targets"], b.time()),
	} {
		if set != nil {
			t.Fatal(set)
		}
	}
	list, err := tuf.ParseBundleTargets(files["bundle-targets"])
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := trust.Root().Signatures(tuf.RoleTargets, files["bundle-targets"])
	if err != nil || len(sigs.Valid) != 1 || sigs.Missing() != 1 {
		t.Errorf("the list has signatures %+v, %v; want the server's alone, and one missing", sigs, err)
	}
	return trust, list
}

// oneWave has production targets of version 1 and an active wave of version 2.
func oneWave(t *testing.T) (b *backend, token string) {
	t.Helper()
	b, token, l := published(t)
	offline := freshKey(t)
	b.produce(t, 2, offline)
	expires := b.time().Add(200 * 24 * time.Hour)
	targets := map[string]tuf.Target{}
	for v := 1; v <= 2; v++ {
		name := fmt.Sprintf("demo-%d", v)
		b.add(t, token, target(name, v, l.commit, "main")).want(t, 201)
		targets[name] = b.waveTargets(t, name, "prod")[name]
		b.call(t, b.operator, "POST", wavesPath, wave(t, fmt.Sprintf("w%d", v), "prod", v, targets, expires, offline)).want(t, 201)
		if v == 1 {
			b.call(t, b.operator, "POST", wavesPath+"w1/complete/", []byte(`{}`)).want(t, 200)
		}
	}
	return b, token
}

func TestAProductionBundleIsBelowWhatDevicesMeetOnlineAfterwards(t *testing.T) {
	b, token := oneWave(t)
	dev := b.asDevice(t, b.registerProduction(t, "prod-1", uuid1, "east"), "prod")
	trust, list := b.readBundle(t, b.askBundle(t, token, "demo-1", `"tag":"prod","production":true`))
	if list.Type != "prod" || list.Tag != "prod" || len(list.Targets) != 1 || !trust.Timestamp().Expires.Equal(list.Expires) {
		t.Errorf("the list is %+v, the timestamp expires %s", list, trust.Timestamp().Expires)
	}
	online := dev.refresh(t, device(t))
	if is, was := online.Timestamp().Version, trust.Timestamp().Version; is <= was {
		t.Errorf("timestamp %d online after %d in the bundle", is, was)
	}
	if online.Targets().Version != trust.Targets().Version || online.Timestamp().Expires.Before(list.Expires) {
		t.Errorf("online are targets %d until %s; the bundle has %d until %s", online.Targets().Version, online.Timestamp().Expires, trust.Targets().Version, list.Expires)
	}
	// It lives as long as a bundle, and is renewed as if it did not.
	b.pass(5 * 24 * time.Hour)
	b.restart(t)
	if later := dev.refresh(t, device(t)); later.Snapshot().Version <= online.Snapshot().Version {
		t.Errorf("after five days the snapshot is still %d", later.Snapshot().Version)
	}
}

func TestABundleIsRefusedForWhatProductionDoesNotHave(t *testing.T) {
	b, token := oneWave(t)
	for _, c := range []struct {
		name, target, members string
		code                  int
	}{
		{"a target of the wave alone", "demo-2", `"tag":"prod","production":true`, 404},
		{"a tag without production targets", "demo-1", `"tag":"main","production":true`, 404},
		{"no such wave", "demo-2", `"wave":"w9"`, 404},
		{"a wave that is complete", "demo-1", `"wave":"w1"`, 404},
		{"a production target of a wave", "demo-1", `"wave":"w2"`, 400},
		{"a tag and a wave", "demo-2", `"wave":"w2","tag":"prod"`, 400},
		{"no tag and no wave", "demo-2", `"production":true`, 400},
		{"longer than the targets last", "demo-1", `"tag":"prod","production":true,"expires-in-days":201`, 400},
	} {
		if a := b.askBundle(t, token, c.target, c.members); a.code != c.code {
			t.Errorf("%s: %d %s, want %d", c.name, a.code, a.body, c.code)
		}
	}
}

// A device outside the rollout that took a wave from a stick has a higher version
// of targets than production: the wave is its own from then on.
func TestADeviceThatTookAWaveFromABundleIsHandedThatWave(t *testing.T) {
	b, token := oneWave(t)
	id, other := b.registerProduction(t, "prod-1", uuid1, "east"), b.registerProduction(t, "prod-2", uuid2, "east")
	taker, cache := b.asDevice(t, id, "prod"), device(t)
	taker.refresh(t, cache)
	trust, list := b.readBundle(t, b.askBundle(t, token, "demo-2", `"wave":"w2"`))
	if list.Type != "prod" || list.Tag != "prod" || trust.Targets().Version != 2 {
		t.Errorf("the list is %+v of targets %d", list, trust.Targets().Version)
	}
	// It runs the target of the bundle now; its neighbour was not given the stick.
	taker.target = "demo-2"
	if got := taker.refresh(t, cache); got.Targets().Version != 2 || got.Timestamp().Version <= trust.Timestamp().Version {
		t.Errorf("it is handed targets %d with timestamp %d; the bundle's was %d", got.Targets().Version, got.Timestamp().Version, trust.Timestamp().Version)
	}
	if got := b.asDevice(t, other, "prod").refresh(t, device(t)); got.Targets().Version != 1 {
		t.Errorf("a device without the stick is handed targets %d", got.Targets().Version)
	}
	// Canceled or not, it is not sent back; nor is one that shows up only after that.
	late := b.asDevice(t, other, "prod")
	late.target = "demo-2"
	b.call(t, b.operator, "POST", wavesPath+"w2/cancel/", []byte(`{}`)).want(t, 200)
	for _, f := range []gateFetcher{taker, late} {
		if got := f.refresh(t, device(t)); got.Targets().Version != 2 {
			t.Errorf("after the wave was canceled it is handed targets %d", got.Targets().Version)
		}
	}
}
