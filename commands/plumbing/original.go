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
	{ostree.ErrRefNotFound, regexp.MustCompile(`^alias .*$`), `Cannot create alias to non-existent ref`},
	{ostree.ErrRefNotFound, regexp.MustCompile(`^.*?(?:ref )?(\S+): ref not found.*$`), `Refspec '$1' not found`},
	{nil, regexp.MustCompile(`^(too many arguments\b|[a-z -]+: unexpected argument ).*$`), `Too many arguments given`},
	{nil, regexp.MustCompile(`^the config of .* has no key "(.*)" in group "(.*)"$`), `Key file does not have key “$1” in group “$2”`},
	{nil, regexp.MustCompile(`^ref "(.*)" is not a ref's name$`), `Invalid ref name $1`},
	{nil, regexp.MustCompile(`^alias .*: neither it nor what it stands for may be a ref of a remote$`), `Cannot create alias to remote ref`},
}
