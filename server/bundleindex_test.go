package server_test

import (
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
)

const indexPath = "/ota/factories/local/bundle-index/"

func TestOnlyTheIndexOfABundleIsSigned(t *testing.T) {
	b, token, _ := published(t)
	sum := strings.Repeat("ab", 32)
	index := `{"_type":"BundleIndex","bundle-targets":"` + sum + `","format":1,"members":{"count":2,"length":200,"sha256":"` + sum + `"}}`
	file := b.call(t, token, "POST", indexPath, []byte(index)).want(t, 200).body
	root := mustRefresh(t, fetcher{t: t, b: b}, device(t)).Root()
	got, err := root.VerifyIndex([]byte(file))
	if err != nil || got.Members.Count != 2 || got.BundleTargets != sum {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, body := range map[string]string{
		"targets":            `{"_type":"Targets","expires":"2030-01-01T00:00:00Z","targets":{},"version":7}`,
		"a list of targets":  `{"_type":"Targets","expires":"2030-01-01T00:00:00Z","version":7,"x-fio-offline-bundle":{"tag":"main","targets":["x"],"type":"ci"}}`,
		"another type":       strings.Replace(index, "BundleIndex", "Root", 1),
		"a member more":      strings.Replace(index, `"format"`, `"expires":"2030-01-01T00:00:00Z","format"`, 1),
		"both in one":        strings.Replace(index, `"format"`, `"delegations":{},"format"`, 1),
		"a later format":     strings.Replace(index, `"format":1`, `"format":2`, 1),
		"a sum of letters":   strings.Replace(index, sum, strings.Repeat("xy", 32), 1),
		"a negative count":   strings.Replace(index, `"count":2`, `"count":-2`, 1),
		"a whole file":       `{"signatures":[],"signed":` + index + `}`,
		"no JSON":            `index`,
		"something after it": index + `{}`,
		"nothing":            ``,
	} {
		if a := b.call(t, token, "POST", indexPath, []byte(body)); a.code != 400 {
			t.Errorf("%s: %d %s", name, a.code, a.body)
		}
	}
	b.call(t, "", "POST", indexPath, []byte(index)).want(t, 401)
	if _, err := tuf.ParseTargets([]byte(file)); err == nil {
		t.Error("an index is read as targets")
	}
}
