package spec_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
	"github.com/otactl/otactl/tuf/spec/spectest"
	"github.com/otactl/otactl/tuf/tuftest"
)

const name = "board-1"

func start() time.Time { return time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC) }

func newRepo(t testing.TB) *spectest.Repo {
	t.Helper()
	return spectest.New(t, start(), map[string]tuf.Target{name: {
		Hashes: map[string]string{"sha256": strings.Repeat("ab", 32)}, Custom: json.RawMessage(`{"version":"1"}`),
	}})
}

func refresh(t testing.TB, r *spectest.Repo, c tuf.Cache, roots ...[]byte) (*tuf.Trust, error) {
	t.Helper()
	return tuf.Refresh(t.Context(), r, c, tuf.RefreshOptions{
		Now: r.Now, FirstUse: true, InitialRoots: roots, Dialects: []tuf.Dialect{spec.Dialect{}},
	})
}

func TestAnHonestRepositoryIsTrusted(t *testing.T) {
	r := newRepo(t)
	trust, err := refresh(t, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	target := trust.Targets().Targets[name]
	if c, err := target.Fields(); target.Commit() != strings.Repeat("ab", 32) || err != nil || c.Version != "1" {
		t.Errorf("target %+v, custom %+v, %v", target, c, err)
	}
	if got := trust.Dialect().Name(); got != "tuf" {
		t.Errorf("dialect %q", got)
	}
	rep, err := trust.Root().Signatures(tuf.RoleTargets, r.Files[tuf.TargetsFile])
	if err != nil || len(rep.Valid) != 1 || rep.Missing() != 0 {
		t.Errorf("who signed targets: %+v, %v", rep, err)
	}
	if err := trust.Root().Verify(tuf.RoleSnapshot, r.Files[tuf.TargetsFile]); err == nil {
		t.Error("targets pass for a snapshot")
	}
	if _, err := trust.VerifyBundle(r.Files[tuf.TargetsFile], r.Now); !errors.Is(err, tuf.ErrBundle) {
		t.Errorf("a bundle: %v", err)
	}
}

func TestWithoutTheDialectItsRootIsMalformed(t *testing.T) {
	if _, err := tuf.NewTrust(newRepo(t).Files[tuf.RootName(1)]); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

// A broken thing in a file is a refusal with a class, whatever go-tuf would do.
func TestOneBrokenThingIsRefused(t *testing.T) {
	drop := func(path ...string) func(map[string]any) { return set(nil, path...) }
	for _, tt := range []struct {
		name, file string
		edit       func(map[string]any)
		want       error
	}{
		{"a timestamp without snapshot.json", tuf.TimestampFile, set(map[string]any{}, "meta"), tuf.ErrMalformed},
		{"a timestamp whose snapshot is null", tuf.TimestampFile, drop("meta", "snapshot.json"), tuf.ErrMalformed},
		{"a timestamp without meta", tuf.TimestampFile, drop("meta"), tuf.ErrMalformed},
		{"a snapshot whose targets are null", tuf.SnapshotFile, drop("meta", "targets.json"), tuf.ErrMalformed},
		{"another entry of meta that is null", tuf.SnapshotFile, drop("meta", "other.json"), tuf.ErrMalformed},
		{"a target that is null", tuf.TargetsFile, drop("targets", name), tuf.ErrMalformed},
		{"a target without hashes", tuf.TargetsFile, set(map[string]any{}, "targets", name, "hashes"), tuf.ErrMalformed},
		{"a target whose hash is short", tuf.TargetsFile, set("abcd", "targets", name, "hashes", "sha256"), tuf.ErrMalformed},
		{"a target of negative length", tuf.TargetsFile, set(-1, "targets", name, "length"), tuf.ErrMalformed},
		{"custom that is no object", tuf.TargetsFile, set([]any{}, "targets", name, "custom"), tuf.ErrMalformed},
		{"targets that are null", tuf.TargetsFile, drop("targets"), tuf.ErrMalformed},
		{"a version of 0", tuf.TimestampFile, set(0, "version"), tuf.ErrMalformed},
		{"a version beyond 2^31", tuf.TimestampFile, set(1<<31, "version"), tuf.ErrMalformed},
		{"an announced version of 0", tuf.TimestampFile, set(0, "meta", "snapshot.json", "version"), tuf.ErrMalformed},
		{"a negative length announced", tuf.TimestampFile, set(-1, "meta", "snapshot.json", "length"), tuf.ErrMalformed},
		{"a version that was not announced", tuf.SnapshotFile, set(2, "version"), tuf.ErrVersion},
		{"a length that is not so", tuf.TimestampFile, set(7, "meta", "snapshot.json", "length"), tuf.ErrHash},
		{"a hash that nobody can check", tuf.TimestampFile, set(map[string]any{"md5": "abcd"}, "meta", "snapshot.json", "hashes"), tuf.ErrHash},
		{"a hash that is not so", tuf.SnapshotFile, set(map[string]any{"sha256": strings.Repeat("00", 32)}, "meta", "targets.json", "hashes"), tuf.ErrHash},
		{"expired", tuf.TargetsFile, set("2026-06-01T00:00:00Z", "expires"), tuf.ErrExpired},
		{"expired this second", tuf.SnapshotFile, set(start().Format(time.RFC3339), "expires"), tuf.ErrExpired},
		{"the type of another role", tuf.SnapshotFile, set("timestamp", "_type"), tuf.ErrMalformed},
		{"the type of the other dialect", tuf.SnapshotFile, set("Snapshot", "_type"), tuf.ErrMalformed},
		{"a delegation to nobody", tuf.TargetsFile, set(delegations(""), "delegations"), tuf.ErrMalformed},
		{"a delegation that is there twice", tuf.TargetsFile, set(delegations("a", "a"), "delegations"), tuf.ErrMalformed},
		{"a key of a delegation that is null", tuf.TargetsFile, set(map[string]any{"keys": map[string]any{"k": nil}, "roles": []any{}}, "delegations"), tuf.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRepo(t)
			r.Edit(tt.file, tt.edit)
			refused(t, r, tt.want)
		})
	}
}

// refused wants a refresh to end in an error and nothing to be stored.
func refused(t *testing.T, r *spectest.Repo, want error) {
	t.Helper()
	cache := tuftest.NewCache()
	_, err := refresh(t, r, cache)
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if _, ok := errors.AsType[*tuf.Error](err); !ok {
		t.Errorf("an error that names no file: %v", err)
	}
	if len(cache.Files) > 0 {
		t.Errorf("something is stored: %d files", len(cache.Files))
	}
}

// set puts a value at a path.
func set(v any, path ...string) func(map[string]any) {
	return func(m map[string]any) {
		for _, name := range path[:len(path)-1] {
			m = m[name].(map[string]any)
		}
		m[path[len(path)-1]] = v
	}
}

func delegations(names ...string) map[string]any {
	var roles []any
	for _, name := range names {
		roles = append(roles, map[string]any{"name": name, "keyids": []string{"k"}, "threshold": 1, "terminating": false, "paths": []string{"*"}})
	}
	return map[string]any{"keys": map[string]any{}, "roles": roles}
}

func TestRoleOfARootIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(map[string]any)
		want error
	}{
		{"null", set(nil, "roles", "snapshot"), tuf.ErrMalformed},
		{"missing", func(m map[string]any) { delete(m["roles"].(map[string]any), "snapshot") }, tuf.ErrMalformed},
		{"threshold 0", set(0, "roles", "snapshot", "threshold"), tuf.ErrMalformed},
		{"threshold -1", set(-1, "roles", "snapshot", "threshold"), tuf.ErrMalformed},
		{"a threshold that is beyond all", set(1<<30, "roles", "snapshot", "threshold"), tuf.ErrMalformed},
		{"a threshold of 2 with one key", set(2, "roles", "snapshot", "threshold"), tuf.ErrSignature},
		{"a key twice", func(m map[string]any) {
			of := m["roles"].(map[string]any)["snapshot"].(map[string]any)
			of["keyids"] = append(of["keyids"].([]any), of["keyids"].([]any)...)
		}, tuf.ErrMalformed},
		{"no keys", set([]string{}, "roles", "snapshot", "keyids"), tuf.ErrMalformed},
		{"a key that is not listed", set([]string{"other"}, "roles", "snapshot", "keyids"), tuf.ErrKey},
		{"all keys null", set(nil, "keys"), tuf.ErrKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRepo(t)
			r.Edit(tuf.RootName(1), tt.edit)
			refused(t, r, tt.want)
		})
	}
}

func TestAKeyThatCantBeUsedIsRefused(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, kind, scheme, public string }{
		{"31 bytes", "ed25519", "ed25519", strings.Repeat("ab", 31)},
		{"33 bytes", "ed25519", "ed25519", strings.Repeat("ab", 33)},
		{"no bytes", "ed25519", "ed25519", ""},
		{"a point of small order", "ed25519", "ed25519", "01" + strings.Repeat("00", 31)},
		{"RSA of 1024 bits", "rsa", "rsassa-pss-sha256", text(t, small.Public())},
		{"RSA that says ECDSA", "ecdsa", "ecdsa-sha2-nistp256", text(t, small.Public())},
		{"P-384 that says P-256", "ecdsa", "ecdsa-sha2-nistp256", text(t, p384.Public())},
		{"another scheme", "ed25519", "rsassa-pss-sha256", strings.Repeat("ab", 32)},
		{"no PEM", "rsa", "rsassa-pss-sha256", "abcd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRepo(t)
			r.Edit(tuf.RootName(1), set(map[string]any{"keytype": tt.kind, "scheme": tt.scheme, "keyval": map[string]any{"public": tt.public}},
				"keys", r.IDs["targets"]))
			refused(t, r, tuf.ErrMalformed)
		})
	}
}

func text(t *testing.T, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// A key of a type that is not known yet does no harm where no role needs it.
func TestAKeyOfAnUnknownTypeIsPassedOver(t *testing.T) {
	r := newRepo(t)
	r.Edit(tuf.RootName(1), set(map[string]any{"keytype": "x-new", "scheme": "x", "keyval": map[string]any{"public": "?"}}, "keys", "new"))
	if _, err := refresh(t, r, nil); err != nil {
		t.Error(err)
	}
}

// Two ids of one key count once.
func TestOneKeyUnderTwoIDsCountsOnce(t *testing.T) {
	r := newRepo(t)
	r.Keys["other"], r.IDs["other"] = r.Keys["snapshot"], "other"
	r.Edit(tuf.RootName(1), func(m map[string]any) {
		key := map[string]any{"keytype": "ed25519", "scheme": "ed25519", "x-note": "the same",
			"keyval": map[string]any{"public": hex.EncodeToString(r.Keys["snapshot"].Public().(ed25519.PublicKey))}}
		set(key, "keys", "other")(m)
		set([]string{r.IDs["snapshot"], "other"}, "roles", "snapshot", "keyids")(m)
		set(2, "roles", "snapshot", "threshold")(m)
	})
	r.EditBy(tuf.SnapshotFile, func(map[string]any) {}, "snapshot", "other")
	refused(t, r, tuf.ErrSignature)
	trust, err := tuf.NewTrust(r.Files[tuf.RootName(1)], spec.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := trust.Root().Signatures(tuf.RoleSnapshot, r.Files[tuf.SnapshotFile])
	if err != nil || len(rep.Valid) != 1 || len(rep.Invalid) != 1 {
		t.Errorf("who signed: %+v, %v", rep, err)
	}
}

// What go-tuf would take for what was signed, and is not what was received.
func TestWhatWasReceivedIsWhatWasSigned(t *testing.T) {
	for name, edit := range map[string][2]string{
		"a name in capitals":        {`"version"`, `"Version"`},
		"an offset":                 {`Z","`, `+00:00","`},
		"a length that says naught": {`"snapshot.json":{`, `"snapshot.json":{"length":0,`},
		"a member twice":            {`"version"`, `"version":9,"version"`},
		"a number with a point":     {`"spec_version":"1.0.31"`, `"spec_version":"1.0.31","x":1.0`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			changed := strings.Replace(string(r.Files[tuf.TimestampFile]), edit[0], edit[1], 1)
			if changed == string(r.Files[tuf.TimestampFile]) {
				t.Fatalf("nothing is changed: %s", changed)
			}
			r.Files[tuf.TimestampFile] = []byte(changed)
			if _, err := refresh(t, r, nil); !errors.Is(err, tuf.ErrMalformed) && !errors.Is(err, tuf.ErrSignature) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// go-tuf goes by whichever of two members comes last in the file, whatever their
// case. A signed file that has both must not become another one by moving them.
func TestMembersMayNotBeMovedToSayOtherThingsThanWereSigned(t *testing.T) {
	r := newRepo(t)
	r.Edit(tuf.TimestampFile, set(1, "Version"))
	if _, err := refresh(t, r, nil); err != nil {
		t.Fatal(err)
	}
	file := string(r.Files[tuf.TimestampFile])
	for _, move := range [][2]string{{`"Version":1,`, ""}, {`,"version":1}`, `,"Version":1}`}, {`"signed":{`, `"signed":{"version":77,`}} {
		if !strings.Contains(file, move[0]) {
			t.Fatalf("no %s in %s", move[0], file)
		}
		file = strings.Replace(file, move[0], move[1], 1)
	}
	r.Files[tuf.TimestampFile] = []byte(file)
	refused(t, r, tuf.ErrMalformed)
}

// The same with the whole signed part: a forged one that is read, and a good one
// that go-tuf would verify.
func TestASecondSignedPartInOtherCaseIsRefused(t *testing.T) {
	for file, edit := range map[string][2]string{
		tuf.TimestampFile: {`"spec_version":"1.0.31","version":1}`, `"spec_version":"1.0.31","version":77}`},
		tuf.TargetsFile:   {strings.Repeat("ab", 32), strings.Repeat("ef", 32)},
	} {
		r := newRepo(t)
		good := string(signedOf(t, r.Files[file]))
		forged := strings.Replace(good, edit[0], edit[1], 1)
		if forged == good {
			t.Fatalf("nothing is changed: %s", good)
		}
		text := strings.Replace(string(r.Files[file]), good, forged, 1)
		r.Files[file] = []byte(strings.TrimSuffix(text, "}") + `,"Signed":` + good + "}")
		refused(t, r, tuf.ErrMalformed)
	}
}

func TestFilesOverTheirCapsAreRefused(t *testing.T) {
	for _, file := range []string{tuf.RootName(1), tuf.TimestampFile, tuf.SnapshotFile} {
		r := newRepo(t)
		r.Edit(file, set(strings.Repeat("x", 64<<10), "x-long"))
		refused(t, r, tuf.ErrTooLarge)
	}
}

// What costs the square of its number in go-tuf is counted before.
func TestManySignaturesAndKeysAreRefusedAtOnce(t *testing.T) {
	r := newRepo(t)
	signed := signedOf(t, r.Files[tuf.TargetsFile])
	var list strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&list, `,{"keyid":"%d","sig":""}`, i)
	}
	r.Files[tuf.TargetsFile] = []byte(`{"signatures":[` + list.String()[1:] + `],"signed":` + string(signed) + `}`)
	refused(t, r, tuf.ErrTooLarge)

	r = newRepo(t)
	ids := make([]string, 20_000)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	many := delegations("a")
	many["roles"].([]any)[0].(map[string]any)["keyids"] = ids
	r.Edit(tuf.TargetsFile, set(many, "delegations"))
	refused(t, r, tuf.ErrMalformed)
}
