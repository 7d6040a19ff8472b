package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
	"github.com/otactl/otactl/tuf/keystore"
)

// sign signs the staged roots.
func (w *rootWork) sign(ctx context.Context, refs []string) error {
	d, err := w.draft(ctx)
	if err != nil {
		return err
	}
	if err := w.signDraft(ctx, d, refs); err != nil {
		return err
	}
	return w.put(ctx, d, factory.StagedSignatures{})
}

// signDraft signs the new roots with the keys behind refs, after it has said
// what they change. Each ref has to be a root key: one of the root in force, of
// the new one, or one of each.
func (w *rootWork) signDraft(ctx context.Context, d *author.Draft, refs []string) error {
	signers, err := w.rootSigners(ctx, d, refs)
	if err != nil {
		return err
	}
	if err := w.announce(d); err != nil {
		return err
	}
	for _, s := range signers {
		if err := d.Sign(s); err != nil {
			return err
		}
		w.rt.say("  signed with key %s", s.Public().ID)
	}
	return nil
}

// announce tells the person what is about to be signed.
func (w *rootWork) announce(d *author.Draft) error {
	notes, err := d.Amendments()
	if err != nil {
		return err
	}
	root, err := tuf.ParseRoot(d.Updated.CI)
	if err != nil {
		return err
	}
	w.rt.say("root %d:", root.Version)
	for _, n := range notes {
		w.rt.say("  %s", oneLine(n.Message))
	}
	if len(notes) == 0 {
		w.rt.say("  nothing but its version and changelog differs from root %d", root.Version-1)
	}
	return nil
}

func (w *rootWork) rootSigners(ctx context.Context, d *author.Draft, refs []string) ([]tuf.Signer, error) {
	var list []tuf.Signer
	for _, ref := range refs {
		found, err := w.signersOf(ctx, d, ref)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// signersOf are the keys behind one ref: of the new root and of the root in
// force, once if they are the same.
func (w *rootWork) signersOf(ctx context.Context, d *author.Draft, ref string) ([]tuf.Signer, error) {
	var list []tuf.Signer
	var missing error
	for _, file := range [][]byte{d.Updated.CI, d.Current.CI} {
		root, err := tuf.ParseRoot(file)
		if err != nil {
			return nil, err
		}
		found, err := openSigners(ctx, w.rt, []string{ref}, root, tuf.RoleRoot)
		if fail.ClassOf(err) == fail.NotFound {
			missing = err
			continue
		}
		if err != nil {
			return nil, err
		}
		same := func(o tuf.Signer) bool { return o.Public().Equal(found[0].Public()) }
		if !slices.ContainsFunc(list, same) {
			list = append(list, found...)
		}
	}
	if len(list) == 0 {
		return nil, missing
	}
	return list, nil
}

// signAgain signs with a new targets key what the key before it in the archive
// has validly signed for production. Several rotations may be in one
// transaction; it is the key of the root in force that counts.
func (w *rootWork) signAgain(ctx context.Context, d *author.Draft, f *keystore.File, role tuf.Role, k *tuf.PrivateKey) (s factory.StagedSignatures, err error) {
	if role != tuf.RoleTargets || d.Current.Prod == nil {
		return s, nil
	}
	prod, err := tuf.ParseRoot(d.Current.Prod)
	if err != nil {
		return s, err
	}
	signed := func(file []byte) (bool, error) {
		rep, err := prod.Signatures(tuf.RoleTargets, file)
		if err != nil {
			return false, err
		}
		for _, old := range f.Signers(prod, tuf.RoleTargets) {
			if slices.Contains(rep.Valid, old.Public().ID) {
				return true, nil
			}
		}
		return false, nil
	}
	return w.signTargets(ctx, prodSigning{draft: d, key: k, want: signed, passOver: true}, nil, nil)
}

// signProdTargets stages signatures on production targets and waves by targets
// keys of the new root.
func (w *rootWork) signProdTargets(ctx context.Context, refs, tags, waves []string) error {
	d, err := w.draft(ctx)
	if err != nil {
		return err
	}
	if d.Current.Prod == nil {
		return fail.New(fail.NotFound, "apply a root transaction first", "the factory has no production root, and so no production targets")
	}
	root, err := tuf.ParseRoot(d.Updated.Prod)
	if err != nil {
		return err
	}
	signers, err := openSigners(ctx, w.rt, refs, root, tuf.RoleTargets)
	if err != nil {
		return err
	}
	prod, err := tuf.ParseRoot(d.Current.Prod)
	if err != nil {
		return err
	}
	good := func(file []byte) (bool, error) {
		rep, err := prod.Signatures(tuf.RoleTargets, file)
		if err == nil && !slices.ContainsFunc(rep.Valid, func(id string) bool { return id != d.Online[tuf.RoleTargets] }) {
			err = fail.New(fail.Verification, "don't sign it; ask who made it", "no offline targets key of root %d has signed it", prod.Version)
		}
		return true, err
	}
	all := factory.StagedSignatures{Targets: map[string][]tuf.Signature{}, Waves: map[string][]tuf.Signature{}}
	for _, s := range signers {
		one, err := w.signTargets(ctx, prodSigning{draft: d, key: s, want: good}, tags, waves)
		if err != nil {
			return err
		}
		for tag, sigs := range one.Targets {
			all.Targets[tag] = append(all.Targets[tag], sigs...)
		}
		for name, sigs := range one.Waves {
			all.Waves[name] = append(all.Waves[name], sigs...)
		}
	}
	return w.put(ctx, d, all)
}

// prodSigning is one key at work on production targets and waves.
type prodSigning struct {
	draft    *author.Draft
	key      tuf.Signer
	want     func(file []byte) (bool, error)
	passOver bool // leave a wave unsigned that nobody can vouch for, and go on
}

// signTargets signs the production targets of tags and the targets of waves that
// are wanted, once it can vouch for them. Naming only one kind leaves the other
// out; naming nothing means all of both, where none is all right.
func (w *rootWork) signTargets(ctx context.Context, p prodSigning, tags, waves []string) (out factory.StagedSignatures, err error) {
	if len(tags) > 0 || len(waves) == 0 {
		files, err := w.api.ProductionTargets(ctx, tags...)
		vouch := func(tag string, file []byte) error { return w.vouchTag(p.draft, tag, file) }
		if out.Targets, err = w.signEach(tags, files, err, "production targets of tag", p, vouch); err != nil {
			return out, err
		}
	}
	if len(waves) > 0 || len(tags) == 0 {
		files, err := w.api.WaveTargets(ctx, waves...)
		vouch := func(name string, file []byte) error {
			err := w.vouchWave(ctx, p.draft, name, file)
			if err != nil && p.passOver {
				w.rt.say("  wave %s is left unsigned: %s", oneLine(name), oneLine(err.Error()))
				return errPassedOver
			}
			return err
		}
		if out.Waves, err = w.signEach(waves, files, err, "wave", p, vouch); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (w *rootWork) signEach(names []string, files map[string][]byte, err error, what string, p prodSigning,
	vouch func(name string, file []byte) error) (map[string][]tuf.Signature, error) {
	if httpx.Code(err) == http.StatusNotFound {
		err = nil // there are none
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if files[name] == nil {
			return nil, fail.New(fail.NotFound, "otactl waves list shows waves and tags", "%s %s: not found", what, oneLine(name))
		}
	}
	out := map[string][]tuf.Signature{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		ok, err := p.want(files[name])
		if err == nil && ok {
			err = vouch(name, files[name])
		}
		if errors.Is(err, errPassedOver) || err == nil && !ok {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", what, oneLine(name), err)
		}
		sig, err := signatureOn(files[name], p.key)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", what, oneLine(name), err)
		}
		w.rt.say("  %s %s: signed with key %s", what, oneLine(name), p.key.Public().ID)
		out[name] = append(out[name], sig)
	}
	return out, nil
}

// signatureOn is the signature of s on a file, alone.
func signatureOn(file []byte, s tuf.Signer) (tuf.Signature, error) {
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		return tuf.Signature{}, err
	}
	signed, err := tuf.Sign(e.Signed, s)
	if err != nil {
		return tuf.Signature{}, err
	}
	if e, err = tuf.ParseEnvelope(signed); err != nil {
		return tuf.Signature{}, err
	}
	return e.Signatures[0], nil
}
