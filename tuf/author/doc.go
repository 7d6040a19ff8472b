// Package author changes roots: it makes the next root of a factory out of the
// one in force, says what has changed and what is still missing, and signs it.
//
// It is pure logic over files in memory. A file is edited as a tree, so that
// what we do not know in it stays as it is, and is signed over the canonical
// form of that tree. It trusts the root in force that it was given and no root
// that is to follow it: that one has to pass the rules that devices apply. It
// never talks to a server, never reads a clock, and never invents a version.
package author

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/otactl/otactl/tuf"
)

// tree is the signed part of a file, with all fields that we do not know.
type tree map[string]any

// parse takes a root apart that tuf.ParseRoot takes too.
func parse(file []byte) (tree, *tuf.Root, error) {
	root, err := tuf.ParseRoot(file)
	if err != nil {
		return nil, nil, err
	}
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		return nil, nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(e.Signed))
	dec.UseNumber()
	var t tree
	if err := dec.Decode(&t); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", tuf.RootName(root.Version), err)
	}
	return t, root, nil
}

// file is the tree as a file that nobody has signed yet.
func (t tree) file() ([]byte, error) {
	file, err := tuf.Sign(t)
	if err != nil {
		return nil, err
	}
	_, err = tuf.ParseRoot(file)
	return file, err
}

// object is a member that is an object; it is made where it is missing.
func (t tree) object(name string) tree {
	m, ok := t[name].(map[string]any)
	if !ok {
		m = map[string]any{}
		t[name] = m
	}
	return m
}

// role is what the root says of a role.
func (t tree) role(role tuf.Role) tree { return t.object("roles").object(string(role)) }
