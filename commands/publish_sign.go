package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
)

// signingBackend is a backend whose targets are signed here.
type signingBackend struct {
	*factory.Client
	rt   *runtime
	c    *cli.Context
	root []byte // root of trust; nil: the backend's first one
}

// AddTargets implements publish.Backend: what the backend has is verified, the
// targets are added to it and signed, and the file is brought back. If somebody
// else changes targets meanwhile that is done again, since nothing is lost by it.
func (b signingBackend) AddTargets(ctx context.Context, add map[string]tuf.Target, _ string) (factory.Added, error) {
	for attempt := 1; ; attempt++ {
		added, err := b.addOnce(ctx, add)
		if httpx.Reason(err) == "role_checksum_mismatch" && attempt < maxAllocations {
			continue
		}
		return added, err
	}
}

func (b signingBackend) addOnce(ctx context.Context, add map[string]tuf.Target) (factory.Added, error) {
	root, err := b.rt.signingRoot(ctx, b.Client, b.root)
	if err != nil {
		return factory.Added{}, err
	}
	v, err := b.rt.verifyTargets(ctx, b.Client, root)
	if err != nil {
		return factory.Added{}, err
	}
	d, err := v.toDraft()
	if err != nil {
		return factory.Added{}, err
	}
	created := false
	for name, t := range add {
		entry, err := json.Marshal(t)
		if err != nil {
			return factory.Added{}, fmt.Errorf("target %s: %w", name, err)
		}
		old := d.Entry(name)
		if err := d.Set(name, entry); err != nil {
			return factory.Added{}, err
		}
		if old != nil && !bytes.Equal(old, d.Entry(name)) {
			return factory.Added{}, fail.New(fail.Conflict, "leave --version out to get the next free one", "target %s: there is one of this name with other content", name)
		}
		created = created || old == nil
	}
	if !created {
		return factory.Added{Version: d.Version()}, nil
	}
	ch := &changing{v, d}
	file, rep, err := b.rt.signDraft(b.c, ch)
	if err != nil {
		return factory.Added{}, err
	}
	return factory.Added{Created: true, Version: d.Version() + 1}, ch.put(ctx, file, rep)
}
