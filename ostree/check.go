package ostree

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// VerifyObject reads obj to its end and checks it: its name, that it is in
// normal form, and, for a file in archive form, that header and stream say the
// same. Detached metadata and tombstones, which are not named by their
// content, are only parsed. What is wrong is a *CorruptError.
func VerifyObject(ctx context.Context, obj Object) error {
	_, err := verifyObject(ctx, obj)
	return err
}

// verifyObject is VerifyObject and counts the uncompressed bytes.
func verifyObject(ctx context.Context, obj Object) (int64, error) {
	id := obj.ID()
	if id.Type != TypeFile {
		data, err := readMetadata(ctx, obj)
		return int64(len(data)), err
	}
	h, payload, err := obj.OpenFile(ctx)
	if err != nil {
		return 0, placed(obj, asCorrupt(id, "", err))
	}
	n, err := hashPayload(ctx, id, h, payload, io.Discard)
	return n, placed(obj, errors.Join(err, payload.Close()))
}

// placed says in an error about obj where its bytes are, if that is known.
func placed(obj Object, err error) error {
	if bad, ok := errors.AsType[*CorruptError](err); ok && bad.Where == "" {
		return &CorruptError{ID: bad.ID, Why: bad.Why, Where: locationOf(obj)}
	}
	return err
}

// hashPayload moves payload to w and checks that with h it is object id, and
// as long as h says.
func hashPayload(ctx context.Context, id ObjectID, h *FileHeader, payload io.Reader, w io.Writer) (int64, error) {
	sum, err := startContent(h)
	if err != nil {
		return 0, asCorrupt(id, "", err)
	}
	both := io.Writer(sum)
	if w != io.Discard {
		both = io.MultiWriter(sum, w)
	}
	n, err := copyTo(ctx, both, payload)
	if err != nil {
		return n, asCorrupt(id, "", err)
	}
	if got := finish(sum); got != id.Sum {
		return n, &CorruptError{ID: id, Why: "checksum is " + got.String()}
	}
	if uint64(n) != h.Size {
		return n, &CorruptError{ID: id, Why: "payload is not as long as the header says"}
	}
	return n, nil
}

// readMetadata reads a metadata object and checks name and form.
func readMetadata(ctx context.Context, obj Object) ([]byte, error) {
	data, err := readNamed(ctx, obj)
	if err != nil {
		return nil, err
	}
	return data, placed(obj, asCorrupt(obj.ID(), "", checkForm(obj.ID().Type, data)))
}

// readNamed reads a metadata object and checks its name alone.
func readNamed(ctx context.Context, obj Object) ([]byte, error) {
	rc, size, err := obj.OpenArchive(ctx)
	if err != nil {
		return nil, err
	}
	data, err := readSized(rc, size, obj.ID())
	if err = errors.Join(err, rc.Close()); err != nil {
		return nil, err
	}
	return data, placed(obj, checkSum(obj.ID(), data))
}

// MostBytes is how long a metadata object of a type may be.
func MostBytes(t ObjectType) int64 {
	switch t {
	case TypeCommit:
		return limits.Commit
	case TypeDirMeta:
		return limits.FileHeader
	case TypeCommitMeta:
		return limits.DetachedMetadata
	}
	return limits.OSTreeMetadata
}

// firstPiece is how much memory a promise of a length is given.
const firstPiece = 1 << 20

// readSized reads all of r under the cap of metadata objects; size is a hint.
func readSized(r io.Reader, size int64, id ObjectID) ([]byte, error) {
	most := MostBytes(id.Type)
	if size > most {
		return nil, &fsx.TooLargeError{Name: "object " + id.String(), Max: most}
	}
	if size <= 0 {
		return fsx.ReadAll(r, "object "+id.String(), most)
	}
	// Memory is taken for what has come, not for what was promised.
	data := make([]byte, 0, min(size, firstPiece))
	for int64(len(data)) < size {
		if len(data) == cap(data) {
			data = append(make([]byte, 0, min(size, 4*int64(cap(data)))), data...)
		}
		n, err := io.ReadFull(r, data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.ErrUnexpectedEOF || err == io.EOF {
			return data, nil // shorter than promised: its checksum will tell
		}
		if err != nil {
			return nil, err
		}
	}
	if extra, err := r.Read(make([]byte, 1)); extra > 0 {
		return nil, &CorruptError{ID: id, Why: "longer than its source said"}
	} else if err != nil && err != io.EOF {
		return nil, err
	}
	return data, nil
}

func checkMetadata(id ObjectID, data []byte) error {
	if err := checkSum(id, data); err != nil {
		return err
	}
	return asCorrupt(id, "", checkForm(id.Type, data))
}

// checkSum holds a metadata object against its name, if that is its checksum.
func checkSum(id ObjectID, data []byte) error {
	if id.Type.namedByContent() {
		if got := Checksum(sha256.Sum256(data)); got != id.Sum {
			return &CorruptError{ID: id, Why: "checksum is " + got.String()}
		}
	}
	return nil
}

// checkForm holds a metadata object against what its type demands.
func checkForm(t ObjectType, data []byte) (err error) {
	switch t {
	case TypeCommit:
		_, err = ParseCommit(data)
	case TypeDirTree:
		_, err = ParseDirTree(data)
	case TypeDirMeta:
		_, err = ParseDirMeta(data)
	case TypeCommitMeta, TypeTombstoneCommit:
		err = checkCommitMeta(data)
	default:
		err = badFormat("unknown type")
	}
	return err
}

// namedByContent says whether an object's name is the checksum of its bytes.
func (t ObjectType) namedByContent() bool {
	return t != TypeCommitMeta && t != TypeTombstoneCommit
}

// LoadMetadata reads and verifies a metadata object and gives its bytes, which
// are what a signature covers.
func LoadMetadata(ctx context.Context, src Source, id ObjectID) ([]byte, error) {
	if id.Type == TypeFile {
		return nil, fmt.Errorf("object %s is a file, not metadata", id)
	}
	return load(ctx, src, id)
}

// LoadCommit reads, verifies and parses a commit.
func LoadCommit(ctx context.Context, src Source, c Checksum) (*Commit, error) {
	commit, _, err := loadAs(ctx, src, ObjectID{c, TypeCommit}, ParseCommit)
	return commit, err
}

// LoadDirTree reads, verifies and parses a dirtree.
func LoadDirTree(ctx context.Context, src Source, c Checksum) (*DirTree, error) {
	tree, _, err := loadAs(ctx, src, ObjectID{c, TypeDirTree}, ParseDirTree)
	return tree, err
}

// LoadDirMeta reads, verifies and parses a dirmeta.
func LoadDirMeta(ctx context.Context, src Source, c Checksum) (*DirMeta, error) {
	meta, _, err := loadAs(ctx, src, ObjectID{c, TypeDirMeta}, ParseDirMeta)
	return meta, err
}

// loadAs is load for who needs more than the bytes: it parses them once.
func loadAs[T any](ctx context.Context, src Source, id ObjectID, parse func([]byte) (*T, error)) (*T, []byte, error) {
	obj, err := src.Object(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	data, err := readNamed(ctx, obj)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := parse(data)
	if err != nil {
		return nil, nil, placed(obj, asCorrupt(id, "", err))
	}
	return parsed, data, nil
}

func load(ctx context.Context, src Source, id ObjectID) ([]byte, error) {
	obj, err := src.Object(ctx, id)
	if err != nil {
		return nil, err
	}
	return readMetadata(ctx, obj)
}
