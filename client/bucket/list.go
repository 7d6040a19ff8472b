package bucket

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// listing is one page of an answer to ListObjectsV2.
type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	IsTruncated           bool
	NextContinuationToken string
	Contents              []entry
}

type entry struct {
	Key  string // here: relative to the repo
	ETag string
}

// below are the entries whose keys begin with repo, which is cut off, and then
// with prefix. A server that answers with others is not believed.
func (l *listing) below(repo, prefix string) []entry {
	var list []entry
	for _, e := range l.Contents {
		if key, ok := strings.CutPrefix(e.Key, repo); ok && strings.HasPrefix(key, prefix) {
			list = append(list, entry{key, e.ETag})
		}
	}
	return list
}

// maxPages ends a list that a server never ends. At a thousand keys a page it is
// a million for one of 256 folders of objects.
const maxPages = 1024

// eachKey calls fn for each key of the repo that begins with prefix, in order.
func (s *Store) eachKey(ctx context.Context, prefix string, fn func(entry)) error {
	query := url.Values{"list-type": {"2"}, "prefix": {s.prefix + prefix}}
	if s.pageSize > 0 {
		query.Set("max-keys", strconv.Itoa(s.pageSize))
	}
	for pages := 1; ; pages++ {
		resp, err := s.exchange(ctx, s.root, http.MethodGet, queryText(query), nil)
		if err != nil {
			return err
		}
		var page listing
		if err := readXML(resp, &page); err != nil {
			return err
		}
		for _, e := range page.below(s.prefix, prefix) {
			fn(e)
		}
		next := page.NextContinuationToken
		if !page.IsTruncated {
			return nil
		}
		if next == "" || next == query.Get("continuation-token") || pages == maxPages {
			return fail.New(fail.Network, "", "%s: the list of what is below %s does not go on where it should", s.url, prefix)
		}
		query.Set("continuation-token", next)
	}
}

// fan is what lies in one of the 256 folders of objects, once it was listed.
type fan struct {
	mu     sync.Mutex
	listed bool
	ids    []ostree.ObjectID // sorted
}

func order(a, b ostree.ObjectID) int {
	return cmp.Or(bytes.Compare(a.Sum[:], b.Sum[:]), cmp.Compare(a.Type, b.Type))
}

func (f *fan) has(id ostree.ObjectID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := slices.BinarySearchFunc(f.ids, id, order)
	return ok
}

// add notes an object that was sent. Before the list is there it need not: the
// list will have it.
func (f *fan) add(id ostree.ObjectID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i, ok := slices.BinarySearchFunc(f.ids, id, order); !ok && f.listed {
		f.ids = slices.Insert(f.ids, i, id)
	}
}

// load lists folder number n, once.
func (f *fan) load(ctx context.Context, s *Store, n byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listed {
		return nil
	}
	var ids []ostree.ObjectID
	err := s.eachKey(ctx, "objects/"+hex.EncodeToString([]byte{n})+"/", func(e entry) {
		if id, err := ostree.ParseArchivePath(e.Key); err == nil {
			ids = append(ids, id)
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(ids, order)
	f.ids, f.listed = ids, true
	return nil
}

// listAfter is how many objects are asked about one by one. From then on the
// folders that they are in are listed: that is one request too, of a thousand
// objects, and there are no more than 256 folders.
const listAfter = 256

// Has asks with a HEAD each as long as it is about few objects, and lists what
// is there when it is about many.
func (s *Store) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	if s.config.Load() == nil {
		return make([]bool, len(ids)), nil // there is no repo yet
	}
	if s.asked.Add(int64(len(ids))) <= listAfter {
		have, err := s.Source.Has(ctx, ids)
		return have, s.explain(err)
	}
	if err := s.listFor(ctx, ids); err != nil {
		return nil, err
	}
	have := make([]bool, len(ids))
	for i, id := range ids {
		have[i] = s.fans[id.Sum[0]].has(id)
	}
	return have, nil
}

func (s *Store) listFor(ctx context.Context, ids []ostree.ObjectID) error {
	var needed [256]bool
	for _, id := range ids {
		needed[id.Sum[0]] = true
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.opt.Jobs)
	for n := range s.fans {
		if needed[n] {
			g.Go(func() error { return s.fans[n].load(ctx, s, byte(n)) })
		}
	}
	return g.Wait()
}
