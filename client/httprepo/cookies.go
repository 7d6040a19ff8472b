package httprepo

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

// Cookie is one of a remote's cookies, as a line of a Netscape cookie file
// holds it.
type Cookie struct {
	Domain     string // with a dot before it when Subdomains
	Subdomains bool
	Path       string
	Secure     bool
	HTTPOnly   bool
	Expires    int64 // seconds since 1970; 0 is never
	Name       string
	Value      string
}

const httpOnly = "#HttpOnly_"

// ParseCookies reads a Netscape cookie file: one cookie a line, its fields
// apart by tabs. Comments and empty lines are left out.
func ParseCookies(data []byte) ([]Cookie, error) {
	if len(data) > limits.Cookies {
		return nil, fail.New(fail.Usage, "", "cookie file: %d bytes, at most %d are allowed", len(data), limits.Cookies)
	}
	var list []Cookie
	nr := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		nr++
		line = strings.TrimSuffix(line, "\r")
		rest, only := strings.CutPrefix(line, httpOnly)
		if strings.TrimSpace(rest) == "" || !only && rest[0] == '#' {
			continue
		}
		c, err := parseCookie(rest)
		if err != nil {
			return nil, fail.New(fail.Usage, "", "cookie file: line %d: %w", nr, err)
		}
		c.HTTPOnly = only
		list = append(list, c)
	}
	return list, nil
}

func parseCookie(line string) (Cookie, error) {
	f := strings.Split(line, "\t")
	if len(f) != 7 {
		return Cookie{}, fmt.Errorf("%d fields apart by tabs, want 7", len(f))
	}
	c := Cookie{Domain: f[0], Path: f[2], Name: f[5], Value: f[6]}
	var err error
	if c.Subdomains, err = flag(f[1]); err != nil {
		return c, err
	}
	if c.Secure, err = flag(f[3]); err != nil {
		return c, err
	}
	if c.Expires, err = strconv.ParseInt(f[4], 10, 64); err != nil || c.Expires < 0 || strconv.FormatInt(c.Expires, 10) != f[4] {
		return c, fmt.Errorf("%.40q is no time", f[4])
	}
	return c, c.Check()
}

func flag(s string) (bool, error) {
	switch s {
	case "TRUE":
		return true, nil
	case "FALSE":
		return false, nil
	}
	return false, fmt.Errorf("%.40q is neither TRUE nor FALSE", s)
}

// Check refuses a cookie that would not fit into a line or a header.
func (c *Cookie) Check() error {
	for what, s := range map[string]string{"domain": c.Domain, "path": c.Path, "name": c.Name, "value": c.Value} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) || len(s) > 4096 {
			return fail.New(fail.Usage, "", "cookie: %s %.40q does not fit into a cookie file", what, s)
		}
	}
	if c.Domain == "" || c.Domain[0] == '#' || c.Name == "" || !strings.HasPrefix(c.Path, "/") ||
		strings.ContainsAny(c.Name, "=; ") || strings.Contains(c.Value, ";") {
		return fail.New(fail.Usage, "", "cookie %.40q of %.80q for path %.80q: not one that a server could read", c.Name, c.Domain, c.Path)
	}
	return nil
}

// FormatCookies writes what ParseCookies reads.
func FormatCookies(list []Cookie) []byte {
	var b strings.Builder
	for _, c := range list {
		if c.HTTPOnly {
			b.WriteString(httpOnly)
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", c.Domain, flagText(c.Subdomains), c.Path, flagText(c.Secure), c.Expires, c.Name, c.Value)
	}
	return []byte(b.String())
}

func flagText(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// jar gives cookies to the requests they are for, of those to the origins in to:
// a cookie itself knows neither ports nor schemes, and may be for many hosts. It
// takes none from servers.
type jar struct {
	cookies []Cookie
	to      []*url.URL
	now     func() time.Time // nil: nothing expires
}

// SetCookies is of http.CookieJar.
func (*jar) SetCookies(*url.URL, []*http.Cookie) {}

// Cookies is of http.CookieJar.
func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	if !slices.ContainsFunc(j.to, func(o *url.URL) bool { return httpx.SameOrigin(o, u) }) {
		return nil
	}
	var list []*http.Cookie
	for _, c := range j.cookies {
		if j.now != nil && c.Expires != 0 && c.Expires <= j.now().Unix() {
			continue
		}
		if c.fits(u) {
			list = append(list, &http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return list
}

func (c *Cookie) fits(u *url.URL) bool {
	host, domain := strings.ToLower(u.Hostname()), strings.ToLower(strings.TrimPrefix(c.Domain, "."))
	if host != domain && !(c.Subdomains && strings.HasSuffix(host, "."+domain)) {
		return false
	}
	if c.Secure && u.Scheme != "https" {
		return false
	}
	path := u.Path
	if path == "" {
		path = "/"
	}
	rest, below := strings.CutPrefix(path, c.Path)
	return below && (rest == "" || rest[0] == '/' || strings.HasSuffix(c.Path, "/"))
}
