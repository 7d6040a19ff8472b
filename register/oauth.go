package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// DeviceCode is what a person needs to confirm a registration (RFC 8628).
type DeviceCode struct {
	UserCode string
	// URI to open; Complete has the code in it and may be empty.
	URI, Complete string
	// Expires is how long the code is good for.
	Expires time.Duration
	// UUID is what the backend's page shows beside the code.
	UUID string
}

// How long the device flow waits between tries when the server doesn't say,
// and what slow_down adds (RFC 8628 section 3.5).
const (
	defaultInterval = 5 * time.Second
	slowDown        = 5 * time.Second
	minInterval     = 200 * time.Millisecond // whatever the server says, it is not hammered
	maxInterval     = time.Minute
	maxLifetime     = time.Hour
)

type codeReply struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
	Interval   *int64 `json:"interval"`   // seconds
}

type tokenReply struct {
	AccessToken string `json:"access_token"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// deviceFlow gets an access token that somebody with an account confirms.
func (o *Options) deviceFlow(ctx context.Context) (string, error) {
	form := url.Values{"client_id": {o.UUID}, "scope": {o.Factory + ":devices:create"}}
	code, err := o.askCode(ctx, form)
	if err != nil {
		return "", fmt.Errorf("ask for a device code: %w", err)
	}
	life := seconds(code.ExpiresIn, maxLifetime)
	if o.Prompt != nil {
		o.Prompt(DeviceCode{UserCode: code.UserCode, URI: code.URI, Complete: code.Complete, Expires: life, UUID: o.UUID})
	}
	ctx, cancel := context.WithTimeoutCause(ctx, life, ErrCodeExpired)
	defer cancel()
	form.Set("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
	form.Set("device_code", code.DeviceCode)
	return o.pollToken(ctx, form, code.interval())
}

func (c *codeReply) interval() time.Duration {
	if c.Interval == nil {
		return defaultInterval
	}
	return max(seconds(*c.Interval, maxInterval), minInterval)
}

// seconds is n seconds, but no more than most; n is the server's, so it may be of any
// size and sign.
func seconds(n int64, most time.Duration) time.Duration {
	return time.Duration(min(n, int64(most/time.Second))) * time.Second
}

func (o *Options) askCode(ctx context.Context, form url.Values) (*codeReply, error) {
	var code codeReply
	status, err := o.postForm(ctx, "/authorization/device/", form, &code)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fail.As(fmt.Errorf("%w: HTTP %d from %s", ErrRefused, status, o.OAuthBase), fail.Auth, "check the factory name and the OAuth address")
	}
	if code.DeviceCode == "" || code.UserCode == "" || code.URI == "" || code.ExpiresIn <= 0 {
		return nil, fmt.Errorf("%w: device_code, user_code, verification_uri or expires_in is missing", ErrBadReply)
	}
	return &code, nil
}

// pollToken asks until somebody confirmed, denied, or the code ran out. A
// server that is down for a moment doesn't end it.
func (o *Options) pollToken(ctx context.Context, form url.Values, every time.Duration) (string, error) {
	for {
		var r tokenReply
		status, err := o.postForm(ctx, "/token/", form, &r)
		switch {
		case ctx.Err() != nil:
			return "", fail.As(context.Cause(ctx), fail.Auth, "run register again and confirm the new code in time")
		case err != nil || status >= 500:
			o.log().Warn("authorization server did not answer, trying again", "status", status, "err", err)
		case status == http.StatusOK && r.AccessToken != "":
			return r.AccessToken, nil
		case r.Error == "slow_down":
			every = min(every+slowDown, maxInterval)
		case r.Error != "authorization_pending":
			return "", tokenError(status, &r)
		}
		if err := wait(ctx, every); err != nil {
			return "", fail.As(err, fail.Auth, "run register again and confirm the new code in time")
		}
	}
}

func tokenError(status int, r *tokenReply) error {
	switch r.Error {
	case "expired_token":
		return fail.As(ErrCodeExpired, fail.Auth, "run register again and confirm the new code in time")
	case "access_denied":
		return fail.As(ErrDenied, fail.Auth, "somebody refused this device")
	}
	return fail.As(fmt.Errorf("%w: HTTP %d %.80q %.200q", ErrRefused, status, r.Error, r.Description), fail.Auth, "")
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// postForm posts to the OAuth server and decodes whatever JSON comes back; the
// status tells the caller what it means.
func (o *Options) postForm(ctx context.Context, path string, form url.Values, into any) (int, error) {
	u := strings.TrimRight(o.OAuthBase, "/") + path
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := o.HTTP.Do(req)
	if err != nil {
		return 0, fail.As(err, fail.Network, "check the network and the OAuth address")
	}
	defer resp.Body.Close()
	body, err := fsx.ReadAll(resp.Body, u, limits.RegistrationReply)
	if err != nil {
		return resp.StatusCode, err
	}
	if err := json.Unmarshal(body, into); err != nil && resp.StatusCode < 500 {
		return resp.StatusCode, errors.Join(ErrBadReply, fmt.Errorf("%s: %w", u, err))
	}
	return resp.StatusCode, nil
}
