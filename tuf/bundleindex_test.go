package tuf_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

func TestAnIndexHasOneFormOnly(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	good := `{"signatures":[],"signed":{"_type":"BundleIndex","bundle-targets":"` + sum + `","format":1,"members":{"count":2,"length":200,"sha256":"` + sum + `"}}}`
	index, err := tuf.ParseBundleIndex([]byte(good))
	if err != nil || index.BundleTargets != sum || index.Members != (tuf.IndexedList{Count: 2, Length: 200, SHA256: sum}) {
		t.Fatalf("%+v, %v", index, err)
	}
	for name, edit := range map[string][2]string{
		"another type":        {"BundleIndex", "Targets"},
		"an unknown member":   {`"format":1`, `"format":1,"urgent":true`},
		"one more below":      {`"count":2`, `"count":2,"extra":1`},
		"no format":           {`"format":1,`, ``},
		"format zero":         {`"format":1`, `"format":0`},
		"format as text":      {`"format":1`, `"format":"1"`},
		"no list":             {`,"members":{"count":2,"length":200,"sha256":"` + sum + `"}`, ``},
		"a list of another":   {`{"count":2,"length":200,"sha256":"` + sum + `"}`, `[]`},
		"a negative count":    {`"count":2`, `"count":-2`},
		"too many":            {`"count":2`, `"count":1048577`},
		"a negative length":   {`"length":200`, `"length":-200`},
		"too long":            {`"length":200`, `"length":9223372036854775807`},
		"a fraction":          {`"count":2`, `"count":2.0`},
		"a short sum":         {sum, sum[2:]},
		"a sum in capitals":   {sum, strings.ToUpper(sum)},
		"no letters of a hex": {sum, strings.Repeat("xy", 32)},
	} {
		if got, err := tuf.ParseBundleIndex([]byte(strings.Replace(good, edit[0], edit[1], 1))); !errors.Is(err, tuf.ErrMalformed) && !errors.Is(err, tuf.ErrTooLarge) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := tuf.ParseBundleIndex([]byte(strings.Replace(good, `"format":1`, `"format":2`, 1))); fail.ClassOf(err) != fail.Unsupported {
		t.Errorf("a later format: %v", err)
	}
	if _, err := tuf.ParseBundleIndex([]byte(good + strings.Repeat(" ", 64<<10))); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("over the cap: %v", err)
	}
}

func TestAnIndexNeedsTheSignaturesOfItsBundle(t *testing.T) {
	r := production(t)
	root := r.Trust().Root()
	sum := strings.Repeat("ab", 32)
	index, err := tuf.BundleIndex{Format: 1, BundleTargets: sum, Members: tuf.IndexedList{SHA256: sum}}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tuf.Canonical(index)
	if err != nil {
		t.Fatal(err)
	}
	keys := r.Keys[tuf.RoleTargets]
	one, two := tuftest.Signature(t, signed, keys[0]), tuftest.Signature(t, signed, keys[1])
	bad := tuftest.Signature(t, append(signed, ' '), keys[1])
	for name, c := range map[string]struct {
		signatures []map[string]string
		want       error
	}{
		"both":              {[]map[string]string{one, two}, nil},
		"one of two":        {[]map[string]string{one}, tuf.ErrBundle},
		"none":              {[]map[string]string{}, tuf.ErrBundle},
		"one of another":    {[]map[string]string{one, bad}, tuf.ErrBundle},
		"one of no targets": {[]map[string]string{one, two, tuftest.Signature(t, signed, r.Keys[tuf.RoleSnapshot][0])}, tuf.ErrBundle},
		"one of a stranger": {[]map[string]string{one, two, tuftest.Signature(t, signed, r.Key(tuf.ED25519))}, tuf.ErrBundle},
	} {
		if _, err := root.VerifyIndex(tuftest.Envelope(t, signed, c.signatures)); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := root.VerifyIndex(r.Files[tuf.BundleTargetsFile]); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("a bundle's list in its place: %v", err)
	}
}
