package commands

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/tufrepo"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

func TestNameOfAForeignTargetDrivesNoTerminal(t *testing.T) {
	commit := ostree.Checksum{1}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"signatures":[],"signed":{"_type":"Targets","version":1,"expires":"2999-01-01T00:00:00Z","targets":{
			"a\u001b]0;owned\u0007":{"length":0,"hashes":{"sha256":"%s"},"custom":{"targetFormat":"OSTREE","name":"a","version":"1","hardwareIds":["a"]}}}}}`, commit)
	}))
	defer srv.Close()
	base, err := tufrepo.ParseBase(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	rt := &runtime{screen: &screen{out: &out}, clock: clock.System}
	err = rt.checkTarget(t.Context(), &tufrepo.Repo{Base: base, HTTP: httpx.NewClient(httpx.Options{}), Header: http.Header{}}, commit)
	if s := out.String(); err != nil || strings.ContainsAny(s, "\x1b\a") || !strings.Contains(s, commit.String()) {
		t.Errorf("%q, %v", s, err)
	}
}
