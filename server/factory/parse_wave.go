package factory

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/tuf"
)

func badWave(why string) error { return api.Refuse(http.StatusBadRequest, "bad_wave", why) }

// ParseWave reads the body of a request that makes a wave:
//
//	{"name": NAME, "version": "42", "tag": TAG, "targets": {"signatures": […], "signed": {…}}}
//
// In what it returns, name and tag are well formed, the targets.json is in
// canonical form and of that version, holds a target of that version, and each
// target is well formed and carries TAG and no other tag. No signature is
// checked.
func ParseWave(body []byte) (metadata.NewWave, error) {
	canon, err := tuf.Canonical(body)
	if err != nil {
		return metadata.NewWave{}, badWave("the request body is not the JSON that can be signed: " + err.Error())
	}
	var req struct {
		Name    string          `json:"name"`
		Version string          `json:"version"`
		Tag     string          `json:"tag"`
		Targets json.RawMessage `json:"targets"`
	}
	if err := api.Decode(canon, &req); err != nil {
		return metadata.NewWave{}, err
	}
	n := metadata.NewWave{Name: req.Name, Tag: req.Tag, Targets: req.Targets}
	n.Version, err = strconv.Atoi(req.Version)
	switch {
	case !api.IsWord(req.Name):
		return n, badWave("name is missing or not a plain name")
	case !api.IsWord(req.Tag):
		return n, badWave("tag is missing or not a plain name")
	case err != nil || !api.IsVersion(req.Version) || n.Version < 1 || n.Version > math.MaxInt32:
		return n, badWave("version must be a number from 1 to 2147483647 in a string")
	}
	return n, checkWave(n)
}

func checkWave(n metadata.NewWave) error {
	if len(n.Targets) > limits.Targets {
		return badWave("targets are longer than devices accept")
	}
	t, err := tuf.ParseTargets(n.Targets)
	if err != nil {
		return badWave(err.Error())
	}
	if bytes.Contains(n.Targets, []byte(`\u`)) { // the canonical form escapes all but printable ASCII
		return badWave("targets hold text that is not printable ASCII; devices would not all verify it")
	}
	if t.Version != n.Version {
		return badWave("the targets are version " + strconv.Itoa(t.Version) + " and the wave is version " + strconv.Itoa(n.Version))
	}
	fresh := false
	for name, target := range t.Targets {
		if err := checkTarget(name, target); err != nil {
			return err
		}
		c, err := target.Fields()
		if err != nil {
			return bad("target %s: custom: %v", name, err)
		}
		if !slices.Equal(c.Tags, []string{n.Tag}) {
			return bad("target %s: custom.tags must be the wave's tag and no other", name)
		}
		fresh = fresh || c.Version == strconv.Itoa(n.Version)
	}
	if !fresh {
		return badWave("no target of version " + strconv.Itoa(n.Version) + " is in the targets")
	}
	return nil
}

// maxSignatures is how many signatures one request may add.
const maxSignatures = 100

// ParseSignatures reads the body of a request that signs a wave:
//
//	{"signatures": [{"keyid": ID, "method": METHOD, "sig": BASE64}, …]}
//
// No signature is checked.
func ParseSignatures(body []byte) ([]tuf.Signature, error) {
	if _, err := tuf.Canonical(body); err != nil {
		return nil, badWave("the request body is not the JSON that can be signed: " + err.Error())
	}
	var req struct {
		Signatures []wireSignature `json:"signatures"`
	}
	if err := api.Decode(body, &req); err != nil {
		return nil, err
	}
	if len(req.Signatures) == 0 || len(req.Signatures) > maxSignatures {
		return nil, badWave("there must be from 1 to " + strconv.Itoa(maxSignatures) + " signatures in one request")
	}
	return signatures(req.Signatures), nil
}

// wireSignature is a signature in a request.
type wireSignature struct {
	KeyID  string `json:"keyid"`
	Method string `json:"method"`
	Sig    string `json:"sig"`
}

func signatures(list []wireSignature) []tuf.Signature {
	var out []tuf.Signature
	for _, s := range list {
		out = append(out, tuf.Signature{KeyID: s.KeyID, Method: s.Method, Sig: s.Sig})
	}
	return out
}

func fromWire(m map[string][]wireSignature) map[string][]tuf.Signature {
	out := map[string][]tuf.Signature{}
	for name, list := range m {
		out[name] = signatures(list)
	}
	return out
}
