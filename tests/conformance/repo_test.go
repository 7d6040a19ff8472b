package conformance_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// doc is a JSON object that may become any file, right or wrong.
type doc = map[string]any

// The roles that every root names, in the order in which they are published.
const (
	root      = "root"
	targets   = "targets"
	snapshot  = "snapshot"
	timestamp = "timestamp"
)

func topLevel() []string { return []string{root, targets, snapshot, timestamp} }

// today is when every test happens unless it says otherwise.
func today() time.Time { return time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC) }

func days(n int) time.Time { return today().AddDate(0, 0, n) }

// repo is a repository that publishes whatever a test wants, in one of the two
// dialects, and serves it over HTTP.
type repo struct {
	t    testing.TB
	lang lang

	docs      map[string]doc      // the signed part of each role, as it is edited
	keys      map[string][]*key   // who signs for a role
	files     map[string][][]byte // what was published of each role, oldest first
	hashes    bool                // state length and hashes wherever they may be stated
	artifacts map[string][]byte   // served, whatever the targets say
	sums      map[string][]string // the hashes under which an artifact is known

	asked      []string // metadata asked for: "root 2", "timestamp"
	downloaded []string // artifacts asked for
	url        string
}

// newRepo publishes version 1 of the four roles, each with a key of its own.
func newRepo(t testing.TB, l lang) *repo {
	r := &repo{
		t: t, lang: l, docs: map[string]doc{}, keys: map[string][]*key{}, files: map[string][][]byte{},
		artifacts: map[string][]byte{}, sums: map[string][]string{},
	}
	for _, role := range topLevel() {
		r.docs[role] = r.fresh(role)
	}
	r.docs[root]["keys"], r.docs[root]["roles"] = doc{}, doc{}
	r.docs[targets]["targets"] = doc{}
	r.docs[snapshot]["meta"], r.docs[timestamp]["meta"] = doc{}, doc{}
	if l.spec() {
		r.docs[root]["consistent_snapshot"] = true
	}
	for _, role := range topLevel() {
		r.docs[root]["roles"].(doc)[role] = doc{"keyids": []string{}, "threshold": 1}
		r.addKey(role, r.newKey(ed))
	}
	r.publish(targets, snapshot, timestamp, root)
	srv := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(srv.Close)
	r.url = srv.URL
	return r
}

// fresh is version 1 of a role that says nothing.
func (r *repo) fresh(role string) doc {
	d := doc{"_type": r.lang.typeOf(role), "version": 1, "expires": stamp(days(30))}
	if r.lang.spec() {
		d["spec_version"] = "1.0.31"
	}
	return d
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

func (r *repo) newKey(kind string) *key { return newKey(r.t, r.lang, kind) }

// of is what the root says about a role.
func (r *repo) of(role string) doc { return r.docs[root]["roles"].(doc)[role].(doc) }

// addKey lets k sign for a top-level role, and makes it sign.
func (r *repo) addKey(role string, k *key) {
	r.allow(role, k)
	r.keys[role] = append(r.keys[role], k)
}

// allow lets k sign for a top-level role.
func (r *repo) allow(role string, k *key) {
	of := r.of(role)
	of["keyids"] = append(of["keyids"].([]string), k.id)
	r.docs[root]["keys"].(doc)[k.id] = k.public
}

// setKeys replaces who may sign for a role, by how many, and who does.
func (r *repo) setKeys(role string, threshold int, allowed, signing []*key) {
	of := r.of(role)
	of["keyids"], of["threshold"] = []string{}, threshold
	for _, k := range allowed {
		r.allow(role, k)
	}
	r.keys[role] = slices.Clone(signing)
}

// rotate gives a role a new key.
func (r *repo) rotate(role string) {
	k := r.newKey(ed)
	r.setKeys(role, 1, []*key{k}, []*key{k})
}

// set changes the version that the next publish counts on from.
func (r *repo) set(role string, version int) { r.docs[role]["version"] = version }

// publish signs the roles, one version higher unless a role never was
// published, and notes them in snapshot and timestamp.
func (r *repo) publish(roles ...string) {
	r.t.Helper()
	for _, role := range roles {
		d := r.docs[role]
		if len(r.files[role]) > 0 {
			d["version"] = d["version"].(int) + 1
		}
		file := r.sign(role)
		r.files[role] = append(r.files[role], file)
		meta := doc{"version": d["version"]}
		if r.hashes || !r.lang.spec() && role == snapshot {
			meta["length"], meta["hashes"] = len(file), doc{"sha256": sha(file)}
		}
		switch role {
		case root, timestamp:
		case snapshot:
			r.meta(timestamp)[snapshot+".json"] = meta
		default:
			r.meta(snapshot)[role+".json"] = meta
		}
	}
}

func (r *repo) meta(role string) doc { return r.docs[role]["meta"].(doc) }

// note is what snapshot or timestamp says about a role.
func (r *repo) note(in, role string) doc { return r.meta(in)[role+".json"].(doc) }

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sha512Of(data []byte) string {
	sum := sha512.Sum512(data)
	return hex.EncodeToString(sum[:])
}

// sign makes the file of a role as it is now.
func (r *repo) sign(role string) []byte {
	r.t.Helper()
	return r.lang.file(r.t, r.docs[role], r.keys[role])
}

// last is the newest file of a role; edit changes it after it was signed.
func (r *repo) last(role string) []byte { return r.files[role][len(r.files[role])-1] }

func (r *repo) edit(role string, change func(file doc)) {
	r.t.Helper()
	var file doc
	if err := json.Unmarshal(r.last(role), &file); err != nil {
		r.t.Fatal(err)
	}
	change(file)
	r.replace(role, encode(r.t, file))
}

func (r *repo) replace(role string, file []byte) { r.files[role][len(r.files[role])-1] = file }

// forget takes all that was published of a role away.
func (r *repo) forget(role string) { r.files[role] = nil }

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// addArtifact lists a file in the targets of a role and serves it.
func (r *repo) addArtifact(role, name string, data []byte) {
	r.listArtifact(role, name, data, doc{"sha256": sha(data)})
}

func (r *repo) listArtifact(role, name string, data []byte, hashes doc) {
	r.docs[role]["targets"].(doc)[name] = doc{"length": len(data), "hashes": hashes}
	r.artifacts[name] = data
	r.sums[name] = nil
	for sum := range maps.Values(hashes) {
		r.sums[name] = append(r.sums[name], sum.(string))
	}
}

// delegation is one that a test wants.
type delegation struct {
	from, to    string
	paths       []string
	terminating bool
}

// delegate adds a delegation, last of its delegator's, with a key of its own.
// The key signs for the role besides those that do already.
func (r *repo) delegate(d delegation) *key {
	k := r.newKey(ed)
	by := r.docs[d.from]
	if by["delegations"] == nil {
		by["delegations"] = doc{"keys": doc{}, "roles": []any{}}
	}
	list := by["delegations"].(doc)
	list["keys"].(doc)[k.id] = k.public
	list["roles"] = append(list["roles"].([]any), doc{
		"name": d.to, "keyids": []string{k.id}, "threshold": 1, "terminating": d.terminating, "paths": d.paths,
	})
	r.keys[d.to] = append(r.keys[d.to], k)
	if r.docs[d.to] == nil {
		r.docs[d.to] = r.fresh(targets)
		r.docs[d.to]["targets"] = doc{}
	}
	return k
}

// serve answers like a plain file server, and with nothing but 404 for what is
// not there.
func (r *repo) serve(w http.ResponseWriter, req *http.Request) {
	name := req.URL.EscapedPath()
	var data []byte
	if file, ok := strings.CutPrefix(name, "/metadata/"); ok {
		data = r.metadata(file)
	} else if file, ok := strings.CutPrefix(name, "/targets/"); ok {
		data = r.artifact(file)
	}
	if data == nil {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(data)
}

// metadata finds a file by its name, "3.root.json". Names without a version,
// which ota-tuf has for all but roots, mean the newest.
func (r *repo) metadata(name string) []byte {
	role, ok := strings.CutSuffix(name, ".json")
	version := 0
	if digits, rest, found := strings.Cut(role, "."); found && ok {
		if n, err := strconv.Atoi(digits); err == nil {
			version, role = n, rest
		}
	}
	role, err := url.PathUnescape(role)
	if !ok || err != nil {
		r.t.Errorf("a request for %q", name)
		return nil
	}
	r.asked = append(r.asked, request(role, version))
	files := r.files[role]
	if version == 0 {
		version = len(files)
	}
	if version < 1 || version > len(files) {
		return nil
	}
	return files[version-1]
}

func request(role string, version int) string {
	if version == 0 {
		return role
	}
	return fmt.Sprintf("%s %d", role, version)
}

// want is a request for a version, as the dialect makes it.
func (r *repo) want(role string, version int) string {
	if !r.lang.spec() && role != root || role == timestamp {
		version = 0
	}
	return request(role, version)
}

func (r *repo) artifact(name string) []byte {
	name, err := url.PathUnescape(name)
	if err != nil {
		return nil
	}
	if r.lang.spec() {
		dir, file := path.Split(name)
		sum, rest, _ := strings.Cut(file, ".")
		name = dir + rest
		if !slices.Contains(r.sums[name], sum) {
			return nil
		}
	}
	r.downloaded = append(r.downloaded, name)
	return r.artifacts[name]
}
