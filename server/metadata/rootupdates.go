package metadata

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// Why a root transaction is not to be had.
var (
	ErrNoUpdate   = errors.New("no root transaction is open")
	ErrUpdateOpen = errors.New("a root transaction is open already")
	ErrNotYours   = errors.New("the transaction id is not that of the open root transaction")
	ErrNoRootKey  = errors.New("the root key is not on this server: it was handed out before, or taken away")
)

// IssuesError says that a root transaction can't be applied as it is.
type IssuesError struct{ Issues author.Issues }

func (e *IssuesError) Error() string {
	if len(e.Issues.Errors) == 0 {
		return "the new root can't be applied"
	}
	return e.Issues.Errors[0].Message
}

// Access is who wants to change the open transaction, and the id of it that
// they know, "" for none. Without one only who opened it may.
type Access struct {
	Subject string
	TxID    string
}

// Begun is a transaction that was opened. Its id is told this once.
type Begun struct {
	TxID     string          `json:"txid"`
	FirstSec json.RawMessage `json:"first_root.sec,omitempty"` // the first root key
	FirstPub json.RawMessage `json:"first_root.pub,omitempty"`
}

// onlineRoles are those whose keys the server itself signs with.
var onlineRoles = []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}

// inForce are the roots in force, and the ids of the online keys in them.
func (a *Author) inForce(tx *store.MetadataTx) (author.Pair, map[tuf.Role]string, error) {
	ci, err := tx.Current(string(tuf.RoleRoot))
	if err != nil {
		return author.Pair{}, nil, err
	}
	prod, err := tx.Current(prodRootRole)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return author.Pair{}, nil, err
	}
	root, err := tuf.ParseRoot(ci.Bytes)
	if err != nil {
		return author.Pair{}, nil, err
	}
	online := map[tuf.Role]string{}
	for _, role := range onlineRoles {
		if s, err := a.keys.signer(root, role); err == nil {
			online[role] = s.Public().ID
		}
	}
	return author.Pair{CI: ci.Bytes, Prod: prod.Bytes}, online, nil
}

// BeginRootUpdate opens a transaction on the roots. With firstTime it hands
// out the first root key, which is deleted here once the transaction is
// applied: an answer that gets lost on the way must not lose the key with it.
func (a *Author) BeginRootUpdate(ctx context.Context, who, message string, firstTime bool) (*Begun, error) {
	now := a.clock()
	var id [16]byte
	_, _ = rand.Read(id[:]) // crypto/rand.Read never returns an error
	out := &Begun{TxID: hex.EncodeToString(id[:])}
	err := a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		pair, online, err := a.inForce(tx)
		if err != nil {
			return err
		}
		if firstTime {
			if err := a.handOut(tx, out); err != nil {
				return err
			}
		}
		d, err := author.Begin(pair, tuf.Changelog{PolisID: who, Message: message, Timestamp: now}, online)
		if err != nil {
			return err
		}
		root, err := tuf.ParseRoot(pair.CI)
		if err != nil {
			return err
		}
		u := store.RootUpdate{Base: root.Version, FirstTime: firstTime, Created: now, CreatedBy: who}
		err = tx.BeginRootUpdate(out.TxID, *a.fill(&u, d, who, now))
		if errors.Is(err, store.ErrExists) {
			return ErrUpdateOpen
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// handOut adds the first root key to an answer.
func (a *Author) handOut(tx *store.MetadataTx, out *Begun) error {
	f, err := tx.Current(string(tuf.RoleRoot))
	if err != nil {
		return err
	}
	root, err := tuf.ParseRoot(f.Bytes)
	if err != nil {
		return err
	}
	k, err := a.keys.find(root, tuf.RoleRoot)
	if err != nil {
		return ErrNoRootKey
	}
	if out.FirstSec, err = json.Marshal(k); err != nil {
		return err
	}
	out.FirstPub, err = json.Marshal(k.Public())
	return err
}

// fill copies a draft into the record that is stored.
func (a *Author) fill(u *store.RootUpdate, d *author.Draft, who string, now time.Time) *store.RootUpdate {
	u.CI, u.Prod = d.Updated.CI, d.Updated.Prod
	u.Online = map[string]string{}
	for role, id := range d.Online {
		u.Online[string(role)] = id
	}
	u.Updated, u.UpdatedBy = now, who
	return u
}

// openUpdate is the open transaction as a draft, for whoever may change it.
func (a *Author) openUpdate(tx *store.MetadataTx, acc Access) (*store.RootUpdate, *author.Draft, error) {
	u, err := tx.RootUpdate()
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, ErrNoUpdate
	}
	if err != nil {
		return nil, nil, err
	}
	if acc.TxID == "" && acc.Subject != u.CreatedBy || acc.TxID != "" && !u.Opens(acc.TxID) {
		return nil, nil, ErrNotYours
	}
	d, err := a.draft(tx, u)
	return u, d, err
}

func (a *Author) draft(tx *store.MetadataTx, u *store.RootUpdate) (*author.Draft, error) {
	pair, _, err := a.inForce(tx)
	if err != nil {
		return nil, err
	}
	d := &author.Draft{Current: pair, Updated: author.Pair{CI: u.CI, Prod: u.Prod}, Online: map[tuf.Role]string{}}
	for role, id := range u.Online {
		d.Online[tuf.Role(role)] = id
	}
	return d, nil
}

// RootUpdates are the roots in force, and the open transaction with what it
// changes and what it still lacks.
func (a *Author) RootUpdates(ctx context.Context) (*author.Updates, error) {
	now := a.clock()
	out := &author.Updates{Status: author.StatusNone, Amendments: []author.Note{}}
	err := a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		pair, online, err := a.inForce(tx)
		if err != nil {
			return err
		}
		out.Current = author.NewWirePair(pair, online)
		u, err := tx.RootUpdate()
		if errors.Is(err, store.ErrNotFound) {
			out.Issues.Warnings, err = a.rootWarnings(tx, pair, now)
			return err
		}
		if err != nil {
			return err
		}
		d, err := a.draft(tx, u)
		if err != nil {
			return err
		}
		out.Status, out.FirstTime = author.StatusStarted, u.FirstTime
		out.Updated = author.NewWirePair(d.Updated, d.Online)
		out.Change = author.ChangeMeta{CreatedBy: u.CreatedBy, CreatedAt: u.Created.Format(time.RFC3339),
			UpdatedBy: u.UpdatedBy, UpdatedAt: u.Updated.Format(time.RFC3339)}
		if out.Amendments, err = d.Amendments(); err != nil {
			return err
		}
		out.Issues, err = a.issues(tx, u, d, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// rootWarnings are what should be known of the roots in force.
func (a *Author) rootWarnings(tx *store.MetadataTx, p author.Pair, now time.Time) ([]author.Note, error) {
	list, err := author.Warnings(p, now)
	if err != nil {
		return nil, err
	}
	if _, err := a.signer(tx, tuf.RoleRoot); err == nil {
		list = append(list, author.Note{Kind: "root-key-online", Args: map[string]string{},
			Message: "the root key is on the server; take it over with otactl keys tuf rotate-offline-key --first-time"})
	}
	return list, nil
}

// issues are what keeps the open transaction from being applied, and what to
// know before it is.
func (a *Author) issues(tx *store.MetadataTx, u *store.RootUpdate, d *author.Draft, now time.Time) (author.Issues, error) {
	list, err := d.Issues(now)
	if err != nil {
		return list, err
	}
	root, err := tuf.ParseRoot(d.Updated.CI)
	if err != nil {
		return list, err
	}
	for role := range d.Online {
		if _, err := a.keys.find(root, role); err != nil {
			list.Errors = append(list.Errors, author.Note{Kind: "lost-key", Message: err.Error(),
				Args: map[string]string{"role": string(role)}})
		}
	}
	err = a.productionIssues(tx, u, d, &list)
	return list, err
}

// StagedRoots are the new roots as somebody changed or signed them.
type StagedRoots struct {
	CI         []byte
	Prod       []byte
	Signatures ProductionSignatures
}

// PutRootUpdate takes new roots into the open transaction. Roots that break a
// rule, or that carry a bad signature, are refused; how many have signed only
// matters when the transaction is applied.
func (a *Author) PutRootUpdate(ctx context.Context, acc Access, in StagedRoots) error {
	for _, f := range [][]byte{in.CI, in.Prod} {
		if len(f) > limits.Root {
			return refuse("a root is longer than the %d bytes that devices read", limits.Root)
		}
	}
	ci, err := author.Clean(in.CI)
	if err != nil {
		return refuse("ci-root: %v", err)
	}
	prod, err := author.Clean(in.Prod)
	if err != nil {
		return refuse("prod-root: %v", err)
	}
	now := a.clock()
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		u, d, err := a.openUpdate(tx, acc)
		if err != nil {
			return err
		}
		if err := d.KeepsChangelog(ci); err != nil {
			return refuse("ci-root: %v", err)
		}
		d.Updated = author.Pair{CI: ci, Prod: prod}
		if err := d.Check(); err != nil {
			return refuse("%v", err)
		}
		if err := a.takeSignatures(tx, u, d, in.Signatures); err != nil {
			return err
		}
		return tx.PutRootUpdate(a.fill(u, d, acc.Subject, now))
	})
}

// CancelRootUpdate drops the open transaction and the keys made for it.
func (a *Author) CancelRootUpdate(ctx context.Context) error {
	a.updating.Lock()
	defer a.updating.Unlock()
	err := a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		u, err := tx.RootUpdate()
		if errors.Is(err, store.ErrNotFound) {
			return ErrNoUpdate
		}
		if err == nil {
			err = a.abandon(tx, u, roles)
		}
		if err != nil {
			return err
		}
		return tx.EndRootUpdate()
	})
	if err != nil {
		return err
	}
	return a.sweepKeys(ctx)
}
