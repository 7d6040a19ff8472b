//go:build !linux

package ostree

import (
	"context"

	"github.com/otactl/otactl/internal/fail"
)

type linkIndex struct{}

// Dir cannot read owners and attributes as Linux has them.
func (*TreeBuilder) Dir(string) error {
	return fail.New(fail.Unsupported, "run it on Linux", "this system cannot tell owners and attributes as Linux has them")
}

// RemoveSources has nothing to remove here.
func (*TreeReport) RemoveSources(context.Context) error { return nil }
