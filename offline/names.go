package offline

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// refName is what a target's ref and the folder of its SBOMs are called: like
// the target, where that is a ref and a file name everywhere. Names of two
// targets never meet, also where capitals count for nothing: one that has some
// goes on with a part of its checksum, as does one that looks as if it did, and
// one that is no file name is made of that.
func refName(target string) string {
	sum := sha256.Sum256([]byte(target))
	digits := hex.EncodeToString(sum[:8])
	switch {
	case !plainName.MatchString(target):
		return "target-" + digits
	case target != strings.ToLower(target) || madeName.MatchString(target):
		return target + "-" + digits[:8]
	}
	return target
}

// madeName matches what refName makes itself.
var madeName = regexp.MustCompile(`-([0-9a-f]{8}){1,2}$`)

// plainName matches names that FAT keeps as they are.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_]([-._A-Za-z0-9]{0,198}[A-Za-z0-9_])?$`)
