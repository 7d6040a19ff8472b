package plumbing

import (
	"io/fs"
	"regexp"

	"github.com/otactl/otactl/ostree"
)

// treeTexts are the rows about trees: commit, checkout, ls, cat, diff.
var treeTexts = []originalText{
	{ostree.ErrNoPath, regexp.MustCompile(`\bno such file or directory`), `No such file or directory`},
	{ostree.ErrNotDir, regexp.MustCompile(`\bnot a directory`), `Not a directory`},
	{ostree.ErrExists, regexp.MustCompile(`\bexists already`), `File exists`},
	{fs.ErrPermission, regexp.MustCompile(`\boperation not permitted`), `Operation not permitted`},
	{nil, regexp.MustCompile(`^.*store object (\S+)\.file: mode (0\d+) with bits (0\d+) is not one of a bare-user-only repo$`), `Content object $1: invalid mode $2 with bits $3`},
	{nil, regexp.MustCompile(`\bname "(.*)" is not UTF-8`), `Invalid UTF-8 in filename "$1"`},
	{nil, regexp.MustCompile(`^commit \w+ has no metadata key "(.*)"$`), `No such metadata key '$1'`},
	{nil, regexp.MustCompile(`^commit (\w+) has no detached metadata$`), `No detached metadata for commit $1`},
	{nil, regexp.MustCompile(`^commit \w+ says nothing of sizes$`), `No metadata key ostree.sizes in commit`},
	{nil, regexp.MustCompile(`^(\S+) is a directory$`), `Can't open directory $1`},
	{nil, regexp.MustCompile(`^Parsing (.*?): not GVariant text: at byte (\d+): `), `Parsing $1: $2:`},
}
