package api

import (
	"net/http"
	"regexp"
	"strings"
)

var (
	word       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$`)
	targetName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~:-]{0,199}$`)
	number     = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)
	uuidForm   = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
	refPart    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+-]{0,126}$`)
)

// IsWord says whether s can be the name of a factory, device, group, tag,
// hardware id or app: it starts with a letter or digit, and letters, digits
// and . _ + - follow, 128 at most.
func IsWord(s string) bool { return word.MatchString(s) }

// IsTargetName says whether s can name a target.
func IsTargetName(s string) bool { return targetName.MatchString(s) }

// IsVersion says whether s is a target's version: a decimal number that fits
// 63 bits, without leading zeros.
func IsVersion(s string) bool { return number.MatchString(s) }

// ParseUUID returns the lower-case form of a uuid in its 8-4-4-4-12 form.
func ParseUUID(s string) (string, bool) {
	if !uuidForm.MatchString(s) {
		return "", false
	}
	return strings.ToLower(s), true
}

// ParseRef checks a ref name like "os/amd64/main": parts as ostree allows
// them, none of which is a dot name or ends like a lock file, 255 bytes at
// most.
func ParseRef(s string) (string, error) {
	bad := Refuse(http.StatusBadRequest, "bad_ref", "the ref name is not valid")
	if len(s) == 0 || len(s) > 255 {
		return "", bad
	}
	for part := range strings.SplitSeq(s, "/") {
		if !refPart.MatchString(part) || strings.HasSuffix(part, ".lock") {
			return "", bad
		}
	}
	return s, nil
}

// CleanTags keeps the well-formed tags of a comma-separated list.
func CleanTags(s string) string {
	var tags []string
	for t := range strings.SplitSeq(s, ",") {
		if t = strings.TrimSpace(t); IsWord(t) {
			tags = append(tags, t)
		}
	}
	return strings.Join(tags, ",")
}
