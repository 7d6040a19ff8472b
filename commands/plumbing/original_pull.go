package plumbing

import "regexp"

// pullTexts are the rows of OriginalText about pulls.
var pullTexts = []originalText{
	{nil, regexp.MustCompile(`^.*?(object \S+): longer than the (\d+) bytes allowed.*$`), `$1 exceeded maximum size of $2 bytes`},
	{nil, regexp.MustCompile(`^.*?object (\S+)\.file is corrupt: mode 0(\d+) with bits (\d+) is not one of bare-user-only.*$`), `Content object $1: invalid mode 0$2 with bits $3`},
	{nil, regexp.MustCompile(`^pull \S+: ref (\S+) at \S+: no checksum, but (.*)$`), `Fetching checksum for ref ((empty), $1): Invalid rev $2`},
	{nil, regexp.MustCompile(`^.*commit (\w{64}): commit is bound to other refs: it says of no ref, .*$`), `Commit $1: Expected commit metadata to have ref binding information, found none`},
	{nil, regexp.MustCompile(`^.*commit (\w{64}): commit is bound to other refs: it is bound to no collection, .*$`), `Commit $1: Expected commit metadata to have collection ID binding information, found none`},
	{nil, regexp.MustCompile(`^.*commit (\w{64}): commit is bound to other refs: it is bound to collection "(.*)", and came from collection (\S+)$`),
		`Commit $1: Commit has collection ID ‘$2’ in collection binding metadata, while the remote it came from has collection ID ‘$3’`},
	{nil, regexp.MustCompile(`^.*: it is from (\S+), older than (\S+) of commit (\S+)$`), `Upgrade target revision with timestamp $1 is chronologically older than current revision $3 with timestamp $2`},
	{nil, regexp.MustCompile(`^static deltas cannot be used in a repo of mode archive$`), `Can't use static deltas in an archive repo`},
	{nil, regexp.MustCompile(`^static deltas are required, and there are none to commit (\w+)$`), `Static deltas required, but none found for $1`},
	{nil, regexp.MustCompile(`^pull \S+: ref not found: (\S+) at \S+: .*: GET (\S+): server answered (\d+) .*$`), `While fetching $2: HTTP $3`},
	{nil, regexp.MustCompile(`GPG verification enabled, but gpg: no signatures`), `GPG verification enabled, but no signatures`},
	{nil, regexp.MustCompile(`^cache "(.*)": (?:stat .*: )?no such file or directory$`), `opendir($1): No such file or directory`},
	{nil, regexp.MustCompile(`^cache "(.*)": not a directory$`), `opendir($1): Not a directory`},
	{nil, regexp.MustCompile(`^.*remote "(.*)" has only one of tls-client-cert-path and tls-client-key-path$`),
		`Remote "$1" must specify both "tls-client-cert-path" and "tls-client-key-path"`},
	{nil, regexp.MustCompile(`^remote (\S+) has no URL$`), `No "url" option in remote "$1"`},
	{nil, regexp.MustCompile(`^invalid URI scheme in`), `Invalid URI scheme in`},
	{nil, regexp.MustCompile(`^pull (\S+): invalid ref name .*$`), `Invalid ref name $1`},
	{nil, regexp.MustCompile(`^.*detached metadata: malformed signature: .*$`), `No signatures found: what is there cannot be read, and for GPG too there are no signatures found`},
	{nil, regexp.MustCompile(`^metalink: "(.*)" is no digest of (\S+)$`), `Invalid hash digest for $2`},
	{nil, regexp.MustCompile(`^.*metalink: the file's \S+ is (\S+), want (\S+)$`), `Expected checksum is $2 but actual is $1`},
	{nil, regexp.MustCompile(`^.*metalink: the file has (\d+) bytes, want (\d+)$`), `Expected size is $2 bytes but content is $1 bytes`},
	{nil, regexp.MustCompile(`^metalink: no verification of .*$`), `No <verification> with known <hash> found`},
	{nil, regexp.MustCompile(`^metalink: no http\(s\) address of .*$`), `No <url> method elements found`},
	{nil, regexp.MustCompile(`^metalink: it does not begin with an element$`), `Document must begin with an element`},
}
