package offline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
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
		return fmt.Errorf("%s: %w: %w", fileFormat, errFormatMark, err)
	case mark.Format < 1:
		return fmt.Errorf("%s: %w: \"format\" is %d", fileFormat, errFormatMark, mark.Format)
	case mark.Format > formatKnown:
		return fail.New(fail.Unsupported, remedyFor(RuleFormat),
			"%s: the bundle has form %d, made by %.60q, and this program knows those up to %d", fileFormat, mark.Format, mark.MadeBy, formatKnown)
	}
	return nil
}
