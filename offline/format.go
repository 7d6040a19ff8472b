package offline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// formatKnown is the newest form of a bundle that this program reads and
// writes. A bundle says its form in otactl.json; one without that file is of
// the first.
const formatKnown = 1

// errFormatMark says that otactl.json does not say which form a bundle has.
// Nothing vouches for the file and no device reads it, so it is no more than
// damage.
var errFormatMark = errors.New("does not say which form the bundle has")

// checkFormat looks at the mark of the form. Its error has the class
// Unsupported when the bundle is newer than this program; else it matches
// errFormatMark.
func checkFormat(files medium.Files) error {
	data, err := medium.ReadFile(files, fileFormat, limits.FormatMark)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var mark struct {
		Format int    `json:"format"`
		MadeBy string `json:"made_by"`
	}
	if err == nil {
		err = json.Unmarshal(data, &mark)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errFormatMark, err)
	case mark.Format < 1:
		return fmt.Errorf("%w: \"format\" is %d", errFormatMark, mark.Format)
	case mark.Format > formatKnown:
		return fail.New(fail.Unsupported, remedyFor(RuleFormat),
			"the bundle has form %d, made by %.60q, and this program knows those up to %d", mark.Format, mark.MadeBy, formatKnown)
	}
	return nil
}

// refuseNewer keeps this program from changing a bundle of a form that it does
// not know. A mark that is damaged is made anew by the next build.
func refuseNewer(files medium.Files) error {
	if err := checkFormat(files); fail.ClassOf(err) == fail.Unsupported {
		return fmt.Errorf("%s: %w", fileFormat, err)
	}
	return nil
}

// knownForm looks for what a newer program may have put into the signed list
// of targets. Of a type that is not known, nothing says which devices it is
// for; a field that is not known says something that nobody here obeys.
func (v *verifier) knownForm(b *tuf.BundleTargets, file []byte) {
	where := metadataPath(tuf.BundleTargetsFile)
	if !slices.Contains(knownTypes, b.Type) {
		v.found.bad(RuleFormat, where, "it is of the type %.40q, and this program knows ci and prod", b.Type)
	}
	var doc struct {
		Signed struct {
			Bundle map[string]json.RawMessage `json:"x-fio-offline-bundle"`
		} `json:"signed"`
	}
	if json.Unmarshal(file, &doc) != nil {
		return // it was read already, by stricter rules
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Signed.Bundle)) {
		if !slices.Contains([]string{"type", "tag", "targets"}, name) {
			v.found.warn(RuleFormat, where, remedyFor(RuleFormat), "it says something under %.40q, which this program does not know", name)
		}
	}
}

// knownTypes are those of a bundle: of a factory's CI, and of its production.
var knownTypes = []string{"ci", "prod"}
