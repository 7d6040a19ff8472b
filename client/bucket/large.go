package bucket

import (
	"context"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// partSize is how much of an object goes in one request. What breaks off is
// sent again from the part on. 10,000 parts, the most there may be, make 320 GB.
const partSize = 32 << 20

// putLarge reads an object twice: once to verify it, when the hash of each part
// is taken, and once to send it. The server holds what it gets against these
// hashes, so nothing else than what was verified is stored.
func (s *Store) putLarge(ctx context.Context, obj ostree.Object) error {
	id := obj.ID()
	sums := &partSums{}
	tapped := ostree.NewArchived(id, func(ctx context.Context) (io.ReadCloser, int64, error) {
		*sums = partSums{}
		r, n, err := obj.OpenArchive(ctx)
		if err != nil {
			return nil, 0, err
		}
		return &tap{r, sums}, n, nil
	})
	if err := s.verify(ctx, tapped); err != nil {
		return err
	}
	parts := sums.close()
	if len(parts) == 1 {
		return s.store(ctx, id, body{size: parts[0].size, sum: parts[0].sum, open: func() (io.ReadCloser, error) {
			r, _, err := obj.OpenArchive(ctx)
			return r, err
		}})
	}
	there, err := s.Has(ctx, []ostree.ObjectID{id})
	if err != nil {
		return err
	}
	if there[0] {
		s.existed.Add(1)
		return nil
	}
	if err := s.sendParts(ctx, obj, parts); err != nil {
		return fmt.Errorf("send %s: %w", id, err)
	}
	s.stored.Add(1)
	s.sent.Add(sums.total)
	s.fans[id.Sum[0]].add(id)
	return nil
}

// tap writes what is read to sums.
type tap struct {
	io.ReadCloser
	sums *partSums
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.sums.write(p[:n])
	return n, err
}

type part struct {
	offset, size int64
	sum          [sha256.Size]byte
}

// partSums cuts a stream into parts and hashes each.
type partSums struct {
	total int64
	parts []part
	open  hash.Hash // of the part that has begun; nil: none has
	size  int64     // of that part
}

func (p *partSums) write(b []byte) {
	for len(b) > 0 {
		if p.open == nil {
			p.open = sha256.New()
		}
		n := min(int64(len(b)), partSize-p.size)
		p.open.Write(b[:n])
		p.size, b = p.size+n, b[n:]
		if p.size == partSize {
			p.cut()
		}
	}
}

func (p *partSums) cut() {
	done := part{offset: p.total, size: p.size}
	p.open.Sum(done.sum[:0])
	p.parts, p.total = append(p.parts, done), p.total+p.size
	p.open, p.size = nil, 0
}

// close is all parts, the last one of which may be short.
func (p *partSums) close() []part {
	if p.open != nil {
		p.cut()
	}
	return p.parts
}

// sendParts sends an object in parts. It is visible, whole, when the last
// request is answered.
func (s *Store) sendParts(ctx context.Context, obj ostree.Object, parts []part) error {
	key := obj.ID().ArchivePath()
	upload, err := s.beginUpload(ctx, key)
	if err != nil {
		return err
	}
	etags, err := s.sendEach(ctx, obj, key, upload, parts)
	if err == nil {
		err = s.completeUpload(ctx, key, upload, etags)
	}
	if err != nil {
		s.abortUpload(ctx, key, upload)
	}
	return err
}

func (s *Store) sendEach(ctx context.Context, obj ostree.Object, key, upload string, parts []part) (etags []string, err error) {
	src := &seeking{ctx: ctx, obj: obj}
	defer func() { err = errors.Join(err, src.close()) }()
	for i, p := range parts {
		query := url.Values{"partNumber": {strconv.Itoa(i + 1)}, "uploadId": {upload}}
		b := body{size: p.size, sum: p.sum, open: func() (io.ReadCloser, error) { return src.section(p.offset, p.size) }}
		resp, err := s.do(ctx, http.MethodPut, key, query, func(req *http.Request) error {
			return b.attach(req)
		})
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
		etags = append(etags, resp.Header.Get("ETag"))
	}
	return etags, nil
}

func (s *Store) beginUpload(ctx context.Context, key string) (string, error) {
	resp, err := s.do(ctx, http.MethodPost, key, url.Values{"uploads": {""}}, func(req *http.Request) error {
		describe(req, key)
		return nil
	})
	if err != nil {
		return "", err
	}
	var reply struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		UploadId string   //nolint:revive // as the protocol spells it
	}
	if err := readXML(resp, &reply); err != nil {
		return "", err
	}
	if reply.UploadId == "" {
		return "", fail.New(fail.Network, "", "%s: the server gave no id for an upload in parts", s.url)
	}
	return reply.UploadId, nil
}

type completedPart struct {
	PartNumber int
	ETag       string
}

// completeUpload puts the parts together. The server may say 200 first and an
// error afterwards.
func (s *Store) completeUpload(ctx context.Context, key, upload string, etags []string) error {
	var request struct {
		XMLName xml.Name        `xml:"CompleteMultipartUpload"`
		Part    []completedPart `xml:"Part"`
	}
	for i, etag := range etags {
		request.Part = append(request.Part, completedPart{i + 1, etag})
	}
	data, err := xml.Marshal(request)
	if err != nil {
		return err
	}
	resp, err := s.do(ctx, http.MethodPost, key, url.Values{"uploadId": {upload}}, func(req *http.Request) error {
		return bodyOf(data).attach(req)
	})
	if err != nil {
		return err
	}
	var reply struct {
		XMLName xml.Name
		Code    string
		Message string
	}
	if err := readXML(resp, &reply); err != nil {
		return err
	}
	if reply.XMLName.Local != "CompleteMultipartUploadResult" {
		return fail.New(fail.Network, "run this again", "%s: the parts were not put together: %.80q", s.url, reply.Code)
	}
	return nil
}

// abortUpload has the parts removed, also when it is for a signal that the
// upload ends. One that fails leaves them to the bucket's own rules.
func (s *Store) abortUpload(ctx context.Context, key, upload string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if resp, err := s.Do(ctx, http.MethodDelete, key+queryText(url.Values{"uploadId": {upload}}), nil); err == nil {
		_ = resp.Body.Close()
	}
}

// seeking reads sections of an object that can only be read from its start. As
// long as they follow each other it is opened once. A section that another one
// followed reads nothing any more: a connection that broke may still hold it.
type seeking struct {
	ctx context.Context
	obj ostree.Object

	mu      sync.Mutex
	open    io.ReadCloser
	at      int64
	current *section
}

type section struct {
	of   *seeking
	left int64
}

// section is size bytes from offset on.
func (s *seeking) section(offset, size int64) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil || s.at != offset {
		if err := s.reopen(offset); err != nil {
			return nil, err
		}
	}
	s.current = &section{s, size}
	return s.current, nil
}

func (s *seeking) reopen(offset int64) error {
	if err := s.closeOpen(); err != nil {
		return err
	}
	r, _, err := s.obj.OpenArchive(s.ctx)
	if err != nil {
		return err
	}
	s.open = r
	s.at, err = io.CopyN(io.Discard, r, offset)
	return err
}

// Read implements io.Reader.
func (c *section) Read(p []byte) (int, error) {
	s := c.of
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != c || s.open == nil {
		return 0, errors.New("read of a part that is over")
	}
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := s.open.Read(p[:min(int64(len(p)), c.left)])
	s.at, c.left = s.at+int64(n), c.left-int64(n)
	return n, err
}

// Close leaves the object open for the next section.
func (c *section) Close() error { return nil }

func (s *seeking) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = nil
	return s.closeOpen()
}

func (s *seeking) closeOpen() error {
	if s.open == nil {
		return nil
	}
	err := s.open.Close()
	s.open = nil
	return err
}
