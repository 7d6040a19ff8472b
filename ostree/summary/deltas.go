package summary

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree"
)

// Deltas are the static deltas in a repo, by name, with the SHA-256 of their
// superblocks. What is no delta in the folder of deltas is passed over.
func Deltas(ctx context.Context, repo *ostree.Repo) (map[string][32]byte, error) {
	deltas := map[string][32]byte{}
	root, err := os.OpenRoot(repo.Path())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files, err := fs.Glob(root.FS(), "deltas/*/*/superblock")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		name, ok := DeltaName(path.Dir(file))
		if !ok {
			continue
		}
		sum, err := hashFile(root, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("static delta %s: %w", name, err)
		}
		deltas[name] = sum
	}
	return deltas, nil
}

// DeltaName reads the name of a delta out of its folder, such as
// deltas/ab/REST-OF-FROM-TO.
func DeltaName(dir string) (string, bool) {
	rest, ok := strings.CutPrefix(dir, "deltas/")
	head, tail, cut := strings.Cut(rest, "/")
	if !ok || !cut || len(head) != 2 {
		return "", false
	}
	from, to, both := strings.Cut(head+tail, "-")
	first, ok := mb64(from)
	if !ok || !both {
		return first, ok
	}
	second, ok := mb64(to)
	return first + "-" + second, ok
}

// mb64 reads a checksum as paths of deltas have it: base64 without padding, in
// which _ stands for /.
func mb64(s string) (hex string, ok bool) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(strings.ReplaceAll(s, "_", "/"))
	if err != nil || len(b) != len(ostree.Checksum{}) {
		return "", false
	}
	return ostree.Checksum(b).String(), true
}

func hashFile(root *os.Root, name string) (sum [32]byte, err error) {
	f, err := fsx.OpenIn(root, name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	return [32]byte(h.Sum(nil)), nil
}
