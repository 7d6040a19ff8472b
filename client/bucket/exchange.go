package bucket

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

// errChanged says that a condition of a write did not hold.
var errChanged = errors.New("somebody else wrote it meanwhile")

// attempts is how often a request is sent that the server calls damaged on the
// way, or in the way of another one.
const attempts = 4

// do sends one request for a key of the repo, or with path "" for its folder.
func (s *Store) do(ctx context.Context, method, path string, query url.Values, prepare func(*http.Request) error) (*http.Response, error) {
	return s.exchange(ctx, s.Source, method, s3utils.EncodePath(path)+queryText(query), prepare)
}

func queryText(query url.Values) string {
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// exchange sends a request until it is answered for good. What a connection or
// a busy server needs is done below; here it is what S3 says in words.
func (s *Store) exchange(ctx context.Context, src *httprepo.Source, method, path string, prepare func(*http.Request) error) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		resp, err := src.Do(ctx, method, path, prepare)
		if err == nil {
			return resp, nil
		}
		if attempt == attempts || !s.passing(err) {
			return nil, s.explain(err)
		}
		if err := pause(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

// pause leaves time before another attempt, more each time.
func pause(ctx context.Context, attempt int) error {
	select {
	case <-time.After(time.Duration(attempt*attempt) * 100 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// passing says whether another try may do better.
func (s *Store) passing(err error) bool {
	switch httpx.Reason(err) {
	case "RequestTimeout", "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "ConditionalRequestConflict", "OperationAborted":
		return true
	case "ExpiredToken", "TokenRefreshRequired":
		s.signer.keys.creds.Expire()
		return true
	}
	return false
}

// explain gives what S3 says its class, and says what to do.
func (s *Store) explain(err error) error {
	code := httpx.Code(err)
	if code == 0 {
		return err
	}
	if reason := httpx.Reason(err); reason != "" && !strings.Contains(err.Error(), reason) {
		err = fmt.Errorf("%w (%s)", err, reason)
	}
	switch httpx.Reason(err) {
	case "NoSuchBucket":
		return fail.As(err, fail.NotFound, "make the bucket first, or check its name and the endpoint")
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidSecurity", "NotSignedUp":
		return fail.As(err, fail.Auth, "check the access key and its secret, and that they are for this server")
	case "ExpiredToken", "TokenRefreshRequired":
		return fail.As(err, fail.Auth, "get new keys; these have expired")
	case "RequestTimeTooSkewed":
		return fail.As(err, fail.Auth, "set the clock of this machine right")
	case "AuthorizationHeaderMalformed", "InvalidRegion", "IllegalLocationConstraintException", "PermanentRedirect", "IncorrectEndpoint":
		return fail.As(err, fail.Usage, "set AWS_REGION to the bucket's region, and the endpoint to that region's")
	case "QuotaExceeded", "StorageFull", "XMinioStorageFull", "InsufficientStorage", "InsufficientCapacity":
		return fail.As(err, fail.NoSpace, "make room in the bucket and run this again")
	case "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody":
		return fail.As(err, fail.Verification, "bytes were damaged on the way, or changed under the reader; run this again")
	}
	switch code {
	case http.StatusForbidden, http.StatusUnauthorized:
		return fail.As(err, fail.Auth, "the keys need s3:GetObject, s3:PutObject and s3:ListBucket for this bucket")
	case http.StatusPreconditionFailed:
		return fail.As(fmt.Errorf("%w: %w", errChanged, err), fail.Conflict, "run this again")
	case http.StatusMovedPermanently:
		return fail.As(err, fail.Usage, "set AWS_REGION to the bucket's region, and the endpoint to that region's")
	}
	return err
}

// readXML reads a reply into v.
func readXML(resp *http.Response, v any) error {
	defer resp.Body.Close()
	what := "reply to " + resp.Request.Method + " " + httpx.Redact(resp.Request.URL)
	data, err := fsx.ReadAll(resp.Body, what, limits.BucketReply)
	if err != nil {
		return fail.As(err, fail.Network, "")
	}
	if err := xml.Unmarshal(data, v); err != nil {
		return fail.New(fail.Network, "check that the endpoint is that of an S3 server", "%s: not what S3 answers", what)
	}
	return nil
}
