package httpx

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/otactl/otactl/internal/fail"
)

// maxErrorBody is how much of an error reply is read, and maxMessage how much
// of what it says is kept.
const (
	maxErrorBody = 16 << 10
	maxMessage   = 300
)

// StatusError is a reply that is not a success. Do gives it a fail.Class:
// 401 and 403 Auth, 404 NotFound, 409 and 412 Conflict, 507 NoSpace, all else
// Network.
type StatusError struct {
	Method string
	URL    string // without user info and query
	Code   int    // the HTTP status
	// Message is what the server's JSON says under message, msg, description
	// or error_description, what object storage says in XML, or the start of a
	// plain text; one line.
	Message string
	// Reason is the JSON's "code" or "error", or the Code of object storage: a
	// word for programs, such as "missing_child" or "NoSuchBucket". It may be
	// empty.
	Reason string
	// After is the pause that Retry-After asked for, or 0.
	After time.Duration
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s %s: server answered %d %s", e.Method, e.URL, e.Code, http.StatusText(e.Code))
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Code is the HTTP status that err carries, or 0.
func Code(err error) int {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return e.Code
	}
	return 0
}

// Reason is the reason word that err carries, or "".
func Reason(err error) string {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return e.Reason
	}
	return ""
}

// Check turns a reply other than 2xx into an error, and closes its body then.
func Check(resp *http.Response) error {
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	_ = resp.Body.Close()
	return NewStatusError(resp.Request, resp.StatusCode, resp.Header, body)
}

// NewStatusError makes a classified *StatusError out of a reply; body may be
// cut short.
func NewStatusError(req *http.Request, code int, h http.Header, body []byte) error {
	e := &StatusError{Method: req.Method, URL: Redact(req.URL), Code: code, After: retryAfter(h.Get("Retry-After"))}
	e.Message, e.Reason = parseErrorBody(body)
	class, hint := classify(code)
	return fail.As(e, class, hint)
}

func classify(code int) (fail.Class, string) {
	switch code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fail.Auth, "check the token or credentials, and that they are for this server and factory"
	case http.StatusNotFound:
		return fail.NotFound, ""
	case http.StatusConflict, http.StatusPreconditionFailed:
		return fail.Conflict, ""
	case http.StatusInsufficientStorage:
		return fail.NoSpace, "free some space on the server and run this again"
	}
	return fail.Network, ""
}

func parseErrorBody(body []byte) (message, reason string) {
	var m map[string]any
	if json.Unmarshal(body, &m) != nil {
		var storage struct {
			XMLName xml.Name `xml:"Error"`
			Code    string
			Message string
		}
		if xml.Unmarshal(body, &storage) == nil {
			return oneLine(storage.Message), oneLine(storage.Code)
		}
		if len(body) < 2*maxMessage && !strings.HasPrefix(strings.TrimSpace(string(body)), "<") {
			message = oneLine(string(body))
		}
		return message, ""
	}
	pick := func(keys ...string) string {
		for _, k := range keys {
			if s, ok := m[k].(string); ok && s != "" {
				return oneLine(s)
			}
		}
		return ""
	}
	return pick("message", "msg", "description", "error_description"), pick("code", "error")
}

// oneLine keeps a foreign text from breaking a line or driving a terminal.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}

// Redact is u without what may be secret: user info, query and fragment.
func Redact(u *url.URL) string {
	if u == nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
