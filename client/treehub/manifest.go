package treehub

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// PutManifest stores a repo manifest, already JSON, beside a commit.
func (s *Store) PutManifest(ctx context.Context, c ostree.Checksum, manifest []byte) error {
	resp, err := s.Do(ctx, http.MethodPut, "manifests/"+c.String(), func(req *http.Request) error {
		setBody(req, manifest)
		req.Header.Set("Content-Type", "application/json")
		return nil
	})
	if err != nil {
		return fmt.Errorf("manifest of %s: %w", c, err)
	}
	httpx.Discard(resp)
	return nil
}

// maxManifestDepth caps how deep a manifest's elements nest.
const maxManifestDepth = 32

// ManifestJSON turns the XML manifest of Android's repo tool into the JSON that
// a treehub keeps: an element is an object, an attribute a member named
// "@name", and what occurs more than once a list.
func ManifestJSON(r io.Reader) ([]byte, error) {
	dec := xml.NewDecoder(r)
	dec.Entity = map[string]string{}
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("manifest: not XML: %w", err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		root, err := element(dec, start, 0)
		if err != nil {
			return nil, fmt.Errorf("manifest: %w", err)
		}
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(map[string]any{start.Name.Local: root}); err != nil {
			return nil, err
		}
		return bytes.TrimSpace(buf.Bytes()), nil
	}
}

func element(dec *xml.Decoder, start xml.StartElement, depth int) (map[string]any, error) {
	if depth > maxManifestDepth {
		return nil, errors.New("elements nest too deep")
	}
	out := map[string]any{}
	for _, a := range start.Attr {
		out["@"+a.Name.Local] = a.Value
	}
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("not XML: %w", err)
		}
		switch t := tok.(type) {
		case xml.EndElement:
			return out, nil
		case xml.StartElement:
			child, err := element(dec, t, depth+1)
			if err != nil {
				return nil, err
			}
			addMember(out, t.Name.Local, child)
		}
	}
}

func addMember(m map[string]any, name string, child map[string]any) {
	switch old := m[name].(type) {
	case nil:
		m[name] = child
	case []any:
		m[name] = append(old, child)
	default:
		m[name] = []any{old, child}
	}
}
