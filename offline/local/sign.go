package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/tuf"
)

const (
	day = 24 * time.Hour
	// life is how long targets and snapshot are good, unless a bundle is for longer.
	life = 365 * day
)

// bundle signs the metadata of a bundle.
func (s *state) bundle(ctx context.Context, name string, req offline.MetaRequest) (map[string]json.RawMessage, error) {
	until := req.ExpiresAt.UTC()
	if req.ExpiresAt.IsZero() {
		until = s.r.opt.Now.UTC().Add(time.Duration(req.ExpiresInDays) * day)
	}
	until = until.Truncate(time.Second)
	if root := s.trust.Root(); root.Expires.Before(until) {
		return nil, fail.New(fail.Usage, "ask for less time, or put a newer root beside it as N.root.json",
			"root %d expires %s, before the bundle would (%s)", root.Version, root.Expires.Format(time.RFC3339), until.Format(time.RFC3339))
	}
	if req.Wave != "" {
		return nil, fail.New(fail.Usage, "leave --wave out", "there are no waves without a backend")
	}
	for _, sign := range []func() error{
		func() error { return s.signTargets(ctx, name, req.Tag, until) },
		func() error { s.numbers.Root = s.trust.Root().Version; return s.signSnapshot(ctx, until) },
		func() error { return s.signTimestamp(ctx, until) },
	} {
		if err := sign(); err != nil {
			return nil, err
		}
	}
	list, err := s.signList(ctx, name, req, until)
	if err != nil {
		return nil, err
	}
	return map[string]json.RawMessage{
		"timestamp": s.timestamp, "snapshot": s.snapshot, "targets": s.targets, "bundle-targets": list,
	}, nil
}

// signTargets sees that targets.json has the target and is good for long enough.
// Where the keys in hand are too few it is kept aside for the others.
func (s *state) signTargets(ctx context.Context, name, tag string, until time.Time) error {
	if s.pending != nil {
		return s.signPending(ctx, name, tag)
	}
	d := tuf.NewTargetsDraft()
	if s.targets != nil {
		var err error
		if d, err = tuf.DraftTargets(s.targets); err != nil {
			return err
		}
	}
	changed, err := s.withTarget(d, name, tag)
	if err != nil {
		return err
	}
	if !changed && !d.Expires().Before(until) && s.trust.Root().Verify(tuf.RoleTargets, s.targets) == nil {
		return nil
	}
	signers, err := s.r.signers(ctx, s.trust.Root(), tuf.RoleTargets)
	if err != nil {
		return err
	}
	v, err := s.next(&s.numbers.Targets)
	if err != nil {
		return err
	}
	file, err := d.Sign(v, s.lasting(until), signers...)
	if err != nil {
		return err
	}
	return s.settleTargets(file)
}

// withTarget puts the target into the draft where it isn't there.
func (s *state) withTarget(d *tuf.TargetsDraft, name, tag string) (changed bool, err error) {
	if d.Entry(name) != nil {
		there, err := d.Target(name)
		if err != nil {
			return false, err
		}
		return false, s.r.opt.New[name].differs(name, there)
	}
	made := s.r.opt.New[name]
	if made == nil {
		return false, fail.New(fail.NotFound, "say with --ref which commit it shall be", "target %s: not in targets.json", name)
	}
	if err := freeVersion(d, name, made); err != nil {
		return false, err
	}
	entry, err := made.make(name, tag, s.r.opt.Now)
	if err != nil {
		return false, err
	}
	return true, d.Set(name, entry)
}

// freeVersion refuses a version that another target for the same hardware has:
// a device could not tell which of the two is newer.
func freeVersion(d *tuf.TargetsDraft, name string, made *NewTarget) error {
	base, version, err := SplitName(name)
	if err != nil {
		return err
	}
	for _, other := range d.Names() {
		t, err := d.Target(other)
		if err != nil {
			return err
		}
		c, err := t.Fields()
		if err != nil {
			return err
		}
		same := func(id string) bool { return slices.Contains(made.hardware(base), id) }
		if c.Version == fmt.Sprint(version) && slices.ContainsFunc(c.HardwareIDs, same) {
			return fail.New(fail.Conflict, "give the target a version of its own", "target %s: %s has this version and is for the same hardware", name, other)
		}
	}
	return nil
}

// signPending adds what signatures there are keys for to a targets.json that
// waits for them.
func (s *state) signPending(ctx context.Context, name, tag string) error {
	root := s.trust.Root()
	d, err := tuf.DraftTargets(s.pending)
	if err != nil {
		return fmt.Errorf("%s: %w", pendingFile, err)
	}
	sigs, err := root.Signatures(tuf.RoleTargets, s.pending)
	if err != nil {
		return fmt.Errorf("%s: %w", pendingFile, err)
	}
	if len(sigs.Valid) == 0 || len(sigs.Invalid)+len(sigs.Unknown) > 0 {
		return fail.New(fail.Verification, "delete it; the next run makes it anew", "%s: not signed by targets keys of root %d alone", pendingFile, root.Version)
	}
	if d.Entry(name) == nil {
		return fail.New(fail.Conflict, "finish that first, or delete it", "%s waits for signatures, and does not have target %s", pendingFile, name)
	}
	for _, err := range []error{s.follows(d, name), s.pendingTarget(d, name, tag)} {
		if err != nil {
			return err
		}
	}
	signers, err := s.r.signers(ctx, root, tuf.RoleTargets)
	if err != nil {
		return err
	}
	file := s.pending
	for _, k := range signers {
		signed, err := tuf.AddSignature(file, k)
		if errors.Is(err, tuf.ErrDuplicate) {
			continue
		}
		if err != nil {
			return err
		}
		file = signed
	}
	return s.settleTargets(file)
}

// follows holds that a pending targets.json is newer than the one in force, and
// differs from it in the target asked for alone. Whoever signed it first has no
// say over the rest: a second signature is of one who was asked about all of it.
func (s *state) follows(d *tuf.TargetsDraft, name string) error {
	before := tuf.NewTargetsDraft()
	if s.targets != nil {
		var err error
		if before, err = tuf.DraftTargets(s.targets); err != nil {
			return err
		}
		if d.Version() < before.Version() || d.Version() == before.Version() && !sameSigned(s.pending, s.targets) {
			return fail.New(fail.Verification, "delete it; the next run makes it anew",
				"%s: it is version %d, and targets.json is version %d already", pendingFile, d.Version(), before.Version())
		}
	}
	if other := d.OtherFields(before); len(other) > 0 {
		return fail.New(fail.Verification, "delete it; the next run makes it anew", "%s: it changes more than targets: %q", pendingFile, other)
	}
	for _, other := range slices.Concat(d.Names(), before.Names()) {
		added := other == name && before.Entry(other) == nil
		if !added && !bytes.Equal(d.Entry(other), before.Entry(other)) {
			return fail.New(fail.Conflict, "finish that first, or delete it", "%s waits for signatures, and changes target %s", pendingFile, other)
		}
	}
	return nil
}

// pendingTarget holds that the target that a pending targets.json adds is what
// this run was told to make, so that nobody signs what somebody else chose.
func (s *state) pendingTarget(d *tuf.TargetsDraft, name, tag string) error {
	if s.targets != nil {
		if before, err := tuf.DraftTargets(s.targets); err != nil || before.Entry(name) != nil {
			return err // follows has seen that it is the same
		}
	}
	made := s.r.opt.New[name]
	if made == nil {
		return fail.New(fail.NotFound, "say with --ref which commit it has", "%s waits for signatures on target %s: of which commit?", pendingFile, name)
	}
	there, err := d.Target(name)
	if err != nil {
		return err
	}
	return made.same(name, tag, there)
}

func sameSigned(a, b []byte) bool {
	x, errX := tuf.SignedSum(a)
	y, errY := tuf.SignedSum(b)
	return errX == nil && errY == nil && x == y
}

// settleTargets keeps a targets.json that has all its signatures as such, and
// another one aside.
func (s *state) settleTargets(file []byte) error {
	sigs, err := s.trust.Root().Signatures(tuf.RoleTargets, file)
	if err != nil {
		return err
	}
	if n := sigs.Missing(); n > 0 {
		if err := s.keep(pendingFile, file); err != nil {
			return err
		}
		return fail.New(fail.Partial, "have who holds another targets key run the same command with theirs, on this folder",
			"targets.json has %d of %d signatures and waits in %s", len(sigs.Valid), sigs.Threshold, pendingFile)
	}
	if s.targets = file; s.r.opt.DryRun {
		return nil
	}
	if err := s.keep(tuf.TargetsFile, file); err != nil || s.pending == nil {
		return err
	}
	return os.Remove(filepath.Join(s.r.opt.Dir, pendingFile))
}

// signSnapshot signs a snapshot unless the one that is there will do.
func (s *state) signSnapshot(ctx context.Context, until time.Time) error {
	root := s.trust.Root()
	if s.snapshot != nil && root.Verify(tuf.RoleSnapshot, s.snapshot) == nil {
		there, err := tuf.ParseSnapshot(s.snapshot)
		if err != nil {
			return err
		}
		want, err := tuf.NewSnapshot(there.Version, there.Expires, s.targets)
		if err != nil {
			return err
		}
		if sameMeta(there.Meta, want.Meta) && !there.Expires.Before(until) {
			return nil
		}
	}
	v, err := s.next(&s.numbers.Snapshot)
	if err != nil {
		return err
	}
	snapshot, err := tuf.NewSnapshot(v, s.lasting(until), s.targets)
	if err != nil {
		return err
	}
	if s.snapshot, err = s.sign(ctx, tuf.RoleSnapshot, snapshot, limits.Snapshot); err != nil {
		return err
	}
	return s.keep(tuf.SnapshotFile, s.snapshot)
}

func sameMeta(a, b map[string]tuf.MetaFile) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// signTimestamp signs a new timestamp. It is good at least as long as the one
// before: a device that takes this one may be handed the earlier bundle again, and
// then has to get by with what it knows.
func (s *state) signTimestamp(ctx context.Context, until time.Time) error {
	if s.timestamp != nil {
		before, err := tuf.ParseTimestamp(s.timestamp)
		if err != nil {
			return err
		}
		if before.Expires.After(until) {
			until = before.Expires
		}
	}
	v, err := s.next(&s.numbers.Timestamp)
	if err != nil {
		return err
	}
	timestamp, err := tuf.NewTimestamp(v, until, s.snapshot)
	if err != nil {
		return err
	}
	if s.timestamp, err = s.sign(ctx, tuf.RoleTimestamp, timestamp, limits.Timestamp); err != nil {
		return err
	}
	return s.keep(tuf.TimestampFile, s.timestamp)
}

// sign signs for a role that nobody can add signatures to later.
func (s *state) sign(ctx context.Context, role tuf.Role, signed any, max int) ([]byte, error) {
	root := s.trust.Root()
	signers, err := s.r.signers(ctx, root, role)
	if err != nil {
		return nil, err
	}
	file, err := tuf.Sign(signed, signers...)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", role, err)
	}
	if len(file) > max {
		return nil, fmt.Errorf("sign %s: %w", role, tuf.ErrTooLarge)
	}
	if err := root.Verify(role, file); err != nil {
		return nil, fail.As(err, fail.NotFound, fmt.Sprintf("name more archives with --keys: root %d wants %d keys for %s", root.Version, root.Roles[role].Threshold, role))
	}
	return file, nil
}

// signList signs the list of the bundle's targets, as far as there are keys;
// the others are added where the bundle lies.
func (s *state) signList(ctx context.Context, name string, req offline.MetaRequest, until time.Time) ([]byte, error) {
	list := &tuf.BundleTargets{Expires: until, Type: "ci", Tag: req.Tag}
	if req.Production {
		list.Type = "prod"
	}
	if req.BundleTargets != nil {
		old, err := s.oldList(req.BundleTargets, list)
		if err != nil {
			return nil, err
		}
		list.Targets = old
	}
	if !slices.Contains(list.Targets, name) {
		list.Targets = append(list.Targets, name)
	}
	var err error
	if list.Version, err = s.next(&s.numbers.Bundle); err != nil {
		return nil, err
	}
	signers, err := s.r.signers(ctx, s.trust.Root(), tuf.RoleTargets)
	if err != nil {
		return nil, err
	}
	return tuf.Sign(list, signers...)
}

// oldList are the targets of a list that targets keys have signed, and nobody
// else.
func (s *state) oldList(file []byte, list *tuf.BundleTargets) ([]string, error) {
	old, err := tuf.ParseBundleTargets(file)
	if err != nil {
		return nil, err
	}
	sigs, err := s.trust.Root().Signatures(tuf.RoleTargets, file)
	if err != nil {
		return nil, err
	}
	if len(sigs.Valid) == 0 || len(sigs.Invalid)+len(sigs.Unknown) > 0 {
		return nil, fail.New(fail.Verification, "build the bundle anew in an empty folder", "the bundle's list is not signed by targets keys of root %d alone", s.trust.Root().Version)
	}
	if old.Type != list.Type || old.Tag != list.Tag {
		return nil, fail.New(fail.Conflict, "take another folder", "the bundle is of type %q and tag %q", old.Type, old.Tag)
	}
	return old.Targets, nil
}

// lasting is when targets and snapshot expire that are signed now.
func (s *state) lasting(until time.Time) time.Time {
	if at := s.r.opt.Now.UTC().Add(life).Truncate(time.Second); at.After(until) {
		return at
	}
	return until
}
