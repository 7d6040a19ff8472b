package offline

import (
	"context"
	"os"

	"github.com/otactl/otactl/internal/fail"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/tuf"
)

// IndexSummary is the index of a bundle that is one file.
type IndexSummary struct {
	Files     int      `json:"files"`
	Bytes     int64    `json:"bytes"`     // of these
	Signed    []string `json:"signed_by"` // ids of the keys with a valid signature
	Threshold int      `json:"threshold"`
	Missing   int      `json:"missing_signatures"`
}

// index fills in what there is to say of an archive.
func (s *Summary) index(_ context.Context, b *Bundle, root *tuf.Root) error {
	file, ok := b.files.(*ota.File)
	if !ok {
		return nil
	}
	sigs, err := root.Signatures(tuf.RoleTargets, file.Index())
	if err != nil {
		return err
	}
	s.Index = &IndexSummary{Files: file.Count(), Signed: append([]string{}, sigs.Valid...), Threshold: sigs.Threshold, Missing: sigs.Missing()}
	for m := range file.Members() {
		s.Index.Bytes += m.Size
	}
	return nil
}

// oneFile is an error where a folder is to be changed, and a file is there.
func oneFile(dir string) error {
	if st, err := os.Stat(dir); err != nil || st.IsDir() {
		return nil
	}
	return fail.New(fail.Conflict, "a bundle that is one file is renewed and added to with --archive FILE and no folder; for all else unpack it",
		"it is a file, and a folder is wanted")
}
