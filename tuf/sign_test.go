package tuf_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// seeded is a key that is the same in every run.
func seeded(t testing.TB, n byte) *tuf.PrivateKey {
	t.Helper()
	k, err := tuf.NewPrivateKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// goldenFiles are one file of each role, made the way the backend makes them.
func goldenFiles(t *testing.T) map[string][]byte {
	t.Helper()
	at := tuftest.Start
	must := func(file []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	root := tuf.NewRoot(4, at.AddDate(1, 0, 0), tuf.Changelog{PolisID: "u1", Message: "rotate", Timestamp: at})
	root.AddKey(tuf.RoleRoot, seeded(t, 1).Public())
	root.AddKey(tuf.RoleTargets, seeded(t, 2).Public())
	root.AddKey(tuf.RoleTargets, tuftest.RSAKey(t).Public())
	root.AddKey(tuf.RoleSnapshot, seeded(t, 3).Public())
	root.AddKey(tuf.RoleTimestamp, seeded(t, 4).Public())
	root.Roles[tuf.RoleTargets] = tuf.RoleKeys{KeyIDs: root.Roles[tuf.RoleTargets].KeyIDs, Threshold: 2}
	uri := "https://api.example.com/apps.tar"
	custom := must(json.Marshal(tuf.Custom{
		Name: "raspberrypi4-64-lmp", Version: "57", HardwareIDs: []string{"raspberrypi4-64"}, Tags: []string{"main"},
		TargetFormat: "OSTREE", Arch: "aarch64", URI: "https://ci.example.com/builds/57",
		CreatedAt: "2026-06-01T09:00:00Z", UpdatedAt: "2026-06-01T09:00:00Z",
		Apps:        map[string]tuf.App{"web": {URI: "hub.example.com/acme/web@sha256:00"}},
		FetchedApps: &tuf.FetchedApps{URI: &uri, Shortlist: "web"},
		Rest:        map[string]json.RawMessage{"delta-stats": json.RawMessage(`{"size":412,"sha256":"00"}`)},
	}))
	targets := must(tuf.Sign(tuf.NewTargets(57, at.AddDate(0, 6, 0), map[string]tuf.Target{
		"raspberrypi4-64-lmp-57": {Hashes: map[string]string{"sha256": commit}, Custom: custom},
	}), seeded(t, 2)))
	snap, err := tuf.NewSnapshot(57, at.AddDate(0, 6, 0), targets)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := must(tuf.Sign(snap, seeded(t, 3)))
	stamp, err := tuf.NewTimestamp(57001, at.AddDate(0, 0, 7), snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"4.root.json":    must(tuf.Sign(root, seeded(t, 1))),
		"targets.json":   targets,
		"snapshot.json":  snapshot,
		"timestamp.json": must(tuf.Sign(stamp, seeded(t, 4))),
		"bundle-targets.json": must(tuf.Sign(tuf.BundleTargets{
			Version: 57, Expires: at.AddDate(0, 1, 0), Type: "ci", Tag: "main", Targets: []string{"raspberrypi4-64-lmp-57"},
		}, seeded(t, 2))),
	}
}

func TestEachRoleHasTheFormOfTheDialect(t *testing.T) {
	for name, got := range goldenFiles(t) {
		golden := filepath.Join("testdata", "golden", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if canon, err := tuf.Canonical(got); err != nil || !bytes.Equal(canon, got) {
			t.Errorf("%s is not in canonical form: %v", name, err)
		}
	}
}

func TestWhatIsParsedIsWhatWasSigned(t *testing.T) {
	files := goldenFiles(t)
	targets, err := tuf.ParseTargets(files["targets.json"])
	if err != nil {
		t.Fatal(err)
	}
	again, err := tuf.Sign(targets, seeded(t, 2))
	if err != nil || !bytes.Equal(again, files["targets.json"]) {
		t.Errorf("targets signed again differ: %v", err)
	}
	root, err := tuf.ParseRoot(files["4.root.json"])
	if err != nil {
		t.Fatal(err)
	}
	again, err = tuf.Sign(root, seeded(t, 1))
	if err != nil || !bytes.Equal(again, files["4.root.json"]) {
		t.Errorf("root signed again differs: %v", err)
	}
	bundle, err := tuf.ParseBundleTargets(files["bundle-targets.json"])
	if err != nil {
		t.Fatal(err)
	}
	again, err = tuf.Sign(bundle, seeded(t, 2))
	if err != nil || !bytes.Equal(again, files["bundle-targets.json"]) {
		t.Errorf("bundle signed again differs: %v", err)
	}
}

func TestSigningRefusesWhatPeersWouldWriteDifferently(t *testing.T) {
	k := seeded(t, 1)
	cases := []struct {
		signed any
		where  string
	}{
		{map[string]any{"a": "é"}, "signed.a is"},
		{map[string]any{"a": map[string]any{"b": []any{"x", "\u00a0"}}}, "signed.a.b[1] is"},
		{map[string]any{"a": map[string]any{"ü": 1}}, "a name in signed.a"},
		{map[string]any{"a": "\x01"}, "signed.a is"},
		{map[string]any{"a": "\b"}, "signed.a is"},
		{map[string]any{"a": "\x7f"}, "signed.a is"},
		{map[string]any{"a": "\xff"}, "signed.a is"},
		{map[string]any{"a": "😀"}, "signed.a is"},
		{tuf.NewTargets(1, tuftest.Start, map[string]tuf.Target{"x": {
			Hashes: map[string]string{"sha256": commit}, Custom: json.RawMessage(`{"name":"\u00e9"}`),
		}}), "signed.targets.x.custom.name is"},
	}
	for _, c := range cases {
		_, err := tuf.Sign(c.signed, k)
		if !errors.Is(err, tuf.ErrNotASCII) || fail.ClassOf(err) != fail.Usage || !strings.Contains(err.Error(), c.where) {
			t.Errorf("%+v: %v does not name %q", c.signed, err, c.where)
		}
	}
	for _, c := range []any{map[string]any{"a": 1.5}, []int{1}, "text", nil, 1, map[string]any{"a": uint64(1) << 60}} {
		if _, err := tuf.Sign(c, k); !errors.Is(err, tuf.ErrMalformed) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if _, err := tuf.Sign(map[string]any{"a": "\r\n\t\"\\ <>&/~"}, k); err != nil {
		t.Error(err)
	}
}

func TestNothingIsSignedThatNoDeviceWouldRead(t *testing.T) {
	long := strings.Repeat("x", limits.Root)
	for kind, want := range map[string]error{"Root": tuf.ErrTooLarge, "Snapshot": tuf.ErrTooLarge, "Timestamp": tuf.ErrTooLarge, "Targets": nil} {
		if _, err := tuf.Sign(map[string]any{"_type": kind, "x": long}, seeded(t, 1)); !errors.Is(err, want) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := tuf.Sign(map[string]any{"_type": "Targets", "x": strings.Repeat("x", limits.Targets)}); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("targets: %v", err)
	}
	list := tuf.BundleTargets{Version: 1, Expires: tuftest.Start, Targets: []string{strings.Repeat("x", limits.BundleTargets)}}
	if _, err := tuf.Sign(list); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("bundle: %v", err)
	}
}

func TestSignaturesAreAddedUntilTheThreshold(t *testing.T) {
	r := production(t)
	file, err := tuf.Sign(tuf.BundleTargets{Version: 2, Expires: r.Now.Add(time.Hour), Type: "prod", Tag: "main", Targets: []string{"one"}})
	if err != nil {
		t.Fatal(err)
	}
	root := r.Trust().Root()
	for missing := 2; missing > 0; missing-- {
		rep, err := root.Signatures(tuf.RoleTargets, file)
		if err != nil || rep.Missing() != missing || len(rep.Allowed) != 2 || len(rep.Valid) != 2-missing {
			t.Fatalf("%+v, %v; want %d missing", rep, err, missing)
		}
		if _, err := r.Trust().VerifyBundle(file, r.Now); !errors.Is(err, tuf.ErrBundle) {
			t.Errorf("%d missing: %v", missing, err)
		}
		if file, err = tuf.AddSignature(file, r.Keys[tuf.RoleTargets][2-missing]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Trust().VerifyBundle(file, r.Now); err != nil {
		t.Error(err)
	}
	for _, k := range r.Keys[tuf.RoleTargets] {
		if _, err := tuf.AddSignature(file, k); !errors.Is(err, tuf.ErrDuplicate) || fail.ClassOf(err) != fail.Conflict {
			t.Errorf("a second signature by one key: %v", err)
		}
	}
	pretty, err := tuf.AddSignature(indent(t, r.Files[tuf.BundleTargetsFile]), r.Key(tuf.ED25519))
	if err != nil {
		t.Fatal(err)
	}
	if canon, err := tuf.Canonical(pretty); err != nil || !bytes.Equal(canon, pretty) {
		t.Error("a pretty-printed file was not written in canonical form")
	}
	for _, bad := range []string{"", "{}", `{"signatures":[],"signed":null}`} {
		if _, err := tuf.AddSignature([]byte(bad), r.Key(tuf.ED25519)); !errors.Is(err, tuf.ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := tuf.AddSignature([]byte(`{"signatures":[],"signed":{"a":"\u00e9"}}`), r.Key(tuf.ED25519)); !errors.Is(err, tuf.ErrNotASCII) {
		t.Errorf("got %v", err)
	}
}

func TestOneKeyDoesNotSignTwiceUnderTwoIDs(t *testing.T) {
	k := seeded(t, 1)
	file, err := tuf.Sign(map[string]any{"a": 1}, k)
	if err != nil {
		t.Fatal(err)
	}
	renamed := bytes.ReplaceAll(file, []byte(k.Public().ID), []byte("another"))
	if _, err := tuf.AddSignature(renamed, k); !errors.Is(err, tuf.ErrDuplicate) {
		t.Errorf("got %v", err)
	}
	if _, err := tuf.Sign(map[string]any{"a": 1}, k, k); !errors.Is(err, tuf.ErrDuplicate) {
		t.Errorf("got %v", err)
	}
}

// liar signs something else than it was asked to.
type liar struct{ *tuf.PrivateKey }

func (l liar) Sign([]byte) ([]byte, error) { return l.PrivateKey.Sign([]byte("something else")) }

func TestASignerThatSignsSomethingElseIsFoundOut(t *testing.T) {
	if _, err := tuf.Sign(map[string]any{"a": 1}, liar{seeded(t, 1)}); !errors.Is(err, tuf.ErrSignature) {
		t.Errorf("got %v", err)
	}
}

func TestAVouchedFileMustBeInCanonicalForm(t *testing.T) {
	files := goldenFiles(t)
	if _, err := tuf.NewSnapshot(1, tuftest.Start, indent(t, files["targets.json"])); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("got %v", err)
	}
	if _, err := tuf.NewTimestamp(1, tuftest.Start, indent(t, files["snapshot.json"])); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("got %v", err)
	}
	if _, err := tuf.NewSnapshot(1, tuftest.Start, files["snapshot.json"]); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

// Peers sign one document in three forms; all of them are checked over what
// was received.
func TestSignaturesOverEachFormOfPeersVerify(t *testing.T) {
	k := seeded(t, 1)
	signed := []byte(`{"message":"line\nline","name":"\u00e9"}`)
	forms := map[string]string{
		"escaped, as aktualizr": `{"message":"line\nline","name":"\u00e9"}`,
		"as fioctl":             `{"message":"line\nline","name":"é"}`,
		"raw, as cjson":         "{\"message\":\"line\nline\",\"name\":\"é\"}",
	}
	root := tuf.NewRoot(1, tuftest.Start, tuf.Changelog{})
	root.AddKey(tuf.RoleTargets, k.Public())
	for name, form := range forms {
		file := tuftest.Envelope(t, signed, []any{tuftest.Signature(t, []byte(form), k)})
		for _, file := range [][]byte{file, indent(t, file)} {
			if err := root.Verify(tuf.RoleTargets, file); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, form := range map[string]string{
		"another document":     `{"message":"line\\nline","name":"\u00e9"}`,
		"members not sorted":   `{"name":"\u00e9","message":"line\nline"}`,
		"with white space":     `{"message": "line\nline","name":"\u00e9"}`,
		"capital hex":          `{"message":"line\nline","name":"\u00E9"}`,
		"as it was, with more": `{"message":"line\nline","name":"\u00e9"} `,
	} {
		file := tuftest.Envelope(t, signed, []any{tuftest.Signature(t, []byte(form), k)})
		if err := root.Verify(tuf.RoleTargets, file); !errors.Is(err, tuf.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A root that lists an RSA key has newlines in it, which peers sign in two ways.
func TestARootWithAnRSAKeyVerifiesInBothNewlineForms(t *testing.T) {
	root := goldenFiles(t)["4.root.json"]
	if err := parsedRoot(t, root).Verify(tuf.RoleRoot, root); err != nil {
		t.Error(err)
	}
	signed := envelope(t, root).Signed
	raw := bytes.ReplaceAll(signed, []byte(`\n`), []byte("\n"))
	if bytes.Equal(raw, signed) {
		t.Fatal("no newline in the root")
	}
	other := tuftest.Envelope(t, signed, []any{tuftest.Signature(t, raw, seeded(t, 1))})
	if err := parsedRoot(t, other).Verify(tuf.RoleRoot, other); err != nil {
		t.Error(err)
	}
}

func parsedRoot(t *testing.T, file []byte) *tuf.Root {
	t.Helper()
	root, err := tuf.ParseRoot(file)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestUnknownFieldsAreCoveredAndKept(t *testing.T) {
	r := tuftest.New(t)
	for _, name := range []string{tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile, tuf.RootName(2)} {
		r.Edit[name] = func(m map[string]any) { m["x-unknown"] = map[string]any{"b": 1, "a": []any{nil, true}} }
	}
	r.NextRoot()
	r.Publish()
	newDevice(t, r).accepts()
}

func TestCustomGivesBackWhatWasRead(t *testing.T) {
	cases := []string{
		`{}`,
		`{"name":"x","version":"1","hardwareIds":["a","b"],"tags":[],"targetFormat":"OSTREE","arch":"","uri":"u","createdAt":"t","updatedAt":"t"}`,
		`{"docker_compose_apps":{"web":{"uri":"h/f/web@sha256:00","x":1},"db":{"uri":"h/f/db@sha256:00"}},"fetched-apps":{"uri":null}}`,
		`{"docker_compose_apps":{},"fetched-apps":{"uri":"","shortlist":"a,b","y":[1]}}`,
		`{"fetched-apps":null,"lmp-ver":"4.0","delta-stats":{"sha256":"00","size":412},"containers-sha":"","z":null}`,
	}
	for _, text := range cases {
		c, err := tuf.Target{Custom: json.RawMessage(text)}.Fields()
		if err != nil {
			t.Fatal(text, err)
		}
		out, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := tuf.Canonical([]byte(text))
		if got, err := tuf.Canonical(out); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}

func TestCustomOfAnotherShapeNamesTheField(t *testing.T) {
	for text, where := range map[string]string{
		`{"version":57}`:                          "custom.version",
		`{"hardwareIds":"x"}`:                     "custom.hardwareIds",
		`{"tags":[1]}`:                            "custom.tags",
		`{"tags":null}`:                           "custom.tags",
		`{"tags":1}`:                              "custom.tags",
		`{"docker_compose_apps":[]}`:              "custom.docker_compose_apps",
		`{"docker_compose_apps":{"web":"x"}}`:     "custom.docker_compose_apps.web",
		`{"docker_compose_apps":{"w":{"uri":1}}}`: "custom.docker_compose_apps.w.uri",
		`{"fetched-apps":"x"}`:                    "custom.fetched-apps",
		`{"fetched-apps":{"uri":1}}`:              "custom.fetched-apps.uri",
		`[]`:                                      "custom",
		`{`:                                       "custom",
	} {
		_, err := tuf.Target{Custom: json.RawMessage(text)}.Fields()
		if !errors.Is(err, tuf.ErrMalformed) || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if c, err := (tuf.Target{}).Fields(); err != nil || !cmp.Equal(c, tuf.Custom{}) {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAppsAreOffOnlyWhereTheTargetSaysSo(t *testing.T) {
	uri, none := "https://x", ""
	for _, c := range []struct {
		f    *tuf.FetchedApps
		want bool
	}{{nil, false}, {&tuf.FetchedApps{}, true}, {&tuf.FetchedApps{URI: &none}, true}, {&tuf.FetchedApps{URI: &uri}, false}} {
		if got := c.f.None(); got != c.want {
			t.Errorf("%+v: %v", c.f, got)
		}
	}
}

func TestEightMebibytesOfTargetsAreVerified(t *testing.T) {
	if testing.Short() {
		t.Skip("it is long")
	}
	r := tuftest.New(t)
	for i := range 20000 {
		r.AddTarget(fmt.Sprintf("intel-corei7-64-lmp-%d", i), commit, "intel-corei7-64", fmt.Sprint(i), "main", "devel")
	}
	r.Publish()
	if n := len(r.Files[tuf.TargetsFile]); n > limits.Targets || n < limits.Targets/2 {
		t.Fatalf("%d bytes", n)
	}
	if n := len(newDevice(t, r).accepts().Targets().Targets); n != 20000 {
		t.Errorf("%d targets", n)
	}
}

// mute is a signer that fails.
type mute struct{ *tuf.PrivateKey }

var errMute = errors.New("the token is gone")

func (mute) Sign([]byte) ([]byte, error) { return nil, errMute }

func TestWhatKeepsASignatureFromBeingMadeIsSaid(t *testing.T) {
	k := seeded(t, 1)
	if _, err := tuf.Sign(map[string]any{"a": 1}, mute{k}); !errors.Is(err, errMute) || !strings.Contains(err.Error(), k.Public().ID) {
		t.Errorf("got %v", err)
	}
	bad := tuftest.Signature(t, []byte("another"), k)
	if _, err := tuf.AddSignature(tuftest.Envelope(t, []byte(`{"a":1}`), []any{bad}), k); !errors.Is(err, tuf.ErrDuplicate) {
		t.Errorf("a second signature under one id: %v", err)
	}
}

func TestAFileThatJustFitsIsSigned(t *testing.T) {
	const around = `{"signatures":[],"signed":{"_type":"Root","x":""}}`
	for more, want := range map[int]error{0: nil, 1: tuf.ErrTooLarge} {
		file, err := tuf.Sign(map[string]any{"_type": "Root", "x": strings.Repeat("x", limits.Root-len(around)+more)})
		if !errors.Is(err, want) || err == nil && len(file) != limits.Root {
			t.Errorf("%d bytes over: %v", more, err)
		}
	}
}
