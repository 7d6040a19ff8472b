package bucket

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

func keysOf(s *testkit.S3) *Keys {
	return NewKeys(KeyOptions{AccessKey: s.AccessKey, Secret: s.Secret})
}

// open opens the repo in a folder of the bucket "site".
func open(t *testing.T, s *testkit.S3, prefix string) *Store {
	t.Helper()
	st, err := Open(t.Context(), Options{Bucket: "site", Prefix: prefix, Endpoint: s.URL, Keys: keysOf(s), Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestContract(t *testing.T) {
	s := testkit.NewS3(t, "site")
	var n atomic.Int64
	storetest.Run(t, func(t *testing.T) ostree.Store {
		return open(t, s, fmt.Sprintf("repo-%d/os", n.Add(1)))
	})
}
