package pgp

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// TimeFormat is how GnuPG and libostree show a time in the C locale.
const TimeFormat = "Mon Jan _2 15:04:05 2006"

// Lines say what came out about a signature, much as gpg --verify does: when
// and with which key it was made, what it is worth, what expires when. Times
// are in loc.
func (s Signature) Lines(now time.Time, loc *time.Location) []string {
	when := func(t time.Time) string { return t.In(loc).Format(TimeFormat) }
	lines := []string{
		fmt.Sprintf("Signature made %s using %s key ID %s", when(s.Created), s.Algorithm, KeyID(s.Key)),
		s.verdict(),
	}
	if s.Primary != "" && s.Primary != s.Key {
		lines = append(lines, "Primary key ID "+KeyID(s.Primary))
	}
	for _, e := range []struct {
		what string
		when time.Time
	}{{"Signature", s.Expires}, {"Key", s.KeyExpires}, {"Primary key", s.PrimaryExpires}} {
		switch {
		case e.when.IsZero(), e.what == "Primary key" && s.Primary == s.Key:
		case now.Before(e.when):
			lines = append(lines, e.what+" expires "+when(e.when))
		default:
			lines = append(lines, e.what+" expired "+when(e.when))
		}
	}
	return lines
}

func (s Signature) verdict() string {
	name, address := s.UserParts()
	user := `"` + printable(name+" <"+address+">") + `"`
	switch s.Status {
	case Good:
		return "Good signature from " + user
	case KeyMissing:
		return "Can't check signature: public key not found"
	case KeyRevoked:
		return "Key revoked"
	case SignatureExpired:
		return "Expired signature from " + user
	case Refused:
		return "Can't accept signature: " + s.Why
	}
	return "BAD signature from " + user
}

// printable is text that leaves a terminal as it is.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}

// UserParts are the name and the address of the user id.
func (s Signature) UserParts() (name, address string) {
	if s.User == "" {
		return "[unknown name]", "[unknown email]"
	}
	return splitUser(s.User)
}

// KeyID is the last 16 digits of a fingerprint.
func KeyID(fingerprint string) string {
	return fingerprint[max(0, len(fingerprint)-16):]
}
