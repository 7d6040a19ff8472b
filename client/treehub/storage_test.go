package treehub

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/client/treehub/treehubtest"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// storing sends to the server's storage what is longer than askFirst, and sends
// no body before the server has said that it wants it, however busy that is.
func storing(t *testing.T, url string, client *http.Client, auth httpx.Auth) *Store {
	t.Helper()
	client.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	st, err := New(Options{BaseURL: url, HTTP: client, Auth: auth, Retry: quick, StorageFrom: askFirst})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestLargeObjectsGoToTheServersStorage, without our proof, and where the
// server keeps objects itself they go to it after one question.
func TestLargeObjectsGoToTheServersStorage(t *testing.T) {
	for _, elsewhere := range []bool{true, false} {
		s := treehubtest.New(t)
		s.Elsewhere, s.Token = elsewhere, "secret"
		st := storing(t, s.URL, &http.Client{Transport: &http.Transport{}}, httpx.HeaderAuth{"Authorization": {"Bearer secret"}})
		for range 2 {
			obj, want := file(t, askFirst+1000, true)
			if err := put(t, st, obj); err != nil {
				t.Fatalf("elsewhere %v: %v", elsewhere, err)
			}
			if !bytes.Equal(s.Objects()[obj.ID().ArchivePath()], want) {
				t.Errorf("elsewhere %v: the object did not arrive", elsewhere)
			}
		}
		want := map[bool][2]int{true: {2, 2}, false: {3, 0}}[elsewhere]
		if got := [2]int{s.Count("POST objects"), s.Count("PUT objects")}; got != want {
			t.Errorf("elsewhere %v: %v POSTs and PUTs, want %v", elsewhere, got, want)
		}
		small, _ := file(t, 1000, true)
		if err := put(t, st, small); err != nil || s.Count("PUT objects") != want[1] {
			t.Errorf("elsewhere %v: a small object: %v, %d PUTs", elsewhere, err, s.Count("PUT objects"))
		}
	}
}

// TestAnUploadThatWasKilledIsNoObject: such a server says of it that it exists.
func TestAnUploadThatWasKilledIsNoObject(t *testing.T) {
	s := treehubtest.New(t)
	s.Elsewhere = true
	obj, _ := file(t, askFirst+1, true)
	s.Forget(obj.ID().ArchivePath())
	err := put(t, storing(t, s.URL, &http.Client{Transport: &http.Transport{}}, nil), obj)
	if fail.ClassOf(err) != fail.Conflict || fail.HintOf(err) == "" || !strings.Contains(err.Error(), obj.ID().String()) {
		t.Errorf("%v (class %v)", err, fail.ClassOf(err))
	}
}

// TestNoStorageWithoutTLSForAServerWithIt: the address is the proof, and the
// object might be anybody's.
func TestNoStorageWithoutTLSForAServerWithIt(t *testing.T) {
	hub := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			t.Errorf("%s of %s", r.Method, r.URL.Path)
		}
		http.Redirect(w, r, "http://storage.example/x", http.StatusFound)
	}))
	defer hub.Close()
	st := storing(t, hub.URL+"/api/v3/", hub.Client(), nil)
	obj, _ := file(t, askFirst+1, true)
	if err := put(t, st, obj); fail.ClassOf(err) != fail.Network || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("%v (class %v)", err, fail.ClassOf(err))
	}
}
