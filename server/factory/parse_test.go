package factory

import (
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/tuf"
)

const good = `{"targets":{"demo-1":{"length":0,"hashes":{"sha256":"` + zeros + `"},"custom":{"name":"demo","version":"1",` +
	`"hardwareIds":["hw"],"tags":["main"],"targetFormat":"OSTREE"}}},"targets-creator":"x"}`

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func TestTargetsThatCannotBeSignedAreRefused(t *testing.T) {
	if _, creator, err := ParseTargets([]byte(good)); err != nil || creator != "x" {
		t.Fatalf("the good one: %v", err)
	}
	for what, change := range map[string][2]string{
		"name as a path":        {"demo-1", "../demo"},
		"length":                {`"length":0`, `"length":1`},
		"upper-case commit":     {zeros, strings.Repeat("A", 64)},
		"short commit":          {zeros, "00"},
		"second hash":           {`"sha256":`, `"md5":"00","sha256":`},
		"version as number":     {`"version":"1"`, `"version":1`},
		"version with letters":  {`"version":"1"`, `"version":"1a"`},
		"version over 2^31-1":   {`"version":"1"`, `"version":"2147483648"`},
		"no hardware id":        {`["hw"]`, `[]`},
		"hardware id with path": {`["hw"]`, `["../hw"]`},
		"format":                {`OSTREE`, `BINARY`},
		"not ASCII in a tag":    {`"main"`, `"mäin"`},
		"float":                 {`"length":0`, `"length":0.5`},
		"key twice":             {`"length":0`, `"length":0,"length":0`},
		"bytes after the end":   {`"x"}`, `"x"} {}`},
		"app without digest":    {`"tags":`, `"docker_compose_apps":{"a":{"uri":"x"}},"tags":`},
	} {
		body := strings.Replace(good, change[0], change[1], 1)
		if body == good {
			t.Fatalf("%s: the test changes nothing", what)
		}
		if _, _, err := ParseTargets([]byte(body)); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

func FuzzParseTargets(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"targets":{}}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		targets, _, err := ParseTargets(body)
		if err != nil {
			return
		}
		for _, name := range targets.Names() {
			target, err := targets.Target(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ostree.ParseChecksum(target.Commit()); err != nil || !api.IsTargetName(name) {
				t.Errorf("%q with commit %q was taken", name, target.Commit())
			}
			if _, err := tuf.Canonical(target.Custom); err != nil {
				t.Errorf("custom %s cannot be signed: %v", target.Custom, err)
			}
		}
	})
}

func FuzzParseChanges(f *testing.F) {
	f.Add([]byte(`{"targets":{"demo-1":{"custom":{"tags":["main","next"]}}}}`))
	f.Add([]byte(`{"targets":["demo-1","demo-2"]}`))
	f.Add([]byte(`{"targets":{"demo-1":{"custom":{"tags":["a","a"]}},"demo-1":{}}}`))
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, body []byte) {
		if tags, err := parseTags(body); err == nil {
			for name, list := range tags {
				if len(list) == 0 || !words(list) || repeats(list) {
					t.Errorf("%q was given the tags %q", name, list)
				}
			}
		}
		if names, err := parseNames(body); err == nil && (len(names) == 0 || repeats(names)) {
			t.Errorf("names %q were taken", names)
		}
		if targets, _, err := parseMap(body); err == nil {
			if _, err := targets.Sign(1, time.Unix(1_800_000_000, 0)); err != nil {
				t.Errorf("what was taken cannot be signed: %v", err)
			}
		}
	})
}
