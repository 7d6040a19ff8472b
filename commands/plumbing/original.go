package plumbing

import (
	"errors"
	"regexp"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/ostree"
)

// OriginalText is err in the words that scripts look for when they run ostree:
// the engine says what is wrong in its own terms, and one table says it again
// in the original's where a script was seen to depend on them.
func (e *Env) OriginalText(err error) string {
	text := render.OneLine(err.Error())
	for _, row := range originalTexts {
		if row.is != nil && !errors.Is(err, row.is) {
			continue
		}
		if row.ours.MatchString(text) {
			return row.ours.ReplaceAllString(text, row.theirs)
		}
	}
	return text
}

// An originalText is one row: an error that is one of a kind, if a kind is
// given, and reads like ours, is said like theirs.
type originalText struct {
	is     error
	ours   *regexp.Regexp
	theirs string
}

// originalTexts are the rows; the first that fits wins.
var originalTexts = []originalText{
	{ostree.ErrRefNotFound, regexp.MustCompile(`^.*?(?:ref )?(\S+): ref not found.*$`), `Refspec '$1' not found`},
}
