package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/apps"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/offline/papers"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// The names in a bundle. Nothing in it has a name that FAT could not hold.
const (
	dirMetadata = "tuf"
	dirRepo     = "ostree_repo"
	dirApps     = "apps"
	// For people and their programs; nothing in them is signed, and no device
	// reads them.
	fileReadme = "README.txt"
	fileFormat = "otactl.json"
	dirSBOM    = "sbom"
	// dirStaged is the metadata folder while it is being written; it becomes
	// dirMetadata in one rename.
	dirStaged = "tuf.new"
	// dirReplaced is the metadata folder that was swapped out.
	dirReplaced = "tuf.old"
)

// ErrIncomplete says that a folder is a bundle whose making was interrupted,
// or no bundle at all: its metadata is not there.
var ErrIncomplete = errors.New("the bundle is incomplete")

// appURI caps an app's uri file: a host, a path and a digest.
const appURI = 4 << 10

// Bundle is an open bundle, whatever it lies on. Nothing read from it is verified; Verify, tuf.Refresh and
// ostree.Copy do that.
type Bundle struct {
	files medium.Files
	dir   string // for messages only
}

// Open opens the bundle in dir, or the one that the file dir is, or its metadata
// in a file of papers. It fails with class NotFound when there is none; what is
// in a folder is found out later, and a file has to be a whole archive with an
// index of what is in it.
func Open(dir string) (*Bundle, error) {
	if papers.Is(dir) {
		files, err := papers.Open(followed(dir))
		if err != nil {
			return nil, &openError{dir, RuleMetadata, err}
		}
		return &Bundle{files: files, dir: dir}, nil
	}
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return openFile(dir)
	}
	folder, err := medium.OpenFolder(dir)
	if err != nil {
		return nil, fail.As(fmt.Errorf("bundle %s: %w", dir, medium.Cause(err)), fail.NotFound,
			"give the folder that holds tuf/ and ostree_repo/, or the file that was made of it")
	}
	return &Bundle{files: folder, dir: dir}, nil
}

// openFile opens a bundle that is one file.
func openFile(name string) (*Bundle, error) {
	file, err := ota.Open(followed(name))
	if err != nil {
		return nil, &openError{name, RuleIndex, medium.Cause(err)}
	}
	return &Bundle{files: file, dir: name}, nil
}

// followed is the file that a link leads to: what people sign takes the place of
// that file, and not of the link. One that leads nowhere can't be opened either.
func followed(path string) string {
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file
	}
	return path
}

// openError is why a file can't be opened as a bundle.
type openError struct {
	name string
	rule Rule // that it breaks, if it is what it says that is wrong
	err  error
}

func (e *openError) Error() string { return fmt.Sprintf("bundle %s: %v", e.name, e.err) }
func (e *openError) Unwrap() error { return e.err }

// Close releases what the bundle lies on.
func (b *Bundle) Close() error { return b.files.Close() }

// Dir is the folder as it was given to Open.
func (b *Bundle) Dir() string { return b.dir }

// Metadata reads the role files in tuf/ by the names tuf.Refresh asks for.
func (b *Bundle) Metadata() tuf.Fetcher { return metadataFolder{files: b.files, dir: dirMetadata} }

// BundleTargets is tuf/bundle-targets.json, unverified. When it is not there
// the error matches tuf.ErrNotFound.
func (b *Bundle) BundleTargets(ctx context.Context) ([]byte, error) {
	return b.Metadata().Fetch(ctx, tuf.BundleTargetsFile, limits.BundleTargets)
}

// Repo is ostree_repo/. It fails with ostree.ErrNotARepo when there is none or
// its config does not say archive.
func (b *Bundle) Repo(ctx context.Context) (ostree.Source, error) {
	return openArchive(ctx, b.files, dirRepo)
}

// Apps are the blobs of the apps in the bundle, not verified.
func (b *Bundle) Apps() apps.Store { return apps.NewStore(b.files, dirApps) }

// AppURIs lists the URIs of the apps in the bundle, sorted. No apps folder is
// no apps.
func (b *Bundle) AppURIs(ctx context.Context) ([]string, error) {
	uris, seen := []string{}, 0
	names, err := b.list(path.Join(dirApps, dirApps))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		hashes, err := b.list(path.Join(dirApps, dirApps, name))
		if err != nil {
			return nil, err
		}
		for _, hash := range hashes {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if seen++; seen > limits.BundleApps {
				return nil, fail.New(fail.Verification, "build the bundle again into an empty folder", "%s: more than %d apps", dirAppViews, limits.BundleApps)
			}
			uri, err := medium.ReadFile(b.files, path.Join(dirApps, dirApps, name, hash, "uri"), appURI)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			uris = append(uris, strings.TrimSpace(string(uri)))
		}
	}
	slices.Sort(uris)
	return uris, nil
}

// RootVersions are the versions of the roots in tuf/, ascending.
func (b *Bundle) RootVersions() ([]int, error) {
	entries, err := b.files.ReadDir(dirMetadata)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var versions []int
	for _, e := range entries {
		if n, ok := rootVersion(e.Name()); ok {
			versions = append(versions, n)
		}
	}
	slices.Sort(versions)
	return versions, nil
}

// rootVersion is the N of N.root.json.
func rootVersion(name string) (int, bool) {
	m := rootName.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

// rootName has at most nine digits, so that a version fits every int.
var rootName = regexp.MustCompile(`^([1-9][0-9]{0,8})\.root\.json$`)

// list names the folders in dir, sorted; a dir that is not there has none.
func (b *Bundle) list(dir string) ([]string, error) {
	entries, err := b.files.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// metadataFolder is a tuf.Fetcher over a folder of a bundle.
type metadataFolder struct {
	files medium.Files
	dir   string
}

// Fetch implements tuf.Fetcher.
func (m metadataFolder) Fetch(_ context.Context, name string, max int64) ([]byte, error) {
	if path.Base(name) != name {
		return nil, fmt.Errorf("metadata file %.80q: %w", name, tuf.ErrNotFound)
	}
	data, err := medium.ReadFile(m.files, path.Join(m.dir, name), max)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s/%s: %w", m.dir, name, tuf.ErrNotFound)
	}
	if _, large := errors.AsType[*fsx.TooLargeError](err); large {
		return nil, &tuf.Error{File: name, Kind: tuf.ErrTooLarge, Why: fmt.Sprintf("longer than the %d bytes allowed", max)}
	}
	return data, err
}
