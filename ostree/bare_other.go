//go:build !linux

package ostree

import (
	"io"
	"os"
	"runtime"

	"github.com/otactl/otactl/internal/fail"
)

func needsLinux() error {
	return fail.New(fail.Unsupported, "use a repo of mode archive, or Linux", "content of bare repos cannot be kept on %s", runtime.GOOS)
}

func (o *repoObject) openBare() (*FileHeader, io.ReadCloser, error) { return nil, nil, needsLinux() }
func (o *repoObject) openBareUser() (*FileHeader, io.ReadCloser, error) {
	return nil, nil, needsLinux()
}

// PathXattrs are none: only Linux has the xattrs that OSTree means.
func PathXattrs(string) ([]Xattr, error) { return nil, nil }

func (r *Repo) dress(*os.File, *FileHeader) error { return needsLinux() }

func (r *Repo) stageLink(string, *FileHeader) error { return needsLinux() }
