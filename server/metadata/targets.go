package metadata

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/otactl/otactl/tuf"
)

// AddTargets adds the targets of a draft and signs targets, snapshot and
// timestamp in one transaction. Those that are there already with the same
// content are left alone. One that differs from what is there, and a name or a
// version of a hardware id that a target ever had, is a *ConflictError.
func (a *Author) AddTargets(ctx context.Context, add *tuf.TargetsDraft) (Change, error) {
	return a.change(ctx, "", func(e *edit) error {
		for _, name := range add.Names() {
			if err := e.add(name, add.Entry(name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// TagTargets gives targets, by name, the tags they shall have instead of those
// they have. base is as for Replace, or "" for any.
func (a *Author) TagTargets(ctx context.Context, base string, tags map[string][]string) (Change, error) {
	return a.change(ctx, base, func(e *edit) error {
		for name, list := range tags {
			if err := e.tag(name, list); err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveTargets takes targets out. Their names and versions stay taken. base is
// as for Replace, or "" for any.
func (a *Author) RemoveTargets(ctx context.Context, base string, names []string) (Change, error) {
	return a.change(ctx, base, func(e *edit) error {
		for _, name := range names {
			if err := e.remove(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// Replace makes the targets those of next, all of them. base is the checksum of
// the targets.json that next was made from: ErrMoved if it is not the current
// one, ErrNoBase if it is empty. A target that stays keeps its commit and its
// version; all else about it may change.
func (a *Author) Replace(ctx context.Context, base string, next *tuf.TargetsDraft) (Change, error) {
	if base == "" {
		return Change{}, ErrNoBase
	}
	return a.change(ctx, base, func(e *edit) error { return e.replace(next) })
}

// add takes a target in, unless the same one is there.
func (e *edit) add(name string, entry json.RawMessage) error {
	if e.Entry(name) != nil {
		same, err := e.alike(name, entry)
		if err == nil && !same {
			err = &ConflictError{Name: name, Why: "there is one of this name with other content"}
		}
		return err
	}
	if err := e.Set(name, entry); err != nil {
		return err
	}
	if err := e.stamp(name); err != nil {
		return err
	}
	e.changed = true
	return e.take(name)
}

// alike says whether a target differs from entry in more than its times.
func (e *edit) alike(name string, entry json.RawMessage) (bool, error) {
	timeless := map[string]any{"createdAt": nil, "updatedAt": nil}
	have, err := tuf.WithCustom(e.Entry(name), timeless)
	if err != nil {
		return false, err
	}
	want, err := tuf.WithCustom(entry, timeless)
	return bytes.Equal(have, want), err
}

// stamp sets createdAt and updatedAt where the publisher left them out.
func (e *edit) stamp(name string) error {
	c, err := e.fields(name)
	if err != nil {
		return err
	}
	times := map[string]any{}
	if c.CreatedAt == "" {
		times["createdAt"] = e.now.Format(time.RFC3339)
	}
	if c.UpdatedAt == "" {
		times["updatedAt"] = e.now.Format(time.RFC3339)
	}
	if len(times) == 0 {
		return nil
	}
	return e.SetCustom(name, times)
}

func (e *edit) tag(name string, tags []string) error {
	if e.Entry(name) == nil {
		return notThere(name)
	}
	c, err := e.fields(name)
	if err != nil || slices.Equal(c.Tags, tags) {
		return err
	}
	e.changed = true
	return e.SetCustom(name, map[string]any{"tags": tags, "updatedAt": e.now.Format(time.RFC3339)})
}

func (e *edit) remove(name string) error {
	if e.Entry(name) == nil {
		return notThere(name)
	}
	if err := e.unused(name); err != nil {
		return err
	}
	e.Remove(name)
	e.changed = true
	return nil
}

// replace makes the draft that of next, target by target.
func (e *edit) replace(next *tuf.TargetsDraft) error {
	for _, name := range e.Names() {
		if next.Entry(name) == nil {
			if err := e.remove(name); err != nil {
				return err
			}
		}
	}
	for _, name := range next.Names() {
		entry, old := next.Entry(name), e.Entry(name)
		if bytes.Equal(entry, old) {
			continue
		}
		if err := e.put(name, entry, old); err != nil {
			return err
		}
		e.changed = true
	}
	return nil
}

// put takes entry in place of old, which is nil for a new target.
func (e *edit) put(name string, entry, old json.RawMessage) error {
	var before tuf.Target
	var err error
	if old != nil {
		if before, err = e.Target(name); err != nil {
			return err
		}
	}
	if err := e.Set(name, entry); err != nil {
		return err
	}
	if old == nil {
		return e.take(name)
	}
	after, err := e.Target(name)
	if err != nil {
		return err
	}
	return e.retake(name, before, after)
}

// retake holds that a target that stays is the same one: devices that have
// installed it know it by its version and commit.
func (e *edit) retake(name string, before, after tuf.Target) error {
	was, err := before.Fields()
	if err != nil {
		return err
	}
	is, err := after.Fields()
	if err != nil {
		return err
	}
	if before.Commit() != after.Commit() || was.Version != is.Version {
		return &ConflictError{Name: name, Why: "its commit and version cannot change, since devices may have installed it; add a new target"}
	}
	for _, hw := range is.HardwareIDs {
		if !slices.Contains(was.HardwareIDs, hw) {
			if err := e.takeVersion(name, hw, is.Version); err != nil {
				return err
			}
		}
	}
	return nil
}

// fields reads the custom part of a target of the draft.
func (e *edit) fields(name string) (tuf.Custom, error) {
	t, err := e.Target(name)
	if err != nil {
		return tuf.Custom{}, err
	}
	c, err := t.Fields()
	if err != nil {
		return c, fmt.Errorf("target %s: %w", name, err)
	}
	return c, nil
}
