package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
)

// checksum is that of the current targets.json.
func (b *backend) checksum(t *testing.T) string {
	t.Helper()
	return b.call(t, b.operator, "GET", userRepo+"targets.json", nil).want(t, 200).header.Get("x-ats-role-checksum")
}

// signed is the current targets.json.
func (b *backend) signed(t *testing.T) string {
	t.Helper()
	return b.call(t, b.operator, "GET", userRepo+"targets.json", nil).want(t, 200).body
}

func latest(t *testing.T, b *backend, query string) int {
	t.Helper()
	var out struct {
		Data struct {
			Build struct {
				ID int `json:"build_id"`
			}
		}
	}
	b.call(t, b.operator, "GET", "/projects/local/lmp/builds/latest/"+query, nil).want(t, 200).json(t, &out)
	return out.Data.Build.ID
}

func TestVersionOfAPrunedTargetIsNeverGivenOutAgain(t *testing.T) {
	b, token, l := published(t)
	for v := 1; v <= 3; v++ {
		b.add(t, token, target(fmt.Sprintf("demo-%d", v), v, l.commit, "main")).want(t, 201)
	}
	b.call(t, b.operator, "DELETE", targetsPath, []byte(`{"targets":["demo-3"]}`)).want(t, 200)
	b.restart(t)
	again := target("demo-3", 3, l.commit, "main")
	b.add(t, token, again).refused(t, 409, "target_exists")
	b.add(t, token, bytes.Replace(again, []byte("demo-3"), []byte("other-3"), 1)).refused(t, 409, "target_exists")
	b.add(t, token, bytes.Replace(again, []byte(`"version":"3"`), []byte(`"version":"9"`), 1)).refused(t, 409, "target_exists")
	for query, want := range map[string]int{"?all=1": 3, "?hardware-id=demo": 3, "?hardware-id=x,demo": 3, "?hardware-id=x": 0} {
		if got := latest(t, b, query); got != want {
			t.Errorf("the latest build of %s is %d, want %d", query, got, want)
		}
	}
	b.add(t, token, target("demo-4", 4, l.commit, "main")).want(t, 201)
	b.call(t, token, "GET", "/projects/local/lmp/builds/latest/?hardware-id=a/b", nil).refused(t, 400, "bad_request")
}

func TestChangesKeepEveryFieldTheyDoNotMean(t *testing.T) {
	b, token, l := published(t)
	odd := bytes.Replace(target("demo-1", 1, l.commit, "main"), []byte(`"x-extra":`),
		[]byte(`"fetched-apps":{"shortlist":"a"},"delta-stats":{"size":5,"more":[null,{"b":[]}]},"x-extra":`), 1)
	odd = bytes.Replace(odd, []byte(`"length":0`), []byte(`"length":0,"x-entry":{"z":1}`), 1)
	b.add(t, token, odd).want(t, 201)
	b.add(t, token, target("demo-2", 2, l.commit, "main")).want(t, 201)
	b.pass(time.Hour)
	before, stamp := b.signed(t), b.time().Add(-time.Hour).Format(time.RFC3339)
	a := b.call(t, token, "PATCH", targetsPath, []byte(`{"targets":{"demo-1":{"custom":{"tags":["next","main"]}}}}`)).want(t, 200)
	if a.header.Get("x-ats-role-checksum") != b.checksum(t) {
		t.Error("the answer is not about the new targets.json")
	}
	b.call(t, token, "PATCH", targetsPath, []byte(`{"targets":{"demo-1":{"custom":{"tags":["next","main"]}}}}`)).want(t, 200)
	after := b.signed(t)
	entry := func(file, name string) string {
		d, err := tuf.DraftTargets([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		return string(d.Entry(name))
	}
	want := strings.NewReplacer(`["main"]`, `["next","main"]`, `"updatedAt":"`+stamp, `"updatedAt":"`+b.time().Format(time.RFC3339)).Replace(entry(before, "demo-1"))
	if got := entry(after, "demo-1"); got != want || !strings.Contains(got, `"x-entry":{"z":1}`) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if entry(before, "demo-2") != entry(after, "demo-2") {
		t.Error("another target was changed")
	}
	b.call(t, b.operator, "DELETE", targetsPath, []byte(`{"targets":["demo-2"]}`)).want(t, 200)
	if entry(b.signed(t), "demo-1") != want {
		t.Error("what stays was changed")
	}
	mustRefresh(t, fetcher{t: t, b: b}, device(t))
}

func TestChangesAreRefused(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	operator, sum := b.operator, b.checksum(t)
	for _, c := range []struct {
		token, method, body string
		status              int
		code                string
	}{
		{token, "PATCH", `{"targets":{"nosuch":{"custom":{"tags":["a"]}}}}`, 404, "target_not_found"},
		{token, "PATCH", `{"targets":{"demo-1":{"custom":{"tags":[]}}}}`, 400, "bad_target"},
		{token, "PATCH", `{"targets":{"demo-1":{"custom":{"tags":["a","a"]}}}}`, 400, "bad_target"},
		{token, "PATCH", `{"targets":{"demo-1":{"custom":{"tags":["a b"]}}}}`, 400, "bad_target"},
		{token, "PATCH", `{"targets":{"demo-1":{"custom":{"tags":["\u00e9"]}}}}`, 400, "bad_target"},
		{token, "PATCH", `{"targets":{}}`, 400, "bad_target"},
		{token, "PATCH", `{"targets":{"demo-1":1}}`, 400, "json"},
		{token, "DELETE", `{"targets":["demo-1"]}`, 403, "forbidden"},
		{token, "PUT", `{"targets":{}}`, 403, "forbidden"},
		{"", "DELETE", `{"targets":["demo-1"]}`, 401, "unauthorized"},
		{operator, "DELETE", `{"targets":["nosuch"]}`, 404, "target_not_found"},
		{operator, "DELETE", `{"targets":["demo-1","demo-1"]}`, 400, "bad_target"},
		{operator, "DELETE", `{"targets":[]}`, 400, "bad_target"},
		{operator, "PUT", `{}`, 400, "bad_target"},
		{operator, "PUT", `{"targets":{"demo-2":{"length":0}}}`, 400, "bad_target"},
		{operator, "PUT", `{"targets":{"x":1,"x":2}}`, 400, "bad_target"},
	} {
		b.call(t, c.token, c.method, targetsPath, []byte(c.body), "x-ats-role-checksum", sum).refused(t, c.status, c.code)
	}
	if b.checksum(t) != sum {
		t.Error("something was signed all the same")
	}
}

// edited is the map of all targets, as text, with old replaced by next.
func (b *backend) edited(t *testing.T, old, next string) []byte {
	t.Helper()
	text := b.call(t, b.operator, "GET", targetsPath, nil).want(t, 200).body
	if !strings.Contains(text, old) {
		t.Fatalf("%s has no %s", text, old)
	}
	return []byte(`{"targets":` + strings.ReplaceAll(text, old, next) + `}`)
}

func TestEditReplacesAllTargetsButNoneBecomesAnother(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	b.add(t, token, target("demo-2", 2, l.commit, "main")).want(t, 201)
	put := func(body []byte) answer {
		return b.call(t, b.operator, "PUT", targetsPath, body, "x-ats-role-checksum", b.checksum(t))
	}
	put(b.edited(t, `"x-extra"`, `"x-other"`)).want(t, 200)
	if got := b.signed(t); strings.Count(got, `"x-other":{"kept":[1,2]}`) != 2 || strings.Contains(got, "x-extra") {
		t.Error(got)
	}
	version := latest(t, b, "")
	put(b.edited(t, l.commit.String(), strings.Repeat("0", 64))).refused(t, 409, "target_exists")
	put(b.edited(t, `"version":"2"`, `"version":"7"`)).refused(t, 409, "target_exists")
	put(b.edited(t, `["demo"]`, `["demo","more"]`)).want(t, 200)
	put(b.edited(t, `"name":"demo"`, `"name":"a b"`)).refused(t, 400, "bad_target")
	put([]byte(`{"targets":{}}`)).want(t, 200)
	var none map[string]json.RawMessage
	b.call(t, token, "GET", targetsPath, nil).want(t, 200).json(t, &none)
	if len(none) != 0 || latest(t, b, "") != version || latest(t, b, "?hardware-id=more") != 2 {
		t.Errorf("%v are left, version %d", none, latest(t, b, ""))
	}
	put([]byte(`{"targets":`+string(mustField(t, target("demo-2", 2, l.commit, "main"), "targets"))+`}`)).refused(t, 409, "target_exists")
}

func mustField(t *testing.T, body []byte, name string) json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return m[name]
}

func TestOfTwoEditorsOneWinsAndTheOtherIsTold(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	base := b.checksum(t)
	body := b.edited(t, `"main"`, `"mine"`)
	b.call(t, b.operator, "PUT", targetsPath, body).refused(t, 428, "role_checksum_not_provided")
	b.call(t, b.operator, "PUT", targetsPath, body, "x-ats-role-checksum", base).want(t, 200)
	b.call(t, b.operator, "PUT", targetsPath, body, "x-ats-role-checksum", base).refused(t, 412, "role_checksum_mismatch")
	b.call(t, b.operator, "DELETE", targetsPath, []byte(`{"targets":["demo-1"]}`), "x-ats-role-checksum", base).refused(t, 412, "role_checksum_mismatch")

	base = b.checksum(t)
	const editors = 8
	codes := make([]int, editors)
	var wg sync.WaitGroup
	for i := range editors {
		wg.Go(func() {
			body := fmt.Appendf(nil, `{"targets":{"demo-1":{"custom":{"tags":["editor-%d"]}}}}`, i)
			codes[i] = b.call(t, token, "PATCH", targetsPath, body, "x-ats-role-checksum", base).code
		})
	}
	wg.Wait()
	won := -1
	for i, code := range codes {
		switch {
		case code == 200 && won < 0:
			won = i
		case code != 412:
			t.Errorf("codes %v: more than one won, or one was not told", codes)
		}
	}
	if won < 0 || !strings.Contains(b.signed(t), fmt.Sprintf(`["editor-%d"]`, won)) {
		t.Errorf("codes %v, and what is signed is %s", codes, b.signed(t))
	}
}

// takeKeys moves key files off the server and starts it again.
func (b *backend) takeKeys(t *testing.T, roles ...string) map[string]*tuf.PrivateKey {
	t.Helper()
	b.stop()
	keys := map[string]*tuf.PrivateKey{}
	for _, role := range roles {
		path := filepath.Join(b.dir, "tuf", role+".key")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if keys[role], err = tuf.ParsePrivateKey(raw); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	b.run(t)
	return keys
}

// proposal is the current targets.json, to be changed.
func (b *backend) proposal(t *testing.T) *tuf.TargetsDraft {
	t.Helper()
	d, err := tuf.DraftTargets([]byte(b.signed(t)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func withTarget(t *testing.T, d *tuf.TargetsDraft, body []byte) *tuf.TargetsDraft {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(mustField(t, body, "targets"), &m); err != nil {
		t.Fatal(err)
	}
	for name, entry := range m {
		if err := d.Set(name, entry); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func signFile(t *testing.T, d *tuf.TargetsDraft, version int, expires time.Time, keys ...tuf.Signer) []byte {
	t.Helper()
	file, err := d.Sign(version, expires, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestServerWithoutTargetsKeyTakesWhatWasSignedElsewhere(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	key := b.takeKeys(t, "root", "targets")["targets"]
	if got := fmt.Sprint(b.SignedElsewhere); got != "[root targets]" {
		t.Errorf("the server says that %s is signed elsewhere", got)
	}
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 200)
	b.add(t, token, target("demo-2", 2, l.commit, "main")).refused(t, 409, "signed_elsewhere")
	b.call(t, b.operator, "DELETE", targetsPath, []byte(`{"targets":["demo-1"]}`)).refused(t, 409, "signed_elsewhere")

	token = b.publisher(t)
	dev := device(t)
	before := mustRefresh(t, fetcher{t: t, b: b}, dev)
	version, year := before.Targets().Version, b.time().Add(365*24*time.Hour)
	file := signFile(t, withTarget(t, b.proposal(t), target("demo-2", 2, l.commit, "main")), version+1, year, key)
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, file, "", " "); err != nil {
		t.Fatal(err)
	}
	base := b.checksum(t)
	a := b.call(t, token, "PUT", userRepo+"targets", pretty.Bytes(), "x-ats-role-checksum", base).want(t, 204)
	if b.signed(t) != string(file) || a.header.Get("x-ats-role-checksum") != b.checksum(t) {
		t.Error("what is served is not what was signed, in canonical form")
	}
	after := mustRefresh(t, fetcher{t: t, b: b}, dev)
	if after.Targets().Version != version+1 || after.Snapshot().Version <= before.Snapshot().Version || after.Timestamp().Version <= before.Timestamp().Version {
		t.Errorf("targets %d, snapshot %d, timestamp %d", after.Targets().Version, after.Snapshot().Version, after.Timestamp().Version)
	}
	b.call(t, token, "PUT", userRepo+"targets.json", file, "x-ats-role-checksum", base).refused(t, 412, "role_checksum_mismatch")
	b.call(t, token, "PUT", userRepo+"targets.json", file).refused(t, 428, "role_checksum_not_provided")

	var meta map[string]json.RawMessage
	b.bundle(t, token, "demo-2", 30, nil).want(t, 200).json(t, &meta)
	rep, err := after.Root().Signatures(tuf.RoleTargets, meta["bundle-targets"])
	if err != nil || rep.Missing() != 1 || len(rep.Unknown)+len(rep.Invalid) != 0 {
		t.Errorf("a bundle's list, which is the targets key's to sign: %+v, %v", rep, err)
	}
}

func TestUploadIsHeldToTheSameAsAChangeMadeHere(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	b.add(t, token, target("demo-2", 2, l.commit, "main")).want(t, 201)
	b.call(t, b.operator, "DELETE", targetsPath, []byte(`{"targets":["demo-2"]}`)).want(t, 200)
	key := b.takeKeys(t, "targets")["targets"]
	stranger, err := tuf.GenerateKey(tuf.ED25519)
	if err != nil {
		t.Fatal(err)
	}
	next, year := b.proposal(t).Version()+1, b.time().Add(365*24*time.Hour)
	base, snapshot := b.checksum(t), b.call(t, b.operator, "GET", userRepo+"snapshot.json", nil).body
	good := target("demo-3", 3, l.commit, "main")
	put := func(file []byte) answer {
		return b.call(t, token, "PUT", userRepo+"targets", file, "x-ats-role-checksum", base)
	}
	for what, c := range map[string]struct {
		file   []byte
		status int
		code   string
	}{
		"nobody signed":      {signFile(t, b.proposal(t), next, year), 400, "payload_signature_invalid"},
		"a stranger signed":  {signFile(t, b.proposal(t), next, year, stranger), 400, "payload_signature_invalid"},
		"same version":       {signFile(t, b.proposal(t), next-1, year, key), 400, "bad_request"},
		"lower version":      {signFile(t, b.proposal(t), 1, year, key), 400, "bad_request"},
		"version skipped":    {signFile(t, b.proposal(t), next+1, year, key), 400, "bad_request"},
		"expired":            {signFile(t, b.proposal(t), next, b.time(), key), 400, "bad_request"},
		"commit is not here": {signFile(t, withTarget(t, b.proposal(t), bytes.Replace(good, []byte(l.commit.String()), []byte(strings.Repeat("0", 64)), 1)), next, year, key), 412, "commit_incomplete"},
		"no hardware id":     {signFile(t, withTarget(t, b.proposal(t), bytes.Replace(good, []byte(`["demo"]`), []byte(`[]`), 1)), next, year, key), 400, "bad_target"},
		"pruned version":     {signFile(t, withTarget(t, b.proposal(t), target("demo-2", 2, l.commit, "main")), next, year, key), 409, "target_exists"},
		"other version":      {signFile(t, withTarget(t, b.proposal(t), target("demo-1", 5, l.commit, "main")), next, year, key), 409, "target_exists"},
		"not JSON":           {[]byte("{"), 400, "bad_target"},
		"a snapshot":         {[]byte(snapshot), 400, "bad_target"},
		"too long":           {bytes.Repeat([]byte(" "), 9<<20), 413, "too_large"},
	} {
		if a := put(c.file); a.code != c.status || !strings.Contains(a.body, c.code) {
			t.Errorf("%s: %d %s", what, a.code, a.body)
		}
	}
	tampered := bytes.Replace(signFile(t, withTarget(t, b.proposal(t), good), next, year, key), []byte(`"main"`), []byte(`"evil"`), 1)
	put(tampered).refused(t, 400, "payload_signature_invalid")
	raw := strings.Replace(string(signFile(t, withTarget(t, b.proposal(t), good), next, year)), `"main"`, `"caf\u00e9"`, 1)
	put([]byte(raw)).refused(t, 400, "bad_target")
	b.call(t, "", "PUT", userRepo+"targets", nil).refused(t, 401, "unauthorized")
	if b.checksum(t) != base {
		t.Fatal("something was taken")
	}
	put(signFile(t, withTarget(t, b.proposal(t), good), next, year, key)).want(t, 204)
	mustRefresh(t, fetcher{t: t, b: b}, device(t))
}

func TestOfTwoUploadsOneWins(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	key := b.takeKeys(t, "targets")["targets"]
	base, next := b.checksum(t), b.proposal(t).Version()+1
	const signers = 6
	files, codes := make([][]byte, signers), make([]int, signers)
	for i := range files {
		files[i] = signFile(t, b.proposal(t), next, b.time().Add(time.Duration(i+1)*time.Hour), key)
	}
	var wg sync.WaitGroup
	for i, file := range files {
		wg.Go(func() {
			codes[i] = b.call(t, token, "PUT", userRepo+"targets", file, "x-ats-role-checksum", base).code
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, code := range codes {
		count[code]++
	}
	if count[204] != 1 || count[412] != signers-1 {
		t.Errorf("codes %v", codes)
	}
	mustRefresh(t, fetcher{t: t, b: b}, device(t))
}

func TestServerNeverSignsAgainWhatItDidNotAuthor(t *testing.T) {
	b, token, _ := published(t)
	keys := b.takeKeys(t, "root", "targets")
	day := 24 * time.Hour
	file := signFile(t, b.proposal(t), b.proposal(t).Version()+1, b.time().Add(100*day), keys["targets"])
	b.call(t, token, "PUT", userRepo+"targets", file, "x-ats-role-checksum", b.checksum(t)).want(t, 204)
	// The key comes back, and still this file is the owner's.
	raw, err := json.Marshal(keys["targets"])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "tuf", "targets.key"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	dev := device(t)
	first := mustRefresh(t, fetcher{t: t, b: b}, dev)
	b.pass(60 * day)
	b.restart(t)
	second := mustRefresh(t, fetcher{t: t, b: b}, dev)
	if b.signed(t) != string(file) {
		t.Error("targets.json was signed again")
	}
	if second.Snapshot().Version <= first.Snapshot().Version || !second.Snapshot().Expires.After(first.Snapshot().Expires) {
		t.Errorf("snapshot %d until %s was not renewed: %d until %s", first.Snapshot().Version, first.Snapshot().Expires, second.Snapshot().Version, second.Snapshot().Expires)
	}
	if root := second.Root(); root.Version != 1 {
		t.Errorf("root is version %d, and its key is elsewhere", root.Version)
	}
	var health struct {
		Status   string
		Warnings []tuf.Warning
	}
	b.call(t, "", "GET", "/healthz", nil).want(t, 200).json(t, &health)
	if health.Status != "ok" || len(health.Warnings) != 0 {
		t.Errorf("40 days ahead: %+v", health)
	}
	b.pass(11 * day)
	b.call(t, "", "GET", "/healthz", nil).want(t, 200).json(t, &health)
	var roles []string
	for _, w := range health.Warnings {
		roles = append(roles, w.Role)
	}
	if fmt.Sprint(roles) != "[targets timestamp]" { // the timestamp, for no server was up to renew it
		t.Errorf("29 days ahead: %+v", health)
	}
	b.pass(30 * day)
	b.restart(t)
	b.call(t, "", "GET", "/healthz", nil).want(t, 200).json(t, &health)
	if len(health.Warnings) != 1 || !health.Warnings[0].Expired || !strings.Contains(health.Warnings[0].Text, "targets version 2 expired at") {
		t.Errorf("after the expiry: %+v", health)
	}
	if b.signed(t) != string(file) {
		t.Error("targets.json was signed again once it had expired")
	}
}

func TestRootThatDropsTheOwnersKeyLeavesTheirFileToThem(t *testing.T) {
	b, token, l := published(t)
	key, err := tuf.ParsePrivateKey(mustRead(t, filepath.Join(b.dir, "tuf", "targets.key")))
	if err != nil {
		t.Fatal(err)
	}
	year := b.time().Add(365 * 24 * time.Hour)
	file := signFile(t, withTarget(t, b.proposal(t), target("demo-1", 1, l.commit, "main")), 2, year, key)
	b.call(t, token, "PUT", userRepo+"targets", file, "x-ats-role-checksum", b.checksum(t)).want(t, 204)

	r := takeOver(t, b)
	old, fresh := r.rotateRoot()
	if err := r.api.NewOnlineKeys(t.Context(), r.txid, tuf.ED25519, []tuf.Role{tuf.RoleTargets, tuf.RoleTimestamp}); err != nil {
		t.Fatal(err)
	}
	r.sign(old, fresh)
	r.mustApply()
	if b.signed(t) != string(file) {
		t.Fatal("the server signed again what it did not author")
	}
	var health struct{ Warnings []tuf.Warning }
	b.call(t, "", "GET", "/healthz", nil).want(t, 200).json(t, &health)
	if len(health.Warnings) != 1 || !strings.Contains(health.Warnings[0].Text, "targets version 2 is not signed by enough keys of root 2") {
		t.Errorf("%+v", health)
	}
	b.call(t, token, "PUT", userRepo+"targets", signFile(t, b.proposal(t), 3, year, key), "x-ats-role-checksum", b.checksum(t)).
		refused(t, 400, "payload_signature_invalid")
	// The server's new key is good for a new file, which a request makes.
	b.add(t, token, target("demo-2", 2, l.commit, "main")).want(t, 201)
	b.call(t, "", "GET", "/healthz", nil).want(t, 200).json(t, &health)
	if len(health.Warnings) != 0 {
		t.Errorf("%+v", health)
	}
	mustRefresh(t, fetcher{t: t, b: b}, device(t))
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
