package httpx

import (
	"context"
	"net/http"
)

// Auth proves to a server who is asking. An implementation hands its secret
// only to requests that its owner passes in, which are for the origin it was
// issued for. Safe for concurrent use.
type Auth interface {
	// Apply adds the proof to req.
	Apply(ctx context.Context, req *http.Request) error
	// Renew is called after refused was answered 401. It says whether a new
	// proof was obtained, so that one more try makes sense.
	Renew(ctx context.Context, refused *http.Request) (bool, error)
}

// An Explainer is an Auth that may know why a server refused what it proved.
type Explainer interface {
	// Explain returns err, or what is known besides.
	Explain(refused *http.Request, err error) error
}

// Explained is err as a, if it is an Explainer, explains it.
func Explained(a Auth, refused *http.Request, err error) error {
	if e, ok := a.(Explainer); ok && err != nil && refused != nil {
		return e.Explain(refused, err)
	}
	return err
}

// Anonymous proves nothing.
type Anonymous struct{}

// Apply does nothing.
func (Anonymous) Apply(context.Context, *http.Request) error { return nil }

// Renew has nothing to renew.
func (Anonymous) Renew(context.Context, *http.Request) (bool, error) { return false, nil }

// HeaderAuth sends fixed headers, such as OSF-TOKEN.
type HeaderAuth http.Header

// Apply sets the headers.
func (h HeaderAuth) Apply(_ context.Context, req *http.Request) error {
	for k, v := range h {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	return nil
}

// Renew has nothing to renew: a fixed token that is refused stays refused.
func (HeaderAuth) Renew(context.Context, *http.Request) (bool, error) { return false, nil }

// BasicAuth sends a user name and password.
type BasicAuth struct{ User, Password string }

// Apply sets the Authorization header.
func (b BasicAuth) Apply(_ context.Context, req *http.Request) error {
	req.SetBasicAuth(b.User, b.Password)
	return nil
}

// Renew has nothing to renew.
func (BasicAuth) Renew(context.Context, *http.Request) (bool, error) { return false, nil }

// DoAuth is Do with a proof on every attempt. A 401 is answered by renewing it
// and trying once more; a second 401 ends it.
func DoAuth(ctx context.Context, c *http.Client, r Retry, a Auth, newReq func(ctx context.Context) (*http.Request, error)) (*http.Response, error) {
	if a == nil {
		a = Anonymous{}
	}
	var last *http.Request
	signed := func(ctx context.Context) (*http.Request, error) {
		req, err := newReq(ctx)
		if err != nil {
			return nil, err
		}
		last = req
		return req, a.Apply(ctx, req)
	}
	resp, err := Do(ctx, c, r, signed)
	if isFatal(err) || Code(err) != http.StatusUnauthorized {
		return resp, Explained(a, last, err)
	}
	if ok, rerr := a.Renew(ctx, last); rerr != nil {
		return nil, rerr
	} else if !ok {
		return nil, err
	}
	return Do(ctx, c, r, signed)
}
