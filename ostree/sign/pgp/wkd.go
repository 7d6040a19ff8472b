package pgp

import (
	"crypto/sha1"
	"encoding/base32"
	"net/url"
	"strings"
)

// zbase32 is the alphabet of z-base-32.
const zbase32 = "ybndrfg8ejkmcpqxot1uwisza345h769"

// DirectoryURLs are where a web key directory would have the key of a user id,
// by the advanced and by the direct method; both are empty for one without a
// mail address. Nothing is fetched from there.
func (u User) DirectoryURLs() (advanced, direct string) {
	local, domain, ok := strings.Cut(mailbox(u.ID), "@")
	if !ok {
		return "", ""
	}
	sum := sha1.Sum([]byte(local))
	hash := base32.NewEncoding(zbase32).WithPadding(base32.NoPadding).EncodeToString(sum[:])
	tail := "/hu/" + hash + "?l=" + url.QueryEscape(local)
	return "https://openpgpkey." + domain + "/.well-known/openpgpkey/" + domain + tail,
		"https://" + domain + "/.well-known/openpgpkey" + tail
}
