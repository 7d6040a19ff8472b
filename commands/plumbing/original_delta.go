package plumbing

import (
	"regexp"

	"github.com/otactl/otactl/ostree/delta"
)

// deltaTexts are the rows about static deltas.
var deltaTexts = []originalText{
	{nil, regexp.MustCompile(`^key is mandatory to check delta signature.*$`), `Key is mandatory to check delta signature`},
	{delta.ErrNotFound, regexp.MustCompile(`^.*no such static delta: (\S+)$`), `Can't find delta $1`},
}
