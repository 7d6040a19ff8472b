package author_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
	"github.com/otactl/otactl/tuf/tuftest"
)

var me = author.Owner{PolisID: "u1", CreatedAt: tuftest.Start.Add(24 * time.Hour)}

// scene is a factory of which the test holds every key.
type scene struct {
	*author.Draft
	t    *testing.T
	repo *tuftest.Repo
}

func newScene(t *testing.T) *scene {
	t.Helper()
	r := tuftest.New(t)
	return begin(t, r, author.Pair{CI: r.Files[tuf.RootName(1)]})
}

func begin(t *testing.T, r *tuftest.Repo, current author.Pair) *scene {
	t.Helper()
	if current.Prod == nil {
		prod, err := author.Production(current.CI, 2)
		must(t, err)
		current.Prod, err = tuf.AddSignature(prod, r.Keys[tuf.RoleRoot][0])
		must(t, err)
	}
	online := map[tuf.Role]string{}
	for _, role := range []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		online[role] = r.Keys[role][0].Public().ID
	}
	d, err := author.Begin(current, tuf.Changelog{PolisID: "u1", Message: "why", Timestamp: tuftest.Start}, online)
	must(t, err)
	return &scene{d, t, r}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scene) key() *tuf.PrivateKey { return s.repo.Key(tuf.ED25519) }

func (s *scene) root() *tuf.Root {
	s.t.Helper()
	root, err := tuf.ParseRoot(s.Updated.CI)
	must(s.t, err)
	return root
}

func (s *scene) prod() *tuf.Root {
	s.t.Helper()
	root, err := tuf.ParseRoot(s.Updated.Prod)
	must(s.t, err)
	return root
}

func signatures(t *testing.T, file []byte) int {
	t.Helper()
	e, err := tuf.ParseEnvelope(file)
	must(t, err)
	return len(e.Signatures)
}

func TestNextRootIsOneVersionHigherAndSaysWhy(t *testing.T) {
	s := newScene(t)
	root := s.root()
	if root.Version != 2 || root.Changelog.Message != "why" || root.Changelog.PolisID != "u1" || !root.Changelog.Timestamp.Equal(tuftest.Start) {
		t.Errorf("root %d, %+v", root.Version, root.Changelog)
	}
	if s.prod().Roles[tuf.RoleTargets].Threshold != 2 || signatures(t, s.Updated.CI)+signatures(t, s.Updated.Prod) != 0 {
		t.Errorf("production root is %+v", s.prod().Roles[tuf.RoleTargets])
	}
	must(t, s.Check())
	must(t, s.Sign(s.repo.Keys[tuf.RoleRoot][0]))
	must(t, s.Complete())
}

func TestFieldsThatNobodyKnowsStay(t *testing.T) {
	r := tuftest.New(t)
	r.Edit[tuf.RootName(2)] = func(m map[string]any) {
		m["x-future"] = map[string]any{"n": 9007199254740991, "list": []any{"a", true, nil}}
		m["x-key-owners"] = map[string]any{r.Keys[tuf.RoleRoot][0].Public().ID: map[string]any{"polis-id": "old", "x": 1}}
		m["roles"].(map[string]any)["targets"].(map[string]any)["x-role"] = "kept"
		m["roles"].(map[string]any)["x-number"] = 7
	}
	r.NextRoot()
	s := begin(t, r, author.Pair{CI: r.Files[tuf.RootName(2)]})
	k := s.key()
	must(t, s.AddKey(tuf.RoleTargets, k.Public(), me))
	must(t, s.SetThreshold(tuf.RoleTargets, 2))
	for _, file := range [][]byte{s.Updated.CI, s.Updated.Prod} {
		for _, want := range []string{`"x-future":{"list":["a",true,null],"n":9007199254740991}`, `"polis-id":"old","x":1`, `"x-role":"kept"`, `"x-number":7`,
			k.Public().ID + `":{"created-at":"2026-07-02T10:00:00Z","polis-id":"u1"}`} {
			if !strings.Contains(string(file), want) {
				t.Errorf("%s is gone from %s", want, file)
			}
		}
	}
}

func TestEveryChangeDropsSignaturesAndUnusedKeys(t *testing.T) {
	changes := map[string]func(s *scene) error{
		"add":           func(s *scene) error { return s.AddKey(tuf.RoleTargets, s.key().Public(), me) },
		"rotate":        func(s *scene) error { return s.RotateKey(tuf.RoleRoot, s.rootID(), s.key().Public(), me) },
		"rotate online": func(s *scene) error { return s.RotateOnlineKey(tuf.RoleSnapshot, s.key().Public()) },
		"extend":        func(s *scene) error { return s.Extend(tuftest.Start.Add(time.Hour)) },
		"threshold":     func(s *scene) error { return s.SetThreshold(tuf.RoleRoot, 1) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			must(t, s.Sign(s.repo.Keys[tuf.RoleRoot][0]))
			must(t, change(s))
			if n := signatures(t, s.Updated.CI) + signatures(t, s.Updated.Prod); n != 0 {
				t.Errorf("%d signatures are left", n)
			}
			used := map[string]bool{}
			for _, keys := range s.root().Roles {
				for _, id := range keys.KeyIDs {
					used[id] = true
				}
			}
			if len(used) != len(s.root().Keys) {
				t.Errorf("%d keys are listed and %d used", len(s.root().Keys), len(used))
			}
			must(t, s.Check())
		})
	}
}

func (s *scene) rootID() string { return s.repo.Keys[tuf.RoleRoot][0].Public().ID }

func TestRotatedRootKeyNeedsTheOldSignatureAndTheNewAndLivesAYear(t *testing.T) {
	s := newScene(t)
	old, fresh := s.repo.Keys[tuf.RoleRoot][0], s.key()
	must(t, s.RotateKey(tuf.RoleRoot, old.Public().ID, fresh.Public(), me))
	if end := s.root().Expires; !end.Equal(me.CreatedAt.AddDate(1, 0, 0)) {
		t.Errorf("it expires %s", end)
	}
	for _, k := range []*tuf.PrivateKey{fresh, old} {
		if err := s.Complete(); !errors.Is(err, tuf.ErrSignature) {
			t.Errorf("before %s has signed: %v", k, err)
		}
		must(t, s.Sign(k))
	}
	must(t, s.Complete())
	missing, err := s.Missing()
	if err != nil || len(missing) != 0 {
		t.Errorf("%+v, %v", missing, err)
	}
	must(t, s.Sign(old)) // again
	if n := signatures(t, s.Updated.CI); n != 2 {
		t.Errorf("%d signatures", n)
	}
}

func TestTargetsKeyTakesNoYear(t *testing.T) {
	s := newScene(t)
	k := s.key()
	must(t, s.AddKey(tuf.RoleTargets, k.Public(), me))
	before := s.root().Expires
	must(t, s.RotateKey(tuf.RoleTargets, k.Public().ID, s.key().Public(), me))
	if !s.root().Expires.Equal(before) {
		t.Error("the expiry moved")
	}
	if ids := s.root().Roles[tuf.RoleTargets].KeyIDs; len(ids) != 2 || ids[0] != s.Online[tuf.RoleTargets] {
		t.Errorf("targets has the keys %v", ids)
	}
}

func TestProductionThresholdSurvivesEveryChange(t *testing.T) {
	s := newScene(t)
	for range 2 {
		must(t, s.AddKey(tuf.RoleTargets, s.key().Public(), me))
	}
	must(t, s.SetThreshold(tuf.RoleTargets, 3))
	must(t, s.AddKey(tuf.RoleRoot, s.key().Public(), me))
	if s.root().Roles[tuf.RoleTargets].Threshold != 1 || s.prod().Roles[tuf.RoleTargets].Threshold != 3 {
		t.Errorf("thresholds are %d and %d", s.root().Roles[tuf.RoleTargets].Threshold, s.prod().Roles[tuf.RoleTargets].Threshold)
	}
}

func TestWhatWouldHarmIsRefused(t *testing.T) {
	cases := map[string]struct {
		do    func(s *scene) error
		class fail.Class
	}{
		"a root threshold of 0":              {func(s *scene) error { return s.SetThreshold(tuf.RoleRoot, 0) }, fail.Usage},
		"a targets threshold of 1":           {func(s *scene) error { return s.SetThreshold(tuf.RoleTargets, 1) }, fail.Usage},
		"a threshold above the root keys":    {func(s *scene) error { return s.SetThreshold(tuf.RoleRoot, 2) }, fail.Usage},
		"a threshold above the targets keys": {func(s *scene) error { return s.SetThreshold(tuf.RoleTargets, 2) }, fail.Usage},
		"a threshold of snapshot":            {func(s *scene) error { return s.SetThreshold(tuf.RoleSnapshot, 1) }, fail.Usage},
		"an offline key of timestamp":        {func(s *scene) error { return s.AddKey(tuf.RoleTimestamp, s.key().Public(), me) }, fail.Usage},
		"a key twice":                        {func(s *scene) error { return s.AddKey(tuf.RoleRoot, s.repo.Keys[tuf.RoleRoot][0].Public(), me) }, fail.Conflict},
		"deleting the last root key":         {func(s *scene) error { return s.DeleteKey(tuf.RoleRoot, s.rootID()) }, fail.Conflict},
		"deleting the online key":            {func(s *scene) error { return s.DeleteKey(tuf.RoleTargets, s.Online[tuf.RoleTargets]) }, fail.Conflict},
		"deleting a key that is not there":   {func(s *scene) error { return s.DeleteKey(tuf.RoleRoot, "none") }, fail.NotFound},
		"deleting another role's key":        {func(s *scene) error { return s.DeleteKey(tuf.RoleRoot, s.Online[tuf.RoleTargets]) }, fail.NotFound},
		"rotating the online key as an offline one": {func(s *scene) error {
			return s.RotateKey(tuf.RoleTargets, s.Online[tuf.RoleTargets], s.key().Public(), me)
		}, fail.Conflict},
		"an online key of root":         {func(s *scene) error { return s.RotateOnlineKey(tuf.RoleRoot, s.key().Public()) }, fail.Usage},
		"signing with a targets key":    {func(s *scene) error { return s.Sign(s.repo.Keys[tuf.RoleTargets][0]) }, fail.Verification},
		"signing with a stranger's key": {func(s *scene) error { return s.Sign(s.key()) }, fail.Verification},
	}
	for name, c := range cases {
		s := newScene(t)
		before := string(s.Updated.CI)
		err := c.do(s)
		if err == nil || fail.ClassOf(err) != c.class || fail.HintOf(err) == "" {
			t.Errorf("%s: %v (class %v, hint %q)", name, err, fail.ClassOf(err), fail.HintOf(err))
		}
		if string(s.Updated.CI) != before {
			t.Errorf("%s: the draft is another one", name)
		}
	}
}

// edit changes the signed part of a file behind the draft's back.
func edit(t *testing.T, file []byte, change func(m map[string]any)) []byte {
	t.Helper()
	var doc struct {
		Signatures []any          `json:"signatures"`
		Signed     map[string]any `json:"signed"`
	}
	must(t, json.Unmarshal(file, &doc))
	change(doc.Signed)
	out, err := json.Marshal(doc)
	must(t, err)
	out, err = tuf.Canonical(out)
	must(t, err)
	return out
}

func role(m map[string]any, name tuf.Role) map[string]any {
	return m["roles"].(map[string]any)[string(name)].(map[string]any)
}

func TestDraftThatBreaksARuleIsNeitherSignedNorComplete(t *testing.T) {
	both := func(change func(s *scene, m map[string]any)) func(s *scene) {
		return func(s *scene) {
			s.Updated.CI = edit(s.t, s.Updated.CI, func(m map[string]any) { change(s, m) })
			prod, err := author.Production(s.Updated.CI, 2)
			must(s.t, err)
			s.Updated.Prod = prod
		}
	}
	cases := map[string]func(s *scene){
		"the same version":   both(func(_ *scene, m map[string]any) { m["version"] = 1 }),
		"a version left out": both(func(_ *scene, m map[string]any) { m["version"] = 3 }),
		"CI targets by two":  both(func(_ *scene, m map[string]any) { role(m, tuf.RoleTargets)["threshold"] = 2 }),
		"no online timestamp key": both(func(s *scene, m map[string]any) {
			role(m, tuf.RoleTimestamp)["keyids"] = []string{s.Online[tuf.RoleSnapshot]}
		}),
		"a second timestamp key": both(func(s *scene, m map[string]any) {
			role(m, tuf.RoleTimestamp)["keyids"] = []string{s.Online[tuf.RoleTimestamp], s.Online[tuf.RoleSnapshot]}
		}),
		"no online targets key": both(func(s *scene, m map[string]any) {
			role(m, tuf.RoleTargets)["keyids"] = []string{s.Online[tuf.RoleSnapshot]}
		}),
		"one key under two ids": both(func(s *scene, m map[string]any) {
			keys := m["keys"].(map[string]any)
			keys["alias"] = keys[s.rootID()]
			role(m, tuf.RoleRoot)["keyids"] = []string{s.rootID(), "alias"}
		}),
		"production targets by one": func(s *scene) {
			s.Updated.Prod = edit(s.t, s.Updated.Prod, func(m map[string]any) { role(m, tuf.RoleTargets)["threshold"] = 1 })
		},
		"a twin with another expiry": func(s *scene) {
			s.Updated.Prod = edit(s.t, s.Updated.Prod, func(m map[string]any) { m["expires"] = "2040-01-01T00:00:00Z" })
		},
		"a stranger's signature": func(s *scene) {
			file, err := tuf.AddSignature(s.Updated.CI, s.key())
			must(s.t, err)
			s.Updated.CI = file
		},
		"a bad signature": func(s *scene) {
			file, err := tuf.AddSignature(s.Updated.CI, s.repo.Keys[tuf.RoleRoot][0])
			must(s.t, err)
			s.Updated.CI = edit(s.t, file, func(m map[string]any) { m["x"] = 1 })
			s.Updated.Prod, err = author.Production(s.Updated.CI, 2)
			must(s.t, err)
		},
	}
	for name, spoil := range cases {
		s := newScene(t)
		spoil(s)
		if err := s.Check(); !errors.Is(err, author.ErrRules) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Sign(s.repo.Keys[tuf.RoleRoot][0]); !errors.Is(err, author.ErrRules) {
			t.Errorf("%s was signed: %v", name, err)
		}
		if err := s.Complete(); err == nil {
			t.Errorf("%s is complete", name)
		}
		if issues, err := s.Issues(tuftest.Start); err != nil || len(issues.Errors) == 0 {
			t.Errorf("%s: the review says nothing: %v", name, err)
		}
	}
}

// Ids are believed as they stand, so that one must not come to mean another key.
func TestKeyIDIsNotGivenToAnotherKey(t *testing.T) {
	s := newScene(t)
	k := *s.key().Public()
	k.ID = s.Online[tuf.RoleTargets]
	if err := s.AddKey(tuf.RoleRoot, &k, me); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("%v", err)
	}
	s.Online[tuf.RoleSnapshot] = "gone"
	if err := s.RotateOnlineKey(tuf.RoleSnapshot, s.key().Public()); !errors.Is(err, author.ErrRules) {
		t.Errorf("%v", err)
	}
}

func TestChangelogOfADraftIsItsOwn(t *testing.T) {
	s := newScene(t)
	must(t, s.KeepsChangelog(s.Updated.CI))
	other := edit(t, s.Updated.CI, func(m map[string]any) { m["x-changelog"].(map[string]any)["polis-id"] = "somebody else" })
	if err := s.KeepsChangelog(other); !errors.Is(err, author.ErrRules) {
		t.Errorf("%v", err)
	}
}
