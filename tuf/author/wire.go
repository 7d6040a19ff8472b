package author

import (
	"encoding/json"
	"fmt"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// States of a root transaction at a backend.
const (
	StatusNone     = "NONE"     // none is open
	StatusStarted  = "STARTED"  // open for changes
	StatusApplying = "APPLYING" // being applied; apply again if that broke off
)

// Updates is what a backend says of its roots and of the transaction on them.
type Updates struct {
	Status     string     `json:"status"`
	Current    *WirePair  `json:"current"`
	Updated    *WirePair  `json:"updated"`
	Change     ChangeMeta `json:"change-meta"`
	FirstTime  bool       `json:"first-time"`
	Amendments []Note     `json:"amendments"`
	Issues     Issues     `json:"issues"`
}

// WirePair is a Pair on the wire, where files are strings.
type WirePair struct {
	CI     string              `json:"ci-root"`
	Prod   string              `json:"prod-root"`   // "" for none
	Online map[tuf.Role]string `json:"online-keys"` // role to key id
}

// ChangeMeta says who opened a transaction and who changed it last.
type ChangeMeta struct {
	CreatedBy string `json:"created-by"`
	CreatedAt string `json:"created-at"` // RFC 3339, or ""
	UpdatedBy string `json:"updated-by"`
	UpdatedAt string `json:"updated-at"` // RFC 3339, or ""
}

// NewWirePair is p on the wire.
func NewWirePair(p Pair, online map[tuf.Role]string) *WirePair {
	return &WirePair{CI: string(p.CI), Prod: string(p.Prod), Online: online}
}

// pair reads a WirePair; each file is cut down to what is signed and its
// signatures.
func (w *WirePair) pair(what string) (p Pair, err error) {
	if w == nil || w.CI == "" {
		return p, fail.New(fail.Network, "check that the URL is that of the backend's API", "the backend names no %s root", what)
	}
	if p.CI, err = Clean([]byte(w.CI)); err != nil {
		return p, fmt.Errorf("%s root: %w", what, err)
	}
	if w.Prod != "" {
		if p.Prod, err = Clean([]byte(w.Prod)); err != nil {
			return p, fmt.Errorf("%s production root: %w", what, err)
		}
	}
	return p, nil
}

// InForce are the roots in force as the backend says.
func (u *Updates) InForce() (Pair, error) { return u.Current.pair("current") }

// Draft is the open transaction. Without one it is an error of class
// fail.NotFound.
func (u *Updates) Draft() (*Draft, error) {
	if u.Status == StatusNone || u.Updated == nil {
		return nil, fail.New(fail.NotFound, "open one with otactl keys tuf init", "no root transaction is open")
	}
	current, err := u.Current.pair("current")
	if err != nil {
		return nil, err
	}
	updated, err := u.Updated.pair("new")
	if err != nil {
		return nil, err
	}
	d := &Draft{Current: current, Updated: updated, Online: u.Updated.Online}
	if d.Updated.Prod == nil { // nothing was changed so far
		threshold, err := d.prodThreshold()
		if err != nil {
			return nil, err
		}
		if d.Updated.Prod, err = Production(updated.CI, threshold); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Clean is a root file with nothing in it but what is signed and the
// signatures, in canonical form. Text that devices would read in different
// ways is tuf.ErrNotASCII.
func Clean(file []byte) ([]byte, error) {
	if _, err := tuf.ParseRoot(file); err != nil {
		return nil, err
	}
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	if _, err := tuf.Sign(e.Signed); err != nil {
		return nil, err
	}
	list := []map[string]string{}
	for _, s := range e.Signatures {
		list = append(list, map[string]string{"keyid": s.KeyID, "method": s.Method, "sig": s.Sig})
	}
	out, err := json.Marshal(map[string]any{"signatures": list, "signed": e.Signed})
	if err != nil {
		return nil, err
	}
	return tuf.Canonical(out)
}
