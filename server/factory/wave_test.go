package factory

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/tuf"
)

const goodWave = `{"name":"w1","version":"7","tag":"prod","targets":{"signatures":[{"keyid":"k","method":"ed25519","sig":"AA=="}],` +
	`"signed":{"_type":"Targets","expires":"2030-01-01T00:00:00Z","version":7,"targets":{"demo-7":{"length":0,"hashes":{"sha256":"` + zeros + `"},` +
	`"custom":{"name":"demo","version":"7","hardwareIds":["hw"],"tags":["prod"],"targetFormat":"OSTREE","x-odd":{"b":1,"a":[null,true]}}}}}}}`

func TestWaveThatIsNotWellFormedIsRefused(t *testing.T) {
	n, err := ParseWave([]byte(goodWave))
	if err != nil || n.Name != "w1" || n.Version != 7 || n.Tag != "prod" {
		t.Fatalf("the good one: %+v, %v", n, err)
	}
	if !strings.Contains(string(n.Targets), `"x-odd":{"a":[null,true],"b":1}`) {
		t.Errorf("an unknown field was lost: %s", n.Targets)
	}
	for what, change := range map[string][2]string{
		"name as a path":         {`"w1"`, `"../w1"`},
		"no name":                {`"name":"w1",`, ``},
		"tag with a comma":       {`"tag":"prod"`, `"tag":"prod,devel"`},
		"version as a number":    {`"version":"7","tag"`, `"version":7,"tag"`},
		"version below 1":        {`"version":"7","tag"`, `"version":"0","tag"`},
		"version beyond 31 bits": {`"version":"7","tag"`, `"version":"2147483648","tag"`},
		"another version inside": {`"version":7,`, `"version":8,`},
		"no target of it":        {`"version":"7","hardwareIds"`, `"version":"6","hardwareIds"`},
		"two tags":               {`["prod"]`, `["prod","devel"]`},
		"another tag":            {`["prod"]`, `["devel"]`},
		"no tag":                 {`"tags":["prod"],`, ``},
		"target name as a path":  {`"demo-7":`, `"../demo-7":`},
		"short commit":           {zeros, "00"},
		"length":                 {`"length":0`, `"length":1`},
		"not ASCII":              {`[null,true]`, `"\u00e4"`},
		"fraction":               {`[null,true]`, `0.5`},
		"member twice":           {`"tag":"prod"`, `"tag":"prod","tag":"prod"`},
		"type":                   {`"Targets"`, `"Root"`},
		"time":                   {`00:00:00Z`, `00:00:00.5Z`},
		"key id twice":           {`"sig":"AA=="}`, `"sig":"AA=="},{"keyid":"k","method":"ed25519","sig":"AA=="}`},
		"no targets":             {`{"signatures":[{"keyid":"k","method":"ed25519","sig":"AA=="}],"signed":`, `{"signed":`},
		"bytes after the end":    {`}}}}}}}`, `}}}}}}} {}`},
	} {
		body := strings.Replace(goodWave, change[0], change[1], 1)
		if body == goodWave {
			t.Fatalf("%s: the test changes nothing", what)
		}
		if _, err := ParseWave([]byte(body)); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

func FuzzParseWave(f *testing.F) {
	f.Add([]byte(goodWave))
	f.Add([]byte(`{"name":"w","version":"1","tag":"t","targets":null}`))
	f.Add([]byte(`{"targets":{"signatures":[],"signed":{}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := ParseWave(body)
		if err != nil {
			return
		}
		canon, err := tuf.Canonical(n.Targets)
		if err != nil || string(canon) != string(n.Targets) {
			t.Errorf("what was taken is not in canonical form: %s", n.Targets)
		}
		if !api.IsWord(n.Name) || !api.IsWord(n.Tag) || n.Version < 1 {
			t.Errorf("taken: %+v", n)
		}
		targets, err := tuf.ParseTargets(n.Targets)
		if err != nil || targets.Version != n.Version {
			t.Errorf("targets %+v, %v", targets, err)
		}
		if _, err := tuf.NewSnapshot(1, targets.Expires, n.Targets); err != nil {
			t.Errorf("no snapshot can name it: %v", err)
		}
	})
}

func FuzzParseSignatures(f *testing.F) {
	f.Add([]byte(`{"signatures":[{"keyid":"k","method":"ed25519","sig":"AA=="}]}`))
	f.Add([]byte(`{"signatures":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := ParseSignatures(body)
		if err == nil && (len(list) == 0 || len(list) > maxSignatures) {
			t.Errorf("%d signatures were taken", len(list))
		}
	})
}

func TestRolloutToNobodyIsNoRolloutToAll(t *testing.T) {
	if req, _, _, err := ParseRollout([]byte(`{"group":"east","uuids":[]}`)); err == nil {
		t.Errorf("an empty choice is %+v", req)
	}
	for _, body := range []string{`{"group":"east"}`, `{"group":"east","uuids":null}`} {
		if req, _, _, err := ParseRollout([]byte(body)); err != nil || req.Group != "east" {
			t.Errorf("%s: %+v, %v", body, req, err)
		}
	}
}

func FuzzParseRollout(f *testing.F) {
	f.Add([]byte(`{"group":"g","limit":1,"percentage":0,"uuids":["11111111-2222-4333-8444-555555555555"],"dry-run":true}`))
	f.Add([]byte(`{"limit":-1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req, _, _, err := ParseRollout(body)
		if err != nil {
			return
		}
		if req.Group != "" && !api.IsWord(req.Group) {
			t.Errorf("group %q was taken", req.Group)
		}
		for _, id := range req.UUIDs {
			if same, ok := api.ParseUUID(id); !ok || same != id {
				t.Errorf("uuid %q was taken", id)
			}
		}
		if _, err := json.Marshal(req); err != nil {
			t.Error(err)
		}
	})
}
