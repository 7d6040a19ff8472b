package bucket

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzListing: whatever a server lists, no key of another folder comes out, and
// no name of a ref that is none.
func FuzzListing(f *testing.F) {
	f.Add("<ListBucketResult><Contents><Key>os/refs/heads/main</Key><ETag>x</ETag></Contents></ListBucketResult>")
	f.Add("<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>os/refs/heads/../../x</Key></Contents></ListBucketResult>")
	f.Add("<ListBucketResult><Contents><Key>other/refs/heads/main</Key></Contents><Contents/></ListBucketResult>")
	f.Fuzz(func(t *testing.T, text string) {
		resp := &http.Response{Body: io.NopCloser(strings.NewReader(text)), Request: &http.Request{Method: http.MethodGet, URL: &url.URL{}}}
		var page listing
		if readXML(resp, &page) != nil {
			return
		}
		for _, e := range page.below("os/", refsBelow) {
			name, ok := strings.CutPrefix(e.Key, refsBelow)
			if !ok {
				t.Errorf("key %q", e.Key)
			}
			if checkRef(name) == nil && strings.Contains("/"+name+"/", "/../") {
				t.Errorf("%q passes for a ref", name)
			}
		}
	})
}
