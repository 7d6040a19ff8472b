package factory

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

func TestChangesSayWhatTheyWereMadeFrom(t *testing.T) {
	var method, path, base, body string
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		method, path, base, body = r.Method, r.URL.Path, r.Header.Get("x-ats-role-checksum"), string(b)
		io.WriteString(w, `{"targets-version":8,"web-url":"https://ci/1"}`)
	})
	const targets = "/ota/factories/acme/targets/"
	for want, do := range map[[3]string]func() (Changed, error){
		{"PATCH", targets, `{"targets":{"a-1":{"custom":{"tags":["x","y"]}}}}`}: func() (Changed, error) {
			return c.TagTargets(t.Context(), "sum", map[string][]string{"a-1": {"x", "y"}})
		},
		{"DELETE", targets, `{"targets":["a-1"]}`}: func() (Changed, error) { return c.PruneTargets(t.Context(), "sum", []string{"a-1"}) },
		{"PUT", targets, `{"targets":{"a-1":{"length":0}}}`}: func() (Changed, error) {
			return c.ReplaceTargets(t.Context(), "sum", map[string]json.RawMessage{"a-1": []byte(`{"length":0}`)})
		},
		{"PUT", "/ota/repo/acme/api/v1/user_repo/targets", " {\"signed\" :\n{\"a\":\"<&>\"}}\n"}: func() (Changed, error) {
			return Changed{8, "https://ci/1"}, c.PutTargets(t.Context(), "sum", []byte(" {\"signed\" :\n{\"a\":\"<&>\"}}\n"))
		},
	} {
		done, err := do()
		if got := [3]string{method, path, body}; err != nil || got != want || base != "sum" || done != (Changed{8, "https://ci/1"}) {
			t.Errorf("%q from %q, %+v, %v; want %q", got, base, done, err, want)
		}
	}
}

func TestFileIsCalledWhatTheBackendCallsIt(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ats-Role-Checksum", "sum-of-"+r.URL.Path[len("/ota/repo/acme/api/v1/user_repo/"):])
		io.WriteString(w, "{}")
	})
	f := c.Fetcher(nil)
	if _, err := f.Fetch(t.Context(), "targets.json", 10); err != nil {
		t.Fatal(err)
	}
	if f.Checksum("targets.json") != "sum-of-targets.json" || f.Checksum("root.json") != "" {
		t.Errorf("%q, %q", f.Checksum("targets.json"), f.Checksum("root.json"))
	}
}

func TestRefusedChangesHaveTheClassOfTheirReason(t *testing.T) {
	for reason, want := range map[string]struct {
		code  int
		class fail.Class
	}{
		"bad_target": {400, fail.Usage}, "payload_signature_invalid": {400, fail.Verification}, "role_checksum_mismatch": {412, fail.Conflict},
		"role_checksum_not_provided": {428, fail.Conflict}, "signed_elsewhere": {409, fail.Conflict}, "target_in_use": {409, fail.Conflict}, "forbidden": {403, fail.Auth},
	} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(want.code)
			io.WriteString(w, `{"message":"because","code":"`+reason+`"}`)
		})
		err := c.PutTargets(t.Context(), "sum", []byte("{}"))
		if fail.ClassOf(err) != want.class || httpx.Reason(err) != reason {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestLatestVersionIsUnknownWhereNobodyCounts(t *testing.T) {
	code, body, query := 200, `{"data":{"build":{"build_id":41}}}`, ""
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/projects/acme/lmp/builds/latest/" {
			t.Error(r.URL)
		}
		query = r.URL.RawQuery
		w.WriteHeader(code)
		io.WriteString(w, body)
	})
	if v, err := c.LatestVersion(t.Context(), "a", "b"); err != nil || v != 41 || query != "all=1&hardware-id=a%2Cb" {
		t.Errorf("%d, %v, asked %s", v, err, query)
	}
	body = `{"data":{"build":{"build_id":99999999999}}}`
	if v, err := c.LatestVersion(t.Context()); err != nil || v != math.MaxInt32 || query != "all=1" {
		t.Errorf("%d, %v, asked %s", v, err, query)
	}
	for code = range map[int]bool{403: true, 404: true} {
		if v, err := c.LatestVersion(t.Context()); err != nil || v != 0 {
			t.Errorf("%d: %d, %v", code, v, err)
		}
	}
	code = 401
	if _, err := c.LatestVersion(t.Context()); fail.ClassOf(err) != fail.Auth {
		t.Errorf("401: %v", err)
	}
	code, body = 200, `[]`
	if _, err := c.LatestVersion(t.Context()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("something else: %v", err)
	}
}
