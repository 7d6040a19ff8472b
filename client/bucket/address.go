package bucket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// place is where a bucket is reached, with a trailing slash, and the region
// that requests are signed for.
type place struct{ base, region string }

const (
	// anyRegion is what servers with a single region call it.
	anyRegion = "us-east-1"
	// amazon answers for buckets of all regions, if only where they are.
	amazon = "https://s3.amazonaws.com/"
)

// locate finds the address of the bucket. Where the endpoint was named the
// bucket is the first part of the path, which every server understands.
func locate(ctx context.Context, o Options) (place, error) {
	if !bucketName.MatchString(o.Bucket) || o.Prefix != "" && !isPrefix(o.Prefix) {
		return place{}, fail.New(fail.Usage, "give it as s3://BUCKET/FOLDER", "bucket %.80q, folder %.80q: not a bucket's name", o.Bucket, o.Prefix)
	}
	if o.Endpoint == "" {
		return locateAtAmazon(ctx, o)
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return place{}, fail.New(fail.Usage, "give it as https://HOST[:PORT]", "S3 endpoint: not an HTTP address")
	}
	region := o.Region
	if region == "" {
		region = anyRegion
	}
	return place{strings.TrimSuffix(o.Endpoint, "/") + "/" + o.Bucket + "/", region}, nil
}

// locateAtAmazon asks where the bucket is rather than believe what was
// configured: a request that is signed for another region is refused.
func locateAtAmazon(ctx context.Context, o Options) (place, error) {
	domain, region := "amazonaws.com", o.Region
	if strings.HasPrefix(region, "cn-") {
		domain += ".cn" // an island, of which the rest knows nothing
	} else {
		found, err := regionOf(ctx, o, amazon)
		if err != nil {
			return place{}, err
		}
		if found != "" {
			region = found
		}
	}
	if region == "" {
		region = anyRegion
	}
	if strings.Contains(o.Bucket, ".") { // no certificate is for such a host
		return place{"https://s3." + region + "." + domain + "/" + o.Bucket + "/", region}, nil
	}
	return place{"https://" + o.Bucket + ".s3." + region + "." + domain + "/", region}, nil
}

// regionOf is what the answer to a request that proves nothing says: also a
// refusal names the region.
func regionOf(ctx context.Context, o Options, at string) (string, error) {
	client := *o.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var region string
	err := httpx.Again(ctx, o.Retry, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodHead, at+o.Bucket, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return httpx.RedactError(req, err)
		}
		httpx.Discard(resp)
		region = resp.Header.Get("X-Amz-Bucket-Region")
		if region != "" && isRegion(region) {
			return nil
		}
		region = ""
		if resp.StatusCode == http.StatusForbidden {
			return nil
		}
		return httpx.NewStatusError(req, resp.StatusCode, resp.Header, nil)
	})
	if httpx.Code(err) == http.StatusNotFound {
		return "", fail.As(fmt.Errorf("s3://%s: there is no such bucket", o.Bucket), fail.NotFound, "make it first, or name the server with --s3-endpoint if it is not Amazon's")
	}
	return region, err
}

// isRegion says whether text from a header may become part of a host name.
func isRegion(s string) bool {
	return len(s) < 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
