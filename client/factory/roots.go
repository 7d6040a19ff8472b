package factory

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

func (c *Client) updatesPath(verb string) string {
	return "/ota/repo/" + url.PathEscape(c.opt.Factory) + "/api/v1/user_repo/root/updates" + verb
}

// RootUpdates are the roots in force and the open transaction on them, as the
// server says: what is in it has to be checked before it is believed.
func (c *Client) RootUpdates(ctx context.Context) (*author.Updates, error) {
	var u author.Updates
	return &u, c.get(ctx, c.updatesPath(""), nil, &u)
}

// RootUpdate is a transaction that was opened.
type RootUpdate struct {
	TxID string `json:"txid"`
	// FirstSec and FirstPub are the first root key, in the form of key files;
	// empty unless it was asked for.
	FirstSec json.RawMessage `json:"first_root.sec"`
	FirstPub json.RawMessage `json:"first_root.pub"`
}

// BeginRootUpdate opens a transaction on the roots; message goes into the
// changelog of the new root. With firstTime the server hands out the root key
// that it made. While another transaction is open it is a 409.
func (c *Client) BeginRootUpdate(ctx context.Context, message string, firstTime bool) (*RootUpdate, error) {
	r, err := c.call(ctx, http.MethodPost, c.updatesPath(""), nil,
		map[string]any{"message": message, "first-time": firstTime, "shortcut": false})
	if err != nil {
		return nil, err
	}
	var u RootUpdate
	return &u, r.decode("root/updates", &u)
}

// StagedSignatures are further signatures on production targets, by tag, and
// on those of waves, by name.
type StagedSignatures struct {
	Targets map[string][]tuf.Signature
	Waves   map[string][]tuf.Signature
}

// PutRootUpdate stages new roots, and signatures on production targets. txid
// may be empty for whoever opened the transaction.
func (c *Client) PutRootUpdate(ctx context.Context, txid string, p author.Pair, s StagedSignatures) error {
	body := map[string]any{"txid": txid, "ci-root": json.RawMessage(p.CI), "prod-root": json.RawMessage(p.Prod)}
	if len(s.Targets) > 0 {
		body["targets-signatures"] = wireSignatures(s.Targets)
	}
	if len(s.Waves) > 0 {
		body["waves-signatures"] = wireSignatures(s.Waves)
	}
	_, err := c.call(ctx, http.MethodPut, c.updatesPath(""), nil, body)
	return err
}

func wireSignatures(m map[string][]tuf.Signature) map[string]any {
	out := map[string]any{}
	for name, list := range m {
		var sigs []map[string]string
		for _, s := range list {
			sigs = append(sigs, map[string]string{"keyid": s.KeyID, "method": s.Method, "sig": s.Sig})
		}
		out[name] = sigs
	}
	return out
}

// NewOnlineKeys has the server make new online keys for roles in the open
// transaction.
func (c *Client) NewOnlineKeys(ctx context.Context, txid string, kind tuf.KeyType, roles []tuf.Role) error {
	body := map[string]any{"txid": txid, "key-type": string(kind)}
	for _, role := range roles {
		body[string(role)] = true
	}
	_, err := c.call(ctx, http.MethodPost, c.updatesPath("/gen-online-keys"), nil, body)
	return err
}

// ApplyRootUpdate brings the new roots into force. After 400, 401, 403, 422 or
// 423 nothing has changed; after another error some of it may have, and it is
// to be called again.
func (c *Client) ApplyRootUpdate(ctx context.Context, txid string) error {
	_, err := c.call(ctx, http.MethodPost, c.updatesPath("/apply"), nil, map[string]string{"txid": txid})
	return err
}

// CancelRootUpdate drops the open transaction.
func (c *Client) CancelRootUpdate(ctx context.Context) error {
	_, err := c.call(ctx, http.MethodPost, c.updatesPath("/cancel"), nil, nil)
	return err
}

// Self is the id of the user whom our token belongs to, for x-key-owners.
func (c *Client) Self(ctx context.Context) (string, error) {
	var user struct {
		PolisID string `json:"polis-id"`
	}
	return user.PolisID, c.get(ctx, c.path("users", "self")+"/", nil, &user)
}

// ProductionTargets are the production targets.json of tags, by tag; without
// tags those of all. They are not verified.
func (c *Client) ProductionTargets(ctx context.Context, tags ...string) (map[string][]byte, error) {
	return c.targetFiles(ctx, "prod-targets", "tag", tags)
}

// WaveTargets are the targets.json of waves, by name; without names those of
// all active ones. They are not verified.
func (c *Client) WaveTargets(ctx context.Context, names ...string) (map[string][]byte, error) {
	return c.targetFiles(ctx, "wave-targets", "name", names)
}

func (c *Client) targetFiles(ctx context.Context, what, query string, names []string) (map[string][]byte, error) {
	var files map[string]json.RawMessage
	if err := c.get(ctx, c.path(what)+"/", url.Values{query: {strings.Join(names, ",")}}, &files); err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name, file := range files {
		out[name] = file
	}
	return out, nil
}
