package store

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// RootUpdate is the open transaction on the roots.
type RootUpdate struct {
	Base       int  // version of the root that it changes
	FirstTime  bool // the first root key was handed out
	Created    time.Time
	CreatedBy  string // subject of a token
	Updated    time.Time
	UpdatedBy  string
	CI, Prod   []byte            // the new roots, as far as they are signed
	Online     map[string]string // role to id of its online key
	Signatures json.RawMessage   // further signatures on production targets

	txid []byte // SHA-256
}

// Opens says whether txid is the id of this transaction.
func (u *RootUpdate) Opens(txid string) bool {
	return subtle.ConstantTimeCompare(hash(txid), u.txid) == 1
}

// BeginRootUpdate opens a transaction; only the hash of txid is stored. While
// another one is open it is ErrExists.
func (m *MetadataTx) BeginRootUpdate(txid string, u RootUpdate) error {
	_, err := m.RootUpdate()
	if err == nil {
		return ErrExists
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	u.txid = hash(txid)
	return m.PutRootUpdate(&u)
}

// RootUpdate is the open transaction, or ErrNotFound.
func (m *MetadataTx) RootUpdate() (*RootUpdate, error) {
	var u RootUpdate
	var created, updated int64
	var online, signatures string
	err := notFound(m.tx.QueryRowContext(m.ctx, `SELECT txid_hash, base, first_time, created, created_by,
		updated, updated_by, ci, prod, online, signatures FROM root_updates`).
		Scan(&u.txid, &u.Base, &u.FirstTime, &created, &u.CreatedBy, &updated, &u.UpdatedBy, &u.CI, &u.Prod, &online, &signatures))
	if err != nil {
		return nil, err
	}
	u.Created, u.Updated, u.Signatures = fromUnix(created), fromUnix(updated), json.RawMessage(signatures)
	if err := json.Unmarshal([]byte(online), &u.Online); err != nil {
		return nil, fmt.Errorf("database: root update: %w", err)
	}
	return &u, nil
}

// PutRootUpdate stores what has changed in the open transaction.
func (m *MetadataTx) PutRootUpdate(u *RootUpdate) error {
	online, err := json.Marshal(u.Online)
	if err != nil {
		return err
	}
	if u.Signatures == nil {
		u.Signatures = json.RawMessage("{}")
	}
	_, err = m.tx.ExecContext(m.ctx, `INSERT OR REPLACE INTO root_updates (id, txid_hash, base, first_time, created,
		created_by, updated, updated_by, ci, prod, online, signatures) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		u.txid, u.Base, u.FirstTime, u.Created.Unix(), u.CreatedBy, u.Updated.Unix(), u.UpdatedBy,
		u.CI, u.Prod, string(online), string(u.Signatures))
	if err != nil {
		return fmt.Errorf("database: root update: %w", err)
	}
	return nil
}

// EndRootUpdate forgets the open transaction.
func (m *MetadataTx) EndRootUpdate() error {
	if _, err := m.tx.ExecContext(m.ctx, "DELETE FROM root_updates"); err != nil {
		return fmt.Errorf("database: root update: %w", err)
	}
	return nil
}
