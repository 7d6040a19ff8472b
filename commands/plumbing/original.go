package plumbing

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
)

// OriginalText is err in the words that scripts look for when they run ostree:
// the engine says what is wrong in its own terms, and one table says it again
// in the original's where a script was seen to depend on them.
func (e *Env) OriginalText(err error) string {
	if text, ok := bindingText(err); ok {
		return text
	}
	text := render.OneLine(err.Error())
	for _, row := range slices.Concat(fsckTexts, revTexts, pullTexts, treeTexts, deltaTexts, originalTexts) {
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

	{nil, regexp.MustCompile(`^remote "?([^" ]*)"? has no url$`), `No "url" option in remote "$1"`},

	// objects
	{nil, regexp.MustCompile(`object (\w{64})\.(\w+) is corrupt: checksum is (\w{64})`), `Corrupted $2 object; checksum expected='$1' actual='$3'`},
	{nil, regexp.MustCompile(`object (\w{64}\.\w+) is corrupt: name "(.*)" holds a slash or a zero byte`), `$1: Invalid / in filename $2`},
	{nil, regexp.MustCompile(`object (\w{64})\.file is missing`), `Couldn't find file object '$1'`},
	{nil, regexp.MustCompile(`object (\w{64}\.\w+) is missing`), `No such metadata object $1`},

	{ostree.ErrNoPath, regexp.MustCompile(`(\S+): no such file or directory$`), `No such file or directory: $1`},

	// signatures
	{nil, regexp.MustCompile(`: signature couldn't be verified`), `: Signature couldn't be verified`},
	{nil, regexp.MustCompile(`^no valid signatures found`), `No valid signatures found`},
	{sign.ErrSigned, regexp.MustCompile(`^commit \S+: gpg key (.*): already signed with this key$`), `Commit is already signed with GPG key $1`},
	{sign.ErrEngine, regexp.MustCompile(`(?:"[^"]*": )?signature type is not implemented`), `Requested signature type is not implemented`},
	{sign.ErrUnsigned, regexp.MustCompile(`none of [a-z0-9, ]+: no signatures found`), `No signatures found`},
	{sign.ErrMalformed, regexp.MustCompile(`detached metadata: malformed signature`), `No signatures found: detached metadata is malformed, no signatures found in it`},
	{sign.ErrNoKeys, regexp.MustCompile(`there are no keys of its own for (\w+), which it requires`), `No keys found for required signapi type $1`},
	{nil, regexp.MustCompile(`flag --sign-verify: "(.*)" is not ENGINE=inline:KEY or ENGINE=file:PATH`), `Failed to parse KEYTYPE=[inline|file]:DATA in $1`},
	{nil, regexp.MustCompile(`flag --sign-verify: "(.*)" is neither inline:KEY nor file:PATH`), `Invalid key reference $1, expected inline|file`},
	{fs.ErrNotExist, regexp.MustCompile(`\bno such file or directory`), `No such file or directory`},
}
