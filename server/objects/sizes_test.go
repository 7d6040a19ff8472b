package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

// stuck is a client that takes nothing of an answer until it is freed.
type stuck struct {
	*httptest.ResponseRecorder
	asked, freed chan struct{}
}

func (s stuck) Write(p []byte) (int, error) {
	select {
	case s.asked <- struct{}{}:
		<-s.freed
	case <-s.freed:
	}
	return s.ResponseRecorder.Write(p)
}

func TestSlowReadersOfSizesKeepNobodyWaiting(t *testing.T) {
	s := wholeStore(t)
	trees, sums := nested(t, s, 3)
	send(t, s, ostree.TypeDirTree, trees...)
	meta, err := (&ostree.DirMeta{Mode: 0o40755}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	commit, err := (&ostree.Commit{Tree: sums[2], Meta: sha256.Sum256(meta), Time: time.Unix(0, 0)}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, ostree.TypeCommit, commit)
	// Where somebody has to wait after all, the test ends nevertheless.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	r.SetPathValue("commit", ostree.Checksum(sha256.Sum256(commit)).String())

	slow := stuck{asked: make(chan struct{}), freed: make(chan struct{})}
	var readers sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, maxSizings+1)
	for i := range answers {
		answers[i] = httptest.NewRecorder()
		client := stuck{answers[i], slow.asked, slow.freed}
		readers.Go(func() {
			if err := s.getSizes(client, r); err != nil {
				t.Error(err)
			}
		})
		select {
		case <-slow.asked:
		case <-ctx.Done():
			t.Fatal("one that is slow waits for others that are")
		}
	}
	close(slow.freed)
	readers.Wait()
	for _, a := range answers {
		n := 0
		err := batch.ReadSizes(bytes.NewReader(a.Body.Bytes()), func(batch.Frame) error { n++; return nil })
		if err != nil || n != len(trees)+2 || a.Code != http.StatusOK {
			t.Errorf("status %d, %d sizes, %v", a.Code, n, err)
		}
	}
	if left, err := os.ReadDir(s.tmp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestAnswersOfSizesThatNobodyReadsAreFew(t *testing.T) {
	s := wholeStore(t)
	for range maxListed {
		s.listed <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	r.SetPathValue("commit", ostree.Checksum{1}.String())
	if err := s.getSizes(httptest.NewRecorder(), r); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it waited", err)
	}
	<-s.listed
	r = httptest.NewRequest("GET", "/", nil)
	r.SetPathValue("commit", ostree.Checksum{1}.String())
	if err := s.getSizes(httptest.NewRecorder(), r); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that there is no such commit", err)
	}
	if len(s.listed) != maxListed-1 {
		t.Errorf("%d places are taken, want %d", len(s.listed), maxListed-1)
	}
}
