package plumbing

import (
	"errors"
	"regexp"
	"slices"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/ostree"
)

// OriginalText is err in the words that scripts look for when they run ostree:
// the engine says what is wrong in its own terms, and one table says it again
// in the original's where a script was seen to depend on them.
func (e *Env) OriginalText(err error) string {
	text := render.OneLine(err.Error())
	for _, row := range slices.Concat(pullTexts, originalTexts) {
		if row.is == nil || errors.Is(err, row.is) {
			text = row.ours.ReplaceAllString(text, row.theirs)
		}
	}
	return text
}

// An originalText is one row: where an error reads like ours, and is one of a
// kind if a kind is given, it is said like theirs.
type originalText struct {
	is     error
	ours   *regexp.Regexp
	theirs string
}

// originalTexts are the rows; each sees what those above it made.
var originalTexts = []originalText{
	// the call
	{nil, regexp.MustCompile(`^(too many arguments\b|[a-z -]+: unexpected argument ).*$`), `Too many arguments given`},
	{nil, regexp.MustCompile(`^the config of .* has no key "(.*)" in group "(.*)"$`), `Key file does not have key “$1” in group “$2”`},

	// refs
	{ostree.ErrRefNotFound, regexp.MustCompile(`^alias .*$`), `Cannot create alias to non-existent ref`},
	{ostree.ErrRefNotFound, regexp.MustCompile(`^.*?(?:ref )?(\S+): ref not found.*$`), `Refspec '$1' not found`},
	{nil, regexp.MustCompile(`^ref "(.*)" is not a ref's name$`), `Invalid ref name $1`},
	{nil, regexp.MustCompile(`^alias .*: neither it nor what it stands for may be a ref of a remote$`), `Cannot create alias to remote ref`},

	// objects
	{nil, regexp.MustCompile(`object (\w{64})\.(\w+) is corrupt: checksum is (\w{64})`), `Corrupted $2 object; checksum expected='$1' actual='$3'`},
	{nil, regexp.MustCompile(`object (\w{64}\.\w+) is corrupt: name "(.*)" holds a slash or a zero byte`), `$1: Invalid / in filename $2`},
	{nil, regexp.MustCompile(`object (\w{64})\.file is missing`), `Couldn't find file object '$1'`},
	{nil, regexp.MustCompile(`object (\w{64}\.\w+) is missing`), `No such metadata object $1`},

	// signatures
	{nil, regexp.MustCompile(`: signature couldn't be verified`), `: Signature couldn't be verified`},
}
