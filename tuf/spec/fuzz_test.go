package spec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
)

// FuzzSpec serves any bytes for each file of a repository. What is not refused
// with a class has to be what was signed.
func FuzzSpec(f *testing.F) {
	r := newRepo(f)
	names := []string{tuf.RootName(1), tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile}
	for i, name := range names {
		f.Add(i, r.Files[name])
	}
	for i := range names {
		f.Add(i, []byte(`{"signatures":[null],"signed":{"_type":"root","keys":{"a":null},"roles":{"root":null}}}`))
		f.Add(i, []byte(`{"signatures":[{"keyid":"a","sig":""}],"signed":{"_type":"targets","targets":{"a":null},"delegations":null}}`))
		f.Add(i, []byte(`{"signatures":[],"signed":{"_type":"timestamp","meta":{"snapshot.json":null}}}`))
		good := r.Files[names[i]]
		forged := bytes.Replace(good, []byte(`"signed":{`), []byte(`"signed":{"x-forged":1,`), 1)
		f.Add(i, slices.Concat(bytes.TrimSuffix(forged, []byte("}")), []byte(`,"Signed":`), signedOf(f, good), []byte("}")))
	}
	f.Fuzz(func(t *testing.T, i int, file []byte) {
		if i < 0 || i >= len(names) {
			return
		}
		one := r.Clone(t)
		one.Files[names[i]] = file
		anchor := r.Files[tuf.RootName(1)]
		if i == 0 {
			one.Files[tuf.RootName(2)] = file
		}
		trust, err := refresh(t, one, nil, anchor)
		if err != nil {
			if _, ok := errors.AsType[*tuf.Error](err); !ok {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		if i == 0 {
			t.Fatalf("a root is followed that nobody signed: version %d", trust.Root().Version)
		}
		honest, _ := tuf.Canonical(signedOf(t, r.Files[names[i]]))
		if got, _ := tuf.Canonical(signedOf(t, file)); string(got) != string(honest) {
			t.Fatalf("what was accepted is not what was signed: %s", file)
		}
	})
}

// FuzzRoot reads any bytes as a first root, which is signed by its own keys
// alone and so may say what it likes.
func FuzzRoot(f *testing.F) {
	f.Add(newRepo(f).Files[tuf.RootName(1)])
	f.Fuzz(func(t *testing.T, file []byte) {
		trust, err := tuf.NewTrust(file, spec.Dialect{})
		if err == nil && trust.Root().Verify(tuf.RoleRoot, file) != nil {
			t.Fatal("a root that its own keys did not sign")
		}
	})
}

// signedOf is the member of exactly this name: a struct would take one in other
// case as well, as go-tuf does.
func signedOf(t testing.TB, file []byte) []byte {
	t.Helper()
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(file, &doc); err != nil {
		t.Fatal(err)
	}
	return doc["signed"]
}
