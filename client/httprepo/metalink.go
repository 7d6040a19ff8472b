package httprepo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

// Metalink is what a metalink (version 3) says of one file: its size, its
// checksums, and where it is.
type Metalink struct {
	Size           int64
	SHA256, SHA512 []byte   // nil where it says none
	URLs           []string // http and https, the most preferred first
}

func badMetalink(format string, args ...any) error {
	return fail.New(fail.Verification, "check the address of the metalink", "metalink: "+format, args...)
}

// The part of a metalink that is looked at.
type metalinkXML struct {
	Files []metalinkFile `xml:"files>file"`
}

type metalinkFile struct {
	Name   string         `xml:"name,attr"`
	Size   *string        `xml:"size"`
	Hashes []metalinkHash `xml:"verification>hash"`
	URLs   []metalinkURL  `xml:"resources>url"`
}

type metalinkHash struct {
	Type  string `xml:"type,attr"`
	Value string `xml:",chardata"`
}

type metalinkURL struct {
	Protocol   string `xml:"protocol,attr"`
	Preference int    `xml:"preference,attr"`
	Value      string `xml:",chardata"`
}

// ParseMetalink reads what a metalink says of the file of that name. Elements
// that it does not know it leaves out.
func ParseMetalink(data []byte, name string) (*Metalink, error) {
	if len(data) > limits.Metalink {
		return nil, badMetalink("%d bytes, at most %d are allowed", len(data), limits.Metalink)
	}
	if err := checkShape(data); err != nil {
		return nil, err
	}
	var doc metalinkXML
	if err := xml.Unmarshal(data, &doc); err != nil {
		return nil, badMetalink("%w", err)
	}
	i := slices.IndexFunc(doc.Files, func(f metalinkFile) bool { return f.Name == name })
	if i < 0 {
		return nil, badMetalink("no file %s in it", name)
	}
	return doc.Files[i].metalink()
}

// checkShape refuses what is no document, and one that nests too deep for
// whoever reads it.
func checkShape(data []byte) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	depth, elements := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if elements == 0 {
				return badMetalink("it does not begin with an element")
			}
			return nil
		}
		if err != nil {
			return badMetalink("%w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth, elements = depth+1, elements+1
			if elements == 1 && token.Name.Local != "metalink" {
				return badMetalink("it begins with %.40q", token.Name.Local)
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(token)) > 0 {
				return badMetalink("it does not begin with an element")
			}
		}
		if depth > limits.MetalinkDepth {
			return badMetalink("elements nest deeper than the %d levels allowed", limits.MetalinkDepth)
		}
	}
}

func (f *metalinkFile) metalink() (*Metalink, error) {
	m := &Metalink{}
	if f.Size == nil {
		return nil, badMetalink("no size of %s", f.Name)
	}
	var err error
	if m.Size, err = strconv.ParseInt(strings.TrimSpace(*f.Size), 10, 64); err != nil || m.Size < 0 || m.Size > limits.Summary {
		return nil, badMetalink("size of %s is %.40q, at most %d are allowed", f.Name, *f.Size, limits.Summary)
	}
	for _, h := range f.Hashes {
		switch h.Type {
		case "sha256":
			m.SHA256, err = digest(h, sha256.Size)
		case "sha512":
			m.SHA512, err = digest(h, sha512.Size)
		}
		if err != nil {
			return nil, err
		}
	}
	if m.SHA256 == nil && m.SHA512 == nil {
		return nil, badMetalink("no verification of %s with a sha256 or sha512", f.Name)
	}
	if m.URLs = f.sorted(); len(m.URLs) == 0 {
		return nil, badMetalink("no http(s) address of %s", f.Name)
	}
	return m, nil
}

func digest(h metalinkHash, size int) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimSpace(h.Value))
	if err != nil || len(b) != size {
		return nil, badMetalink("%.140q is no digest of %s", h.Value, h.Type)
	}
	return b, nil
}

// sorted are the addresses by preference.
func (f *metalinkFile) sorted() []string {
	urls := slices.Clone(f.URLs)
	slices.SortStableFunc(urls, func(a, b metalinkURL) int { return cmp.Compare(b.Preference, a.Preference) })
	var list []string
	for _, m := range urls {
		u, err := url.Parse(strings.TrimSpace(m.Value))
		if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && len(list) < limits.Mirrors {
			list = append(list, u.String())
		}
	}
	return list
}

// Check holds the file's bytes against what the metalink says.
func (m *Metalink) Check(data []byte) error {
	if int64(len(data)) != m.Size {
		return badMetalink("the file has %d bytes, want %d", len(data), m.Size)
	}
	for _, c := range []struct {
		name      string
		want, got []byte
	}{{"sha512", m.SHA512, sum512(data)}, {"sha256", m.SHA256, sum256(data)}} {
		if c.want != nil && !bytes.Equal(c.want, c.got) {
			return badMetalink("the file's %s is %x, want %x", c.name, c.got, c.want)
		}
	}
	return nil
}

func sum256(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

func sum512(b []byte) []byte { s := sha512.Sum512(b); return s[:] }

// followMetalink finds a summary that the metalink vouches for; the repository
// is where that one is.
func (k *connector) followMetalink(ctx context.Context) error {
	t, err := k.named(k.Metalink)
	if err != nil {
		return err
	}
	data, err := k.fetch(ctx, t, "metalink", limits.Metalink)
	if err != nil {
		return err
	}
	link, err := ParseMetalink(data, "summary")
	if err != nil {
		return err
	}
	var last error
	for _, address := range link.URLs {
		if last = k.summaryAt(ctx, link, address); last == nil || ctx.Err() != nil {
			return last
		}
	}
	return fmt.Errorf("metalink: no summary at any of %d addresses: %w", len(link.URLs), last)
}

func (k *connector) summaryAt(ctx context.Context, link *Metalink, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	named, err := url.Parse(k.Metalink)
	if err != nil {
		return err
	}
	var header http.Header
	if httpx.SameOrigin(u, named) {
		header = k.Header
	}
	data, err := k.fetch(ctx, &site{base: u.String(), header: header}, "summary", limits.Summary)
	if err != nil {
		return err
	}
	if err := link.Check(data); err != nil {
		return err
	}
	at := u.JoinPath("..")
	at.RawQuery, at.Fragment = "", "" // they are the summary's
	sites := []*site{{base: folder(at.String()), header: header}}
	k.src.meta, k.src.content, k.src.summary = sites, sites, data
	return nil
}
