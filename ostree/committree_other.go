//go:build !linux

package ostree

import (
	"context"

	"github.com/otactl/otactl/internal/fail"
)

func commitTree(context.Context, *Repo, Session, string, TreeOptions) (TreeReport, error) {
	return TreeReport{}, fail.New(fail.Unsupported, "run it on Linux", "this system cannot tell owners and attributes as Linux has them")
}
