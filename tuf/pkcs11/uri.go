package pkcs11

import (
	"encoding/hex"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// Scheme begins every URI of a key in a token.
const Scheme = "pkcs11:"

// URI names one key in one token, as RFC 7512 does. What it leaves out is not
// looked at; what it names has to fit.
type URI struct {
	Token, Manufacturer, Model, Serial string // of the token
	Object                             string // label of the key
	ID                                 string // CKA_ID of the key, as bytes
	Module                             string // path of the token's library
	PINSource                          string // path of a file that holds the PIN; "" for none
}

// ParseURI reads a URI. All that it can say and we do not look at is refused:
// passed over, it might name another key than the one that was meant. So is a
// PIN in it, which others would see in the list of processes.
func ParseURI(text string) (*URI, error) {
	u, err := parseURI(text)
	if err != nil && fail.HintOf(err) == "" {
		err = fail.Hint(err, "write it as pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/…/library.so")
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

func parseURI(text string) (*URI, error) {
	rest, ok := strings.CutPrefix(text, Scheme)
	if !ok {
		return nil, problem("no %s URI", Scheme)
	}
	if len(text) > limits.TokenURI {
		return nil, problem("longer than %d bytes", limits.TokenURI)
	}
	u := &URI{}
	path, query, _ := strings.Cut(rest, "?")
	if err := u.read(path, ";", u.pathAttribute); err != nil {
		return nil, err
	}
	if err := u.read(query, "&", u.queryAttribute); err != nil {
		return nil, err
	}
	if u.Module == "" {
		return nil, problem("no module-path: which library speaks to the token is not said")
	}
	return u, nil
}

// read hands each NAME=VALUE of a part to set, decoded; no name comes twice.
func (u *URI) read(part, separator string, set func(name, value string) error) error {
	if part == "" {
		return nil
	}
	seen := map[string]bool{}
	for attribute := range strings.SplitSeq(part, separator) {
		name, raw, ok := strings.Cut(attribute, "=")
		if !ok {
			return problem("%.40q is not NAME=VALUE", attribute)
		}
		if seen[name] {
			return problem("%.40q stands there twice", name)
		}
		seen[name] = true
		if name == "pin-value" { // before anything of it could get into a message
			return fail.As(problem("a PIN in it, which anybody on this machine can read while the program runs"), fail.Usage,
				"leave pin-value out; give the PIN when asked, in OTACTL_PKCS11_PIN, or in a file with pin-source")
		}
		value, err := url.PathUnescape(raw)
		if err != nil || value == "" {
			return problem("the value of %.40q is empty or badly escaped", name)
		}
		if name != "id" && !isText(value) {
			return problem("the value of %.40q is no text", name)
		}
		if err := set(name, value); err != nil {
			return err
		}
	}
	return nil
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func (u *URI) pathAttribute(name, value string) error {
	to, ok := map[string]*string{
		"token": &u.Token, "manufacturer": &u.Manufacturer, "model": &u.Model, "serial": &u.Serial,
		"object": &u.Object, "id": &u.ID,
	}[name]
	if ok {
		*to = value
		return nil
	}
	if name == "type" && (value == "private" || value == "public") {
		return nil // a key pair is named by either half
	}
	return problem("%.40q with this value names nothing that is looked at here", name)
}

func (u *URI) queryAttribute(name, value string) error {
	switch name {
	case "module-path":
		if !filepath.IsAbs(value) {
			return problem("module-path has to be the whole path of a library")
		}
		u.Module = value
		return nil
	case "pin-source":
		path := strings.TrimPrefix(strings.TrimPrefix(value, "file://"), "file:")
		if !filepath.IsAbs(path) {
			return problem("pin-source has to be the whole path of a file")
		}
		u.PINSource = path
		return nil
	}
	return problem("%.40q is not looked at here", name)
}

func problem(format string, args ...any) error {
	return fail.New(fail.Usage, "", "PKCS#11 URI: "+format, args...)
}

// String is the URI without its pin-source, in one way of writing: attributes
// in the order of the RFC, escaped where that is needed.
func (u *URI) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+escape(value))
		}
	}
	add("token", u.Token)
	add("manufacturer", u.Manufacturer)
	add("serial", u.Serial)
	add("model", u.Model)
	if u.ID != "" {
		var id strings.Builder
		for _, b := range []byte(u.ID) {
			id.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{b})))
		}
		parts = append(parts, "id="+id.String())
	}
	add("object", u.Object)
	return Scheme + strings.Join(parts, ";") + "?module-path=" + escape(u.Module)
}

// escape leaves alone what the RFC allows in both parts, and no more.
func escape(s string) string {
	var out strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:/@!*+,=", c) >= 0 {
			out.WriteByte(c)
			continue
		}
		out.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return out.String()
}
