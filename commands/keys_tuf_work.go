package commands

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
	"github.com/otactl/otactl/tuf/keystore"
)

// rootWork is a root transaction as one run of the program works on it.
type rootWork struct {
	rt   *runtime
	api  *factory.Client
	txid string // "" for whoever opened it
	sent bool   // a change of the roots went to the backend
}

// begin opens a transaction. With keys, an archive that must not be there yet,
// it takes the first root key over.
func (w *rootWork) begin(ctx context.Context, message, keys string, plain bool) error {
	var f *keystore.File
	if keys != "" {
		if _, err := os.Lstat(keys); err == nil {
			return fail.New(fail.Conflict, "name a file that is not there yet", "keys %s: there already; it may hold another factory's keys", keys)
		}
		var err error
		if f, err = w.rt.archive(ctx, keys, plain); err != nil {
			return err
		}
	}
	u, err := w.api.BeginRootUpdate(ctx, message, f != nil)
	if httpx.Code(err) == http.StatusConflict {
		return fail.Hint(err, "otactl keys tuf review shows it; apply or cancel it first")
	}
	if err != nil {
		return err
	}
	w.txid = u.TxID
	if f == nil {
		return nil
	}
	return fail.Hint(w.keepFirstKey(ctx, f, u), "the backend keeps the key until the transaction is applied: otactl keys tuf cancel, then try again")
}

// keepFirstKey puts the root key that the backend handed out into an archive.
func (w *rootWork) keepFirstKey(ctx context.Context, f *keystore.File, u *factory.RootUpdate) error {
	k, err := tuf.ParsePrivateKey(u.FirstSec)
	if err != nil {
		return fmt.Errorf("the first root key: %w", err)
	}
	d, err := w.draft(ctx)
	if err != nil {
		return err
	}
	root, err := tuf.ParseRoot(d.Current.CI)
	if err != nil {
		return err
	}
	if _, err := root.WithRootID(tuf.RoleRoot, k); err != nil {
		return fmt.Errorf("what the backend handed out is not its root key: %w", err)
	}
	if err := f.Add(tuf.RoleRoot, k); err != nil {
		return err
	}
	return f.Save()
}

// answer gives a refusal about a root transaction its class. By 400 and 422 a
// backend says that what was asked for can't be done as things stand.
func answer(err error) error {
	switch httpx.Code(err) {
	case http.StatusNotFound:
		return fail.As(err, fail.NotFound, "no root transaction is open; otactl keys tuf init opens one")
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fail.As(err, fail.Conflict, "")
	case http.StatusLocked:
		return fail.As(err, fail.Busy, "")
	}
	return err
}

// draft is the open transaction. The roots in force are verified from root 1
// on, and the new ones by all rules but how many have signed.
func (w *rootWork) draft(ctx context.Context) (*author.Draft, error) {
	u, err := w.api.RootUpdates(ctx)
	if err != nil {
		return nil, err
	}
	if u.Status == author.StatusApplying {
		return nil, fail.New(fail.Conflict, "run otactl keys tuf apply again", "the root transaction is being applied and can't be changed")
	}
	return w.verified(ctx, u)
}

func (w *rootWork) verified(ctx context.Context, u *author.Updates) (*author.Draft, error) {
	d, err := u.Draft()
	if err != nil {
		return nil, err
	}
	files, err := rootChain(ctx, w.api, false)
	if err != nil {
		return nil, err
	}
	if err := w.rt.checkKnown(w.api, files); err != nil {
		return nil, err
	}
	if !isNewest(files, d.Current.CI) {
		return nil, fail.New(fail.Verification, "try again; if it stays so, don't sign anything and ask who runs the backend",
			"the backend says that another root is in force than the one that it serves")
	}
	if err := checkProduction(d.Current); err != nil {
		return nil, err
	}
	return d, d.Check()
}

// checkProduction holds that the production root in force is of the root keys
// in force.
func checkProduction(p author.Pair) error {
	if p.Prod == nil {
		return nil
	}
	ci, err := tuf.ParseRoot(p.CI)
	if err != nil {
		return err
	}
	prod, err := tuf.ParseRoot(p.Prod)
	if err != nil {
		return err
	}
	if prod.Version != ci.Version {
		return fail.New(fail.Verification, "ask who runs the backend", "the production root is version %d and the root version %d", prod.Version, ci.Version)
	}
	if err := ci.Verify(tuf.RoleRoot, p.Prod); err != nil {
		return fmt.Errorf("production root: %w", err)
	}
	return nil
}

// owner says whose a new key is.
func (w *rootWork) owner(ctx context.Context) (author.Owner, error) {
	who, err := w.api.Self(ctx)
	return author.Owner{PolisID: who, CreatedAt: w.rt.clock()}, err
}

// put stages the new roots, and signatures on production targets.
func (w *rootWork) put(ctx context.Context, d *author.Draft, s factory.StagedSignatures) error {
	w.sent = true
	return answer(w.api.PutRootUpdate(ctx, w.txid, d.Updated, s))
}

// putStaged is put with a new key in a staged archive. The archive takes its
// place once the backend has the root; where nobody knows whether it has,
// nothing is thrown away.
func (w *rootWork) putStaged(ctx context.Context, d *author.Draft, s factory.StagedSignatures, staged *keystore.Staged) error {
	err := w.put(ctx, d, s)
	if code := httpx.Code(err); code >= 400 && code < 500 {
		return errors.Join(err, staged.Drop())
	}
	if err != nil {
		return fail.Hint(err, "whether the backend took the new key is not known; it is in "+staged.Path+
			": where otactl keys tuf review shows it rename that file, else delete it")
	}
	return staged.Commit()
}

// addKey makes an offline key and stages it. One that lies in a token is there
// already, and only its public half is needed.
func (w *rootWork) addKey(ctx context.Context, role tuf.Role, a newKey) error {
	d, err := w.draft(ctx)
	if err != nil {
		return err
	}
	if isToken(a.file) {
		return w.addTokenKey(ctx, d, role, a.file)
	}
	f, err := w.rt.archive(ctx, a.file, a.plain)
	if err != nil {
		return err
	}
	root, err := tuf.ParseRoot(d.Updated.CI)
	if err != nil {
		return err
	}
	if err := noActiveKey(f, root, role); err != nil {
		return err
	}
	staged, err := w.stageKey(ctx, d, f, role, a.kind, "")
	if err != nil {
		return err
	}
	return w.putStaged(ctx, d, factory.StagedSignatures{}, staged.archive)
}

func (w *rootWork) addTokenKey(ctx context.Context, d *author.Draft, role tuf.Role, uri string) error {
	k, err := w.rt.tokenKey(ctx, uri)
	if err != nil {
		return err
	}
	by, err := w.owner(ctx)
	if err != nil {
		return err
	}
	if err := d.AddKey(role, k.Public(), by); err != nil {
		return err
	}
	return w.put(ctx, d, factory.StagedSignatures{})
}

// stagedKey is a new key, in the draft and in a staged archive.
type stagedKey struct {
	key     *tuf.PrivateKey
	archive *keystore.Staged
}

// stageKey makes a key for a role, in place of the key old unless that is "".
func (w *rootWork) stageKey(ctx context.Context, d *author.Draft, f *keystore.File, role tuf.Role, kind tuf.KeyType, old string) (*stagedKey, error) {
	by, err := w.owner(ctx)
	if err != nil {
		return nil, err
	}
	k, staged, err := addKey(f, role, kind)
	if err != nil {
		return nil, err
	}
	if old == "" {
		err = d.AddKey(role, k.Public(), by)
	} else {
		err = d.RotateKey(role, old, k.Public(), by)
	}
	if err != nil {
		return nil, errors.Join(err, staged.Drop())
	}
	return &stagedKey{k, staged}, nil
}

// deleteKey stages the removal of a key, by its id or as the one active key of
// the role in an archive.
func (w *rootWork) deleteKey(ctx context.Context, role tuf.Role, id, file string) error {
	d, err := w.draft(ctx)
	if err != nil {
		return err
	}
	if id == "" {
		root, err := tuf.ParseRoot(d.Updated.CI)
		if err != nil {
			return err
		}
		s, err := w.rt.signer(ctx, file, root, role)
		if err != nil {
			return err
		}
		id = s.Public().ID
	}
	if err := d.DeleteKey(role, id); err != nil {
		return err
	}
	return w.put(ctx, d, factory.StagedSignatures{})
}

// rotateKey stages a new key in place of an offline one.
func (w *rootWork) rotateKey(ctx context.Context, r keyRotation) error {
	d, err := w.draft(ctx)
	if err != nil {
		return err
	}
	f, old, err := w.oldKey(ctx, d, r)
	if err != nil {
		return err
	}
	staged, err := w.stageKey(ctx, d, f, r.role, r.kind, old)
	if err != nil {
		return err
	}
	sigs, err := w.signAgain(ctx, d, f, r.role, staged.key)
	if err == nil && r.sign {
		err = w.signDraft(ctx, d, []string{r.rootFile})
	}
	if err != nil {
		return errors.Join(err, staged.archive.Drop())
	}
	return w.putStaged(ctx, d, sigs, staged.archive)
}

// oldKey is the archive of a key to rotate, and the key's id: "" for targets of
// a factory that has no offline key of it yet.
func (w *rootWork) oldKey(ctx context.Context, d *author.Draft, r keyRotation) (*keystore.File, string, error) {
	root, err := tuf.ParseRoot(d.Updated.CI)
	if err != nil {
		return nil, "", err
	}
	online := func(id string) bool { return id == d.Online[r.role] }
	if r.role == tuf.RoleTargets && !slices.ContainsFunc(root.Roles[r.role].KeyIDs, func(id string) bool { return !online(id) }) {
		f, err := w.rt.archive(ctx, r.file, r.plain)
		return f, "", err
	}
	f, err := w.rt.keyFile(ctx, r.file)
	if err != nil {
		return nil, "", err
	}
	s, err := f.Signer(root, r.role)
	if err != nil {
		return nil, "", err
	}
	return f, s.Public().ID, nil
}

// rotateOnline has the server make new keys, and signs the root with them in it
// if there is an archive.
func (w *rootWork) rotateOnline(ctx context.Context, roles []tuf.Role, kind tuf.KeyType, file string) error {
	if _, err := w.draft(ctx); err != nil { // before the server makes keys
		return err
	}
	if err := answer(w.api.NewOnlineKeys(ctx, w.txid, kind, roles)); err != nil {
		return err
	}
	if file == "" {
		return nil
	}
	return w.sign(ctx, []string{file})
}

// setThreshold stages how many keys have to sign a role.
func (w *rootWork) setThreshold(ctx context.Context, role tuf.Role, n int, file string) error {
	d, err := w.draft(ctx)
	if err != nil {
		return err
	}
	if err := d.SetThreshold(role, n); err != nil {
		return err
	}
	if file != "" {
		if err := w.signDraft(ctx, d, []string{file}); err != nil {
			return err
		}
	}
	return w.put(ctx, d, factory.StagedSignatures{})
}
