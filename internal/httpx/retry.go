package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
)

// Retry says how stubborn Do is. The zero value works.
type Retry struct {
	// Attempts is how often a request is sent at most; 0 means 6. A server that
	// cannot be connected to at all, or takes a request and says nothing until
	// Options.Header or Stall is over, is tried 3 times at most.
	Attempts int
	// Base is the first pause, doubled each time and jittered by half; 0 means
	// 250 ms. Max caps a single pause; 0 means 10 s.
	Base, Max time.Duration
	// Budget caps all pauses of one request together; 0 means 60 s. A
	// Retry-After beyond what is left ends the request at once.
	Budget time.Duration
	// Crowded is the least pause after a 429 that does not say for how long; 0 is
	// that after any other failure.
	Crowded time.Duration
	Log     *slog.Logger // nil is silent
}

func (r Retry) withDefaults() Retry {
	if r.Attempts == 0 {
		r.Attempts = 6
	}
	if r.Base == 0 {
		r.Base = 250 * time.Millisecond
	}
	if r.Max == 0 {
		r.Max = 10 * time.Second
	}
	if r.Budget == 0 {
		r.Budget = 60 * time.Second
	}
	return r
}

const connectAttempts = 3

// Do sends what newReq makes until a 2xx comes back, and returns that reply
// with its body open. newReq is called for each attempt, so a body is always
// whole. 408, 429, 500, 502, 503, 504 and broken connections are tried again
// with jittered pauses or as Retry-After asks; every other status ends at once
// as a *StatusError. When err is not nil there is no reply to close.
func Do(ctx context.Context, c *http.Client, r Retry, newReq func(ctx context.Context) (*http.Request, error)) (*http.Response, error) {
	var resp *http.Response
	err := Again(ctx, r, func(ctx context.Context) error {
		var err error
		resp, err = once(ctx, c, newReq)
		return err
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// Again is the loop of Do around any exchange: try is called until it returns
// nil or an error that trying again does not mend. It judges *StatusError and
// the errors of net/http; try makes its request anew each time.
func Again(ctx context.Context, r Retry, try func(ctx context.Context) error) error {
	r = r.withDefaults()
	budget := r.Budget
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		if err == nil {
			return nil
		}
		v := judge(err)
		pause := max(r.pause(attempt), v.after)
		if Code(err) == http.StatusTooManyRequests && v.after == 0 {
			pause = max(pause, r.Crowded)
		}
		if ctx.Err() != nil || !v.again || attempt >= min(r.Attempts, v.attempts) || pause > budget {
			return finalError(ctx, err, attempt, v)
		}
		budget -= pause
		if r.Log != nil {
			level := slog.LevelDebug
			if pause > r.Max { // somebody may wonder why nothing moves
				level = slog.LevelWarn
			}
			r.Log.Log(ctx, level, "request is tried again", "attempt", attempt, "pause", pause, "because", err)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// Bytes is Do for a reply that is wanted whole: it reads at most max bytes,
// and a body that breaks off, or comes slower than Steady has it, is fetched
// again. A longer one is an *fsx.TooLargeError.
func Bytes(ctx context.Context, c *http.Client, r Retry, maxBytes int64, newReq func(ctx context.Context) (*http.Request, error)) ([]byte, http.Header, error) {
	r, c = r.withDefaults(), Steady(c)
	for attempt := 1; ; attempt++ {
		resp, err := Do(ctx, c, r, newReq)
		if err != nil {
			return nil, nil, err
		}
		data, err := readBody(resp, maxBytes)
		if err == nil {
			return data, resp.Header, nil
		}
		if _, long := errors.AsType[*fsx.TooLargeError](err); long || attempt >= r.Attempts || ctx.Err() != nil {
			return nil, nil, fail.As(err, fail.Network, "")
		}
		if err := sleep(ctx, r.pause(attempt)); err != nil {
			return nil, nil, err
		}
	}
}

func readBody(resp *http.Response, maxBytes int64) ([]byte, error) {
	defer resp.Body.Close()
	name := resp.Request.Method + " " + Redact(resp.Request.URL)
	if resp.ContentLength > maxBytes {
		return nil, &fsx.TooLargeError{Name: name, Max: maxBytes}
	}
	return fsx.ReadSized(resp.Body, name, max(0, resp.ContentLength), maxBytes)
}

// Discard reads what little may be left of a body and closes it, so that the
// connection can be used again.
func Discard(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	_ = resp.Body.Close()
}

func once(ctx context.Context, c *http.Client, newReq func(context.Context) (*http.Request, error)) (*http.Response, error) {
	req, err := newReq(ctx)
	if err != nil {
		if req != nil {
			closeBody(req) // nobody else will
		}
		return nil, &fatalError{err}
	}
	guard(req)
	resp, err := c.Do(req)
	if err != nil {
		err = RedactError(req, err)
		if silent(err) {
			err = &silentError{err}
		}
		return nil, err
	}
	if err := Check(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// fatalError is a request that could not even be made.
type fatalError struct{ error }

func (e *fatalError) Unwrap() error { return e.error }

func isFatal(err error) bool {
	_, ok := errors.AsType[*fatalError](err)
	return ok
}

// silentError is a request that no reply came to in time.
type silentError struct{ error }

func (e *silentError) Unwrap() error { return e.error }

// silent says that the wait for a reply was over. A body that could not be sent
// in time is another matter: the line stood still, and may go on.
func silent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "write" {
		return false
	}
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// RedactError takes the URL, whose query may hold a secret, out of what
// net/http reports, and names the request instead.
func RedactError(req *http.Request, err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	return fmt.Errorf("%s %s: %w", req.Method, Redact(req.URL), err)
}

type verdict struct {
	again    bool
	attempts int           // cap for this kind of failure
	after    time.Duration // least pause the server asked for
}

func judge(err error) verdict {
	const many = 1 << 20
	if _, long := errors.AsType[*fsx.TooLargeError](err); long || isFatal(err) || certificateError(err) || errors.Is(err, errRedirect) {
		return verdict{}
	}
	if e, ok := errors.AsType[*StatusError](err); ok {
		return verdict{again: transient(e.Code), attempts: many, after: e.After}
	}
	if _, ok := errors.AsType[*silentError](err); ok {
		return verdict{again: true, attempts: connectAttempts}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return verdict{again: true, attempts: connectAttempts}
	}
	return verdict{again: true, attempts: many}
}

func transient(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func certificateError(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok || clientRefused(err) {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// clientRefused says that the server wants a client certificate, or another one
// than it was shown. net/http gives its alert by text alone.
func clientRefused(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" && strings.Contains(op.Err.Error(), "certificate")
}

func finalError(ctx context.Context, err error, attempts int, v verdict) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if attempts > 1 {
		err = fmt.Errorf("%w (tried %d times)", err, attempts)
	}
	if Code(err) != 0 {
		if v.after > 0 {
			return fail.Hint(err, fmt.Sprintf("the server asks to wait %s before trying again", v.after))
		}
		return err
	}
	if isFatal(err) {
		return err
	}
	if clientRefused(err) {
		return fail.As(err, fail.Auth, "the server wants a client certificate that it knows: give credentials that hold one, client_auth.p12")
	}
	return fail.As(err, fail.Network, networkHint(err))
}

func networkHint(err error) string {
	switch {
	case certificateError(err):
		return "check that the URL is right and, for a private server, that its CA certificate is given"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "check the URL and that the server is running"
	case errors.Is(err, errRedirect):
		return "check the URL: the server, or something on the way to it, sends requests elsewhere"
	}
	return "check the network and run this again"
}

func (r Retry) pause(attempt int) time.Duration {
	d := r.Base << min(attempt-1, 20)
	if d <= 0 || d > r.Max {
		d = r.Max
	}
	return d/2 + rand.N(d/2+1)
}

// retryAfter reads the header as seconds or as a date; nonsense is 0.
func retryAfter(s string) time.Duration {
	if n, err := strconv.Atoi(s); err == nil && n > 0 && n < 1<<30 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, t.Sub(clock.System()))
	}
	return 0
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
