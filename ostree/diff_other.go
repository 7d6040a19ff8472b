//go:build !linux

package ostree

import (
	"context"

	"github.com/otactl/otactl/internal/fail"
)

func (diskSide) children(context.Context, diffNode) (map[string]diffNode, error) {
	return nil, errNoDisk()
}

func (diskSide) node(context.Context, string) (diffNode, error) { return diffNode{}, errNoDisk() }

func errNoDisk() error {
	return fail.New(fail.Unsupported, "run it on Linux", "this system cannot tell owners and attributes as Linux has them")
}
