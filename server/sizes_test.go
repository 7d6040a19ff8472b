package server_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

const sizesPath = "/api/v3/" + batch.SizesPath

// sizes are those of an answer, each once.
func (a answer) sizes(t *testing.T) (map[ostree.ObjectID]int64, error) {
	t.Helper()
	got := map[ostree.ObjectID]int64{}
	err := batch.ReadSizes(strings.NewReader(a.body), func(f batch.Frame) error {
		if got[f.ID] != 0 {
			t.Errorf("%s is listed twice", f.ID)
		}
		got[f.ID] = f.Length
		return nil
	})
	return got, err
}

func TestTheSizesOfACommitComeInOneAnswer(t *testing.T) {
	b, token, l := published(t)
	got, err := b.call(t, token, "GET", sizesPath+l.commit.String(), nil).want(t, 200).sizes(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range l.ids {
		if want := int64(len(l.bytes(t, id))); got[id] != want {
			t.Errorf("%s of %d bytes: the answer says %d", id, want, got[id])
		}
		delete(got, id)
	}
	if len(got) > 0 {
		t.Errorf("%d that the commit does not reach", len(got))
	}
}

func TestSizesAreForPublishersAndOfCommitsThatAreThere(t *testing.T) {
	b, token, l := published(t)
	path := sizesPath + l.commit.String()
	b.call(t, "", "GET", path, nil).refused(t, 401, "unauthorized")
	b.call(t, token, "POST", path, nil).want(t, 405)
	for _, other := range []string{strings.Repeat("0", 64), "none", l.commit.String() + "x", strings.ToUpper(l.commit.String())} {
		b.call(t, token, "GET", sizesPath+other, nil).refused(t, 404, "not_found")
	}
	device := b.client(t, b.register(t, b.operator, "dev-1", uuid1))
	b.gate(t, device, "GET", "/ostree/"+batch.SizesPath+l.commit.String(), nil).want(t, 404)
	b.gate(t, device, "GET", path, nil).want(t, 404)
	b.call(t, "", "GET", "/ostree/"+batch.SizesPath+l.commit.String(), nil).want(t, 404)
}

func TestSizesOfACommitWithHolesHaveNoEnd(t *testing.T) {
	b, token, l := published(t)
	if err := os.Remove(filepath.Join(b.dir, "ostree", l.ids[0].ArchivePath())); err != nil {
		t.Fatal(err)
	}
	got := b.call(t, token, "GET", sizesPath+l.commit.String(), nil).want(t, 200)
	if list, err := got.sizes(t); !errors.Is(err, io.ErrUnexpectedEOF) || len(list) >= len(l.ids) {
		t.Errorf("%d of %d sizes, %v", len(list), len(l.ids), err)
	}
}

// A client that left is noticed, so that more of them than are answered at once
// keep nobody else waiting.
func TestWhoeverLeavesAnAnswerOfSizesKeepsNobodyWaiting(t *testing.T) {
	b, token, l := published(t)
	for range 20 {
		req, err := http.NewRequestWithContext(t.Context(), "GET", b.URL+sizesPath+l.commit.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close() // unread
	}
	b.call(t, token, "GET", sizesPath+l.commit.String(), nil).want(t, 200)
}
