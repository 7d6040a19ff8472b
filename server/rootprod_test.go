package server_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// production is a factory with an offline targets key, a production device, and
// one target that this device gets.
type production struct {
	*rotation
	offline *tuf.PrivateKey
	device  gateFetcher
	cache   *tuf.DirCache
	commit  string
	token   string
}

func inProduction(t *testing.T) *production {
	t.Helper()
	b, token, l := published(t)
	id := b.registerProduction(t, "prod-1", uuid1, "east")
	p := &production{rotation: takeOver(t, b), offline: freshKey(t), device: b.asDevice(t, id, "prod"), cache: device(t),
		commit: l.commit.String(), token: token}
	p.mustStage(func(d *author.Draft) error {
		return d.AddKey(tuf.RoleTargets, p.offline.Public(), author.Owner{PolisID: "operator", CreatedAt: b.time()})
	})
	p.sign(p.key)
	p.mustApply()
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	body := wave(t, "w1", "prod", 1, b.waveTargets(t, "demo-1", "prod"), b.time().Add(240*time.Hour), p.offline)
	b.call(t, b.operator, "POST", wavesPath, body).want(t, 201)
	return p
}

// has holds that the device gets the target, and says who signed it.
func (p *production) has(what string) (signers []string) {
	p.t.Helper()
	trust, err := tuf.Refresh(p.t.Context(), p.device, p.cache, tuf.RefreshOptions{Now: p.b.time(), FirstUse: true})
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	if trust.Targets().Targets["demo-1"].Commit() != p.commit {
		p.t.Errorf("%s: the device has %+v", what, trust.Targets())
	}
	file, err := p.device.Fetch(p.t.Context(), "targets.json", 1<<20)
	if err != nil {
		p.t.Fatal(err)
	}
	rep, err := trust.Root().Signatures(tuf.RoleTargets, file)
	if err != nil || len(rep.Invalid)+len(rep.Unknown) > 0 {
		p.t.Errorf("%s: signatures nobody counts: %+v, %v", what, rep, err)
	}
	return rep.Valid
}

func signatureBy(t *testing.T, file []byte, k tuf.Signer) tuf.Signature {
	t.Helper()
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tuf.Sign(e.Signed, k)
	if err != nil {
		t.Fatal(err)
	}
	if e, err = tuf.ParseEnvelope(signed); err != nil {
		t.Fatal(err)
	}
	return e.Signatures[0]
}

// rotateTargets stages a new offline targets key.
func (p *production) rotateTargets() *tuf.PrivateKey {
	p.t.Helper()
	p.begin()
	fresh := freshKey(p.t)
	p.mustStage(func(d *author.Draft) error {
		return d.RotateKey(tuf.RoleTargets, p.offline.Public().ID, fresh.Public(), author.Owner{PolisID: "operator", CreatedAt: p.b.time()})
	})
	p.sign(p.key)
	return fresh
}

// stageSignatures puts the draft as it is, with signatures.
func (p *production) stageSignatures(s factory.StagedSignatures) error {
	p.t.Helper()
	d, err := p.updates().Draft()
	if err != nil {
		p.t.Fatal(err)
	}
	return p.api.PutRootUpdate(p.t.Context(), p.txid, d.Updated, s)
}

func TestProductionTargetsAreSignedByTheNewKeyBeforeTheRootChanges(t *testing.T) {
	p := inProduction(t)
	p.b.call(t, p.b.operator, "POST", wavesPath+"w1/complete/", nil).want(t, 200)
	if ids := p.has("before"); len(ids) != 2 || !slices.Contains(ids, p.offline.Public().ID) {
		t.Fatalf("signed by %v", ids)
	}
	fresh := p.rotateTargets()
	if err := p.apply(); httpx.Code(err) != 422 || !strings.Contains(err.Error(), "production targets of tag prod would lack 1 signatures") {
		t.Fatalf("applied without its signature: %v", err)
	}
	p.has("after a refusal")
	files, err := p.api.ProductionTargets(t.Context())
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if waves, err := p.api.WaveTargets(t.Context()); err != nil || len(waves) != 0 {
		t.Errorf("all active waves, of which there are none: %v, %v", waves, err)
	}
	good := signatureBy(t, files["prod"], fresh)
	for what, s := range map[string]factory.StagedSignatures{
		"by the old key":       {Targets: map[string][]tuf.Signature{"prod": {signatureBy(t, files["prod"], p.offline)}}},
		"by a stranger":        {Targets: map[string][]tuf.Signature{"prod": {signatureBy(t, files["prod"], freshKey(t))}}},
		"of another tag":       {Targets: map[string][]tuf.Signature{"other": {good}}},
		"of a wave that ended": {Waves: map[string][]tuf.Signature{"w1": {good}}},
		"given twice":          {Targets: map[string][]tuf.Signature{"prod": {good, good}}},
	} {
		if err := p.stageSignatures(s); httpx.Code(err) != 400 {
			t.Errorf("a signature %s: %v", what, err)
		}
	}
	if err := p.stageSignatures(factory.StagedSignatures{Targets: map[string][]tuf.Signature{"prod": {good}}}); err != nil {
		t.Fatal(err)
	}
	p.sign(p.key) // what was staged stays
	p.mustApply()
	if ids := p.has("after"); len(ids) != 2 || !slices.Contains(ids, fresh.Public().ID) {
		t.Errorf("signed by %v", ids)
	}
}

func TestWaveThatDevicesHaveIsSignedByTheNewKeyToo(t *testing.T) {
	p := inProduction(t)
	fresh := p.rotateTargets()
	p.mustApply() // nobody was handed the wave so far
	p.offline = fresh
	p.b.call(t, p.b.operator, "POST", wavesPath+"w1/rollout/", []byte(`{"group":"east"}`)).refused(t, 409, "wave_unsigned")
	files, err := p.api.WaveTargets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.signWave(files["w1"], fresh); err != nil {
		t.Fatal(err)
	}
	p.b.gate(t, p.device.c, "GET", "/repo/timestamp.json", nil, "x-ats-tags", "prod").want(t, 404) // it says its tag
	p.b.call(t, p.b.operator, "POST", wavesPath+"w1/rollout/", []byte(`{"group":"east"}`)).want(t, 200)
	p.has("handed the wave")

	fresh = p.rotateTargets()
	if err := p.apply(); httpx.Code(err) != 422 || !strings.Contains(err.Error(), "wave w1") {
		t.Fatalf("applied without its signature: %v", err)
	}
	sig := signatureBy(t, files["w1"], fresh)
	if err := p.stageSignatures(factory.StagedSignatures{Waves: map[string][]tuf.Signature{"w1": {sig}}}); err != nil {
		t.Fatal(err)
	}
	p.mustApply()
	if ids := p.has("after"); !slices.Contains(ids, fresh.Public().ID) {
		t.Errorf("signed by %v", ids)
	}
}

func (p *production) signWave(file []byte, k *tuf.PrivateKey) error {
	return p.api.SignWave(p.t.Context(), "w1", []tuf.Signature{signatureBy(p.t, file, k)})
}

func TestProductionFollowsRotatedOnlineKeys(t *testing.T) {
	p := inProduction(t)
	p.b.call(t, p.b.operator, "POST", wavesPath+"w1/complete/", nil).want(t, 200)
	before := p.has("before")
	p.begin()
	all := []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}
	if err := p.api.NewOnlineKeys(t.Context(), p.txid, tuf.ED25519, all); err != nil {
		t.Fatal(err)
	}
	p.sign(p.key)
	p.mustApply()
	after := p.has("after")
	if len(after) != 2 || slices.Equal(before, after) || !slices.Contains(after, p.offline.Public().ID) {
		t.Errorf("signed by %v, before by %v", after, before)
	}
	p.b.pass(5 * 24 * time.Hour)
	p.b.restart(t)
	p.has("renewed")
}

// A targets key that is deleted leaves too few signatures behind, and says so
// before anything changes.
func TestDeletedTargetsKeyTakesItsSignaturesWithIt(t *testing.T) {
	p := inProduction(t)
	p.b.call(t, p.b.operator, "POST", wavesPath+"w1/complete/", nil).want(t, 200)
	p.has("before")
	p.begin()
	p.mustStage(func(d *author.Draft) error { return d.DeleteKey(tuf.RoleTargets, p.offline.Public().ID) })
	p.sign(p.key)
	issues := p.updates().Issues
	if len(issues.Errors) != 1 || issues.Errors[0].Kind != "targets-signatures" || !slices.ContainsFunc(issues.Warnings,
		func(n author.Note) bool { return n.Kind == "few-targets-keys" }) {
		t.Errorf("%+v", issues)
	}
	if err := p.apply(); httpx.Code(err) != 422 {
		t.Errorf("applied: %v", err)
	}
	if err := p.api.CancelRootUpdate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.has("after")
	if _, err := p.updates().Draft(); err == nil || errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("%v", err)
	}
}

// Who was handed a wave that was cancelled has nothing else to go on with.
func TestCancelledWaveThatDevicesHaveFollowsRotatedOnlineKeys(t *testing.T) {
	p := inProduction(t)
	p.b.gate(t, p.device.c, "GET", "/repo/timestamp.json", nil, "x-ats-tags", "prod").want(t, 404)
	p.b.call(t, p.b.operator, "POST", wavesPath+"w1/rollout/", []byte(`{"group":"east"}`)).want(t, 200)
	p.has("handed the wave")
	p.b.call(t, p.b.operator, "POST", wavesPath+"w1/cancel/", nil).want(t, 200)
	p.begin()
	if err := p.api.NewOnlineKeys(t.Context(), p.txid, tuf.ED25519, []tuf.Role{tuf.RoleTargets}); err != nil {
		t.Fatal(err)
	}
	p.sign(p.key)
	p.mustApply()
	p.has("after")
	p.begin()
	if err := p.api.NewOnlineKeys(t.Context(), p.txid, tuf.ED25519, []tuf.Role{tuf.RoleTargets}); err != nil {
		t.Fatal(err)
	}
	p.sign(p.key)
	p.mustApply()
	p.has("after the second time")
	fresh := p.rotateTargets()
	if issues := p.updates().Issues; len(issues.Errors) > 0 || len(issues.Warnings) != 1 || issues.Warnings[0].Kind != "targets-signatures" {
		t.Errorf("%+v", issues)
	}
	p.mustApply()
	p.offline = fresh
}

// Two people sign one after the other.
func TestStagedSignaturesOfSeveralPeopleAddUp(t *testing.T) {
	p := inProduction(t)
	p.b.call(t, p.b.operator, "POST", wavesPath+"w1/complete/", nil).want(t, 200)
	p.begin()
	second := freshKey(t)
	p.mustStage(func(d *author.Draft) error {
		return d.AddKey(tuf.RoleTargets, second.Public(), author.Owner{PolisID: "operator", CreatedAt: p.b.time()})
	})
	fresh := freshKey(t)
	p.mustStage(func(d *author.Draft) error {
		return d.RotateKey(tuf.RoleTargets, p.offline.Public().ID, fresh.Public(), author.Owner{PolisID: "operator", CreatedAt: p.b.time()})
	})
	p.mustStage(func(d *author.Draft) error { return d.SetThreshold(tuf.RoleTargets, 3) })
	files, err := p.api.ProductionTargets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*tuf.PrivateKey{second, fresh} {
		s := factory.StagedSignatures{Targets: map[string][]tuf.Signature{"prod": {signatureBy(t, files["prod"], k)}}}
		if err := p.stageSignatures(s); err != nil {
			t.Fatal(err)
		}
	}
	p.sign(p.key)
	p.mustApply()
	if ids := p.has("after"); len(ids) != 3 {
		t.Errorf("signed by %v", ids)
	}
}
